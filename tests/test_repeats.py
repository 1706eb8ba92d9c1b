"""Numbers of runs over their seeds, and how they differ, against the formulas of textbooks."""

from statistics import mean
from typing import Any

import numpy as np
import pytest
from scipy import stats

from workbench.evaluation import Measured, measure
from workbench.repeats import compare


def measured(seed: int, *, noise: float = 0.5, centres: bool = True, apart: float = 1.0) -> Measured:
    """Sixty noisy images of three classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    rows = apart * np.eye(3)[labels] + noise * rng.normal(size=(60, 3))
    return measure(rows, labels, np.eye(3) if centres else None)


def test_each_number_over_the_seeds_and_its_differences_within_a_seed() -> None:
    runs = {"a": [measured(s) for s in range(4)], "b": [measured(s + 9, noise=0.3) for s in range(4)]}
    runs["c"] = [measured(s, noise=0.2) for s in range(4)]
    found = {row.name: row for row in compare(runs)}
    assert list(found)[:3] == ["Accuracy, nearest class centre", "Equal error rate", "TAR at FAR 0.1"]
    row = found["Equal error rate"]
    eer = {name: [100 * one.geometry.roc.eer.value for one in run] for name, run in runs.items()}
    assert list(row.runs) == ["a", "b", "c"]
    assert list(row.differences) == ["b", "c"]
    for name, values in eer.items():
        assert row.runs[name] == pytest.approx(tuple(values))
    paired = stats.ttest_rel(eer["b"], eer["a"]).confidence_interval(0.95)
    assert row.differences["b"].interval == pytest.approx((paired.low, paired.high))
    right = found["Accuracy, nearest class centre"]
    assert right.runs["c"] == pytest.approx([100 * one.accuracy.value for one in runs["c"]])
    accepted = found["TAR at FAR 0.1"]
    assert accepted.runs["a"] == pytest.approx([100 * one.tar[0].tar.value for one in runs["a"]])
    assert {(one.unit, one.digits) for one in found.values()} == {("%", 1), ("°", 1), ("", 2)}
    assert [found[name].digits for name in found if name[0] in "d′G"] == [2, 2]
    angle = found["Median angle to own centre"]
    assert (angle.unit, angle.digits) == ("°", 1)
    assert mean(angle.runs["a"]) == pytest.approx(
        mean(np.degrees(np.median(one.geometry.angles.own)) for one in runs["a"])
    )


def test_a_number_that_one_of_them_lacks_is_left_out() -> None:
    whole = [row.name for row in compare({"a": [measured(0)], "b": [measured(1)]})]
    assert "Accuracy, nearest class centre" in whole
    without = [row.name for row in compare({"a": [measured(0)], "b": [measured(1, centres=False)]})]
    assert without == [name for name in whole if not name.startswith("Accuracy")]
    perfect = compare({"a": [measured(0)], "b": [measured(1, noise=0.0)]})
    assert not any(np.isinf(values).any() for row in perfect for values in row.runs.values())
    assert "d′ of genuine and impostor pairs" not in [row.name for row in perfect]


@pytest.mark.parametrize("runs", [{"a": 2}, {"a": 2, "b": 1}, {"a": 0, "b": 0}])
def test_runs_must_have_the_same_seeds(runs: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:
        compare({name: [measured(s) for s in range(seeds)] for name, seeds in runs.items()})
    assert str(caught.value) == (
        "The 'repeats' parameter of compare must be a mapping of at least 2 runs, each under the same seeds, at least "
        f"1. Got {runs!r} instead."
    )

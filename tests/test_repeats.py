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


def numbers(*measured: Measured) -> dict[int, dict[str, Any]]:
    """The numbers of a run under the seeds 0, 1 and so on."""
    return {seed: one.numbers() for seed, one in enumerate(measured)}


def test_each_number_over_the_seeds_and_its_differences_within_a_seed() -> None:
    runs = {"a": [measured(s) for s in range(4)], "b": [measured(s + 9, noise=0.3) for s in range(4)]}
    runs["c"] = [measured(s, noise=0.2) for s in range(4)]
    found = {row.number.key: row for row in compare({name: numbers(*run) for name, run in runs.items()})}
    row = found["eer"]
    eer = {name: [100 * one.geometry.roc.eer.value for one in run] for name, run in runs.items()}
    assert list(row.runs) == ["a", "b", "c"]
    assert list(row.differences) == ["b", "c"]
    for name, values in eer.items():
        assert row.runs[name] == pytest.approx(dict(enumerate(values)))
    paired = stats.ttest_rel(eer["b"], eer["a"]).confidence_interval(0.95)
    assert row.differences["b"].interval == pytest.approx((paired.low, paired.high))
    right = found["accuracy"].runs["c"].values()
    assert list(right) == pytest.approx([100 * one.accuracy.value for one in runs["c"]])
    angle = found["angle_to_own_centre_median"].runs["a"].values()
    assert mean(angle) == pytest.approx(mean(np.degrees(np.median(one.geometry.angles.own)) for one in runs["a"]))


def test_a_number_that_one_of_them_lacks_is_left_out() -> None:
    whole = [row.number.key for row in compare({"a": numbers(measured(0)), "b": numbers(measured(1))})]
    assert "accuracy" in whole
    without = compare({"a": numbers(measured(0)), "b": numbers(measured(1, centres=False))})
    assert [row.number.key for row in without] == [key for key in whole if key != "accuracy"]
    perfect = compare({"a": numbers(measured(0)), "b": numbers(measured(1, noise=0.0))})
    assert not any(np.isinf(list(values.values())).any() for row in perfect for values in row.runs.values())
    assert "d_prime" not in [row.number.key for row in perfect]


def test_a_seed_that_one_run_lacks_is_in_no_difference() -> None:
    every = numbers(*(measured(s) for s in range(4)))
    some = {seed: one for seed, one in numbers(*(measured(s, noise=0.3) for s in range(4))).items() if seed != 1}
    found = {row.number.key: row for row in compare({"a": every, "b": some, "c": {9: every[0]}})}
    row = found["eer"]
    assert list(row.runs["a"]) == [0, 1, 2, 3]
    assert row.differences["b"].values == pytest.approx([row.runs["b"][s] - row.runs["a"][s] for s in (0, 2, 3)])
    assert "c" not in row.differences, "it shares no seed with the first"


@pytest.mark.parametrize("runs", [{}, {"a": 2, "b": 0}])
def test_every_run_must_have_a_seed(runs: dict[str, int]) -> None:
    with pytest.raises(ValueError) as caught:
        compare({name: numbers(*(measured(s) for s in range(seeds))) for name, seeds in runs.items()})
    assert str(caught.value) == (
        f"The 'repeats' parameter of compare must be runs under at least one seed each. Got {runs!r} instead."
    )

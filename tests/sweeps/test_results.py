"""What a sweep says of its losses: differences that were planted, and some that are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.sweeps.quick import spec
from tests.test_comparison import textbook_holm
from tests.test_repeats import measured
from workbench import sweeps
from workbench.comparison import paired_difference
from workbench.headline import NUMBERS
from workbench.sweeps.job import Found
from workbench.sweeps.results import Outcome, Results, verdict
from workbench.sweeps.table import probability

NUMBER = {number.key: number for number in NUMBERS}


def made(noises: dict[str, list[float]], **changes: Any) -> Results:
    """Results of a sweep over digits that nobody trained: for each loss the noise of its embeddings, seed by seed."""
    sweep = sweeps.load({"losses": list(noises), "seeds": len(next(iter(noises.values()))), **changes})
    outcomes = [
        Outcome(cell.loss, cell.data, cell.setting, cell.seed, cell.run, found(noises[cell.loss][cell.seed], cell.seed))
        for cell in sweep.cells()
    ]
    return Results(sweep, Path("nowhere"), tuple(outcomes))


def found(noise: float, seed: int) -> Found:
    """A run that is done; one of no finite noise has failed."""
    if not np.isfinite(noise):
        return Found("failed", error="It diverged.")
    return Found("done", 1, numbers=measured(seed, noise=noise).numbers())


@pytest.mark.usefixtures("here")
def test_two_losses_that_are_one_by_construction_do_not_differ(tmp_path: Path) -> None:
    """An elastic margin of no spread is arcface's."""
    twin = {"loss": "elasticface-arc", "label": "std 0", "std": 0.0}
    results = sweeps.run(spec("arcface", twin, seeds=3), tmp_path, page=False, progress=False)
    assert len(results.runs) == 6
    (rows,) = results.compared().values()
    assert {row.number.key for row in rows} >= {"eer", "auc", "rank_1", "tar@0.01"}
    for row in rows:
        assert row.runs["std 0"] == row.runs["arcface"]
        assert verdict(row.number, row.differences["std 0"]) == "no difference"
    (decisive,) = results.decisive().values()
    assert len(set(decisive.runs["arcface"].values())) == 3, "seeds differ"
    assert "no difference" in sweeps.table(results)


@pytest.mark.usefixtures("here")
def test_a_difference_that_was_planted_is_found(tmp_path: Path) -> None:
    """One of them hardly learns; the twin with another std differs by less than seeds do."""
    lame = {"loss": "arcface", "label": "lame", "lr": 1e-4}
    twin = {"loss": "elasticface-arc", "label": "twin", "std": 0.01}
    sweep = spec("arcface", twin, lame, seeds=4, epochs=6, batch_size=250)
    results = sweeps.run(sweep, tmp_path, page=False, progress=False)
    (row,) = results.decisive().values()
    verdicts = {loss: verdict(row.number, one) for loss, one in row.differences.items()}
    assert verdicts == {"twin": "cannot tell", "lame": "worse"}
    assert row.differences["lame"].p < 0.05
    assert row.differences["lame"].mean > 10


def test_a_verdict_is_better_the_way_that_its_number_is() -> None:
    up, down = paired_difference([2, 3, 4.1], [1, 2, 3]), paired_difference([1, 2, 3], [2, 3, 4.1])
    assert [verdict(NUMBER["eer"], one) for one in (up, down)] == ["worse", "better"]
    assert [verdict(NUMBER["auc"], one) for one in (up, down)] == ["better", "worse"]
    assert [verdict(NUMBER["angle_to_own_centre_median"], one) for one in (up, down)] == ["higher", "lower"]
    assert verdict(NUMBER["eer"], paired_difference([1, 2, 3], [2, 1, 3])) == "cannot tell"
    assert verdict(NUMBER["eer"], paired_difference([1, 2], [1, 2])) == "no difference"
    assert verdict(NUMBER["eer"], paired_difference([1], [1])) == "cannot tell"


def test_differences_are_corrected_together_over_all_losses_and_groups() -> None:
    noises = {"arcface": [0.5, 0.45, 0.55, 0.5], "softmax": [0.6, 0.52, 0.66, 0.6], "cosface": [0.5, 0.4, 0.6, 0.52]}
    results = made(noises, data=["digits", "olivetti"], lr=[0.1, 0.2])
    decisive = results.decisive()
    assert list(decisive) == ["digits, lr 0.1", "digits, lr 0.2", "olivetti, lr 0.1", "olivetti, lr 0.2"]
    row = decisive["digits, lr 0.1"]
    raw = {
        loss: stats.ttest_rel(list(row.runs[loss].values()), list(row.runs["arcface"].values())).pvalue
        for loss in ("softmax", "cosface")
    }
    holm = textbook_holm([raw["softmax"], raw["cosface"]] * 4)
    for group in decisive.values():
        assert [one.p for one in group.differences.values()] == pytest.approx(holm[:2])
    assert "corrected for 8 comparisons by Holm's procedure" in sweeps.table(results)
    alone = made({loss: noises[loss] for loss in ("arcface", "softmax")})
    assert alone.decisive()["digits"].differences["softmax"].p == pytest.approx(raw["softmax"])
    assert "are of a single comparison" in sweeps.table(alone)


def test_the_measure_that_was_asked_for_decides() -> None:
    results = made({"arcface": [0.5, 0.45], "softmax": [0.6, 0.52]}, measure="auc")
    assert results.decisive()["digits"].number.key == "auc"
    table = sweeps.table(results)
    assert "digits: area under the ROC curve, higher is better" in table
    assert "Area under the ROC curve decides, as was fixed before training" in table


def test_a_seed_that_failed_is_in_no_difference_and_is_said_to_be_missing() -> None:
    results = made({"arcface": [0.5, 0.45, 0.55], "softmax": [0.6, float("nan"), 0.66], "cosface": [float("nan")] * 3})
    row = results.decisive()["digits"]
    assert list(row.runs) == ["arcface", "softmax"]
    assert list(row.runs["softmax"]) == [0, 2]
    assert len(row.differences["softmax"].values) == 2
    table = sweeps.table(results)
    assert "\ncosface      0\n" in table
    assert "4 of 9 runs are not done; the same command tries them again:\n  It diverged.\n    cosface, seed 0" in table
    nobody = made({"arcface": [float("nan")] * 2, "softmax": [0.5, 0.4]})
    assert nobody.compared() == {}
    assert "2 of 4 runs are not done" in sweeps.table(nobody)


def test_the_table_has_means_intervals_differences_p_effect_and_verdict() -> None:
    results = made({"arcface": [0.5, 0.45, 0.55], "softmax": [0.9, 0.82, 0.99]})
    row = results.decisive()["digits"]
    one, mine = row.differences["softmax"], list(row.runs["softmax"].values())
    low, high = stats.ttest_1samp(mine, 0).confidence_interval(0.95)
    line = next(line for line in sweeps.table(results).splitlines() if line.startswith("softmax"))
    cells = line.replace("\N{NO-BREAK SPACE}", " ").replace("−", "-")
    assert cells.split("  ", 1)[1].split() == [
        *f"3 {np.mean(mine):.2f} % {low:.2f} to {high:.2f} {one.mean:+.2f} points".split(),
        *f"{one.interval.low:+.2f} to {one.interval.high:+.2f} {probability(one.p)} {one.hedges:+.1f} worse".split(),
    ]


def test_one_seed_has_no_interval_and_no_verdict() -> None:
    line = next(x for x in sweeps.table(made({"arcface": [0.5], "softmax": [0.9]})).splitlines() if x[:7] == "softmax")
    assert line.endswith("1.00  –  cannot tell")
    assert " to " not in line


@pytest.mark.parametrize(("p", "text"), [(1, "1.00"), (0.304, "0.30"), (0.0496, "0.0496"), (0.000312, "0.000312")])
def test_p_is_told_with_the_digits_that_count(p: float, text: str) -> None:
    assert probability(p) == text


def test_a_p_that_is_tiny() -> None:
    assert probability(2e-7) == "<0.0001"


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"holds no results of a sweep .*`workbench sweep` says where it has put them\."
    ):
        Results.read(tmp_path)


@pytest.mark.usefixtures("here")
def test_results_are_read_back_as_they_were(tmp_path: Path) -> None:
    results = sweeps.run(spec(lr=[0.1, 0.05], dim=[3, 2]), tmp_path, page=False, progress=False)
    again = Results.read(results.folder)
    assert again == results
    assert list(again.groups()) == list(results.groups())
    assert (results.folder / "sweep.yaml").read_text() == results.sweep.text()

"""What the page of a sweep says and draws."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.quick import spec
from tests.sweeps.test_results import made
from workbench import reports, sweeps
from workbench.reports.parameters import read
from workbench.sweeps import Results, page
from workbench.sweeps.job import Found
from workbench.views import View

HOSTILE = "<img src=x onerror=alert(1)>"


def text(card: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", card.html)).strip()


@pytest.fixture
def results(here: None, tmp_path: Path) -> Results:
    """Two losses under three seeds, one of which has another learning rate."""
    slow = {"loss": "softmax", "label": "slow", "lr": 0.02}
    return sweeps.run(spec("arcface", slow, seeds=3, question="Which?"), tmp_path, page=False, progress=False)


def test_the_headline_asks_and_answers(results: Results) -> None:
    card = page.headline(results)
    assert card.html.startswith("<h1>Which?</h1>")
    shown = text(card)
    assert "2 losses, 3 seeds each, on digits; mlp in 3 dimensions, 2 epochs. 6 of 6 runs are done." in shown
    assert "The number that decides is the equal error rate, fixed before training; lower is better." in shown
    assert re.search(r"slow against arcface: (worse|cannot tell) ?, \+[\d.]+ points [+−][\d.]+ to \+[\d.]+", shown)
    assert card.summary["title"] == "Which?"
    assert card.summary["lines"][0].startswith("slow against arcface: ")
    assert card.summary["thumbnail"].startswith("data:image/svg+xml")
    assert "warnings" not in card.html


def test_the_table_has_what_the_terminal_has(results: Results) -> None:
    shown, terminal = text(page.table(results)), sweeps.table(results)
    assert "digits: equal error rate Loss Seeds Mean Against arcface p Effect g Verdict arcface 3" in shown
    line = next(line for line in terminal.splitlines() if line.startswith("slow"))
    for cell in re.split(r"  +", line)[1:]:
        assert cell.replace("\N{NO-BREAK SPACE}", " ") in shown
    assert "Area under the ROC curve higher is better" in shown
    assert "Equal error rate lower is better" not in shown, "it stands above"
    assert "by Holm" not in shown, "there is one comparison"


def test_what_was_not_equal_is_told(results: Results) -> None:
    shown = text(page.conditions(results))
    assert "Every number is of the checkpoint of the last epoch, fixed before training: never of an epoch that" in shown
    assert "The losses differ in lr, see below; what somebody tried before" in shown
    equal, _, unequal = shown.partition("Not equal")
    assert "Threads of a run 1 " in equal
    assert "model mlp not the default" in equal
    assert "momentum 0.9" in equal
    assert " lr " not in equal
    assert "scale 16.0 1.0" in unequal
    assert "lr 0.1 0.02" in unequal
    assert "margin 0.5 –" in unequal
    assert results.sweep.text().split() == page_spec(page.conditions(results).html)
    alike = text(page.conditions(made({"arcface": [0.5], "softmax": [0.6]})))
    assert "All losses had the same budget and the same settings;" in alike


def page_spec(html: str) -> list[str]:
    return re.search(r'<pre class="copied">(.*?)</pre>', html, re.DOTALL)[1].split()


def test_runs_are_listed_with_what_failed(results: Results) -> None:
    shown = text(page.runs(results))
    assert shown.startswith("All 6 runs Loss")
    for outcome in results.outcomes:
        assert f"{outcome.loss} digits {outcome.seed} " in shown
        assert outcome.run in shown
    broken = made({"arcface": [0.5, 0.4], "softmax": [0.5, float("nan")]}, margin=[0.1, 0.2])
    assert text(page.runs(broken)).startswith("All 8 places of the sweep, 6 runs Loss")
    assert "It diverged." in text(page.runs(broken))


def test_who_looks_is_warned(results: Results) -> None:
    one = made({"arcface": [0.5], "softmax": [0.6]})
    assert "One seed for each loss: a demonstration, not a comparison." in text(page.headline(one))
    broken = made({"arcface": [0.5, 0.4], "softmax": [0.5, float("nan")]})
    assert "1 of 4 runs are not done, see the list of runs." in text(page.headline(broken))
    other = results.outcomes[0]
    facts = {**other.found.facts, "hardware": {**other.found.facts["hardware"], "threads": 8}}
    facts["data"] = {**facts["data"], "digest": "other"}
    changed = replace(other, found=replace(other.found, facts=facts))
    shown = text(page.headline(replace(results, outcomes=(changed, *results.outcomes[1:]))))
    assert "begun by another command, with 1 or 8 threads where this sweep has 1: their last digits depend" in shown
    assert "Not all runs on digits were trained on the same images: nothing follows from a comparison." in shown
    apart = text(page.conditions(replace(results, outcomes=(changed, *results.outcomes[1:]))))
    assert "Threads of a run 1 runs: 8; 5 runs: 1" in apart


def test_labels_and_questions_are_data_never_markup(here: None, tmp_path: Path) -> None:
    evil = spec({"loss": "arcface", "label": HOSTILE}, "softmax", question=HOSTILE, seeds=1)
    results = sweeps.run(evil, tmp_path, page=False, progress=False)
    for card in (page.headline(results), page.table(results), page.conditions(results), page.runs(results)):
        assert "<img" not in card.html


def test_differences_are_drawn_with_holm_s_intervals(results: Results) -> None:
    figure = page.differences(results)
    (row,) = results.decisive().values()
    one = row.differences["slow"]
    line, seeds, mean = figure.data[:3]
    assert tuple(line.x) == pytest.approx(one.interval)
    assert tuple(seeds.x) == pytest.approx(one.values)
    assert mean.x[0] == pytest.approx(one.mean)
    assert line.y[0] == "slow − arcface"
    assert "To the left is better." in figure.layout.meta["caption"]


def test_curves_are_means_in_bands_over_seeds(results: Results) -> None:
    figure = page.curves(results, "digits", "accuracy")
    band, curve = figure.data[:2]
    records = [sweeps.plots._run(results, one).records() for one in results.groups()["digits"]["arcface"].values()]
    values = [[100 * record["accuracy"] for record in of_seed] for of_seed in records]
    assert tuple(curve.y) == pytest.approx([sum(at) / 3 for at in zip(*values, strict=True)])
    assert tuple(band.y[:2]) == pytest.approx([min(at) for at in zip(*values, strict=True)])
    assert tuple(band.y[:1:-1]) == pytest.approx([max(at) for at in zip(*values, strict=True)])
    assert page.curves(results, "digits", "angle").layout.yaxis.title.text == "mean angle (°)"


def test_the_seed_in_the_middle_is_shown_of_all_losses(results: Results) -> None:
    shown = sweeps.plots.side_by_side(results, "digits")
    (row,) = results.decisive().values()
    places = {loss: sorted(by_seed, key=by_seed.get) for loss, by_seed in row.runs.items()}
    off = {seed: sum(abs(ranked.index(seed) - 1) for ranked in places.values()) for seed in range(3)}
    (seed,) = {int(name.rpartition(" ")[2]) for name in shown}
    assert off[seed] == min(off.values())
    assert list(shown) == [f"arcface, seed {seed}", f"slow, seed {seed}"]
    assert isinstance(page.pairs(results, "digits"), View)
    assert page.spheres(results, "digits").name == "hypersphere"


def test_of_losses_that_failed_the_others_are_shown(results: Results) -> None:
    failed = [replace(one, found=Found("failed")) if one.loss == "slow" else one for one in results.outcomes]
    shown = sweeps.plots.side_by_side(replace(results, outcomes=tuple(failed)), "digits")
    assert [name.partition(",")[0] for name in shown] == ["arcface"]


def test_runs_whose_snapshots_are_gone_are_not_shown(results: Results) -> None:
    for path in results.folder.parent.glob("digits-*/snapshots/*"):
        path.unlink()
    for shown in (page.pairs(results, "digits"), page.spheres(results, "digits")):
        assert "The runs have no snapshots any more." in shown.html
    assert page.headline(results).summary["thumbnail"] is None


def test_the_grid_is_drawn_where_one_number_makes_it() -> None:
    noises = {"arcface": [0.5, 0.4], "softmax": [0.6, 0.5]}
    (figure,) = page.grid(made(noises, lr=[0.1, 0.2, 0.4]))
    assert figure.layout.meta["title"] == "Equal error rate over lr, digits"
    assert tuple(figure.data[1].x) == (0.1, 0.2, 0.4)
    assert page.grid(made(noises)) == []
    assert page.grid(made(noises, lr=[0.1, 0.2], dim=[2, 3])) == []
    assert page.grid(made(noises, schedule=["step", "cosine"])) == []


def test_a_sweep_of_which_nothing_is_done_has_no_page(here: None, tmp_path: Path) -> None:
    assert sweeps.write_page(sweeps.gather(spec(), tmp_path)) is None
    assert not list(tmp_path.rglob("report.html"))


def test_the_notebook_is_thin_and_says_nobody_s_folders(results: Results) -> None:
    path = sweeps.write_page(results)
    assert path == results.folder / "report.html"
    html = path.read_text()
    assert "<title>Which?" in html
    assert str(results.folder.parent) not in html
    assert (results.folder.parent / "index.html").exists()
    code = [cell.source for cell in read(reports.find_notebook("93_sweep_report")).cells if cell.cell_type == "code"]
    assert max(len(cell.splitlines()) for cell in code) <= 6

"""What the notebook of the claims shows and draws, from stored results alone."""

import re
from pathlib import Path

import pytest

from tests.claims.made import CLAIM, rows
from workbench import claims, reports
from workbench.claims import plots, show
from workbench.reports.parameters import read


@pytest.fixture(scope="module")
def stored() -> list[claims.Row]:
    return show.rows("")


def claim(name: str) -> claims.Claim:
    return claims.chosen([name])[0]


def test_the_headline_counts_verdicts_by_paper(stored: list[claims.Row]) -> None:
    card = show.headline(stored)
    told = claims.verdicts(claims.CLAIMS, stored)
    assert f"{len(claims.CLAIMS)} claims, {len(told)} comparisons, {len(stored)} runs." in card.html
    counted = [int(count) for line in card.summary["lines"] for count in re.findall(r"(?:hold|tell|run)s? (\d+)", line)]
    assert sum(counted) == len(told)
    assert [line.partition(":")[0] for line in card.summary["lines"]] == ["ElasticFace", "UNPG", "CoReFace", "JCSC"]


def test_a_paper_shows_each_claim_with_its_figure(stored: list[claims.Row]) -> None:
    shown = show.paper("coreface", stored)
    titles = [item.layout.meta["title"] for item in shown if hasattr(item, "layout")]
    measured = [one for one in claims.chosen(["coreface"]) if one.lines]
    assert len([title for title in titles if title.endswith("seed by seed")]) == len(measured)
    assert "Contrastive loss through training" in titles
    assert "Song and Wang" in shown[0].data


def test_a_figure_has_each_seed_the_interval_and_what_is_too_small() -> None:
    made = rows({"one": [8.0, 8.2, 8.1, 7.9, 8.3], "other": [10.0] * 5})
    told = claims.verdicts([CLAIM], made)
    figure = plots.differences(CLAIM, told)
    interval, seeds, mean = figure.data
    assert list(interval.x) == list(told["a-claim", 0].interval)
    assert list(seeds.x) == pytest.approx([-2.0, -1.8, -1.9, -2.1, -1.7])
    assert list(mean.x) == pytest.approx([-1.9])
    band = next(shape for shape in figure.layout.shapes if shape.type == "rect")
    assert (band.x0, band.x1) == (-0.5, 0.5)
    assert figure.layout.xaxis.title.text == "difference (points)"


def test_a_claim_without_results_draws_nothing_and_fails_not() -> None:
    figure = plots.differences(CLAIM, claims.verdicts([CLAIM], []))
    assert len(figure.data) == 0
    assert plots.courses(claim("coreface-level"), []) == []


def test_the_course_of_a_term_is_drawn_over_seeds(stored: list[claims.Row]) -> None:
    (figure,) = plots.courses(claim("coreface-level"), stored)
    names = {trace.name for trace in figure.data if trace.name}
    assert {"coreface, plain", "coreface, orl"} <= names
    (aligned,) = plots.courses(claim("jcsc-aligned"), stored)
    assert {trace.name for trace in aligned.data if trace.name} >= {"jcsc, plain"}
    assert plots.courses(claim("unpg-tail"), stored) == []


def test_the_notebook_is_rendered_without_training(tmp_path: Path) -> None:
    path = reports.render("94_claims", {}, tmp_path / "page", root=tmp_path)
    html = path.read_text(encoding="utf-8")
    assert "<title>What the four papers claim" in html
    for one in claims.CLAIMS:
        assert f"<p><code>{one.id}</code>, from: " in html
    assert [path.name for path in tmp_path.rglob("run.json")] == []
    code = [cell.source for cell in read(reports.find_notebook("94_claims")).cells if cell.cell_type == "code"]
    assert max(len(cell.splitlines()) for cell in code) <= 4

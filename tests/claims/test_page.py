"""The page of all claims: it is what the stored results give, and nothing is hidden."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.claims.made import CLAIM, rows
from tests.conftest import ROOT
from workbench import claims
from workbench.claims.page import amount, section
from workbench.claims.settings import differs
from workbench.claims.verdict import FEWEST

PAGE = ROOT / "docs" / "claims.md"


def seen(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def stored() -> list[claims.Row]:
    return claims.read()


def test_the_page_is_what_the_stored_results_give(stored: list[claims.Row]) -> None:
    """`workbench claims write` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == claims.markdown(stored)


def test_every_verdict_has_at_least_five_seeds(stored: list[claims.Row]) -> None:
    told = claims.verdicts(claims.CLAIMS, stored)
    assert {one.word for one in told.values()} > {"holds", "does not hold"}
    for key, one in told.items():
        assert len(one.seeds) >= 5 or one.word == "not run", key


def test_every_paper_has_verdicts(stored: list[claims.Row]) -> None:
    told = claims.verdicts(claims.CLAIMS, stored)
    for paper in claims.PAPERS:
        mine = [told[claim.id, 0].word for claim in claims.chosen([paper]) if claim.lines]
        assert len([word for word in mine if word != "not run"]) >= 3, paper


def test_every_stored_row_is_of_the_budget_that_is_told(stored: list[claims.Row], tmp_path: Any) -> None:
    needs = {need for claim in claims.CLAIMS for need in claim.needs}
    for row in stored:
        assert (row.setting, row.variant) in needs
        setting = claims.SETTINGS[row.setting]
        asked = claims.settings.config(setting, row.variant, row.seed, tmp_path)
        assert row.config == differs(setting, asked)
        assert row.facts["threads"] == 1


def test_variants_of_a_seed_were_trained_on_the_same_images(stored: list[claims.Row]) -> None:
    images: dict[tuple[str, int], set[str]] = {}
    for row in stored:
        images.setdefault((row.setting, row.seed), set()).add(row.facts["images"])
    assert all(len(some) == 1 for some in images.values())


def test_results_tell_nothing_of_the_machine_they_were_made_on(stored: list[claims.Row]) -> None:
    for path in claims.RESULTS.glob("*.jsonl"):
        assert not re.search(r'"/\w+/', path.read_text(encoding="utf-8")), "a path"
        assert path.stat().st_size < 400_000


def test_all_claims_and_lines_stand_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for claim in claims.CLAIMS:
        own = page[page.index(f"`{claim.id}`, from: ") :].partition("\n### ")[0]
        assert len(re.findall(r"^\| .* \| \*\*.*\*\*.* \|$", own, re.MULTILINE)) == len(claim.lines)
        assert ("**Not run**" in own) == bool(claim.not_run)
        assert claim.limits.replace("_", "\\_") in own
    for paper in claims.PAPERS.values():
        assert paper.citation in page
    assert "reconstruction" in page[page.index("## JCSC") :]


def test_a_line_tells_mean_interval_and_verdict() -> None:
    made = rows({"one": [8.0, 8.2, 8.1, 7.9, 8.3], "other": [10.0] * 5})
    shown = seen(section(CLAIM, claims.verdicts([CLAIM], made), made))
    assert "| plain | one − other | 5 | −1.90 points | −2.10 to −1.70 | **holds** |" in shown
    assert "It holds if the difference is negative; the smallest that matters is 0.50 points." in shown
    assert "Measured on: plain, 20 images of 2 people held out." in shown
    assert "It is made up." in shown


def test_what_was_not_run_is_told() -> None:
    made = rows({"one": [8.0], "other": [10.0]})
    shown = seen(section(CLAIM, claims.verdicts([CLAIM], made), made))
    assert "| 1 | −2.00 points |  | **not run**: 1 of at least 5 seeds |" in shown
    silent = replace(CLAIM, lines=(), not_run="the clock was broken")
    assert "**Not run**: the clock was broken. It is made up." in section(silent, {}, [])


def test_logarithms_are_told_as_factors() -> None:
    line = next(claim for claim in claims.CLAIMS if claim.id == "unpg-premise").lines[0]
    assert amount(line, 0.0953) == "× 1.10"
    (alone,) = next(claim for claim in claims.CLAIMS if claim.id == "elasticface-order-paper").lines
    assert amount(alone, -1.0) == "−1.000"


def test_the_table_of_a_terminal_says_the_same() -> None:
    made = rows({"one": [8.0, 8.2, 8.1, 7.9, 8.3], "other": [10.0] * 5})
    shown = seen(claims.table(made, [CLAIM]))
    assert "holds         plain: one − other: −1.90 points (−2.10 to −1.70), 5 seeds" in shown
    assert claims.table(made, [CLAIM], on="varied") == ""


def test_five_is_the_fewest() -> None:
    assert FEWEST == 5


def test_lines_of_several_numbers_say_which() -> None:
    made = rows({"arcface": [1.0] * 5, "elastic-arc": [2.0] * 5}, "class_spread", "varied")
    spread = next(claim for claim in claims.CLAIMS if claim.id == "elasticface-spread")
    shown = section(spread, claims.verdicts(claims.CLAIMS, made), made)
    assert "| elastic-arc − arcface (Spread over people of their mean angle to their class centre) | 5 |" in shown

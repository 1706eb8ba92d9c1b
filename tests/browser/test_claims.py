"""The page of the claims in a real browser: drawn from what is stored, and readable on a narrow screen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import FAULTS, RULES, charts_follow_the_theme
from workbench import claims, reports

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    return reports.render("94_claims", {}, folder / "page", root=folder)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_draws_everything_and_scrolls_only_downwards(
    open_file: Callable[..., Any], report: Path, axe: str, scheme: str
) -> None:
    page = open_file(report, viewport={"width": 400, "height": 900}, color_scheme=scheme, bypass_csp=True).page
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")
    measured = [claim for claim in claims.CLAIMS if claim.lines]
    assert page.locator("[data-wb-view=intervals][data-wb-ready='1']").count() == len(measured)
    assert page.locator("[data-wb-error]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.evaluate(axe)
    assert page.evaluate(FAULTS, RULES) == []


def test_charts_follow_the_theme_of_the_page(open_file: Callable[..., Any], report: Path) -> None:
    charts_follow_the_theme(open_file(report, color_scheme="dark").page)

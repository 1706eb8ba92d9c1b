"""The page of a sweep in a real browser: offline, drawn, readable for everybody, and deaf to hostile labels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import charts_follow_the_theme
from tests.sweeps.quick import in_this_process, spec
from workbench import sweeps
from workbench.sweeps import local

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
VIEWS = ["intervals", "lines", "lines", "lines", "pair_similarity", "hypersphere"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three losses, one of them with an evil label, under three seeds and two margins; some diverge."""
    evil = {"loss": "cosface", "label": HOSTILE}
    wild = {"loss": "softmax", "lr": 1e9, "clip_norm": None}
    sweep = spec("arcface", evil, wild, seeds=3, margin=[0.2, 0.4], question=f"Which {HOSTILE}?")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(local, "work", in_this_process)
        results = sweeps.run(sweep, tmp_path_factory.mktemp("sweep"), progress=False)
    return results.folder / "report.html"


@pytest.fixture
def page(open_file: Callable[..., Any], report: Path) -> Any:
    page = open_file(report).page
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")
    return page


def test_everything_is_drawn_in_its_order(page: Any) -> None:
    drawn = "[...document.querySelectorAll('[data-wb-view][data-wb-ready=\"1\"]')].map((f) => f.dataset.wbView)"
    assert page.evaluate(drawn) == VIEWS
    assert page.locator("[data-wb-error]").count() == 0
    assert page.locator("h2").all_inner_texts() == [
        "In numbers",
        "Seed by seed",
        "How training went",
        "What the feature space looks like",
        "What was equal, and what was not",
        "The runs",
    ]


def test_hostile_labels_are_shown_as_they_are(page: Any) -> None:
    assert page.locator("h1").inner_text() == f"Which {HOSTILE}?"
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("table").first.inner_text()
    assert HOSTILE in page.locator("[data-wb-view=intervals]").inner_text()


def test_who_has_failed_is_on_the_page(page: Any) -> None:
    assert "3 of 15 runs are not done" in page.locator(".warnings").inner_text()
    page.get_by_text("All 18 ").click()
    assert page.get_by_text("must be finite").or_(page.get_by_text("stopped being finite")).count() == 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_scrolls_only_downwards(open_file: Callable[..., Any], report: Path, scheme: str) -> None:
    page = open_file(report, viewport={"width": 400, "height": 900}, color_scheme=scheme).page
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_nobody_is_shut_out(faults: Callable[[Path], list[str]], report: Path) -> None:
    assert faults(report) == []


def test_charts_follow_the_theme_of_the_page(open_file: Callable[..., Any], report: Path) -> None:
    charts_follow_the_theme(open_file(report, color_scheme="dark").page)

"""The main job's page in a real browser: offline, drawn, alive under mouse and keys, in both themes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workbench import figures, reports
from workbench.reports.cells import PLOTLY
from workbench.reports.page import render_page

pytestmark = pytest.mark.browser

VIEWS = {
    "pair_similarity",
    "roc",
    "hypersphere",
    "angle_distributions",
    "realised_margins",
    "margins",
    "training_curves",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reports")
    return reports.render(parameters={"epochs": 4, "model": "mlp", "checkpoint_every": 2}, root=root)


@pytest.fixture
def page(open_file: Callable[..., Any], report: Path) -> Any:
    return ready(open_file(report).page)


def ready(page: Any) -> Any:
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")  # the policy forbids polling by script
    return page


def canvas_hash(page: Any) -> str:
    return page.evaluate("document.querySelector('[data-wb-view=hypersphere] canvas').toDataURL()")


def test_every_view_is_drawn(page: Any) -> None:
    drawn = page.evaluate("[...document.querySelectorAll('[data-wb-ready=\"1\"]')].map((f) => f.dataset.wbView)")
    assert set(drawn) - {None} == VIEWS
    assert page.locator("[data-wb-error]").count() == 0
    charts = page.locator(".wb-chart .main-svg").count()
    assert charts >= 5


def test_the_file_is_complete_and_small(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert len(html) <= 4 * 2**20
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?http|import\s*\(?["']http""", html)
    assert "widget-view+json" not in html
    assert "$$" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert "Share chart" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_nobody_can_send_a_chart_anywhere(page: Any) -> None:
    shown = page.evaluate("[...document.querySelectorAll('.wb-chart')].map((c) => c._context.showSendToCloud)")
    assert shown
    assert not any(shown)


def test_arrow_keys_turn_the_sphere(page: Any) -> None:
    before = canvas_hash(page)
    page.locator("[data-wb-view=hypersphere] canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(100)
    assert canvas_hash(page) != before


def test_the_epoch_slider_moves_the_points(page: Any) -> None:
    last = canvas_hash(page)
    slider = page.locator("[data-wb-view=hypersphere] input[type=range]").first
    slider.fill("0")
    page.wait_for_timeout(300)
    first = canvas_hash(page)
    assert first != last
    assert "epoch=0" in page.evaluate("location.hash")
    slider.fill(slider.get_attribute("max"))
    page.wait_for_timeout(300)
    assert canvas_hash(page) == last


def test_the_threshold_reads_out_errors(page: Any) -> None:
    view = page.locator("[data-wb-view=pair_similarity]")
    view.locator("input[type=range]").fill(view.locator("input[type=range]").get_attribute("min"))
    page.wait_for_timeout(100)
    assert "100" in view.locator("table").first.inner_text()


def test_the_theme_can_be_chosen_and_is_in_the_address(page: Any) -> None:
    def paper() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    def ink() -> str:
        return page.evaluate("document.querySelector('.wb-chart')._fullLayout.font.color")

    light = paper(), ink()
    page.locator("#theme").click()
    page.wait_for_timeout(300)
    dark = paper(), ink()
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] == "rgb(18, 22, 28)"
    assert light[1] != dark[1]
    assert "theme=dark" in page.evaluate("location.hash")


def test_the_numbers_of_a_chart_are_at_hand(page: Any) -> None:
    details = page.locator("[data-wb-view=roc] details").first
    details.locator("summary").click()
    details.locator("table").wait_for()
    assert details.locator("tr").count() > 10
    link = details.locator("a[download]")
    assert link.get_attribute("download") == "roc.csv"
    assert link.get_attribute("href").startswith("data:text/csv")


def test_the_page_fits_a_narrow_screen_and_a_dark_one(open_file: Callable[..., Any], report: Path) -> None:
    options = {"viewport": {"width": 320, "height": 800}, "color_scheme": "dark", "reduced_motion": "reduce"}
    page = ready(open_file(report, **options).page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"


def test_the_list_of_reports_opens_it(open_file: Callable[..., Any], report: Path) -> None:
    page = open_file(report.parent.parent / "index.html").page
    card = page.locator("a.card")
    assert "softmax and elasticface-arc on digits" in card.inner_text()
    assert "EER" in card.inner_text()
    assert page.evaluate("document.querySelector('.card img').naturalWidth") > 0
    card.click()
    ready(page)
    assert page.title() == "softmax and elasticface-arc on digits"


def test_a_page_of_charts_alone_has_nothing_to_complain_of(open_file: Callable[..., Any], tmp_path: Path) -> None:
    """No view brings its script then; a low chart takes no more room than it needs."""
    figure = figures.intervals({"a": ([1.0, 2.0], 0.5, 2.5)}, title="t", x="x", caption="c.")
    output = nbformat.v4.new_output("display_data", {PLOTLY: json.loads(figure.to_json())})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("figure", outputs=[output])])
    path = tmp_path / "page.html"
    path.write_text(render_page(notebook, title="t", source="t.ipynb"))
    page = ready(open_file(path).page)
    chart = page.locator("[data-wb-view=intervals] .wb-chart")
    assert chart.locator("svg").count()
    assert chart.bounding_box()["height"] == pytest.approx(figure.layout.height, abs=2)

"""The main job's page in a real browser: offline, drawn, alive under mouse and keys, in both themes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from workbench import figures, geometry, reports
from workbench.config import RunConfig
from workbench.figures.frame import untitled
from workbench.reports.cells import PLOTLY
from workbench.reports.page import render_page

pytestmark = pytest.mark.browser

VIEWS = [
    "pair_similarity",
    "hypersphere",
    "angle_distributions",
    "training_record",
    "hard_pairs",
    "centre_gram",
    "embedding_map",
]
OF_EMBEDDINGS = [name for name in VIEWS if name != "training_record"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reports")
    return reports.render(parameters={"epochs": 4, "model": "mlp", "checkpoint_every": 2, "seeds": 2}, root=root)


@pytest.fixture(scope="module")
def of_embeddings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen people in 16 dimensions, with a picture of noise for each image."""
    root = tmp_path_factory.mktemp("embeddings")
    rng = np.random.default_rng(0)
    labels = np.arange(160) % 16
    rows = rng.normal(size=(16, 16))[labels] + 0.6 * rng.normal(size=(160, 16))
    pictures = rng.integers(0, 255, (160, 12, 12)).astype(np.uint8)
    np.savez(root / "people.npz", embeddings=rows.astype(np.float32), labels=labels, thumbnails=pictures)
    return reports.render("92_embeddings_report", {"embeddings": str(root / "people.npz")}, root=root / "reports")


@pytest.fixture
def page(open_file: Callable[..., Any], report: Path) -> Any:
    return ready(open_file(report).page)


def ready(page: Any) -> Any:
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")  # the policy forbids polling by script
    return page


def view(page: Any, name: str) -> Any:
    return page.locator(f"[data-wb-view={name}]")


def settle(page: Any) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def canvas_hash(page: Any) -> str:
    return page.evaluate("document.querySelector('[data-wb-view=hypersphere] canvas').toDataURL()")


def drawn(page: Any) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('[data-wb-view][data-wb-ready=\"1\"]')].map((f) => f.dataset.wbView)"
    )


def test_every_view_is_drawn_in_its_order(page: Any) -> None:
    assert drawn(page) == VIEWS
    assert page.locator("[data-wb-error]").count() == 0
    headings = page.locator("h2").all_inner_texts()
    assert (headings[0], headings[-2:]) == ("In numbers", ["Is one of them better?", "Run card"])


def test_the_embeddings_report_has_all_but_the_training(open_file: Callable[..., Any], of_embeddings: Path) -> None:
    page = ready(open_file(of_embeddings).page)
    assert drawn(page) == OF_EMBEDDINGS
    assert page.locator("[data-wb-error]").count() == 0
    assert page.locator(".wb-pairs canvas, .wb-pairs img, .wb-pairs .wb-twins > *").count() > 0


def test_one_epoch_is_every_views(page: Any) -> None:
    sphere, angles, record = (view(page, name) for name in ("hypersphere", "angle_distributions", "training_record"))
    before = canvas_hash(page), angles.locator("path.wb-curve").first.get_attribute("d")
    record.get_by_role("slider", name="Epoch").fill("1")
    settle(page)
    for one in (sphere, angles, record):
        assert "1 of 4" in one.locator("output").first.inner_text()
    assert canvas_hash(page) != before[0]
    assert angles.locator("path.wb-curve").first.get_attribute("d") != before[1]
    assert "epoch=1" in page.evaluate("location.hash")


def test_a_hard_pair_is_pinned_on_sphere_and_map_until_escape(page: Any) -> None:
    pairs = view(page, "hard_pairs")
    before = canvas_hash(page)
    pairs.get_by_role("button", name=re.compile("^Select impostor pair 1,")).click()
    settle(page)
    assert canvas_hash(page) != before
    assert "pins=" in page.evaluate("location.hash")
    pairs.get_by_role("button", name=re.compile("^Select impostor pair 1,")).press("Escape")
    settle(page)
    assert canvas_hash(page) == before
    assert "pins=" not in page.evaluate("location.hash")


def test_a_class_in_focus_has_its_margin_cap(page: Any) -> None:
    sphere = view(page, "hypersphere")
    sphere.get_by_label("Focus").select_option(label="class 3")
    settle(page)
    assert "margin" in sphere.inner_text().lower()
    assert view(page, "angle_distributions").get_by_label("Class", exact=True).input_value() == "3"


def test_the_seeds_are_compared(page: Any) -> None:
    table = page.locator("table").filter(has_text="2 seeds each")
    assert table.locator("th").all_inner_texts()[:4] == [
        "2 seeds each",
        "softmax",
        "elasticface-arc",
        "elasticface-arc − softmax",
    ]
    assert table.locator("td").first.inner_text().count("±") == 1
    assert "the first of 2 seeds" in page.locator(".warnings").inner_text()


def test_nothing_shuts_people_out(faults: Callable[..., list[str]], report: Path, of_embeddings: Path) -> None:
    assert faults(report) == []
    assert faults(of_embeddings) == []
    assert faults(report.parent.parent / "index.html") == []


def test_what_repeats_a_run_can_be_copied(open_file: Callable[..., Any], report: Path) -> None:
    page = ready(open_file(report, permissions=["clipboard-read", "clipboard-write"]).page)
    page.get_by_role("button", name="Copy", exact=True).first.click()
    page.get_by_role("button", name="Copied").wait_for()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == "workbench train -p model=mlp -p epochs=4 -p checkpoint_every=2 -p loss=softmax"
    page.locator("summary").filter(has_text="As JSON").first.click()
    page.locator("details[open]").get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("button", name="Copied").last.wait_for()
    copied = RunConfig(**json.loads(page.evaluate("navigator.clipboard.readText()")))
    assert copied == RunConfig(model="mlp", epochs=4, checkpoint_every=2, loss="softmax")


def test_it_prints(page: Any) -> None:
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("vision", ["protanopia", "deuteranopia", "tritanopia"])
def test_other_eyes_see_it_too(page: Any, vision: str, tmp_path: Path) -> None:
    """A picture for people to look at; that classes stay apart is tested where the palette is."""
    session = page.context.new_cdp_session(page)
    plain = view(page, "hypersphere").screenshot()
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": vision})
    seen = view(page, "hypersphere").screenshot(path=tmp_path / f"{vision}.png")
    assert seen != plain


def test_the_file_is_complete_and_small(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert len(html) <= 3 * 2**20
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?http|import\s*\(?["']http""", html)
    assert "widget-view+json" not in html
    assert "$$" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert "Share chart" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


@pytest.fixture
def chart(open_file: Callable[..., Any], tmp_path: Path) -> Any:
    """A page with a plotly figure, which the reports of the workbench do without."""
    labels = np.arange(60) % 3
    rows = np.eye(3)[labels] + 0.4 * np.random.default_rng(0).normal(size=(60, 3))
    figure = figures.roc({"a": geometry.roc(geometry.pair_counts(rows, labels))})
    cell = new_code_cell("1", outputs=[new_output("display_data", {PLOTLY: json.loads(figure.to_json())})])
    path = tmp_path / "chart.html"
    path.write_text(render_page(new_notebook(cells=[cell]), title="Chart", source="here"), encoding="utf-8")
    return ready(open_file(path).page)


def test_nobody_can_send_a_chart_anywhere(chart: Any) -> None:
    shown = chart.evaluate("[...document.querySelectorAll('.wb-chart')].map((c) => c._context.showSendToCloud)")
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


def test_the_theme_can_be_chosen_and_is_in_the_address(page: Any, chart: Any) -> None:
    def paper(page: Any) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    def ink() -> str:
        return chart.evaluate("document.querySelector('.wb-chart')._fullLayout.font.color")

    light = paper(page), paper(chart), ink()
    for one in (page, chart):
        one.locator("#theme").click()
        one.wait_for_timeout(300)
        assert "theme=dark" in one.evaluate("location.hash")
    assert light[:2] == ("rgb(255, 255, 255)", "rgb(255, 255, 255)")
    assert (paper(page), paper(chart)) == ("rgb(18, 22, 28)", "rgb(18, 22, 28)")
    assert ink() != light[2]


def test_the_numbers_of_a_chart_are_at_hand(chart: Any) -> None:
    details = chart.locator("[data-wb-view=roc] details").first
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
    assert not chart.locator(".gtitle").count(), "the title is a heading of the page"
    assert page.get_by_role("heading", name="t", exact=True, level=3).count()
    assert chart.bounding_box()["height"] == pytest.approx(untitled(figure.layout.to_plotly_json())["height"], abs=2)

"""Everything live, in a real JupyterLab: its own server, its own settings, a kernel, and nothing from outside."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import PATIENCE_MS, Lab, OpenNotebook, running, write_notebook
from tests.small import contents
from workbench.config import RunConfig
from workbench.training import Trainer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

EXPLORE = """import numpy as np
import workbench as wb

rng = np.random.default_rng(0)
labels = np.arange(120) % 4
embeddings = rng.normal(size=(4, 3))[labels] + 0.4 * rng.normal(size=(120, 3))
explorer = wb.explore(embeddings, labels)
explorer"""
TRAIN = """training = wb.explorers.training(
    "elasticface-arc", folder="run", epochs=400, model="mlp", probe=100, dropout=0.2, device="cpu"
)
training"""
TELL = """import json
from pathlib import Path

told = {
    "threshold": explorer.threshold,
    "far": explorer.rates().far.value,
    "selection": explorer.selection.tolist(),
}
Path("told.json").write_text(json.dumps(told))"""
TELL_TRAINING = """import json
from pathlib import Path

told = {"state": training.state, "epochs": training.epochs, "steps": training._session.steps}
Path("told.json").write_text(json.dumps(told))"""
MARGINS = """curves = wb.explorers.margin_curves()
curves"""
TELL_MARGINS = """Path("margin.json").write_text(json.dumps({"m2": curves.m2}))"""


@pytest.fixture(scope="module")
def lab(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def notebook(lab: Lab, chromium: Any) -> Iterator[Any]:
    """Open a notebook of these cells. In the end no page may have asked for anything outside or complained."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    asked: list[str] = []
    complaints: list[str] = []
    opened: list[OpenNotebook] = []

    def open_(*cells: str) -> OpenNotebook:
        name = f"{secrets.token_hex(4)}.ipynb"
        write_notebook(lab.folder / name, cells)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://", 1)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        opened.append(OpenNotebook(page, lab, name))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()
    context.close()
    assert [url for url in asked if not url.startswith((f"{lab.address}/", "data:", "blob:"))] == []
    assert complaints == []


def told(
    notebook: OpenNotebook, cell: int, name: str = "told.json", until: Callable[[dict[str, Any]], bool] = bool
) -> dict[str, Any]:
    """What a follow-up cell says of Python's side; asked again until what the page has sent has arrived.

    Widgets' messages come through a subshell of the kernel, so a cell may run before one that was sent earlier.
    """
    for _ in range(20):
        notebook.run_cell(cell)
        found: dict[str, Any] = json.loads((notebook.lab.folder / name).read_text())
        if until(found):
            break
    return found


def ready(cell: Any, count: int) -> None:
    cell.locator("[data-wb-view][data-wb-ready='1']").nth(count - 1).wait_for()


def drag(page: Any, slider: Any, part: float) -> None:
    """Drag a slider's thumb from where it is to a part of its length, in some steps."""
    slider.scroll_into_view_if_needed()
    now = slider.evaluate("s => (s.value - s.min) / (s.max - s.min)")
    box = slider.bounding_box()
    across = lambda at: box["x"] + 8 + at * (box["width"] - 16)  # noqa: E731 - the thumb is 16 px wide
    page.mouse.move(across(now), box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(across(part), box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()


def epochs_shown(cell: Any) -> Any:
    """The text beside the record's own slider: "12 of 400"."""
    return cell.locator("[data-wb-view='training_record'] output")


def wait_for_epoch(notebook: OpenNotebook, cell: Any, least: int) -> int:
    handle = epochs_shown(cell).element_handle()
    notebook.page.wait_for_function(
        "([node, least]) => parseInt(node.textContent) >= least", arg=[handle, least], timeout=PATIENCE_MS
    )
    return int(handle.text_content().split()[0])


def test_views_of_a_running_notebook_and_python_agree(notebook: Any) -> None:
    book = notebook(EXPLORE, TELL)
    book.run_all()
    cell = book.cell(0)
    ready(cell, 4)
    assert cell.locator("[data-wb-view]").evaluate_all("all => all.map((one) => one.dataset.wbView)") == [
        "pair_similarity", "hypersphere", "angle_distributions", "hard_pairs",
    ]  # fmt: skip
    assert "Equal error rate" in cell.locator(".wb-headline").text_content()

    threshold = cell.get_by_role("slider", name="Threshold")
    drag(book.page, threshold, 0.8)
    shown = float(threshold.input_value())
    assert shown == pytest.approx(0.6, abs=0.03)
    now = told(book, 1, until=lambda found: abs(found["threshold"] - shown) < 1e-9)
    assert now["threshold"] == pytest.approx(shown, abs=1e-9)
    rates = cell.locator(".wb-rates tbody tr .wb-rate")
    assert float(rates.first.text_content().removesuffix(" %")) / 100 == pytest.approx(now["far"], rel=0.006)

    canvas = cell.locator("canvas")
    canvas.scroll_into_view_if_needed()
    pixels = canvas.evaluate(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )
    assert pixels > 100
    canvas.focus()
    for key in ("n", "Enter", "n", "Enter"):
        book.page.keyboard.press(key)
    assert told(book, 1, until=lambda found: len(found["selection"]) == 2)["selection"] == [0, 1]


def test_a_notebook_and_a_page_draw_the_same_pixels(notebook: Any, open_views: Any) -> None:
    names: dict[str, Any] = {}
    exec(EXPLORE, names)
    book = notebook(EXPLORE)
    book.run_all()
    ready(book.cell(0), 2)
    live = book.cell(0).locator("canvas")
    live.scroll_into_view_if_needed()
    width = live.evaluate("c => c.getBoundingClientRect().width")
    page = open_views(names["explorer"].views["hypersphere"])
    page.evaluate("w => { document.querySelector('.wb-sphere').style.width = `${w}px`; }", width)
    page.wait_for_function("w => document.querySelector('canvas').width === Math.round(w)", arg=width)
    settled = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(settled)
    book.page.evaluate(settled)
    assert page.locator("canvas").evaluate("c => c.toDataURL()") == live.evaluate("c => c.toDataURL()")


def test_python_moves_the_page(notebook: Any) -> None:
    book = notebook(EXPLORE, "explorer.threshold = -0.25\nexplorer.selection = [5, 9]")
    book.run_all()
    ready(book.cell(0), 2)
    threshold = book.cell(0).get_by_role("slider", name="Threshold")
    book.page.wait_for_function("node => Number(node.value) === -0.25", arg=threshold.element_handle())
    state = book.page.evaluate("globalThis.__workbench.state")
    assert state["selection"]["rows"] == [5, 9]


def test_a_training_is_watched_paused_stepped_stopped_and_gone_on_with(notebook: Any) -> None:
    book = notebook(EXPLORE, TRAIN, TELL_TRAINING)
    book.run_all()
    cell = book.cell(1)
    ready(cell, 2)
    press = lambda name: cell.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    state = cell.locator(".wb-standing")
    in_state = lambda name: cell.locator(f".wb-standing[data-state={name}]").wait_for()  # noqa: E731
    sphere = lambda: cell.locator("canvas").evaluate("c => c.toDataURL()")  # noqa: E731
    assert state.text_content().startswith("Not begun: 400 epochs of 9 steps, into run.")
    before = sphere()

    press("Start")
    first = wait_for_epoch(book, cell, 1)
    second = wait_for_epoch(book, cell, first + 2)
    assert sphere() != before
    press("Pause")
    in_state("paused")
    now = told(book, 2)
    assert now["state"] == "paused"
    assert now["epochs"] >= second
    assert told(book, 2)["steps"] == now["steps"], "nothing moves while it is paused"

    press("Step by")
    wait_for_epoch(book, cell, now["epochs"] + 1)
    in_state("paused")
    assert told(book, 2)["epochs"] == now["epochs"] + 1

    press("Resume")
    reached = wait_for_epoch(book, cell, now["epochs"] + 3)
    press("Stop")
    in_state("stopped")
    now = told(book, 2)
    assert now["state"] == "stopped"
    assert now["epochs"] >= reached
    assert f"{now['epochs']} of 400 epochs are kept in run" in state.text_content()
    assert cell.get_by_role("button", name="Resume", exact=True).is_enabled()
    assert cell.get_by_role("button", name="Stop", exact=True).is_disabled()

    # All that pausing, stepping and drawing has changed no bit: the same epochs in one go hold the same records.
    config = RunConfig(loss="elasticface-arc", epochs=400, model="mlp", probe=100, dropout=0.2, device="cpu")
    alone = Trainer(config, book.lab.folder / "alone", progress=False)
    alone.fit(Until(now["epochs"]))
    live, whole = (contents(book.lab.folder / name) for name in ("run", "alone"))
    assert live.pop("metrics.jsonl") == whole.pop("metrics.jsonl")
    assert {name: data for name, data in live.items() if name != "run.json"} == {
        name: data for name, data in whole.items() if name != "run.json"
    }


class Until:
    """Ends a training after some epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def after_step(self, step: int, done: Any) -> bool:
        return True

    def after_epoch(self, epoch: int, record: Any) -> bool:
        return epoch < self.epoch


def test_a_saved_notebook_shows_its_views_without_a_kernel(notebook: Any, lab: Lab) -> None:
    book = notebook(EXPLORE)
    book.run_all()
    ready(book.cell(0), 2)
    path = book.save()
    saved = json.loads(Path(path).read_text())
    data = saved["cells"][0]["outputs"][0]["data"]
    assert set(data) == {"text/html", "text/plain", "application/vnd.jupyter.widget-view+json"}
    html = "".join(data["text/html"])
    assert html.count('data-wb-view="pair_similarity"') == html.count('data-wb-view="hypersphere"') == 1
    assert Path(path).stat().st_size < 2_000_000


def test_the_margin_explorer_and_python_agree(notebook: Any) -> None:
    book = notebook(f"import json\nfrom pathlib import Path\nimport workbench as wb\n{MARGINS}", TELL_MARGINS)
    book.run_all()
    ready(book.cell(0), 1)
    slider = book.cell(0).get_by_role("slider", name="m₂")
    drag(book.page, slider, 0.7)
    shown = float(slider.input_value())
    assert shown != 0.5
    now = told(book, 1, "margin.json", until=lambda found: abs(found["m2"] - shown) < 1e-9)
    assert now["m2"] == pytest.approx(shown)

"""What people wait for in a page: playback of the sphere beside plotly's, and the budgets of a report.

The rival is plotly's scatter3d with the same 10 000 points and snapshots in the same Chromium, without a GPU. A frame
is timed from the event that asks for another epoch until two animation frames later, when it is painted. The budgets
are those of a report page: `python -m tests.benchmarks.views [REPORT.html]` measures one that exists, or makes one.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.harness import Row, table
from tests.browser.conftest import ARGUMENTS, chromium_path
from workbench import reports, views
from workbench.theme import class_styles
from workbench.views.payload import unpack

POINTS, SNAPSHOTS, CLASSES = 10_000, 30, 10
SIZE = {"width": 1280, "height": 900}

# Both pages define `show(t)`; what it asked for is on the screen after two animation frames.
TIMED = """async (times) => {
  const took = [];
  for (const t of times) {
    const started = performance.now();
    show(t);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    took.push(performance.now() - started);
  }
  return took;
}"""
SLIDER = """() => {
  const slider = document.querySelector('[data-wb-view=hypersphere] input[type=range]');
  globalThis.show = (t) => {
    slider.value = t % (Number(slider.max) + 1);
    slider.dispatchEvent(new Event('input'));
  };
}"""
WHEN_READY = """new MutationObserver(() => {
  globalThis.readyAfter ??= document.documentElement.dataset.wbReady ? performance.now() : undefined;
}).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-wb-ready'] });
const getContext = HTMLCanvasElement.prototype.getContext;
globalThis.webgl = 0;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  if (kind.startsWith('webgl')) globalThis.webgl += 1;
  return getContext.call(this, kind, ...rest);
};"""


def rows(report: Path | None = None) -> list[Row]:
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        raise RuntimeError("The benchmark of views needs Chromium: install it, or set CHROMIUM to the path of one.")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        # Plotly's 3-D needs WebGL, which Chromium without a GPU has only when told so. No view of ours asks for it.
        browser = driver.chromium.launch(executable_path=path, args=[*ARGUMENTS, "--enable-unsafe-swiftshader"])
        found = _playback(browser, Path(folder))
        found += _budgets(browser, report or _made(Path(folder)))
        browser.close()
    return found


def _frames() -> tuple[views.Frames, np.ndarray]:
    """Classes that gather around their centres."""
    rng = np.random.default_rng(0)
    labels = np.arange(POINTS) % CLASSES
    centres = rng.normal(size=(CLASSES, 3))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    spread = np.linspace(1.5, 0.15, SNAPSHOTS)[:, None, None]
    points = centres[labels] + spread * rng.normal(size=(POINTS, 3))
    return views.Frames(
        points / np.linalg.norm(points, axis=-1, keepdims=True), np.repeat(centres[None], SNAPSHOTS, axis=0)
    ), labels


def _playback(browser: Any, folder: Path) -> list[Row]:
    """Medians over epoch steps; the pages take turns, five steps at a time."""
    run, labels = _frames()
    pages = {}
    for name, html in (("sphere", _our_page(run, labels)), ("plotly", _plotly_page(run, labels))):
        path = folder / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        pages[name] = browser.new_page(viewport=SIZE)
        pages[name].goto(path.as_uri())
        pages[name].wait_for_function("typeof show === 'function'")
    took: dict[str, list[float]] = {name: [] for name in pages}
    for start in range(-5, SNAPSHOTS, 5):  # the first round is not counted
        for name, page in pages.items():
            page.bring_to_front()
            steps = [t % SNAPSHOTS for t in range(start, start + 5)]
            took[name] += page.evaluate(TIMED, steps) if start >= 0 else page.evaluate(TIMED, steps)[:0]
    for page in pages.values():
        page.close()
    ours, theirs = (statistics.median(took[name]) for name in ("sphere", "plotly"))
    return [
        Row("playback of 10 000 points: frame / plotly scatter3d", ours / theirs, "x", 1 / 8),
        Row("playback of 10 000 points: frame", ours, "ms"),
        Row("plotly scatter3d: the same", theirs, "ms"),
    ]


def _our_page(run: views.Frames, labels: np.ndarray) -> str:
    view = views.hypersphere({"run": run}, labels, points=POINTS)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{views.styles()}</style>{view.html()}'
        f"<script>{views.runtime(('hypersphere',))};({SLIDER})()</script>"
    )


def _plotly_page(run: views.Frames, labels: np.ndarray) -> str:
    """The usual figure: one trace of small markers with a colour each, its coordinates replaced at every step."""
    from plotly.offline import get_plotlyjs

    rows = unpack(views.hypersphere({"run": run}, labels, points=POINTS).payload)[1]["rows"]
    points = np.asarray(run.embeddings)[:, rows].round(4)
    colours = [style.colour for style in class_styles(CLASSES)]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><div id="chart" style="width:620px;height:620px"></div>'
        f"<script>{get_plotlyjs()}</script><script>"
        f"const data = {points.transpose(0, 2, 1).tolist()}.map((axes) => axes.map((axis) => Float32Array.from(axis)));"
        f"const color = {[colours[k] for k in labels[rows]]};"
        "const [x, y, z] = data[0], marker = { size: 3, color };"
        "Plotly.newPlot('chart', [{ type: 'scatter3d', mode: 'markers', x, y, z, marker }]).then(() => {"
        "  globalThis.show = (t) => Plotly.restyle('chart', { x: [data[t][0]], y: [data[t][1]], z: [data[t][2]] });"
        "});</script>"
    )


def _made(folder: Path) -> Path:
    """The page of `make report` with its 41 snapshots; the smallest network trains in a third of the time."""
    return reports.render(parameters={"model": "mlp"}, root=folder / "reports")


def _budgets(browser: Any, report: Path) -> list[Row]:
    """Size, waiting, dragging and memory of one page that opens from disk."""
    page = browser.new_context(offline=True, viewport=SIZE).new_page()
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.add_init_script(WHEN_READY)
    page.goto(report.resolve().as_uri())
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")
    page.evaluate(SLIDER)
    slowest = [np.percentile(page.evaluate(TIMED, list(range(40))), 95) for _ in range(3)]
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    outside = [url for url in requests if not url.startswith(("file:", "data:", "blob:"))]
    found = [
        Row("report: file", report.stat().st_size / 2**20, "MB", 8, 3),
        Row("report: from opening to all drawn", page.evaluate("readyAfter") / 1000, "s", 4, 1.5),
        Row("report: epoch slider, 95th percentile", float(statistics.median(slowest)), "ms", 100, 50),
        Row("report: JavaScript heap", metrics["JSHeapUsedSize"] / 2**20, "MB", 120, 40),
        Row("report: WebGL contexts, requests, errors", page.evaluate("webgl") + len(outside) + len(errors), "", 0),
        Row("report: executed notebook", report.with_suffix(".ipynb").stat().st_size / 2**20, "MB", 2, 0.5),
    ]
    page.context.close()
    return found


if __name__ == "__main__":
    measured = rows(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(table(measured))
    sys.exit(0 if all(row.holds for row in measured) else 1)

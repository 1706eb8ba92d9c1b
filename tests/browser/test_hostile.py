"""Every hostile name at every place of every page: shown as it is, and nothing of it runs, loads or leaves."""

import base64
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import plotly.graph_objects as go
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.browser.conftest import write_page
from tests.browser.samples import IMAGES, MARGINS
from tests.data.pictures import encoded, picture
from tests.figures import data as plain
from tests.hostile.payloads import FOLDERS, NAMES
from tests.hostile.payloads import RUNS as PROGRAM
from tests.sweeps.test_results import made
from workbench import figures, files, geometry, intake, reports, views
from workbench.claims import page as claims_page
from workbench.headline import NUMBERS
from workbench.reports.cells import PLOTLY
from workbench.reports.page import render_page
from workbench.sweeps import page as sweep_page
from workbench.teach.verdicts import Verdict

pytestmark = pytest.mark.browser

SAFE = [intake.as_text(name) for name in NAMES]
RUN = " ".join(SAFE[:28])  # the name of a run has all markup in it
PICTURE = base64.b64encode(encoded(picture(0), "png")).decode()
LONG = {f"{RUN} 1": "first", f"{RUN} 2": "second"}


def hostile_views() -> list[views.View]:
    """Each view, with hostile names of runs and of classes, and a class for each name."""
    labels = np.arange(len(SAFE) * 4) % len(SAFE)
    rng = np.random.default_rng(0)
    rows = {run: rng.normal(size=(len(labels), 3)).astype(np.float32) for run in LONG}
    centres = {run: rng.normal(size=(len(SAFE), 3)).astype(np.float32) for run in LONG}
    frames = {run: views.Frames(np.stack([rows[run]] * 2), np.stack([centres[run]] * 2)) for run in LONG}
    pictures = np.resize(IMAGES, (len(labels), 8, 8))
    pairs = {run: geometry.pair_counts(rows[run], labels) for run in LONG}
    margins = dict(zip(LONG, MARGINS.values(), strict=True))
    flat = {RUN: views.Frames(rows[f"{RUN} 1"][None, :, :2].copy(), centres[f"{RUN} 1"][None, :, :2].copy())}
    records = [{"epoch": k, "loss": 8 / k, "accuracy": 0.5, "angle": 1.0, "grad_norm": 2.0, "lr": 0.1} for k in (1, 2)]
    return [
        views.hypersphere(frames, labels, names=SAFE, thumbnails=pictures, steps=[1, 2], margins=margins),
        views.circle(flat, labels, names=SAFE, steps=[1]),
        views.angle_distributions(frames, labels, names=SAFE, steps=[1, 2], margins=margins),
        views.hard_pairs(pairs, labels, names=SAFE, thumbnails=pictures),
        views.pair_similarity(pairs),
        views.embedding_map(rows, labels, names=SAFE, thumbnails=pictures, methods=["pca"]),
        views.centre_gram(centres, names=SAFE),
        views.training_record(dict.fromkeys(LONG, records)),
    ]


def hostile_figures() -> list[go.Figure]:
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(60, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    few = SAFE[:12]
    return [
        figures.pair_similarity({run: plain.pairs(seed=n) for n, run in enumerate(LONG)}),
        figures.roc({run: plain.roc(seed=n) for n, run in enumerate(LONG)}),
        figures.training_curves(dict.fromkeys(LONG, plain.records())),
        figures.angle_distributions({run: plain.angles(seed=n) for n, run in enumerate(LONG)}),
        figures.plane(unit[:, :2], np.arange(60) % 12, names=few, title=RUN, caption=RUN),
        figures.similarity_matrix(np.eye(12), title=RUN, caption=RUN, rows=few, columns=few),
    ]


def shown(**data: Any) -> Any:
    bundle = {name.replace("__", "/"): value for name, value in data.items()}
    return new_code_cell("1", outputs=[new_output("display_data", data=bundle)])


def hostile_report() -> str:
    """Everything that a report can show, of hostile names alone."""
    cells: list[Any] = [new_markdown_cell(f"# {SAFE[0]}")]
    cells += [new_markdown_cell(name) for name in SAFE]
    cells += [shown(text__html=view._repr_mimebundle_()["text/html"]) for view in hostile_views()]
    cells += [shown(**{PLOTLY: figure.to_plotly_json()}) for figure in map(as_plain, hostile_figures())]
    for name in SAFE:
        cells.append(new_code_cell(f"x = {name!r}\n{name}", metadata={"tags": ["injected-parameters"]}))
        cells += [
            shown(text__html=name),
            shown(text__html=f"<table title=\"{name}\"><tr><td style='{name}'>{name}</td></tr></table>"),
            shown(text__plain=name),
            shown(text__markdown=name),
            shown(image__png=PICTURE, text__plain=name),
            new_code_cell("1", outputs=[new_output("stream", name="stdout", text=name)]),
            new_code_cell("1", outputs=[new_output("error", ename=name, evalue=name, traceback=[name])]),
            shown(text__html=Verdict(name, "open", name, points=((name, True),), model=name, solution=name).html()),
        ]
    strange = {"name": RUN, "title": RUN, "caption": RUN, "summary": RUN}
    bar = {"type": "bar", "name": RUN, "x": [RUN], "y": [1]}
    bars = [bar, *({**bar, "name": name, "x": [name]} for name in SAFE)]
    cells.append(shown(**{PLOTLY: {"data": bars, "layout": {"meta": strange}}}))
    results = made({name: [0.1] for name in SAFE[:6]}, losses=[{"loss": "arcface", "label": name} for name in SAFE[:6]])
    for card in (sweep_page.headline(results), sweep_page.table(results), sweep_page.runs(results)):
        cells.append(shown(text__html=card.html))
    links = dict.fromkeys(SAFE[:4], "lesson.html")
    return render_page(new_notebook(cells=cells), title=RUN, source=RUN, links=links)


def as_plain(figure: go.Figure) -> Any:
    return go.Figure(json.loads(figure.to_json()))


def everything(page: Any) -> None:
    """Open what opens, press what can be pressed, and put the pointer over all charts."""
    page.evaluate(
        """() => {
          const opened = (open) => document.querySelectorAll('details').forEach((one) => (one.open = open));
          opened(true);
          const cells = [...document.querySelectorAll('td, th')].slice(0, 200);
          const others = document.querySelectorAll('button, select, input, canvas, svg, a, img, summary');
          for (const node of [...others, ...cells]) {
            for (const kind of ['pointerover', 'mouseover', 'mouseenter', 'pointermove', 'mousemove', 'focus']) {
              const box = node.getBoundingClientRect();
              const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
              node.dispatchEvent(new PointerEvent(kind, at));
            }
          }
          opened(false); // each of hundreds of buttons would write all tables anew
          for (const node of document.querySelectorAll('button')) node.click();
          opened(true);
        }"""
    )
    for box in page.locator("canvas, .wb-chart").all()[:24]:
        if box.is_visible():
            box.hover(force=True)
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    files.write_text(path, hostile_report())
    return path


@pytest.mark.parametrize("policy", ["with its policy", "without its policy"])
def test_nothing_in_a_report_runs_loads_or_leaves(open_file: Callable[..., Any], report: Path, policy: str) -> None:
    """Once without the policy, so that it is the escaping that is tested, and not what stands behind it."""
    opened = open_file(report, bypass_csp=policy == "without its policy")
    page = opened.page
    page.locator("html[data-wb-ready='1']").wait_for(state="attached", timeout=60_000)
    assert page.locator("[data-wb-error]").all_inner_texts() == []
    assert page.locator("[data-wb-view][data-wb-ready='1']").count() == 15
    everything(page)
    assert page.evaluate("window.__pwned") is None
    assert page.title().split() == RUN.split()
    for forbidden in (
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "meta[http-equiv=refresh]",
        "link",
        "mglyph",
        "foreignObject",
    ):
        assert page.locator(forbidden).count() == 0, forbidden
    attributes = page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap((node) => [...node.attributes]
          .filter(({ name, value }) => /^on/i.test(name) || (/^(href|src|xlink:href|action|data)$/i.test(name)
            && /^(javascript|vbscript|https?|\\/\\/|data:text\\/html)/i.test(value.trim())))
          // A link in prose waits until somebody follows it.
          .filter(({ name, value }) => !(node.matches('.prose a, main > p > a') && value.startsWith('https:')))
          .map(({ name, value }) => `${node.tagName} ${name}=${value.slice(0, 60)}`))"""
    )
    assert attributes == []
    scripts = page.evaluate("[...document.scripts].filter((one) => !one.type.startsWith('application/')).length")
    assert scripts == 3, "the views' code, plotly and the page's own"
    for name in SAFE[:4]:
        assert name in page.locator("main").inner_text()


def test_nothing_runs_where_a_page_has_no_policy_against_it(open_file: Callable[..., Any], tmp_path: Path) -> None:
    """As in a notebook that is opened elsewhere."""
    page = open_file(write_page(tmp_path / "page.html", *hostile_views()), bypass_csp=True).page
    page.locator("[data-wb-view]:not([data-wb-ready='1'])").first.wait_for(state="detached")
    everything(page)
    assert page.evaluate("window.__pwned") is None
    assert page.locator("[data-wb-error]").count() == 0


def test_a_table_that_is_taken_along_holds_no_formula(open_file: Callable[..., Any], report: Path) -> None:
    page = open_file(report).page
    page.locator("html[data-wb-ready='1']").wait_for(state="attached", timeout=60_000)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    links = page.evaluate("[...document.querySelectorAll('a[download]')].map((one) => one.href)")
    tables = [unquote(link.partition(",")[2]) for link in links if link.startswith("data:text/csv")]
    assert len(tables) >= 10
    cells = [cell for table in tables for row in csv.reader(io.StringIO(table)) for cell in row]
    for name in ("=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0"):
        assert f"'{name}" in cells
    formulas = [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(cell)]
    assert formulas == []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_the_list_of_reports_leads_to_the_folders_that_are_there(open_file: Callable[..., Any], tmp_path: Path) -> None:
    wanted = []
    for n, folder in enumerate(FOLDERS):
        (tmp_path / folder).mkdir()
        content = {"title": SAFE[n], "lines": [SAFE[n]], "thumbnail": SAFE[n], "made": SAFE[n]}
        files.write_json(tmp_path / folder / "report.json", content)
        files.write_text(tmp_path / folder / "report.html", f"<title>{n}</title>")
        wanted.append(n)
    for n, odd in enumerate(({"title": 1, "lines": 2, "thumbnail": 3, "made": 4}, {"lines": ["a"]}, [], 7)):
        (tmp_path / f"odd {n}").mkdir()
        files.write_json(tmp_path / f"odd {n}" / "report.json", odd)
    opened = open_file(reports.write_index(tmp_path), bypass_csp=True)
    links = opened.page.locator("a.card").evaluate_all("(every) => every.map((one) => one.href)")
    assert len(links) == len(FOLDERS) + 1
    everything_but_links = "document.querySelectorAll('img').length"
    assert opened.page.evaluate(everything_but_links) == 0
    titles = []
    for link in links:
        assert link.startswith(tmp_path.as_uri() + "/")
        if "odd" not in link:
            opened.page.goto(link)
            titles.append(int(opened.page.title()))
    assert sorted(titles) == wanted
    assert opened.page.evaluate("window.__pwned") is None


def test_what_stands_behind_the_escaping_holds_too(open_file: Callable[..., Any], tmp_path: Path) -> None:
    """Markup that got into a page as it is would still not run: the policy admits scripts by a number."""
    page = render_page(new_notebook(cells=[new_markdown_cell("HERE")]), title="x", source="x")
    slipped = f"<script>{PROGRAM}</script><svg onload={PROGRAM}></svg><a id=a href='javascript:{PROGRAM}'>x</a>"
    files.write_text(tmp_path / "page.html", page.replace("HERE", slipped))
    opened = open_file(tmp_path / "page.html")
    opened.page.locator("html[data-wb-ready='1']").wait_for(state="attached")
    opened.page.locator("#a").click()
    assert opened.page.evaluate("window.__pwned") is None
    assert len([error for error in opened.errors if "Content Security Policy" in error]) == 3
    opened.errors.clear()


def test_stored_results_of_claims_are_numbers_or_nothing() -> None:
    from tests.claims.made import FACTS, rows

    for key in ("train", "classes", "held_out", "held_out_classes"):
        (row,) = rows({"arcface": [1.0]})
        evil = type(row)(
            row.setting,
            row.variant,
            row.config,
            dict.fromkeys((n.key for n in NUMBERS), 1.0) | {"class_spread": 1.0, "class_tail": 1.0, "pair_tail": 1.0},
            {},
            {**FACTS, key: "![x](https://attacker.invalid)"},
        )
        with pytest.raises(ValueError):
            claims_page.measured_on([evil])

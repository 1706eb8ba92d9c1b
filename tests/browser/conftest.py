"""A real Chromium without a network: pages open from disk, and every request and complaint is collected."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.conftest import ROOT
from workbench import theme, views

CSP = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; connect-src 'none'"
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ARGUMENTS += ["--disable-sync", "--no-first-run"]


def chromium_path() -> str | None:
    """Where the browser is: what CHROMIUM says, or one of the usual names on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def absent(reason: str) -> NoReturn:
    """Skip for want of something, but fail where nothing may be skipped."""
    raise (pytest.fail if "WORKBENCH_REQUIRE_BROWSER" in os.environ else pytest.skip).Exception(reason)


def small_targets(page: Any, controls: str) -> list[str]:
    """The controls of a page, by their selector, that are smaller than a finger's 24 pixels in a direction."""
    small: list[str] = page.evaluate(
        """(controls) => [...document.querySelectorAll(controls)].filter((node) => {
          const { width, height } = node.getBoundingClientRect();
          return width < 24 || height < 24;
        }).map((node) => node.outerHTML)""",
        controls,
    )
    return small


def drawn_colours(page: Any) -> tuple[set[str], set[str]]:
    """The colours of all lines and marks of a page's charts, and those of all text in them, as `#rrggbb`."""
    marks, text = page.evaluate(
        """() => {
          const two = (n) => (+n).toString(16).padStart(2, "0");
          const hex = (colour) => "#" + colour.match(/\\d+/g).slice(0, 3).map(two).join("");
          const seen = (selector, key) => [...document.querySelectorAll(selector)].map((node) => getComputedStyle(node))
            .filter((style) => style[key].startsWith("rgb(")).map((style) => hex(style[key]));
          const marks = ".wb-plot .js-line, .wb-plot .points path, .wb-plot .legendlines path";
          const drawn = [...seen(marks, "stroke"), ...seen(".wb-plot .points path", "fill")];
          return [drawn, seen(".wb-plot svg text", "fill")];
        }"""
    )
    return set(marks), set(text)


def charts_follow_the_theme(page: Any) -> None:
    """Check the charts of a page that was opened in the dark theme, in both themes."""
    page.locator("html[data-wb-ready='1']").wait_for(state="attached")
    for tokens, other in ((theme.DARK, theme.LIGHT), (theme.LIGHT, theme.DARK)):
        marks, text = drawn_colours(page)
        assert tokens.accent.lower() in marks
        assert other.accent.lower() not in marks
        assert min(theme.contrast(colour, tokens.paper) for colour in marks) >= 3
        assert min(theme.contrast(colour, tokens.paper) for colour in text) >= 4.5
        page.locator("#theme").click()


@dataclass
class Opened:
    """A page and what it asked and complained of since it opened."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install 'hypersphere-workbench[dev]'")
    path = chromium_path()
    if not path:
        absent("No Chromium: install the package 'chromium', or set CHROMIUM to the path of one.")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_file(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Open a file offline. When the test ends, no page may have asked for anything or complained."""
    contexts, pages = [], []

    def open_(path: Path, *, address: str = "", script: str = "", **options: Any) -> Opened:
        context = chromium.new_context(offline=True, **{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        if script:
            context.add_init_script(script)
        opened = Opened(context.new_page())
        pages.append(opened)
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.errors.append(f"dialog {dialog.message}"))
        opened.page.on("console", lambda m: m.type in ("error", "warning") and opened.errors.append(m.text))
        opened.page.goto(path.resolve().as_uri() + address)
        return opened

    yield open_
    for context in contexts:
        context.close()
    for opened in pages:
        assert [url for url in opened.requests if not url.startswith(("file:", "data:", "blob:"))] == []
        assert opened.errors == []


def write_page(path: Path, *shown: views.View) -> Path:
    """Write a page of views under the strict policy that reports have."""
    script = views.runtime(tuple(view.name for view in shown))
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Views</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}"><style>{views.styles()}</style></head>'
        f"<body><main>{''.join(view.html() for view in shown)}</main>"
        f'<script type="module">{script}</script></body></html>',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def open_views(open_file: Callable[..., Opened], tmp_path: Path) -> Callable[..., Any]:
    """Open a page of views, and wait until all are drawn."""

    def open_(*shown: views.View, **options: Any) -> Any:
        page = open_file(write_page(tmp_path / "page.html", *shown), **options).page
        for i in range(len(shown)):
            page.locator("[data-wb-view]").nth(i).and_(page.locator("[data-wb-ready='1']")).wait_for()
        return page

    return open_


AXE = "4.14.1"  # of the Makefile
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FAULTS = """rules => axe.run(document, { runOnly: rules, resultTypes: ["violations"] }).then(({ violations }) =>
  violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)))"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which looks for what shuts people out."""
    newest = ROOT / ".venv" / f"axe-core-{AXE}.js"
    if newest.is_file():
        return newest.read_text(encoding="utf-8")
    try:
        return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        absent(f"There is no axe-core at {newest}, nor pip's: 'make axe' fetches it.")


@pytest.fixture
def faults(open_file: Callable[..., Opened], axe: str) -> Callable[..., list[str]]:
    """Open a page, all in it that opens, and return what axe-core calls serious or critical: light, dark and narrow."""

    def faults_(path: Path) -> list[str]:
        page = open_file(path, script=axe).page
        page.locator("[data-wb-view]:not([data-wb-ready='1'])").first.wait_for(state="detached")
        assert page.evaluate("axe.version") >= "4.12"
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        # The rows of a table are all alike, and hundreds of them take axe-core half a minute.
        page.evaluate("document.querySelectorAll('tbody tr:nth-child(n + 12)').forEach((row) => row.remove())")
        found = []
        for width, scheme in ((1280, "light"), (1280, "dark"), (400, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found += [f"{width} {scheme}, {fault}" for fault in page.evaluate(FAULTS, RULES)]
        return found

    return faults_

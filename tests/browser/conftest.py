"""A real Chromium without a network: pages open from disk, and every request and complaint is collected."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbench import views

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
        missing = "No Chromium: install the package 'chromium', or set CHROMIUM to the path of one."
        (pytest.fail if "WORKBENCH_REQUIRE_BROWSER" in os.environ else pytest.skip)(missing)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_file(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Open a file offline. When the test ends, no page may have asked for anything or complained."""
    contexts, pages = [], []

    def open_(path: Path, *, address: str = "", **options: Any) -> Opened:
        context = chromium.new_context(offline=True, **{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
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


@pytest.fixture
def open_views(open_file: Callable[..., Opened], tmp_path: Path) -> Callable[..., Any]:
    """Open a page of views under the strict policy that reports have, and wait until all are drawn."""

    def open_(*shown: views.View, **options: Any) -> Any:
        script = views.runtime(tuple(view.name for view in shown))
        path = tmp_path / "page.html"
        path.write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Views</title>'
            '<meta name="viewport" content="width=device-width">'
            f'<meta http-equiv="Content-Security-Policy" content="{CSP}"><style>{views.styles()}</style></head>'
            f"<body><main>{''.join(view.html() for view in shown)}</main>"
            f'<script type="module">{script}</script></body></html>',
            encoding="utf-8",
        )
        page = open_file(path, **options).page
        for i in range(len(shown)):
            page.locator("[data-wb-view]").nth(i).and_(page.locator("[data-wb-ready='1']")).wait_for()
        return page

    return open_

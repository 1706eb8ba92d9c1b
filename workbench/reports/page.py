"""An executed notebook as one HTML file that needs nothing else: no network, no server, no kernel."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from nbformat import NotebookNode

from workbench import theme
from workbench.reports import cells
from workbench.views.assets import runtime, styles
from workbench.views.payload import to_json

_FOLDER = files("workbench.reports") / "templates"
_ENVIRONMENT = Environment(
    loader=PackageLoader("workbench.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_page(notebook: NotebookNode, *, title: str, source: str, links: Mapping[str, str] | None = None) -> str:
    """Return the page of an executed notebook.

    Args:
        notebook: the executed notebook.
        title: title of the page.
        source: name of the notebook, for the foot of the page.
        links: to neighbouring pages, text and address.
    """
    hidden = {
        tag for cell in notebook.cells if "report-hide" in (tags := cell.metadata.get("tags", [])) for tag in tags
    }
    blocks = [block for cell in notebook.cells if (block := _block(cell, hidden))]
    shown = cells.views(notebook)
    has_plots = any("wb-chart" in str(block["html"]) for block in blocks)
    content = {
        "title": title,
        "source": source,
        "blocks": blocks,
        "lesson": "lesson" in notebook.metadata.get("workbench", {}),
        "links": dict(links or {}),
        "styles": Markup(styles() + _asset("page.css")),  # noqa: S704 - our own files
        "runtime": Markup(runtime(shown)),  # noqa: S704 - our own files
        "script": Markup(_asset("page.js")),  # noqa: S704 - our own files
        "plotly": _compressed_plotly() if has_plots else "",
        "templates": Markup(to_json(_templates()) if has_plots else "{}"),  # noqa: S704 - escaped by to_json
    }
    return _without_home(_with_nonce("page.html.j2", content))


def render_index(reports: list[dict[str, Any]]) -> str:
    """Return the page that lists reports; each has `title`, `href`, `lines` and `thumbnail`."""
    return _with_nonce("index.html.j2", {"reports": reports, "styles": Markup(styles() + _asset("page.css"))})  # noqa: S704


def render_contents(parts: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return the table of contents of the course: for each part its lessons, as `workbench.teach.Outline` has them."""
    return _with_nonce("course.html.j2", {"parts": parts, "styles": Markup(styles() + _asset("page.css"))})  # noqa: S704


def _with_nonce(template: str, content: dict[str, Any]) -> str:
    """Render a page in which only our own scripts run.

    The policy admits scripts by a number that is made from the page's content: markup that slipped in with the
    content cannot know it.
    """
    page = _ENVIRONMENT.get_template(template)
    nonce = hashlib.sha256(page.render(nonce="", **content).encode()).hexdigest()[:32]
    return page.render(nonce=nonce, **content)


def _without_home(page: str) -> str:
    """Return a page that says ~ for the home folder: its path tells who made it, and pages are passed on."""
    home = str(Path.home())
    # Not within other text: base64 has letters and slashes too.
    return page if len(home) < 2 else re.sub(rf"(?<![A-Za-z0-9+/]){re.escape(home)}(?![\w.-])", "~", page)


def _block(cell: NotebookNode, hidden: set[str]) -> dict[str, Any] | None:
    tags = cell.metadata.get("tags", [])
    # papermill puts what was given into a cell of its own: it is shown where the parameters are.
    if "report-hide" in tags or ("injected-parameters" in tags and "parameters" in hidden):
        return None
    if cell.cell_type == "markdown":
        return {"kind": "prose", "html": Markup(cells.markdown(cell.source)), "code": ""}  # noqa: S704 - escaped there
    code = _shown_code(cell.source, tags, cell.metadata)
    html = Markup(cells.outputs(cell))  # noqa: S704 - escaped there
    if cell.cell_type != "code" or not (code or html):
        return None
    kind = next((kind for kind, names in _KINDS.items() if not names.isdisjoint(tags)), "code")
    return {"kind": kind, "html": html, "code": code}


# How a folded cell is headed. Other code of a lesson is not folded: it is what the lesson is about.
_KINDS = {
    "Parameters": {"parameters"},
    "Parameters that were given": {"injected-parameters"},
    "Code": {"setup", "fold"},
}


def _shown_code(source: str, tags: list[str], metadata: Mapping[str, Any]) -> str:
    """Return the code of a cell where it is meant to be read; of what was given, all but a path of this machine."""
    if metadata.get("jupyter", {}).get("source_hidden") or any(tag.startswith("check:") for tag in tags):
        return ""
    if "injected-parameters" in tags:
        return "\n".join(line for line in source.splitlines() if not line.startswith(("# Parameters", "run_dir = ")))
    return source.strip()


@cache
def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _compressed_plotly() -> str:
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()


def _templates() -> dict[str, Any]:
    from plotly.utils import PlotlyJSONEncoder

    both = {name: theme.template(name).to_plotly_json() for name in theme.TEMPLATES}
    plain: dict[str, Any] = json.loads(json.dumps(both, cls=PlotlyJSONEncoder))
    return plain

"""An executed notebook as one HTML file that needs nothing else: no network, no server, no kernel."""

import base64
import gzip
import hashlib
import json
from functools import cache
from importlib.resources import files
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


def render_page(notebook: NotebookNode, *, title: str, source: str) -> str:
    """Return the page of an executed notebook.

    Args:
        notebook: the executed notebook.
        title: title of the page.
        source: name of the notebook, for the foot of the page.

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
        "styles": Markup(styles() + _asset("page.css")),  # noqa: S704 - our own files
        "runtime": Markup(runtime(shown)),  # noqa: S704 - our own files
        "script": Markup(_asset("page.js")),  # noqa: S704 - our own files
        "plotly": _compressed_plotly() if has_plots else "",
        "templates": Markup(to_json(_templates()) if has_plots else "{}"),  # noqa: S704 - escaped by to_json
    }
    return _with_nonce("page.html.j2", content)


def render_index(reports: list[dict[str, Any]]) -> str:
    """Return the page that lists reports; each has `title`, `href`, `lines` and `thumbnail`."""
    return _with_nonce("index.html.j2", {"reports": reports, "styles": Markup(styles() + _asset("page.css"))})  # noqa: S704


def _with_nonce(template: str, content: dict[str, Any]) -> str:
    """Render a page in which only our own scripts run.

    The policy admits scripts by a number that is made from the page's content: markup that slipped in with the
    content cannot know it.
    """
    page = _ENVIRONMENT.get_template(template)
    nonce = hashlib.sha256(page.render(nonce="", **content).encode()).hexdigest()[:32]
    return page.render(nonce=nonce, **content)


def _block(cell: NotebookNode, hidden: set[str]) -> dict[str, Any] | None:
    tags = cell.metadata.get("tags", [])
    # papermill puts what was given into a cell of its own: it is shown where the parameters are.
    if "report-hide" in tags or ("injected-parameters" in tags and "parameters" in hidden):
        return None
    if cell.cell_type == "markdown":
        return {"kind": "prose", "html": Markup(cells.markdown(cell.source)), "code": ""}  # noqa: S704 - escaped there
    if cell.cell_type != "code" or not cell.source.strip():
        return None
    kind = "parameters" if "parameters" in tags or "injected-parameters" in tags else "code"
    return {"kind": kind, "html": Markup(cells.outputs(cell)), "code": cell.source}  # noqa: S704 - escaped there


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

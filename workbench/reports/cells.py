"""Cells and outputs of an executed notebook as HTML: everything is escaped or rebuilt, nothing is passed through."""

import json
import re
from html import escape
from typing import Any

import nh3
from latex2mathml.converter import convert as to_mathml
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode

from workbench.views.assets import names as view_names
from workbench.views.payload import to_json
from workbench.views.view import BEGIN, END, View

PLOTLY = "application/vnd.plotly.v1+json"
SUMMARY = "application/vnd.workbench.summary+json"

_VIEW = re.compile(re.escape(BEGIN) + r"(.*?)" + re.escape(END), re.DOTALL)
_NAME = re.compile(r'data-wb-view="([a-z_]+)"')
_PAYLOAD = re.compile(r'<script type="application/json" class="wb-payload">([^<]*)</script>')
_TAGS = nh3.ALLOWED_TAGS | {"section", "figure", "figcaption", "details", "summary"}
_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "*": {"class", "scope", "colspan", "rowspan", "lang", "dir", "title"}}

# Names of elements and attributes of MathML, many of them in a line.
_MATHS = """
    math mrow mi mo mn mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover munderover
    mtable mtr mtd menclose mmultiscripts
""".split()  # noqa: SIM905
_OF_MATHS = """
    xmlns display mathvariant mathcolor mathsize stretchy fence form separator accent minsize maxsize width height depth
    lspace rspace displaystyle scriptlevel notation linethickness movablelimits columnalign columnspacing rowspacing
    columnlines rowlines
""".split()  # noqa: SIM905


def _formula(latex: str, options: dict[str, Any]) -> str:
    # The converter passes what stands in \text on as it is.
    mathml = to_mathml(latex, display="block" if options["display_mode"] else "inline")
    return nh3.clean(mathml, tags={*_MATHS}, attributes={"*": {*_OF_MATHS}}, clean_content_tags=set())


# Raw HTML in Markdown stays text, so a name with a tag in it cannot become one. There are no pictures: they would be
# asked for elsewhere.
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False})
    .enable("table")
    .disable("image")
    .use(dollarmath_plugin, renderer=_formula, double_inline=True)
)


def markdown(source: str) -> str:
    """Return Markdown as HTML, with formulas as MathML."""
    return _scrolling(str(_MARKDOWN.render(source)))


def outputs(cell: NotebookNode) -> str:
    """Return what a code cell has shown."""
    return "".join(_output(output) for output in cell.get("outputs", []))


def summaries(notebook: NotebookNode) -> list[dict[str, Any]]:
    """Return the summaries (for the list of reports) that the notebook's cells have shown."""
    shown = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    return [data[SUMMARY] for data in shown if SUMMARY in data]


def views(notebook: NotebookNode) -> tuple[str, ...]:
    """Return the names of the views that the notebook's cells have shown, sorted."""
    shown = (output.get("data", {}).get("text/html", "") for c in notebook.cells for output in c.get("outputs", []))
    return tuple(sorted({view.name for html in shown for view in _views(html)}))


def _output(output: NotebookNode) -> str:
    if output.output_type == "stream":
        # Progress bars write to stderr; what a reader needs is in the record.
        return f"<pre>{escape(output.text)}</pre>" if output.name == "stdout" and output.text.strip() else ""
    if output.output_type == "error":
        return f"<pre>{escape(output.ename)}: {escape(output.evalue)}</pre>"
    data = output.data
    if PLOTLY in data:
        return plot(data[PLOTLY])
    if "text/html" in data:
        return _html(data["text/html"])
    if "image/png" in data:
        source = re.sub(r"[^A-Za-z0-9+/=]", "", data["image/png"])
        return f'<img alt="{escape(data.get("text/plain", "picture"))}" src="data:image/png;base64,{source}">'
    if "text/markdown" in data:
        return markdown(data["text/markdown"])
    text = data.get("text/plain", "")
    return f"<pre>{escape(text)}</pre>" if text else ""


def clean(html: str) -> str:
    """Return HTML with everything removed that could run, load or leave the page."""
    return _scrolling(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            attribute_filter=_staying,
            url_schemes={"data"},
            link_rel=None,
        )
    )


def _staying(_tag: str, name: str, value: str) -> str | None:
    """Drop an address that leads out of the page, a relative one too: it is that of a file beside it."""
    return value if name not in ("src", "href", "cite") or value.startswith(("data:", "#")) else None


def _scrolling(html: str) -> str:
    """Put each table into a box, so that a wide one scrolls in there and stays a table."""
    return re.sub(r"(<table\b[^>]*>)", r'<div class="wide">\1', html).replace("</table>", "</table></div>")


def plot(figure: dict[str, Any]) -> str:
    """Return a plotly figure as a `<figure>` that the page's script draws.

    Heading, caption and summary come from `layout.meta`, where the workbench's figures put them. Any other figure is
    shown as it is.
    """
    layout = dict(figure["layout"])
    layout.pop("template", None)  # the page has both themes' templates once
    meta = layout.get("meta") or {}
    if meta.get("title"):
        from workbench.figures.frame import untitled  # brings plotly, which a page without charts does not need

        layout = untitled(layout)
    name = re.sub(r"[^a-z0-9_-]", "", str(meta.get("name", "plot")))
    heading = f"<h3>{escape(str(meta['title']))}</h3>" if meta.get("title") else ""
    caption = f"<figcaption>{escape(str(meta['caption']))}</figcaption>" if meta.get("caption") else ""
    content = to_json({"data": figure["data"], "layout": layout})
    return (
        f'<figure class="wb-plot" data-wb-view="{name}">{heading}'
        f'<div class="wb-chart" role="group" aria-label="{escape(str(meta.get("summary", name)))}"></div>{caption}'
        f"<details><summary>Data</summary></details>"
        f'<script type="application/json">{content}</script></figure>'
    )


def _html(html: str) -> str:
    """Return HTML with its views rebuilt from their data, and everything between them cleaned."""
    between = [clean(part) for part in _VIEW.split(html)[::2]]
    shown = [view.html() for view in _views(html)]
    if len(shown) != len(between) - 1:
        return "".join(shown)  # something that looks like a view and is none
    return "".join(text for pair in zip(between, [*shown, ""], strict=True) for text in pair)


def _views(html: str) -> list[View]:
    """Return the views written in a cell's HTML, rebuilt from their names and data alone."""
    found = []
    for fragment in _VIEW.findall(html):
        name, payload = _NAME.search(fragment), _PAYLOAD.search(fragment)
        if name and payload and name[1] in view_names():
            found.append(View(name[1], json.loads(payload[1])))
    return found

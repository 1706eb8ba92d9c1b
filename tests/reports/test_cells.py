"""Nothing of a notebook's output reaches the page unescaped."""

import json

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_output

from workbench import views
from workbench.reports import cells

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'


def shown(**data: object) -> str:
    data = {name.replace("__", "/"): value for name, value in data.items()}
    return cells.outputs(new_code_cell("x", outputs=[new_output("display_data", data=data)]))


def figure(**layout: object) -> str:
    return shown(**{cells.PLOTLY: {"data": [{"type": "bar", "name": HOSTILE, "y": [1]}], "layout": layout}})


def test_text_is_escaped() -> None:
    assert shown(text__plain=HOSTILE) == (
        "<pre>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(2)&quot;&gt;</pre>"
    )


def test_printed_text_is_shown_and_progress_is_not() -> None:
    out, progress = new_output("stream", name="stdout", text="a < b"), new_output("stream", name="stderr", text="50%")
    assert cells.outputs(new_code_cell("x", outputs=[out, progress])) == "<pre>a &lt; b</pre>"


@pytest.mark.parametrize(
    "html",
    [
        HOSTILE,
        '<a href="javascript:alert(1)">x</a>',
        '<img src="https://example.org/x.png">',
        "<iframe srcdoc='x'></iframe>",
        '<p style="background:url(https://example.org)">x</p>',
        "<form action='https://example.org'><input></form>",
        '<meta http-equiv="refresh" content="0;url=https://example.org">',
    ],
)
def test_html_loses_what_could_run_load_or_leave(html: str) -> None:
    cleaned = shown(text__html=f"<table><tr><td class='number'>7</td></tr></table>{html}")
    assert '<td class="number">7</td>' in cleaned
    for forbidden in ("<script", "onerror", "javascript:", "example.org", "<iframe", "<form", "<meta", "style="):
        assert forbidden not in cleaned


def test_markdown_keeps_tags_as_text_and_makes_formulas_mathml() -> None:
    html = cells.markdown("# T\n\n<img src=x onerror=alert(1)> $\\cos\\theta$ and\n\n$$a^2$$\n\n| a |\n|---|\n| 1 |\n")
    assert "&lt;img" in html
    assert "<img" not in html
    assert html.count("<math") == 2
    assert "$" not in html
    assert "<td>1</td>" in html


def test_a_figure_is_data_with_heading_caption_and_summary() -> None:
    html = figure(
        meta={"name": "roc", "title": "A < B", "caption": HOSTILE, "summary": 'x" onload="y'}, template={"a": 1}
    )
    assert '<figure class="wb-plot" data-wb-view="roc">' in html
    assert "<h3>A &lt; B</h3>" in html
    assert html.count("<script") == 1  # the data block alone
    assert html.count("</script") == 1
    assert 'onload="y"' not in html
    content = json.loads(html.partition('<script type="application/json">')[2].partition("</script>")[0])
    assert content["data"][0]["name"] == HOSTILE
    assert "template" not in content["layout"]


def test_a_figure_from_elsewhere_is_drawn_too() -> None:
    assert 'data-wb-view="plot"' in figure()
    assert 'data-wb-view="imgonerror"' in figure(meta={"name": "<img onerror>"})


def test_a_view_is_rebuilt_from_its_data() -> None:
    counts = views.PairHistograms(genuine=np.arange(4), impostor=np.arange(4)[::-1].copy())
    view = views.pair_similarity({HOSTILE: counts})
    html = view._repr_mimebundle_()["text/html"]
    assert html.count("<script") == 2  # data and runtime: the page brings its own runtime
    rebuilt = shown(text__html=html)
    assert rebuilt == view.html()
    assert rebuilt.count("<script") == 1


def test_a_forged_view_brings_nothing_in() -> None:
    forged = '<!--wb:view--><figure data-wb-view="unknown"><script>alert(1)</script></figure><!--/wb:view-->'
    assert "script" not in shown(text__html=forged)


def test_a_picture_is_data_and_nothing_else() -> None:
    html = shown(image__png='aGVsbG8=" onerror="alert(1)', text__plain='"><script>')
    assert html == '<img alt="&quot;&gt;&lt;script&gt;" src="data:image/png;base64,aGVsbG8=onerror=alert1">'


def test_html_around_views_is_kept_and_cleaned() -> None:
    ones = np.ones(4, dtype=np.int64)
    view = views.pair_similarity({"a": views.PairHistograms(ones, ones)})
    html = (
        f"<style>p {{}}</style><table><tr><td>5 %</td></tr></table>{view.html()}<p onclick=x>between</p>{view.html()}"
    )
    html += "<script>alert(1)</script><p>after</p>"
    found = shown(text__html=html)
    assert found.count(view.html()) == 2
    rest = "".join(found.split(view.html()))
    table = "<table><tbody><tr><td>5 %</td></tr></tbody></table>"
    assert rest == f'<div class="wide">{table}</div><p>between</p><p>after</p>'

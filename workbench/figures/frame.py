"""What all figures share: the look, the text around them, the state of having nothing to show, and their checks."""

import textwrap
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from workbench import theme
from workbench.checks import bad_parameter
from workbench.figures.text import escaped

MAX_RUNS = 6  # as many as there are dashes
HEIGHT = 420
_AXIS_CHARACTERS = 36  # what a page of 400 pixels has room for below a figure with names at its left
REFERENCE = {"color": theme.LIGHT.margin, "width": 1}  # seen on both papers, at 3:1
CLEAR = "rgba(0,0,0,0)"
_TITLE = 34  # pixels that the title takes above everything else
_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "top", "yref": "container"}

Data = TypeVar("Data")


def framed(figure: go.Figure, *, name: str, title: str, caption: str, summary: str, classes: bool = False) -> go.Figure:
    """Give a figure its look and its words.

    The words are in `layout.meta`, as plain text and not as markup: a page sets the title as a heading and the caption
    under the figure, and reads the summary to those who do not see it. By itself, as in JupyterLab, the figure shows
    its title. Text and paper are left to the template, and the colours of runs are those of its colourway, so that a
    page changes between light and dark by changing the template alone; not so where colours tell `classes` apart,
    which have outlines instead. The words of a horizontal axis are broken into lines that a narrow page has room for.
    """
    for axis in figure.select_xaxes():
        words = textwrap.wrap(axis.title.text or "", _AXIS_CHARACTERS, break_long_words=False, break_on_hyphens=False)
        if len(words) > 1:
            axis.update(title_text="<br>".join(words), automargin=True)
    top = 48 if figure.layout.margin.t is None else figure.layout.margin.t
    height = _TITLE + (figure.layout.height or HEIGHT)
    return figure.update_layout(
        template=theme.template("wb-light"),
        meta={"name": name, "title": title, "caption": caption, "summary": summary, "classes": classes},
        title={"text": escaped(title), "xref": "container", "pad": {"l": 12, "t": 12}, "y": 1, "yanchor": "top"},
        height=height,
        margin={"t": _TITLE + top},
        hovermode="closest",
        legend={**_LEGEND, "y": 1 - _TITLE / height},
    )


def untitled(layout: Mapping[str, Any]) -> dict[str, Any]:
    """The layout of a figure, as JSON, for a place that shows the title itself: without it, and if framed its room."""
    shown = {key: value for key, value in layout.items() if key != "title"}
    if "title" not in layout or not {"height", "margin", "legend"} <= layout.keys():
        return shown
    margin = {**layout["margin"], "t": layout["margin"].get("t", 100) - _TITLE}
    return {**shown, "height": layout["height"] - _TITLE, "margin": margin, "legend": {**_LEGEND, "y": 1}}


def nothing(*, name: str, title: str, sentence: str) -> go.Figure:
    """A figure without data: no axes, one sentence in the middle that says why."""
    figure = go.Figure()
    figure.add_annotation(text=sentence, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return framed(figure, name=name, title=title, caption=sentence, summary=sentence)


def checked_runs(runs: Mapping[str, Data], figure: str) -> dict[str, Data]:
    """The runs as a dictionary of at most `MAX_RUNS`, which is as many as a reader can tell apart."""
    if not isinstance(runs, Mapping):
        hint = 'Give a name: {"arcface": ...}.'
        raise ValueError(bad_parameter(figure, "runs", "a mapping of run name to data", type(runs).__name__, hint=hint))
    if len(runs) > MAX_RUNS:
        rule = f"at most {MAX_RUNS} runs, which is as many as can be told apart"
        raise ValueError(bad_parameter(figure, "runs", rule, len(runs), hint="Choose some."))
    return dict(runs)


def finite(values: Any, what: str) -> NDArray[np.float64]:
    """A flat float64 array, or a sentence that says where it is not finite."""
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(
            f"{what}: {int(bad.sum())} of {len(array)} values are not finite, the first at {bad.argmax()}."
        )
    return array


def faded(colour: str, alpha: float) -> str:
    """The `#rrggbb` colour with an opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"

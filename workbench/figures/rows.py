"""One panel for each run, above one another on the same axes, so that colour is free to mean the kind of data."""

from plotly import graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures.frame import HEIGHT
from workbench.figures.text import escaped

_ROW = 165  # pixels, with the space above it
_AROUND = 110
_APART = 0.35  # of the axis; labels of peaks nearer than this are set to either side
_END = 0.1  # of the axis; nearer to an end a label would leave the figure
_LINE = 17  # pixels


def stacked(names: list[str], gap: int = 34) -> go.Figure:
    """Panels with a shared x axis, each under the name of its run; `gap` pixels between them."""
    height = max(HEIGHT, _AROUND + _ROW * len(names))
    spacing = gap / (height - _AROUND) if len(names) > 1 else 0
    figure = make_subplots(rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=spacing)
    for row, name in enumerate(names, 1):
        headed(figure, f"<b>{escaped(name)}</b>", row=row, col=1)
    return figure.update_layout(height=height, showlegend=False)


def headed(figure: go.Figure, text: str, *, row: int, col: int) -> None:
    """Write a heading over the upper left corner of a panel."""
    figure.add_annotation(
        text=text,
        x=0,
        y=1,
        xref="x domain",
        yref="y domain",
        xanchor="left",
        yanchor="bottom",
        yshift=4,
        showarrow=False,
        row=row,
        col=col,
    )


def beside(first: float, second: float, low: float, high: float) -> list[tuple[str, int]]:
    """How to set the labels of two peaks, clear of each other and of the ends: (xanchor, yshift in pixels) of each."""
    span, first_is_left = high - low, first <= second
    result = []
    for x, is_left in ((first, first_is_left), (second, not first_is_left)):
        at_low, at_high = x < low + _END * span, x > high - _END * span
        if abs(first - second) > _APART * span:
            result.append(("left" if at_low else "right" if at_high else "center", 0))
        elif is_left:
            result.append(("left", _LINE) if at_low else ("right", 0))
        else:
            result.append(("right", _LINE) if at_high else ("left", 0))
    return result

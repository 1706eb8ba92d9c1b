"""A curve of operating points with its 95 % band, and the mark of its equal error rate."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from plotly import graph_objects as go

from workbench import theme
from workbench.figures.frame import faded


def curve_in_band(
    x: ArrayLike,
    y: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    style: theme.RunStyle,
    *,
    name: str,
    group: str,
    hover: str,
    customdata: Any = None,
) -> list[go.Scatter]:
    """Return the band from `low` to `high`, and the curve.

    Args:
        x: of all points.
        y: of the curve.
        low: lower end of the band.
        high: upper end of the band.
        style: colour and dash of the run.
        name: of the curve, in the legend.
        group: of everything that belongs to the run.
        hover: template of what is said of a point.
        customdata: what the template needs besides x and y.
    """
    x, low, high = np.asarray(x), np.asarray(low), np.asarray(high)
    band = go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([low, high[::-1]]),
        mode="lines",
        fill="toself",
        fillcolor=faded(style.colour, 0.15),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=group,
    )
    curve = go.Scatter(
        x=x,
        y=np.asarray(y),
        customdata=customdata,
        mode="lines",
        name=name,
        legendgroup=group,
        showlegend=True,
        line={"color": style.colour, "dash": style.dash, "width": 2},
        hovertemplate=f"{hover}<extra>%{{fullData.name}}</extra>",
    )
    return [band, curve]


def equal_error_mark(
    x: float, y: float, style: theme.RunStyle, *, group: str, hover: str, customdata: Any = None
) -> go.Scatter:
    """Return the mark of the equal error rate."""
    return go.Scatter(
        x=[x],
        y=[y],
        customdata=customdata,
        mode="markers",
        marker={"color": style.colour, "size": 9, "symbol": "diamond"},
        legendgroup=group,
        showlegend=False,
        name=group,
        hovertemplate=f"equal error rate {hover}<extra>%{{fullData.name}}</extra>",
    )

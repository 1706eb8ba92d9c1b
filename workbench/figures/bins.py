"""Histograms, binned here so that a figure ships counts and not samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from workbench.figures.frame import faded

FILL = 0.22


def shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the values in each bin; those that rounding put beyond an end count in the last bin there."""
    counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
    return counts / max(len(values), 1)


def staircase(
    edges: NDArray[np.float64], heights: NDArray[np.float64], colour: str, *, fill: bool = True, **trace: Any
) -> go.Scatter:
    """A histogram as one stepped line: heights[k] from edges[k] to edges[k + 1], with a light fill to zero.

    One path is drawn however many bins there are, and two of them can lie over each other.
    """
    line = {"color": colour, "width": 2, "shape": "hv", **trace.pop("line", {})}
    return go.Scatter(
        x=edges,
        y=np.append(heights, heights[-1]),
        mode="lines",
        line=line,
        fill="tozeroy" if fill else "none",
        fillcolor=faded(colour, FILL),
        **trace,
    )

"""Embeddings of two dimensions as they are: lengths, directions, and where each is pushed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from plotly import graph_objects as go

from workbench import theme
from workbench.checks import bad_parameter
from workbench.figures.frame import framed, nothing
from workbench.figures.text import count, digits, escaped
from workbench.figures.thinning import thinned

_NAME = "plane"
_MOST = 2000  # points
_HEIGHT = 520


def plane(
    embeddings: ArrayLike,
    labels: ArrayLike,
    *,
    title: str,
    caption: str,
    centres: ArrayLike | None = None,
    arrows: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> go.Figure:
    """Draw embeddings of two dimensions with both axes on one scale; nothing is normalised.

    Args:
        embeddings: [N, 2]; above 2000 points the same share of each class is drawn.
        labels: class of each, [N], whole numbers from 0.
        title: what is shown.
        caption: how to read it, and what not to conclude.
        centres: class weights [C, 2] as lines from the origin, row c for class c; without, none are drawn.
        arrows: [N, 2], from each point a line to the point plus this, such as minus the gradient.
        names: names of the classes, [C]; without, their numbers.

    Raises:
        ValueError: rows that are not of two dimensions or not finite, or labels, arrows or names that do not fit.
    """
    points, own = _rows(embeddings, "embeddings"), np.asarray(labels)
    if own.shape != (len(points),) or not np.issubdtype(own.dtype, np.integer) or (len(own) and own.min() < 0):
        raise ValueError(bad_parameter(_NAME, "labels", f"{len(points)} whole numbers from 0", own.shape))
    if not len(points):
        return nothing(name=_NAME, title=title, sentence="There are no embeddings, so the plane is empty.")
    heads = None if centres is None else _rows(centres, "centres")
    pushes = None if arrows is None else _rows(arrows, "arrows")
    if pushes is not None and pushes.shape != points.shape:
        raise ValueError(bad_parameter(_NAME, "arrows", f"one for each of {len(points)} embeddings", pushes.shape))
    classes = max(int(own.max()) + 1, 0 if heads is None else len(heads))
    called = [str(c) for c in range(classes)] if names is None else [str(name) for name in names]
    if len(called) < classes:
        raise ValueError(bad_parameter(_NAME, "names", f"one for each of {classes} classes", len(called)))

    drawn = thinned(own, _MOST)
    figure = go.Figure()
    for c, style in enumerate(theme.class_styles(classes)):
        here, name = drawn[own[drawn] == c], escaped(called[c])
        if pushes is not None and len(here):
            figure.add_trace(_segments(points[here], points[here] + pushes[here], style, name))
        if len(here):
            figure.add_trace(_cloud(points[here], style, name))
        if heads is not None and c < len(heads):
            figure.add_trace(_centre(heads[c], style, name))
    figure.update_xaxes(zeroline=True, constrain="domain")
    figure.update_yaxes(zeroline=True, scaleanchor="x")
    figure.update_layout(height=_HEIGHT, showlegend=classes <= theme.MAX_COLOURED_CLASSES)
    lengths = np.linalg.norm(points, axis=1)
    sample = "" if len(drawn) == len(own) else f" {count(len(drawn))} of them are drawn, of each class the same share."
    summary = (
        f"{count(len(own), 'embedding')} in the plane, classes {len(np.unique(own))}, lengths from "
        f"{digits(float(lengths.min()))} to {digits(float(lengths.max()))}.{sample}"
    )
    return framed(figure, name=_NAME, title=title, caption=f"{caption}{sample}", summary=summary, classes=True)


def _rows(values: ArrayLike, what: str) -> NDArray[np.float64]:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 2:
        hint = "More dimensions do not fit into a plane: `views.hypersphere` shows their directions."
        raise ValueError(bad_parameter(_NAME, what, "a matrix [N, 2]", rows.shape, hint=hint))
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise ValueError(f"Row {int(bad.argmax())} of the {what} is not finite.")
    return rows


def _cloud(points: NDArray[np.float64], style: theme.ClassStyle, name: str) -> go.Scatter:
    marker: dict[str, Any] = {"color": style.colour, "symbol": style.glyph, "size": 6, "opacity": 0.85}
    return go.Scatter(
        x=points[:, 0],
        y=points[:, 1],
        mode="markers",
        name=name,
        legendgroup=name,
        marker={**marker, "line": {"color": theme.LIGHT.margin, "width": 1}},
        hovertemplate="(%{x:.2f}, %{y:.2f})<extra>%{fullData.name}</extra>",
    )


def _segments(start: NDArray[np.float64], end: NDArray[np.float64], style: theme.ClassStyle, name: str) -> go.Scatter:
    """All lines of a class as one broken line."""
    gap = np.full_like(start, np.nan)
    broken = np.stack([start, end, gap], axis=1).reshape(-1, 2)
    return go.Scatter(
        x=broken[:, 0],
        y=broken[:, 1],
        mode="lines",
        name=name,
        legendgroup=name,
        showlegend=False,
        line={"color": style.colour, "width": 1.5},
        hoverinfo="skip",
    )


def _centre(centre: NDArray[np.float64], style: theme.ClassStyle, name: str) -> go.Scatter:
    return go.Scatter(
        x=[0, centre[0]],
        y=[0, centre[1]],
        mode="lines+text",
        text=["", f"<b>{name}</b>"],
        textposition="middle right" if centre[0] >= 0 else "middle left",
        name=name,
        legendgroup=name,
        showlegend=False,
        line={"color": style.colour, "width": 3},
        hoverinfo="skip",
    )

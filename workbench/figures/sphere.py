"""The unit sphere itself, for places that show plotly and nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from workbench import theme
from workbench.checks import bad_parameter
from workbench.figures.frame import CLEAR, framed, nothing
from workbench.figures.text import count, escaped
from workbench.figures.thinning import thinned

_MOST = 2000  # points; plotly's 3-D needs 0.2 s for so many without a graphics card
_NAME, _TITLE = "hypersphere", "Embeddings on the unit sphere"
_CAMERA = {"eye": {"x": 0.95, "y": 0.95, "z": 0.6}}
# The markers that plotly draws in three dimensions, nearest to those of the theme.
_GLYPHS = dict(
    zip(
        theme.GLYPHS,
        ("circle", "square", "diamond-open", "diamond", "cross", "square-open", "x", "circle-open"),
        strict=True,
    )
)


def hypersphere(
    embeddings: Any, labels: Any, centres: Any | None = None, names: Sequence[str] | None = None
) -> go.Figure:
    """Draw embeddings of three dimensions on the unit sphere, with class centres as lines from its middle.

    Needs WebGL in the browser. Where the workbench's own views run, `views.hypersphere` is faster and needs none.

    Args:
        embeddings: [N, 3], of any norm but zero; above 2000 points the same share of each class is drawn.
        labels: Class of each, [N], whole numbers from 0.
        centres: Class centres [C, 3], row c for class c; without, none are drawn.
        names: Names of the classes, [C]; without, their numbers.

    Raises:
        ValueError: Not three dimensions, rows that are not finite or zero, or labels that do not fit.
    """
    points, own = _unit(embeddings, "embeddings"), np.asarray(labels)
    if own.shape != (len(points),) or not np.issubdtype(own.dtype, np.integer) or (len(own) and own.min() < 0):
        raise ValueError(bad_parameter(_NAME, "labels", f"{len(points)} whole numbers from 0", own.shape))
    if not len(points):
        return nothing(name=_NAME, title=_TITLE, sentence="There are no embeddings, so the sphere is empty.")
    heads = None if centres is None else _unit(centres, "centres")
    classes = max(int(own.max()) + 1, 0 if heads is None else len(heads))
    called = [str(c) for c in range(classes)] if names is None else [str(name) for name in names]
    if len(called) < classes:
        raise ValueError(bad_parameter(_NAME, "names", f"one for each of {classes} classes", len(called)))

    drawn = thinned(own, _MOST)
    figure = go.Figure(_wireframe())
    for c, style in enumerate(theme.class_styles(classes)):
        here = drawn[own[drawn] == c]
        if len(here):
            figure.add_trace(_cloud(points[here], style, escaped(called[c])))
        if heads is not None and c < len(heads):
            figure.add_trace(_centre(heads[c], style, escaped(called[c])))
    axis = {"visible": False, "range": [-1.15, 1.15]}
    figure.update_layout(
        scene={"xaxis": axis, "yaxis": axis, "zaxis": axis, "aspectmode": "cube", "bgcolor": CLEAR, "camera": _CAMERA},
        showlegend=heads is None and classes <= theme.MAX_COLOURED_CLASSES,
        height=520,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
    )
    sample = (
        ""
        if len(drawn) == len(own)
        else f" {count(len(drawn))} of {count(len(own))} are drawn, of each class the same share."
    )
    return framed(
        figure,
        name=_NAME,
        title=_TITLE,
        classes=True,
        caption=(
            "Each mark is the direction of one embedding, each line the direction of a class centre; drag to "
            "turn. Angles are true only along the surface: marks on the far side shine through and may look "
            f"near.{sample}"
        ),
        summary=f"{count(len(own), 'embedding')} of {count(len(np.unique(own)))} classes on the unit sphere.{sample}",
    )


def _unit(values: Any, what: str) -> NDArray[np.float64]:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 3:
        hint = "Project other dimensions first."
        raise ValueError(bad_parameter(_NAME, what, "a matrix [N, 3]", rows.shape, hint=hint))
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    bad = ~(np.isfinite(norms) & (norms > 0))
    if bad.any():
        raise ValueError(f"Row {int(bad.argmax())} of the {what} is not finite or all zeros, so it has no direction.")
    unit: NDArray[np.float64] = rows / norms
    return unit


def _wireframe() -> go.Scatter3d:
    """Meridians and parallels each 30 degrees, as one broken line."""
    turn = np.linspace(0, 2 * np.pi, 49)
    cos, sin, level = np.cos(turn), np.sin(turn), np.ones(49)
    meridians = [np.stack([sin * np.cos(a), sin * np.sin(a), cos], 1) for a in np.radians(np.arange(0, 180, 30))]
    parallels = [
        np.stack([np.sin(a) * cos, np.sin(a) * sin, np.cos(a) * level], 1) for a in np.radians(np.arange(30, 180, 30))
    ]
    x, y, z = np.concatenate([np.vstack([line, np.full((1, 3), np.nan)]) for line in meridians + parallels]).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": theme.LIGHT.margin, "width": 1},
        opacity=0.35,
        hoverinfo="skip",
        showlegend=False,
    )


def _cloud(points: NDArray[np.float64], style: theme.ClassStyle, name: str) -> go.Scatter3d:
    x, y, z = points.T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="markers",
        name=name,
        legendgroup=name,
        showlegend=True,
        marker={
            "color": style.colour,
            "symbol": _GLYPHS[style.glyph],
            "size": 4,
            "line": {"color": theme.LIGHT.margin, "width": 1},
        },
        hovertemplate="(%{x:.2f}, %{y:.2f}, %{z:.2f})<extra>%{fullData.name}</extra>",
    )


def _centre(centre: NDArray[np.float64], style: theme.ClassStyle, name: str) -> go.Scatter3d:
    x, y, z = np.stack([np.zeros(3), 1.12 * centre]).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines+text",
        text=["", name],
        name=name,
        legendgroup=name,
        showlegend=False,
        line={"color": style.colour, "width": 4},
        hoverinfo="skip",
    )

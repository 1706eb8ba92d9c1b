"""A square of similarities as colours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from plotly import graph_objects as go

from workbench.checks import bad_parameter
from workbench.figures.frame import framed
from workbench.figures.text import digits, escaped

_MOST = 60  # rows and columns; 3600 cells
# Blue is like, orange unlike, as genuine and impostor pairs are everywhere; the middle is seen on both papers.
_SIGNED = ((0.0, "#D55E00"), (0.5, "#9aa0a6"), (1.0, "#0072B2"))


def similarity_matrix(
    values: ArrayLike,
    *,
    title: str,
    caption: str,
    rows: Sequence[object] = (),
    columns: Sequence[object] = (),
    low: float = -1.0,
    high: float = 1.0,
    measure: str = "cosine",
) -> go.Figure:
    """Draw a matrix [R, C] of cosines, or of another measure of likeness; what is not finite is left empty.

    Args:
        values: at most 60 rows and 60 columns.
        title: what is shown.
        caption: how to read it, and what not to conclude.
        rows: names of the rows; numbers by default.
        columns: names of the columns.
        low: value at the end of the colours for unlike.
        high: value at the end of the colours for like.
        measure: what the values are, in the singular.

    Raises:
        ValueError: no matrix, too large a one, or names of another number.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or not 1 <= max(matrix.shape) <= _MOST:
        rule = f"a matrix of at most {_MOST} rows and columns"
        raise ValueError(bad_parameter("similarity_matrix", "values", rule, matrix.shape, hint="Choose some."))
    names = [list(given) or list(range(size)) for given, size in zip((rows, columns), matrix.shape, strict=True)]
    if (len(names[0]), len(names[1])) != matrix.shape:
        given = (len(names[0]), len(names[1]))
        raise ValueError(bad_parameter("similarity_matrix", "rows and columns", f"of lengths {matrix.shape}", given))
    labels = [[escaped(name) for name in axis] for axis in names]
    heat = go.Heatmap(
        z=[[value if np.isfinite(value) else None for value in row] for row in matrix.tolist()],
        zmin=low,
        zmax=high,
        colorscale=_SIGNED,
        colorbar={"title": escaped(measure), "thickness": 12},
        hovertemplate="%{customdata}: %{z:.3f}<extra></extra>",
        customdata=[[f"{one} and {other}" for other in labels[1]] for one in labels[0]],
    )
    figure = go.Figure(heat)
    for axis, update in zip(labels, (figure.update_yaxes, figure.update_xaxes), strict=True):
        step = max(1, len(axis) // 12)
        update(tickvals=list(range(0, len(axis), step)), ticktext=axis[::step], showgrid=False, zeroline=False)
    figure.update_yaxes(autorange="reversed", scaleanchor="x", constrain="domain")
    figure.update_xaxes(constrain="domain")
    known = matrix[np.isfinite(matrix)]
    said = f"{matrix.shape[0]} by {matrix.shape[1]} {measure}s"
    if len(known):
        said += f", from {digits(float(known.min()))} to {digits(float(known.max()))}"
    return framed(figure, name="similarity_matrix", title=title, caption=caption, summary=f"{said}.")

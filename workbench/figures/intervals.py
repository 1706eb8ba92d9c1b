"""Values with the interval of their mean, row by row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from plotly import graph_objects as go

from workbench import theme
from workbench.checks import bad_parameter
from workbench.figures.frame import REFERENCE, framed, nothing
from workbench.figures.text import digits, escaped


def intervals(
    rows: Mapping[str, tuple[Sequence[float], float, float]],
    *,
    title: str,
    x: str,
    caption: str,
    reference: float | None = None,
    zero: str = "",
) -> go.Figure:
    """Draw one row for each name: every value a dot, their mean a diamond, and the interval of the mean a line.

    Args:
        rows: name to the values (of seeds, say), and the lower and upper end of the interval of their mean.
        title: what is shown.
        x: the axis, with its unit.
        caption: how to read it, and what not to conclude.
        reference: where a vertical line stands, such as 0 for differences.
        zero: what that line means.

    Raises:
        ValueError: a row without values.
    """
    if not rows:
        return nothing(name="intervals", title=title, sentence="There is nothing to compare.")
    figure = go.Figure()
    said = []
    accent = theme.run_styles(1)[0].colour
    for name, (values, low, high) in rows.items():
        if not len(values):
            raise ValueError(bad_parameter("intervals", "rows", "rows with at least one value each", {name: []}))
        mean = float(np.mean(values))
        label = escaped(name)
        common: dict[str, Any] = {"showlegend": False, "hovertemplate": f"%{{x:.3g}}<extra>{label}</extra>"}
        caps = {"mode": "lines+markers", "marker": {"symbol": "line-ns-open", "size": 12, "color": accent}}
        figure.add_trace(go.Scatter(x=[low, high], y=[label] * 2, line={"color": accent, "width": 3}, **caps, **common))
        dots = {"color": REFERENCE["color"], "size": 7, "symbol": "circle-open"}
        figure.add_trace(go.Scatter(x=list(values), y=[label] * len(values), mode="markers", marker=dots, **common))
        diamond = {"color": accent, "size": 11, "symbol": "diamond"}
        figure.add_trace(go.Scatter(x=[mean], y=[label], mode="markers", marker=diamond, **common))
        said.append(f"{name}: {digits(mean)} [{digits(low)}, {digits(high)}] from {len(values)}")
    if reference is not None:
        figure.add_vline(
            reference,
            line={**REFERENCE, "dash": "dot"},
            annotation={"text": escaped(zero), "yref": "paper", "y": 1, "yanchor": "bottom"},
        )
    figure.update_xaxes(title=escaped(x))
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_layout(height=130 + 44 * len(rows), margin={"t": 40})
    return framed(figure, name="intervals", title=title, caption=caption, summary=". ".join(said) + ".")

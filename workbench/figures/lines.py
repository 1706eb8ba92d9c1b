"""Curves of anything against anything, for lessons and explorations."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from plotly import graph_objects as go

from workbench import theme
from workbench.checks import bad_parameter
from workbench.figures.band import curve_in_band
from workbench.figures.frame import REFERENCE, checked_runs, framed, nothing
from workbench.figures.text import digits, escaped

_NAME = "lines"
_POINTS = 500  # more than a screen has use for
_FEW = 20  # whole numbers that fit under an axis one by one


def lines(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    title: str,
    x: str,
    y: str,
    caption: str,
    bands: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    log: str = "",
    markers: bool = False,
    levels: Mapping[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
) -> go.Figure:
    """Draw curves on common axes.

    Args:
        curves: name to x and y, [N] each, at most six curves; what is not finite is a hole.
        title: what is shown.
        x: the horizontal axis, with its unit.
        y: the vertical axis, with its unit.
        caption: how to read it, and what not to conclude.
        bands: lower and upper ends [N] around curves, by their names.
        log: axes that are logarithmic: "x", "y" or "xy".
        markers: mark the points too, for curves of few.
        levels: horizontal reference lines by their labels.
        marks: vertical reference lines by their labels.

    Raises:
        ValueError: x and y of different lengths, a band of no curve, or more than six curves.
    """
    given = checked_runs(curves, _NAME)
    if not given:
        return nothing(name=_NAME, title=title, sentence="There are no curves to show.")
    for stranger in (bands or {}).keys() - given.keys():
        raise ValueError(bad_parameter(_NAME, "bands", f"bands of the curves {', '.join(given)}", stranger))
    figure = go.Figure()
    said = []
    for (name, pair), style in zip(given.items(), theme.run_styles(len(given)), strict=True):
        across, up = (np.asarray(values, dtype=np.float64).reshape(-1) for values in pair)
        if len(across) != len(up):
            raise ValueError(
                bad_parameter(_NAME, "curves", f"x and y of one length for {name!r}", (len(across), len(up)))
            )
        ends = [np.asarray(values, dtype=np.float64) for values in (bands or {}).get(name, (up, up))]
        every = slice(None, None, max(1, len(across) // _POINTS))
        hover = f"{escaped(x)} %{{x:.3g}}: {escaped(y)} %{{y:.3g}}"
        band, curve = curve_in_band(
            across[every], up[every], ends[0][every], ends[1][every], style,
            name=escaped(name), group=escaped(name), hover=hover,
        )  # fmt: skip
        curve.mode = "lines+markers" if markers or len(across) == 1 else "lines"
        curve.marker = {"color": style.colour, "size": 7}
        figure.add_traces([band, curve] if name in (bands or {}) else [curve])
        known = np.flatnonzero(np.isfinite(up))
        said.append(
            f"{name}: {digits(up[known[0]])} at {digits(across[known[0]])} to {digits(up[known[-1]])} "
            f"at {digits(across[known[-1]])}"
            if len(known)
            else f"{name}: nothing known"
        )
    # On a logarithmic axis plotly wants the value of a line, and the logarithm of where its label stands.
    for label, level in (levels or {}).items():
        at = {"y": math.log10(level)} if "y" in log else {}
        side = _freer_side(level, given.values(), logarithmic="y" in log)
        note = {"text": escaped(label), "yanchor": "bottom", **at}
        figure.add_hline(level, line=_DOTTED, annotation=note, annotation_position=f"top {side}")
    for label, mark in (marks or {}).items():
        at = {"x": math.log10(mark)} if "x" in log else {}
        figure.add_vline(mark, line=_DOTTED, annotation={"text": escaped(label), "xanchor": "left", **at})
    figure.update_xaxes(title=escaped(x), **_axis("x" in log, [trace.x for trace in figure.data]))
    if markers and "x" not in log:
        figure.update_xaxes(**_counted([pair[0] for pair in given.values()]))
    figure.update_yaxes(title=escaped(y), **_axis("y" in log, [trace.y for trace in figure.data]))
    figure.update_layout(showlegend=len(given) > 1)
    return framed(figure, name=_NAME, title=title, caption=caption, summary=". ".join(said) + ".")


_DOTTED: dict[str, Any] = {**REFERENCE, "dash": "dot"}


def _freer_side(level: float, curves: Iterable[tuple[ArrayLike, ArrayLike]], *, logarithmic: bool) -> str:
    """The side on which the curves end farther from a level: there its label covers none."""
    nearest = {"left": math.inf, "right": math.inf}
    for across, up in curves:
        where, heights = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (across, up))
        away = np.log(np.where(heights > 0, heights, np.nan) / level) if logarithmic else heights - level
        known = np.flatnonzero(np.isfinite(away))
        if len(known):
            ends = {"left": known[where[known].argmin()], "right": known[where[known].argmax()]}
            nearest = {side: min(nearest[side], abs(float(away[at]))) for side, at in ends.items()}
    return "left" if nearest["left"] > nearest["right"] else "right"


def _counted(across: Sequence[ArrayLike]) -> dict[str, Any]:
    """Ticks at whole numbers, where a few of them are all there is: there is no seed 1.5."""
    every = np.concatenate([np.asarray(values, dtype=np.float64).reshape(-1) for values in across])
    few = len(every) > 0 and bool(np.isfinite(every).all()) and np.ptp(every) <= _FEW
    return {"dtick": 1} if few and bool((every == every.round()).all()) else {}


def _axis(logarithmic: bool, values: Sequence[Any]) -> dict[str, Any]:
    """One tick for each decade where there are some, fewer where there are many, and 1, 2 and 5 where there are few."""
    if not logarithmic:
        return {"zeroline": True}
    shown = np.concatenate([np.asarray(one, dtype=np.float64) for one in values])
    shown = np.log10(shown[np.isfinite(shown) & (shown > 0)])
    low, high = (math.floor(shown.min()), math.ceil(shown.max())) if len(shown) else (0, 1)
    axis: dict[str, Any] = {"type": "log", "exponentformat": "power", "dtick": max(1, math.ceil((high - low) / 9))}
    if high - low <= 3:
        ticks = [digit * 10.0**k for k in range(low, high + 1) for digit in (1, 2, 5)]
        axis |= {"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
    return axis

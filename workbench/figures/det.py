"""The detection error trade-off."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from workbench import theme
from workbench.figures.band import curve_in_band, equal_error_mark
from workbench.figures.frame import REFERENCE, checked_runs, framed, nothing
from workbench.figures.text import count, digits, escaped, percent
from workbench.figures.verification import RocLike

_POINTS = 60  # along each axis
_TICKS = (1e-6, 1e-5, 1e-4, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 0.95, 0.99)
_LEAST = 10  # errors of a kind that are left to count, as `workbench.geometry.resolves` asks
_NAME, _TITLE = "det", "False rejects against false accepts"


class DetLike(RocLike, Protocol):
    """Operating points and how many genuine pairs they are from, such as `workbench.geometry.Roc`."""

    @property
    def genuine_total(self) -> int:
        """Genuine pairs."""


def det(runs: Mapping[str, DetLike]) -> go.Figure:
    """Draw FRR against FAR for each run on normal deviate axes, with its 95 % band and the point of equal errors.

    Both axes are quantiles of the normal distribution (Martin et al. 1997, Eurospeech), on which normally distributed
    scores give a straight line. They end at one half (that of the FRR at 0.1 where it holds all curves), or at 0.99
    where an equal error rate is near one half. A curve ends where fewer than ten errors of either kind are left to
    count.

    Args:
        runs: Run name to operating points, at most six.

    Raises:
        ValueError: More runs than can be told apart.
    """
    measured = checked_runs(runs, _NAME)
    if not measured:
        return nothing(name=_NAME, title=_TITLE, sentence="There are no runs, so there are no errors to show.")

    high = 0.5 if max(data.eer.value for data in measured.values()) < 0.4 else 0.99
    curves = {name: _operating_points(data, high) for name, data in measured.items()}
    low_far, low_frr = (
        float(np.concatenate([of[kind] for of in curves.values()]).min(initial=0.1)) for kind in ("far", "frr")
    )
    highest = max(float(of["high"].max(initial=0)) for of in curves.values())
    high_frr = 0.1 if highest < 0.1 else high
    figure = go.Figure()
    diagonal = _deviates([max(low_far, low_frr), high_frr])
    figure.add_trace(
        go.Scatter(
            x=diagonal, y=diagonal, mode="lines", line={**REFERENCE, "dash": "dot"}, hoverinfo="skip", showlegend=False
        )
    )
    said = []
    for (name, data), style in zip(measured.items(), theme.run_styles(len(measured)), strict=True):
        eer = "EER {} [{}, {}]".format(percent(data.eer.value), *(digits(100 * end) for end in data.eer.interval))
        pairs = f"{count(data.genuine_total, 'genuine pair')} and {count(data.impostor_total, 'impostor pair')}"
        if not len(curves[name]):
            said.append(f"{name}: {eer}; {pairs} leave too few errors to draw")
            continue
        for trace in _curve(curves[name], style, name=f"{escaped(name)}, {eer}", group=escaped(name), low=low_frr):
            figure.add_trace(trace)
        if max(low_far, low_frr) <= data.eer.value <= high:
            (place,), rate = _deviates([data.eer.value]), [data.eer.value]
            mark = equal_error_mark(
                place, place, style, group=escaped(name), hover="%{customdata:.3g}", customdata=rate
            )
            figure.add_trace(mark)
        said.append(f"{name}: {eer}, from {pairs}")
    if not any(len(points) for points in curves.values()):
        text = "too few errors to draw a curve"
        figure.add_annotation(text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    figure.update_xaxes(title="false accept rate (FAR)", **_axis(low_far, high))
    figure.update_yaxes(title="false reject rate (FRR)", **_axis(low_frr, high_frr))
    return framed(
        figure,
        name=_NAME,
        title=_TITLE,
        caption=(
            "Lower and further left is better. Both axes are quantiles of the normal distribution, on which normally "
            "distributed scores give a straight line. Marks are equal error rates, on the dotted diagonal; bands are "
            "95 % intervals of the FRR. Curves end where fewer than ten errors of either kind are left."
        ),
        summary=". ".join(said) + ".",
    )


def _axis(low: float, high: float) -> dict[str, Any]:
    """An axis of quantiles that is labelled with rates."""
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    text = [f"{100 * tick:g}%" for tick in ticks]
    return {"range": _deviates([low, high]), "zeroline": False, "tickvals": _deviates(ticks), "ticktext": text}


def _operating_points(data: DetLike, most: float) -> NDArray[Any]:
    """At most 2 `_POINTS` operating points with enough errors of both kinds, evenly spread over both axes."""
    far, tar, low, high = (np.asarray(a, dtype=np.float64) for a in (data.far, data.tar, data.tar_low, data.tar_high))
    frr = 1 - tar
    enough = (far >= data.floor) & (frr * data.genuine_total >= _LEAST - 1e-6) & (far <= most) & (frr <= most)
    points = np.zeros(int(enough.sum()), dtype=[(name, np.float64) for name in ("far", "frr", "low", "high")])
    for name, values in (("far", far), ("frr", frr), ("low", 1 - high), ("high", 1 - low)):
        points[name] = values[enough]
    if len(points) <= 2 * _POINTS:
        return points
    both_ascending = -np.array(_deviates(points["far"])), np.array(_deviates(points["frr"]))
    chosen = [np.searchsorted(axis, np.linspace(axis[0], axis[-1], _POINTS)) for axis in both_ascending]
    thinned: NDArray[Any] = points[np.unique(np.concatenate(chosen)).clip(max=len(points) - 1)]
    return thinned


def _curve(points: NDArray[Any], style: theme.RunStyle, *, name: str, group: str, low: float) -> list[go.Scatter]:
    """The band and the curve; a band that reaches no errors at all is cut at the lower end of the axes."""
    x = _deviates(points["far"])
    lower, upper = (_deviates(points[end].clip(low / 2, 1 - low / 2)) for end in ("low", "high"))
    rates = np.stack([points["far"], points["frr"]], 1)
    hover = "FAR %{customdata[0]:.3g}: FRR %{customdata[1]:.3g}"
    return curve_in_band(
        x, _deviates(points["frr"]), lower, upper, style, name=name, group=group, hover=hover, customdata=rates
    )


def _deviates(rates: Any) -> list[float]:
    """Quantiles of the normal distribution at these rates, each within (0, 1)."""
    return [NormalDist().inv_cdf(float(rate)) for rate in rates]

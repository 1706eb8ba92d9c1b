"""The receiver operating characteristic."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from workbench import theme
from workbench.figures.band import curve_in_band, equal_error_mark
from workbench.figures.frame import REFERENCE, checked_runs, framed, nothing
from workbench.figures.text import count, decade, digits, escaped, percent

_POINTS = 120
_NAME, _TITLE = "roc", "Share of genuine pairs accepted at each false accept rate"


class EqualErrorRateLike(Protocol):
    """An equal error rate, such as `workbench.geometry.EqualErrorRate`."""

    @property
    def value(self) -> float:
        """The rate."""

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, low and high."""


class RocLike(Protocol):
    """Operating points, such as `workbench.geometry.Roc`."""

    @property
    def far(self) -> Any:
        """False accept rates, descending, [points]."""

    @property
    def tar(self) -> Any:
        """True accept rates, [points]."""

    @property
    def tar_low(self) -> Any:
        """Lower end of the 95 % band, [points]."""

    @property
    def tar_high(self) -> Any:
        """Upper end, [points]."""

    @property
    def eer(self) -> EqualErrorRateLike:
        """The equal error rate."""

    @property
    def floor(self) -> float:
        """The smallest FAR that the impostor pairs resolve."""

    @property
    def impostor_total(self) -> int:
        """Impostor pairs."""


def roc(runs: Mapping[str, RocLike]) -> go.Figure:
    """Draw TAR against FAR for each run, with its 95 % band and the point of equal errors.

    The FAR is logarithmic and ends where fewer than ten false accepts are left to count.

    Args:
        runs: Run name to operating points, at most six.

    Raises:
        ValueError: More runs than can be told apart.
    """
    measured = checked_runs(runs, _NAME)
    if not measured:
        return nothing(name=_NAME, title=_TITLE, sentence="There are no runs, so there are no rates to show.")

    floor = min(min(data.floor for data in measured.values()), 0.1)
    figure = go.Figure()
    chance = np.geomspace(floor, 1, 50)
    figure.add_trace(
        go.Scatter(
            x=chance, y=chance, mode="lines", line={**REFERENCE, "dash": "dot"}, hoverinfo="skip", showlegend=False
        )
    )
    figure.add_annotation(text="chance", x=math.log10(0.2), y=0.2, xanchor="left", yanchor="top", showarrow=False)
    said = []
    for (name, data), style in zip(measured.items(), theme.run_styles(len(measured)), strict=True):
        low, high = data.eer.interval
        eer = f"EER {percent(data.eer.value)} [{digits(100 * low)}, {digits(100 * high)}]"
        for trace in _curve(data, style, name=f"{escaped(name)}, {eer}", group=escaped(name)):
            figure.add_trace(trace)
        eer_far = data.eer.value
        if eer_far >= floor:
            figure.add_trace(equal_error_mark(eer_far, 1 - eer_far, style, group=escaped(name), hover="%{x:.3g}"))
        said.append(f"{name}: {eer}; {_at_floor(data)}")
    figure.update_xaxes(type="log", range=[math.log10(floor), 0], title="false accept rate (FAR)", zeroline=False)
    exponents = range(math.ceil(math.log10(floor)), 1)
    figure.update_xaxes(tickvals=[10.0**k for k in exponents], ticktext=[decade(k) for k in exponents])
    figure.update_yaxes(range=[0, 1.01], title="true accept rate (TAR)", tickformat=".0%", dtick=0.25)
    return framed(
        figure,
        name=_NAME,
        title=_TITLE,
        caption=(
            "Higher is better. Marks are equal error rates; bands are 95 % intervals for other people, from "
            "leaving out groups of identities. Curves end where fewer than ten false accepts are left: nothing "
            "follows for a smaller FAR, and runs whose bands overlap are not ranked."
        ),
        summary=". ".join(said) + ".",
    )


def _at_floor(data: RocLike) -> str:
    pairs = count(data.impostor_total, "impostor pair")
    if data.floor > 1:
        return f"{pairs} resolve no FAR"
    tar = float(data.tar[_lowest_threshold(data, np.array([data.floor]))[0]])
    return f"TAR {percent(tar)} at FAR {digits(data.floor)}, the smallest that {pairs} resolve"


def _lowest_threshold(data: RocLike, far: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the lowest threshold with a FAR of at most each of these."""
    return len(data.far) - np.searchsorted(np.asarray(data.far)[::-1], far, side="right")


def _curve(data: RocLike, style: theme.RunStyle, *, name: str, group: str) -> list[go.Scatter]:
    """The band and the curve through at most `_POINTS` operating points, evenly spread over the decades."""
    chosen = np.unique(_lowest_threshold(data, np.geomspace(min(data.floor, 1.0), 1, _POINTS)))
    chosen = chosen[np.asarray(data.far)[chosen] > 0]  # a logarithm has no zero
    far, tar, low, high = (np.asarray(a)[chosen] for a in (data.far, data.tar, data.tar_low, data.tar_high))
    hover = "FAR %{x:.3g}: TAR %{y:.4f}"
    return curve_in_band(far, tar, low, high, style, name=name, group=group, hover=hover)

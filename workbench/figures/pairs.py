"""The cosines of genuine and impostor pairs, and what lies between them."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from workbench import theme
from workbench.figures.bins import staircase
from workbench.figures.frame import checked_runs, framed, nothing
from workbench.figures.rows import beside, stacked
from workbench.figures.text import count, decade, digits, escaped

_CELLS = 200
_NAME, _TITLE = "pair_similarity", "Cosines of genuine and impostor pairs"


class SimilaritiesLike(Protocol):
    """Cosines of one kind of pairs, such as `workbench.geometry.Similarities`."""

    @property
    def counts(self) -> Any:
        """Pairs in each bin, [bins]."""

    @property
    def lowest(self) -> float:
        """The smallest cosine."""

    @property
    def highest(self) -> float:
        """The largest cosine."""


class PairCountsLike(Protocol):
    """Counted pairs, such as `workbench.geometry.PairCounts`."""

    @property
    def edges(self) -> Any:
        """The grid on [-1, 1], [bins + 1]."""

    @property
    def genuine(self) -> SimilaritiesLike:
        """Pairs of one class."""

    @property
    def impostor(self) -> SimilaritiesLike:
        """Pairs of two classes."""


def pair_similarity(runs: Mapping[str, PairCountsLike], *, log: bool = False) -> go.Figure:
    """Draw for each run the densities of genuine (solid) and impostor pairs (dashed), and the gap between them.

    Args:
        runs: Run name to counted pairs, at most six. Drawn in at most 200 cells, so of 0.01 each.
        log: Logarithmic shares, by default not. The tails decide at a small FAR, and only here are they seen.

    Raises:
        ValueError: More runs than can be told apart.
    """
    measured = checked_runs(runs, _NAME)
    if not any(total(data) for data in measured.values()):
        return nothing(name=_NAME, title=_TITLE, sentence="There are no pairs, so there are no cosines to show.")

    figure = stacked(list(measured))
    # One pair of the largest set is the least there is; below it the axis of a logarithm may end.
    least = 10.0 ** math.floor(-math.log10(max(total(data) for data in measured.values())))
    highest, said = 0.0, []
    for row, (name, data) in enumerate(measured.items(), 1):
        kinds = (
            ("genuine", data.genuine, theme.LIGHT.genuine, "solid"),
            ("impostor", data.impostor, theme.LIGHT.impostor, "dash"),
        )
        cells = [(kind, *_cells(data.edges, np.asarray(s.counts)), colour, dash) for kind, s, colour, dash in kinds]
        peaks = [float(edges[counts.argmax()]) for _, edges, counts, _, _ in cells]
        places = beside(peaks[0], peaks[1], -1, 1)
        for (kind, edges, counts, colour, dash), peak, (anchor, lift) in zip(cells, peaks, places, strict=True):
            heights = counts / max(counts.sum(), 1)
            highest = max(highest, float(heights.max()))
            line = staircase(
                edges,
                heights.clip(least) if log else heights,
                colour,
                line={"dash": dash, "width": 1.5},
                name=f"{escaped(name)}, {kind}",
                customdata=np.append(counts, counts[-1]),
                hovertemplate="from %{x:.2f}: %{customdata} pairs<extra>%{fullData.name}</extra>",
            )
            figure.add_trace(line, row=row, col=1)
            top = float(heights.max())
            figure.add_annotation(
                text=f"{kind}, {count(int(counts.sum()))}",
                x=peak,
                yshift=lift,
                y=math.log10(max(top, least)) if log else top,
                xanchor=anchor,
                yanchor="bottom",
                showarrow=False,
                row=row,
                col=1,
            )
        said.append(f"{name}: {_mark_gap(figure, data, row)}")
    return _finished(figure, len(measured), said, highest, least if log else None)


def total(data: PairCountsLike) -> int:
    """Pairs of both kinds."""
    return int(np.sum(data.genuine.counts) + np.sum(data.impostor.counts))


def _cells(edges: Any, counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Merge the bins to at most `_CELLS`; the edges stay edges of the grid."""
    bins = len(counts)
    cells = min(bins, _CELLS)
    starts = np.arange(cells) * bins // cells
    return np.asarray(edges)[np.append(starts, bins)], np.add.reduceat(counts, starts)


def _mark_gap(figure: go.Figure, data: PairCountsLike, row: int) -> str:
    """Bracket what lies between the highest impostor and the lowest genuine pair; say it in words."""
    low, high = sorted((data.genuine.lowest, data.impostor.highest))
    gap = data.genuine.lowest - data.impostor.highest
    if not math.isfinite(gap):
        return "pairs of one kind only"
    words = f"gap {digits(gap)}" if gap > 0 else f"no gap, {digits(gap)}"
    colour = theme.LIGHT.margin
    for x0, x1, y0, y1 in ((low, high, 0.9, 0.9), (low, low, 0.87, 0.93), (high, high, 0.87, 0.93)):
        figure.add_shape(
            type="line",
            x0=x0,
            x1=x1,
            y0=y0,
            y1=y1,
            yref="y domain",
            line={"color": colour, "width": 1.5},
            row=row,
            col=1,
        )
    figure.add_annotation(
        text=words,
        x=(low + high) / 2,
        y=0.91,
        yref="y domain",
        yanchor="bottom",
        showarrow=False,
        row=row,
        col=1,
    )
    return (
        f"lowest genuine cosine {digits(data.genuine.lowest)}, highest impostor cosine "
        f"{digits(data.impostor.highest)}, {words}"
    )


def _finished(figure: go.Figure, rows: int, said: list[str], highest: float, least: float | None) -> go.Figure:
    figure.update_xaxes(range=[-1, 1], dtick=0.5, zeroline=False)
    figure.update_xaxes(title="cosine of a pair", row=rows)
    if least is None:
        figure.update_yaxes(range=[0, 1.4 * highest], tickformat=".0%", nticks=4)
    else:
        decades = -round(math.log10(least))
        exponents = range(0, -decades - 1, -2 if decades > 4 else -1)
        figure.update_yaxes(type="log", range=[-decades, 0.35 * decades])
        figure.update_yaxes(tickvals=[10.0**k for k in exponents], ticktext=[decade(k) for k in exponents])
    figure.update_yaxes(title="share of pairs", row=(rows + 1) // 2)
    return framed(
        figure,
        name=_NAME,
        title=_TITLE,
        caption=(
            "The bracket spans the highest impostor and the lowest genuine pair; a positive gap means that one "
            "threshold parts all pairs of this set. Each kind is a share of its own pairs, and impostor pairs are"
            " far more, so equal heights are not equal counts; the gap hangs on two pairs and shrinks as a set "
            "grows."
        ),
        summary=". ".join(said) + ".",
    )

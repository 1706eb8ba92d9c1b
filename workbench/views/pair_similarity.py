"""Similarities of genuine and impostor pairs, and the error rates that a threshold makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.views.payload import pack
from workbench.views.view import View

MAX_BINS = 2000


class HasCounts(Protocol):
    """One histogram, as `workbench.geometry.Similarities` has it."""

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Pairs in each bin, int64 [B]."""


Counts: TypeAlias = npt.NDArray[np.int64] | HasCounts


class HasPairs(Protocol):
    """Both histograms on one uniform grid over [-1, 1], as `workbench.geometry.PairCounts` has them."""

    @property
    def genuine(self) -> Counts:
        """Pairs of one class."""

    @property
    def impostor(self) -> Counts:
        """Pairs of two classes."""


@dataclass(frozen=True, eq=False)
class PairHistograms:
    """Both histograms, for those who have counts and no measured geometry.

    Attributes:
        genuine: int64 [B], pairs of one class whose cosine is in [-1 + 2b/B, -1 + 2(b+1)/B); the last bin holds 1.
        impostor: int64 [B], pairs of two classes, likewise.
    """

    genuine: npt.NDArray[np.int64]
    impostor: npt.NDArray[np.int64]


def pair_similarity(runs: Mapping[str, HasPairs]) -> View:
    """Show the cosines of genuine and impostor pairs per run, with a threshold to move.

    A pair is accepted when its cosine is at least the threshold. FAR is the part of impostor pairs accepted,
    TAR that of genuine pairs accepted, FRR = 1 - TAR; each with its count and Wilson's 95 % interval (Wilson
    1927). The threshold stands on an edge of the grid, so the rates are exact. Above 2000 bins neighbouring bins
    are merged, all by the same whole number.

    Args:
        runs: named runs, all on one grid: what `workbench.geometry.pair_counts` returns, or `PairHistograms`.

    Raises:
        ValueError: no run, counts that are negative or not whole, or two grids.
    """
    if not runs:
        raise ValueError(bad_parameter("pair_similarity", "runs", "a mapping of at least one run", {}))
    bins = np.size(_plain(next(iter(runs.values())).genuine))
    blocks: dict[str, np.ndarray] = {}
    for i, (name, run) in enumerate(runs.items()):
        blocks[f"genuine{i}"] = coarsen(_counts(name, "genuine", run.genuine, bins))
        blocks[f"impostor{i}"] = coarsen(_counts(name, "impostor", run.impostor, bins))
    return View("pair_similarity", pack(_header(list(runs)), **blocks))


def coarsen(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Merge neighbouring bins by the smallest whole number that leaves at most `MAX_BINS`, and no count out.

    A grid that has no such divisor but a large prime one stays as it is.
    """
    bins = len(counts)
    factors = (f for f in range(-(-bins // MAX_BINS), bins // (MAX_BINS // 10) + 1) if bins % f == 0)
    merged: npt.NDArray[np.float64] = counts.reshape(-1, next(factors, 1)).sum(axis=1)
    return merged


def _plain(counts: Counts) -> npt.NDArray[np.int64]:
    return np.asarray(getattr(counts, "counts", counts))


def _counts(run: str, what: str, values: Counts, bins: int) -> npt.NDArray[np.float64]:
    """Counts as float64, exact below 2**53: a browser's numbers."""
    array = _plain(values)
    fits = array.shape == (bins,) and bins > 0 and bool(np.isfinite(array).all())
    if not fits or bool((array < 0).any()) or bool((array != np.floor(array)).any()):
        rule = f"whole numbers, 0 or more, one for each of the {bins} bins of the first run"
        raise ValueError(bad_parameter(f"the run {run!r}", what, rule, (array.dtype.name, array.shape)))
    if array.sum(dtype=np.float64) >= 2**53:
        rule = "fewer than 2**53 pairs, which a browser can count"
        raise ValueError(bad_parameter(f"the run {run!r}", what, rule, array.sum(dtype=np.float64)))
    return array.astype(np.float64)


def _header(names: list[str]) -> dict[str, Any]:
    return {
        "title": "Similarity of genuine and impostor pairs",
        "summary": (
            "Distributions of the cosine of genuine and impostor pairs, "
            f"{'run' if len(names) == 1 else 'runs'} {', '.join(names)}."
        ),
        "caption": (
            "A pair is accepted when its cosine is at least the threshold. Filled: the pairs that are then judged "
            "wrongly. Each curve is drawn to its own height; on the log scale all are densities per unit of "
            "cosine, and what is judged wrongly is drawn thick. The intervals are "
            "Wilson's, 95 %, as if pairs were independent; pairs share images, so the true uncertainty is larger."
        ),
        "runs": [{"name": name} for name in names],
    }

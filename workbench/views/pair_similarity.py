"""Similarities of genuine and impostor pairs, and the error rates that a threshold makes of them.

Where jackknife intervals are known, half their width goes along for every threshold and kind: 16 kB a run, beside which
the counts without each group of identities would be 320 kB. The page draws the wider of that and Wilson's, as
`workbench.geometry.rates` reports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, unknown_name
from workbench.theme import run_styles
from workbench.views.payload import pack
from workbench.views.readout import readout
from workbench.views.text import named_runs
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


def pair_similarity(runs: Mapping[str, HasPairs], *, class_negatives: Mapping[str, Counts] | None = None) -> View:
    """Show the cosines of genuine and impostor pairs per run, with a threshold to move.

    A pair is accepted when its cosine is at least the threshold. FAR is the part of impostor pairs accepted,
    TAR that of genuine pairs accepted, FRR = 1 - TAR; each with its count and a 95 % interval: what
    `workbench.geometry.rates` reports, where groups of identities were left out in turn, else Wilson's (Wilson 1927).
    The threshold stands on an edge of the grid, so the rates are exact. Above 2000 bins neighbouring bins are merged,
    all by the same whole number.

    What a loss of class weights sees, images against the centres of other classes, can be drawn beside the impostor
    pairs: those are what decides verification, and what UNPG adds to the loss (Jung et al. 2022, arXiv 2203.11593).

    Args:
        runs: named runs, all on one grid: what `workbench.geometry.pair_counts` returns, or `PairHistograms`, of which
            d' and the gap are not known.
        class_negatives: for some or all of the runs, on the same grid: what `workbench.geometry.class_negatives`
            returns, or int64 counts.

    Raises:
        ValueError: no run, counts that are negative or not whole, two grids, or class negatives of an unknown run.
    """
    if not runs:
        raise ValueError(bad_parameter("pair_similarity", "runs", "a mapping of at least one run", {}))
    for name in class_negatives or {}:
        if name not in runs:
            raise ValueError(unknown_name("run", name, runs))
    bins = np.size(_plain(next(iter(runs.values())).genuine))
    blocks: dict[str, np.ndarray] = {}
    told = []
    for i, ((name, run), style) in enumerate(zip(runs.items(), run_styles(len(runs)), strict=True)):
        blocks[f"genuine{i}"] = coarsen(_counts(name, "genuine", run.genuine, bins))
        blocks[f"impostor{i}"] = coarsen(_counts(name, "impostor", run.impostor, bins))
        negatives = (class_negatives or {}).get(name)
        if negatives is not None:
            blocks[f"centre{i}"] = coarsen(_counts(name, "class_negatives", negatives, bins))
        if _measured(run):
            blocks |= _half_widths(run, i, bins // len(blocks[f"genuine{i}"]))
        told.append({"name": name, "colour": style.css, "dash": style.dash, "numbers": readout(run, negatives)})
    with_jackknife = all(f"genuineHalf{i}" in blocks for i in range(len(runs)))
    return View("pair_similarity", pack(_header(told, bool(class_negatives), with_jackknife), **blocks))


def _measured(run: HasPairs) -> bool:
    """Whether it is a `workbench.geometry.PairCounts`, or as good as one."""
    return all(hasattr(kind, name) for kind in (run.genuine, run.impostor) for name in ("without", "mean", "lowest"))


def _half_widths(run: Any, i: int, merged: int) -> dict[str, np.ndarray]:
    """Half the width of the jackknife's interval at each edge that the page has."""
    from workbench.geometry.verification import jackknife_half_widths  # here, because it brings torch

    return {
        f"{kind}Half{i}": jackknife_half_widths(getattr(run, kind))[:-1:merged].astype(np.float32)
        for kind in ("genuine", "impostor")
    }


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


def _header(runs: list[dict[str, Any]], with_classes: bool, with_jackknife: bool) -> dict[str, Any]:
    classes = (
        "Dashed: images against the centres of other classes, the only negatives that a loss of class weights sees; "
        "its interval takes them for independent. "
        if with_classes
        else ""
    )
    intervals = (
        "The intervals are 95 %, the wider of Wilson's and a jackknife over groups of identities, so that images and "
        "people that pairs share are accounted for."
        if with_jackknife
        else "The intervals are Wilson's, 95 %, as if pairs were independent; pairs share images, so the true "
        "uncertainty is larger."
    )
    return {
        "title": "Similarity of genuine and impostor pairs",
        "summary": (
            f"Distributions of the cosine of genuine and impostor pairs, {named_runs([run['name'] for run in runs])}."
        ),
        "caption": (
            "A pair is accepted when its cosine is at least the threshold. Filled: the pairs that are then judged "
            "wrongly. Each curve is drawn to its own height; on the log scale all are densities per unit of "
            f"cosine, and what is judged wrongly is drawn thick. {classes}{intervals}"
        ),
        "runs": runs,
    }

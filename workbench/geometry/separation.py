"""How far the two kinds of pairs are apart: gap, overlap, area under the curve, alignment and uniformity."""

import math
from dataclasses import dataclass

import numpy as np

from workbench.geometry.pairs import PairCounts
from workbench.geometry.verification import Rate, d_prime, resolves, tar_at_far

OVERLAP_CELLS = 100


@dataclass(frozen=True)
class Separation:
    """Numbers that say how well one threshold could part genuine from impostor pairs.

    Attributes:
        gap: See `gap`.
        overlap: See `overlap`.
        auc: See `auc`.
        below: See `genuine_below`, at the quantile 0.999; None where the impostor pairs cannot resolve it.
        d_prime: See `verification.d_prime`.
        alignment: See `alignment`.
        uniformity: See `uniformity`.
    """

    gap: float
    overlap: float
    auc: float
    below: Rate | None
    d_prime: float
    alignment: float
    uniformity: float


def separation(pairs: PairCounts) -> Separation:
    """Measure all of it."""
    return Separation(
        gap=gap(pairs),
        overlap=overlap(pairs),
        auc=auc(pairs),
        below=genuine_below(pairs) if resolves(pairs, 1 - 0.999) else None,
        d_prime=d_prime(pairs),
        alignment=alignment(pairs),
        uniformity=uniformity(pairs),
    )


def gap(pairs: PairCounts) -> float:
    """The gap of a well discriminative feature space: smallest genuine minus largest impostor cosine, in [-2, 2].

    Positive exactly if some threshold makes no error (Jung et al. 2022, UNPG, arXiv 2203.11593: inf S^p > sup S^n).
    It hangs on two pairs, so one wrong label decides it, and it falls as a set grows: compare sets of one size.
    """
    return pairs.genuine.lowest - pairs.impostor.highest


def overlap(pairs: PairCounts) -> float:
    """The area under both densities, sum_k min(p_k, q_k), in [0, 1]: 0 where they are apart, 1 where they are equal.

    The bins are merged to at most 100 cells first: in bins finer than the sample, few pairs never meet, and the
    overlap of equal densities would come out near 0.
    """
    bins = len(pairs.edges) - 1
    cells = min(bins, OVERLAP_CELLS)
    starts = np.arange(cells) * bins // cells
    genuine = np.add.reduceat(pairs.genuine.counts, starts) / pairs.genuine.total
    impostor = np.add.reduceat(pairs.impostor.counts, starts) / pairs.impostor.total
    return float(np.minimum(genuine, impostor).sum())


def auc(pairs: PairCounts) -> float:
    """The area under the ROC curve, P(genuine > impostor) + P(both in one bin) / 2, in [0, 1]; 1 is best, 0.5 chance.

    The share of all couples of a genuine and an impostor pair of which the genuine one is the more similar: all
    thresholds count alike, the useless ones too, so it tells little of the FARs that matter.
    """
    impostor = pairs.impostor.counts / pairs.impostor.total
    below = impostor.cumsum() - impostor / 2
    return float((pairs.genuine.counts / pairs.genuine.total * below).sum())


def genuine_below(pairs: PairCounts, quantile: float = 0.999) -> Rate:
    """Share of genuine pairs below the given quantile of the impostor cosines: FRR at FAR = 1 - quantile.

    Args:
        pairs: What was counted.
        quantile: In [0, 1); 0.999 by default, the upper tail that pair negatives are meant to move.

    Raises:
        ValueError: Too few impostor pairs for that quantile (see `verification.tar_at_far`).
    """
    return tar_at_far(pairs, 1 - quantile).tar.complement


def alignment(pairs: PairCounts) -> float:
    """Mean squared distance of genuine pairs, mean |x - y|^2 = 2 - 2 mean cos, in [0, 4]; 0 is best.

    Wang and Isola 2020, arXiv 2005.10242, with exponent 2.
    """
    return 2 - 2 * pairs.genuine.mean


def uniformity(pairs: PairCounts) -> float:
    """Logarithm of the mean Gaussian potential over all pairs, log mean exp(-2 |x - y|^2), in [-8, 0].

    Wang and Isola 2020, arXiv 2005.10242, with t = 2. Lower is more uniform; on the sphere of dimension d the uniform
    distribution tends to -4 as d grows. All pairs are in it, so tight classes raise it when classes are few.
    """
    return math.log(pairs.gaussian)

"""Counts of cosines between samples and other classes' centres: the negatives that a loss of class weights sees."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64

from workbench.checks import whole
from workbench.geometry.inputs import Array, as_numpy, matched, matching_prototypes
from workbench.geometry.tally import Tally


@dataclass(frozen=True, eq=False)
class ClassNegatives:
    """Cosines of all (sample, centre of another class), counted on the grid of `PairCounts`.

    Attributes:
        edges: The grid, [bins + 1]; edges[k] = (2k - bins) / bins.
        counts: Cosines in each bin, [bins].
        mean: Mean of the cosines, not of the bins.
        variance: Their variance about the mean, divided by their number.
        highest: The largest cosine: the nearest wrong centre of all.
    """

    edges: Float64[np.ndarray, " bins_1"]
    counts: Int64[np.ndarray, " bins"]
    mean: float
    variance: float
    highest: float

    @property
    def total(self) -> int:
        """Number of cosines, N (C - 1)."""
        return int(self.counts.sum())


def class_negatives(
    embeddings: Array, labels: Array, prototypes: Array, *, bins: int = 4000, block: int = 1024
) -> ClassNegatives:
    """Count cos(x_i, w_c) for all samples i and all classes c but their own, exactly.

    A loss of class weights sees these negatives alone. Pairs of images, `pair_counts(...).impostor`, are what decides
    verification, and what UNPG adds (Jung et al. 2022, arXiv 2203.11593): the two can be far apart.

    Memory is bounded by `block`^2 cosines, time grows with N C D. Bins as of `pair_counts`.

    Args:
        embeddings: [N, D], any norm but zero.
        labels: Class of each sample, [N], in [0, C).
        prototypes: Class centres [C, D], C at least 2, row c for class c: the weight of a head, any norm but zero.
        bins: Cells of the grid on [-1, 1]. 4000 by default, as of `pair_counts`.
        block: Samples and classes on the sides of a block.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, labels beyond the prototypes, or one
            class, so that there is no other centre.
    """
    bins = whole("class_negatives", "bins", bins, least=2)
    block = whole("class_negatives", "block", block, least=1)
    unit, own = matched(embeddings, labels)
    centres = matching_prototypes(prototypes, unit, own)
    if len(centres) < 2:
        raise ValueError("There is no class negative: one class has no other centre. Give at least two prototypes.")
    # Sorted by class, most blocks hold no sample's own class and need no mask.
    order = own.argsort(stable=True)
    unit, own = unit[order], own[order]

    edges = (2 * torch.arange(bins + 1, dtype=torch.float64, device=unit.device) - bins) / bins
    tally = Tally(edges, 1, 0, lowest_first=False)
    classes = torch.arange(len(centres), device=unit.device)
    for samples, mine in zip(unit.split(block), own.split(block), strict=True):
        for weights, here in zip(centres.split(block), classes.split(block), strict=True):
            cosine = samples @ weights.T
            apart = bool(mine[-1] < here[0]) or bool(mine[0] > here[-1])
            tally.add(cosine, None if apart else mine[:, None] != here, 0, 0, mine, here)
    moments = tally.moments()
    return ClassNegatives(
        edges=as_numpy(edges),
        counts=as_numpy(tally.counts),
        mean=moments.mean,
        variance=moments.variance,
        highest=tally.highest,
    )

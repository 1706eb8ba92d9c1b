"""Counts of the cosines of all pairs, exact, in one pass that never holds an N x N matrix."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from workbench.checks import whole
from workbench.geometry import mixed
from workbench.geometry.inputs import Array, as_numpy, class_labels, matrix, unit_rows
from workbench.geometry.tally import Tally, merged


@dataclass(frozen=True, eq=False)
class HardestPairs:
    """The k pairs that are hardest to decide, hardest first; which of equal cosines are kept is not specified.

    Attributes:
        first: Index of one sample of the pair, [k].
        second: Index of the other, greater than `first`, [k].
        cosine: Their cosine, [k].
    """

    first: Int64[np.ndarray, " k"]
    second: Int64[np.ndarray, " k"]
    cosine: Float64[np.ndarray, " k"]


@dataclass(frozen=True, eq=False)
class Similarities:
    """The cosines of one kind of pairs, genuine or impostor.

    Attributes:
        counts: Pairs in each bin of the grid, [bins].
        without: The same with the identities of group g left out, [groups, bins]; what a jackknife needs.
        mean: Mean of the cosines, not of the bins.
        variance: Their variance about the mean, divided by the number of pairs.
        lowest: The smallest cosine.
        highest: The largest cosine.
        hardest: The lowest genuine or the highest impostor pairs.
    """

    counts: Int64[np.ndarray, " bins"]
    without: Int64[np.ndarray, "groups bins"]
    mean: float
    variance: float
    lowest: float
    highest: float
    hardest: HardestPairs

    @property
    def total(self) -> int:
        """Number of pairs."""
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Cosines of all unordered pairs of a set, counted on a uniform grid on [-1, 1].

    Bin k holds the cosines in [edges[k], edges[k+1]), the last bin those in [edges[-2], 1].

    Attributes:
        edges: The grid, [bins + 1]; edges[k] = (2k - bins) / bins.
        genuine: Pairs of one class.
        impostor: Pairs of two classes.
        gaussian: Mean of exp(-2 |x - y|^2) over all pairs of both kinds; its logarithm is the uniformity.
    """

    edges: Float64[np.ndarray, " bins_1"]
    genuine: Similarities
    impostor: Similarities
    gaussian: float

    @property
    def groups(self) -> int:
        """Number of groups of identities that were left out in turn."""
        return len(self.genuine.without)


def pair_counts(
    embeddings: Array, labels: Array, *, bins: int = 4000, block: int | None = None, hardest: int = 10, groups: int = 20
) -> PairCounts:
    """Count the cosines of all pairs i < j, genuine (same label) and impostor (different labels).

    Cosines are float64, clamped to [-1, 1]; a cosine equal to an edge lies in the bin that starts there. Of large
    float32 sets on the CPU most cosines are float32, where that cannot change a count (see `mixed`); mean, variance and
    `gaussian` then hold to 1e-6. Memory is bounded by `block`^2 cosines and a copy of the embeddings, time grows with
    N^2 D.

    The same pass counts what remains when a group of identities is left out. Identities are dealt to the groups by
    size, the largest first, so that groups are about equal; each identity is in one group with all its images.

    Args:
        embeddings: [N, D], any norm but zero.
        labels: Class of each sample, [N].
        bins: Cells of the grid. 4000 by default: a step of 0.0005, on which every threshold with three decimals lies.
        block: Samples on each side of a block of pairs. 1024 by default, and 8192 on a GPU, which smaller blocks do not
            keep busy.
        hardest: How many hardest pairs of each kind to keep.
        groups: Groups of identities to leave out in turn; no more than there are identities. 20 by default: enough
            for a t quantile of 2.09, few enough to be cheap.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, no genuine or no impostor pair.
    """
    bins = whole("pair_counts", "bins", bins, least=2)
    hardest = whole("pair_counts", "hardest", hardest, least=0)
    groups = whole("pair_counts", "groups", groups, least=1)
    rows = matrix(embeddings)
    if block is None:
        block = 1024 if rows.device.type == "cpu" else 8192
    block = whole("pair_counts", "block", block, least=1)
    own = class_labels(labels, len(rows)).to(rows.device)
    _refuse_one_kind(own)
    order, group = in_groups(own, groups)
    own, groups = own[order], int(group[-1]) + 1

    edges = (2 * torch.arange(bins + 1, dtype=torch.float64, device=rows.device) - bins) / bins
    genuine = Tally(edges, groups, hardest, lowest_first=True)
    impostor = Tally(edges, groups, hardest, lowest_first=False)
    if not (mixed.suits(rows, bins) and mixed.fill(genuine, impostor, rows, order, own, group, block)):
        _fill(genuine, impostor, unit_rows(rows)[order], order, own, group, block)
    everything = merged(torch.cat(genuine.blocks + impostor.blocks))
    return PairCounts(
        edges=as_numpy(edges),
        genuine=_finish(genuine),
        impostor=_finish(impostor),
        gaussian=everything.gaussian / everything.total,
    )


def deal(labels: Int64[Tensor, " N"], groups: int) -> Int64[Tensor, " N"]:
    """Group of each sample: classes are dealt out by size, the largest first."""
    _, row, counts = labels.unique(return_inverse=True, return_counts=True)
    rank = counts.argsort(descending=True, stable=True).argsort()
    group: Tensor = (rank % groups)[row]
    return group


def _refuse_one_kind(labels: Tensor) -> None:
    sizes = labels.unique(return_counts=True)[1]
    if int(sizes.max()) == 1:
        raise ValueError("There is no genuine pair: no label occurs twice. Give at least two samples of one class.")
    if len(sizes) == 1:
        raise ValueError("There is no impostor pair: all samples have one label. Give samples of at least two classes.")


def in_groups(labels: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Return an order in which each group, and in it each label, is one run; and the groups in that order."""
    by_label = labels.argsort(stable=True)
    group = deal(labels, groups)[by_label]
    by_group = group.argsort(stable=True)
    return by_label[by_group], group[by_group]


def _fill(genuine: Tally, impostor: Tally, unit: Tensor, order: Tensor, own: Tensor, group: Tensor, block: int) -> None:
    """Add all pairs of unit rows, sorted as `in_groups` says, to two tallies: float64 throughout, on any device."""
    chunks = mixed.chunked(group, block)
    end = mixed.ends(own).tolist()
    for p, (a, rows) in enumerate(chunks):
        for b, columns in chunks[p:]:
            cosine = unit[rows] @ unit[columns].T
            where = (a, b, order[rows], order[columns])
            if end[rows.stop - 1] <= columns.start:
                impostor.add(cosine, None, *where)
                continue
            same = own[rows][:, None] == own[columns]
            above = torch.ones_like(same)
            if rows == columns:
                above.triu_(1)
            genuine.add(cosine, same & above, *where)
            impostor.add(cosine, ~same & above, *where)


def _finish(tally: Tally) -> Similarities:
    first, second, cosine = tally.hardest
    moments = tally.moments()
    return Similarities(
        counts=as_numpy(tally.counts),
        without=as_numpy(tally.counts - tally.touching),
        mean=moments.mean,
        variance=moments.variance,
        lowest=tally.lowest,
        highest=tally.highest,
        hardest=HardestPairs(as_numpy(first), as_numpy(second), as_numpy(cosine)),
    )

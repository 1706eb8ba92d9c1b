"""A running tally of cosines: counts on a grid, moments, extremes and the hardest pairs, block after block."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float64, Int, Int64
from torch import Tensor

_NEAR_AN_EDGE = 1e-6  # in bins; far above the rounding of (cosine + 1) bins / 2, far below one bin


class Moments(NamedTuple):
    """Sums over pairs.

    Attributes:
        total: How many pairs.
        mean: Mean of their cosines.
        squares: Sum of squared deviations from the mean.
        gaussian: Sum of exp(-2 |x - y|^2) = exp(4 (cosine - 1)).
    """

    total: int
    mean: float
    squares: float
    gaussian: float

    @property
    def variance(self) -> float:
        """Mean squared deviation from the mean."""
        return self.squares / self.total


class Tally:
    """What is known of the pairs of one kind so far.

    Attributes:
        counts: Pairs in each bin, int64 [bins].
        touching: Pairs with at least one end in group g, int64 [groups, bins].
        blocks: `Moments` of each block of pairs as a row of a tensor, [blocks, 4]; a list of them. They stay on the
            device until the end.
        lowest, highest: Extremes of the cosines.
        hardest: Indices of the first sample, of the second and cosines of the hardest pairs, hardest first.
        edges: The grid, [bins + 1].
        keep: How many of the hardest pairs to keep.
    """

    def __init__(self, edges: Float64[Tensor, " bins_1"], groups: int, hardest: int, *, lowest_first: bool) -> None:
        bins = len(edges) - 1
        self.counts = torch.zeros(bins, dtype=torch.int64, device=edges.device)
        self.touching = torch.zeros(groups, bins, dtype=torch.int64, device=edges.device)
        self.blocks: list[Float64[Tensor, "blocks 4"]] = []
        self.lowest = 1.0
        self.highest = -1.0
        none = torch.zeros(0, dtype=torch.int64, device=edges.device)
        self.hardest: tuple[Tensor, Tensor, Tensor] = (none, none, edges[:0])
        self.edges = edges
        self.keep = hardest
        self._lowest_first = lowest_first
        self._bar = math.inf if lowest_first else -math.inf  # beyond it a pair is not among the hardest

    def add(
        self,
        cosine: Float64[Tensor, "rows columns"],
        mask: Bool[Tensor, "rows columns"] | None,
        a: int,
        b: int,
        row_index: Int64[Tensor, " rows"],
        column_index: Int64[Tensor, " columns"],
    ) -> None:
        """Add the cosines where `mask` is true (None: all) of pairs between groups a and b.

        Every pass over a block costs as much as the memory it reads, on a GPU more than the product that made it. So
        there are few: no cosine is clamped where what is made of it can be, and one look at the device asks for all.
        """
        places = None if mask is None else mask.flatten().nonzero().squeeze(1)
        values = cosine.flatten() if places is None else cosine.flatten()[places]
        if not len(values):
            return
        counts = torch.bincount(bins_of(values, self.edges), minlength=len(self.counts))
        self.counts += counts
        for g in {a, b}:
            self.touching[g] += counts
        variance, mean = torch.var_mean(values, correction=0)
        gaussian = (4 * values).exp_().sum() / math.e**4
        total = torch.full_like(mean, len(values))
        self.blocks.append(torch.stack([total, mean, total * variance, gaussian])[None])
        lowest, highest = torch.stack(values.aminmax()).clamp_(-1, 1).tolist()
        self.lowest, self.highest = min(self.lowest, lowest), max(self.highest, highest)
        if self.keep and (lowest < self._bar if self._lowest_first else highest > self._bar):
            self._add_hardest(values, places, row_index, column_index)

    def moments(self) -> Moments:
        """Of all pairs together, in the order in which they came."""
        return merged(torch.cat(self.blocks))

    def _add_hardest(self, values: Tensor, places: Tensor | None, row_index: Tensor, column_index: Tensor) -> None:
        first, second, kept = self.hardest
        here = values.topk(min(self.keep, len(values)), largest=not self._lowest_first).indices
        place = here if places is None else places[here]
        i, j = row_index[place // len(column_index)], column_index[place % len(column_index)]
        cosine = torch.cat([kept, values[here].clamp_(-1, 1)])
        best = cosine.argsort(descending=not self._lowest_first, stable=True)[: self.keep]
        self.hardest = (
            torch.cat([first, torch.minimum(i, j)])[best],
            torch.cat([second, torch.maximum(i, j)])[best],
            cosine[best],
        )
        if len(best) == self.keep:
            self._bar = float(cosine[best[-1]])


def merged(blocks: Float64[Tensor, "blocks 4"]) -> Moments:
    """Moments of all blocks together.

    Squares about each block's mean, and of the means about theirs (Chan, Golub and LeVeque): the textbook's
    E[x^2] - E[x]^2 is all rounding once genuine pairs are near 1.
    """
    total, mean, squares, gaussian = blocks.cpu().T
    middle = total @ mean / total.sum()
    spread = squares.sum() + total @ (mean - middle) ** 2
    return Moments(int(total.sum()), float(middle), float(spread), float(gaussian.sum()))


def bins_of(cosine: Float64[Tensor, " n"], edges: Float64[Tensor, " bins_1"]) -> Int[Tensor, " n"]:
    """Bin of each cosine on a uniform grid on [-1, 1]: the largest k with edges[k] <= cosine, 1 in the last bin.

    Exact with respect to `edges`; what lies beyond the grid is in the first or last bin. On the CPU the bin is
    computed, in a third of the time of a search; elsewhere it is searched for, since that is one pass instead of eight.
    """
    return computed_bins(cosine, edges) if cosine.device.type == "cpu" else searched_bins(cosine, edges)


def searched_bins(cosine: Float64[Tensor, " n"], edges: Float64[Tensor, " bins_1"]) -> Int[Tensor, " n"]:
    """Ask the edges by bisection."""
    return torch.bucketize(cosine, edges[1:-1], right=True, out_int32=True)


def computed_bins(cosine: Float64[Tensor, " n"], edges: Float64[Tensor, " bins_1"]) -> Int[Tensor, " n"]:
    """Round (cosine + 1) bins / 2 down, and search only where it is so near a whole number that rounding decides."""
    position = (cosine + 1).mul_((len(edges) - 1) / 2)
    index = position.int()
    near = (position - position.round()).abs_() < _NEAR_AN_EDGE
    if near.any():
        index[near] = searched_bins(cosine[near], edges)
    return index.clamp_(0, len(edges) - 2)

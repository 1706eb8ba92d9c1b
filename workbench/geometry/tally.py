"""A running tally of cosines: counts on a grid, moments, extremes and the hardest pairs, block after block."""

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

_NEAR_AN_EDGE = 1e-6  # in bins; far above the rounding of (cosine + 1) bins / 2, far below one bin


class Tally:
    """What is known of the pairs of one kind so far.

    Attributes:
        total: Pairs seen.
        counts: Pairs in each bin, int64 [bins].
        touching: Pairs with at least one end in group g, int64 [groups, bins].
        mean: Mean of the cosines.
        squares: Sum of squared deviations from the mean.
        lowest, highest: Extremes of the cosines.
        gaussian: Sum of exp(-2 |x - y|^2) = exp(4 (cosine - 1)).
        hardest: Indices of the first sample, of the second and cosines of the hardest pairs, hardest first.
        edges: The grid, [bins + 1].
        keep: How many of the hardest pairs to keep.
    """

    def __init__(self, edges: Float64[Tensor, " bins_1"], groups: int, hardest: int, *, lowest_first: bool) -> None:
        bins = len(edges) - 1
        self.total = 0
        self.counts = torch.zeros(bins, dtype=torch.int64, device=edges.device)
        self.touching = torch.zeros(groups, bins, dtype=torch.int64, device=edges.device)
        self.mean = 0.0
        self.squares = 0.0
        self.lowest = torch.inf
        self.highest = -torch.inf
        self.gaussian = 0.0
        none = torch.zeros(0, dtype=torch.int64, device=edges.device)
        self.hardest: tuple[Tensor, Tensor, Tensor] = (none, none, edges[:0])
        self.edges = edges
        self.keep = hardest
        self._lowest_first = lowest_first

    def add(
        self,
        cosine: Float64[Tensor, "rows columns"],
        mask: Bool[Tensor, "rows columns"] | None,
        a: int,
        b: int,
        row_index: Int64[Tensor, " rows"],
        column_index: Int64[Tensor, " columns"],
    ) -> None:
        """Add the cosines where `mask` is true (None: all) of pairs between groups a and b."""
        places = None if mask is None else mask.flatten().nonzero().squeeze(1)
        values = cosine.flatten() if places is None else cosine.flatten()[places]
        if not len(values):
            return
        counts = torch.bincount(bins_of(values, self.edges), minlength=len(self.counts))
        self.counts += counts
        for g in {a, b}:
            self.touching[g] += counts
        self._add_moments(values)
        self._add_hardest(values, places, row_index, column_index)

    def _add_moments(self, values: Tensor) -> None:
        # Chan, Golub and LeVeque's merge. The textbook E[x^2] - E[x]^2 is all rounding once genuine pairs are near 1.
        new, before = len(values), self.total
        variance, mean = torch.var_mean(values, correction=0)
        step = float(mean) - self.mean
        self.total = before + new
        self.mean += step * new / self.total
        self.squares += float(variance) * new + step**2 * before * new / self.total
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))
        self.gaussian += float(torch.exp(4 * (values - 1)).sum())

    def _add_hardest(self, values: Tensor, places: Tensor | None, row_index: Tensor, column_index: Tensor) -> None:
        first, second, kept = self.hardest
        here = torch.arange(0)
        if len(kept) < self.keep:
            here = values.topk(min(self.keep, len(values)), largest=not self._lowest_first).indices
        elif self.keep:
            harder = values < kept[-1] if self._lowest_first else values > kept[-1]
            here = harder.nonzero().squeeze(1)
        if not len(here):
            return
        place = here if places is None else places[here]
        i, j = row_index[place // len(column_index)], column_index[place % len(column_index)]
        cosine = torch.cat([kept, values[here]])
        best = cosine.argsort(descending=not self._lowest_first, stable=True)[: self.keep]
        self.hardest = (
            torch.cat([first, torch.minimum(i, j)])[best],
            torch.cat([second, torch.maximum(i, j)])[best],
            cosine[best],
        )


def bins_of(cosine: Float64[Tensor, " n"], edges: Float64[Tensor, " bins_1"]) -> Int64[Tensor, " n"]:
    """Bin of each cosine on a uniform grid on [-1, 1]: the largest k with edges[k] <= cosine, 1 in the last bin.

    Exact with respect to `edges`: where (cosine + 1) bins / 2 is so near a whole number that its rounding could
    decide, the edges themselves are asked.
    """
    bins = len(edges) - 1
    position = (cosine + 1).mul_(bins / 2)
    index = position.long()
    near = (position - position.round()).abs_() < _NEAR_AN_EDGE
    if near.any():
        index[near] = torch.bucketize(cosine[near], edges, right=True) - 1
    return index.clamp_(0, bins - 1)

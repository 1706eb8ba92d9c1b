"""Triplet loss: a positive nearer than a negative, by a margin."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import flag, number, one_of
from workbench.losses.pairs import Average, PairLoss, Pairs, average_of, distances, mean_over

Triplets = Literal["all", "semihard", "hardest"]


class Triplet(PairLoss):
    """Triplet: L = mean max(0, d_ap - d_an + m) over anchors a, positives p and negatives n of the batch.

        d_ij = |x^_i - x^_j| = sqrt(2 - 2 cos_ij), in [0, 2]

    There are up to N^3 triplets. They are never listed: with the negatives of an anchor in the order of distance, those
    that cost something for a positive stand in front, and a running sum knows what they cost.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        margin: m in [0, 4], a distance; 0.05 (pytorch-metric-learning). UNPG's baseline has 0.5.
        squared: measure d^2 = 2 - 2 cos instead of d, as FaceNet does (with a margin of 0.2); off
            (pytorch-metric-learning).
        triplets: "all" (pytorch-metric-learning without a miner), "semihard" (FaceNet: those with
            d_ap < d_an < d_ap + m), or "hardest" (for each anchor the farthest positive and the nearest negative).
        average: "nonzero" (released): over triplets whose loss is above 0. "all": over all that were looked at.

    Source:
        Schroff et al., CVPR 2015 (1503.03832); pytorch-metric-learning 2.9.0, losses/triplet_margin_loss.py, which
        UNPG's released code adds to a head as a baseline.

    Differs:
        Nothing with triplets="all".
    """

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        margin: float = 0.05,
        squared: bool = False,
        triplets: Triplets = "all",
        average: Average = "nonzero",
    ) -> None:
        super().__init__(dim, classes)
        self.margin = number("Triplet", "margin", margin, low=0, high=4, hint="It is a distance: 0.2 to 0.5 is usual.")
        self.squared = flag("Triplet", "squared", squared)
        one_of("Triplet", "triplets", triplets, get_args(Triplets))
        self.triplets = triplets
        self.average = average_of(self, average)

    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the mean over triplets."""
        distance = distances(unit).square() if self.squared else distances(unit)
        if self.triplets == "hardest":
            both = pairs.same.any(1) & pairs.different.any(1)
            distance, pairs = distance[both], Pairs(*(kind[both] for kind in pairs))
            farthest = distance.masked_fill(~pairs.same, -torch.inf).amax(1)
            nearest = distance.masked_fill(~pairs.different, torch.inf).amin(1)
            return mean_over((farthest - nearest + self.margin).clamp_min(0), both[both], self.average)
        # All negatives of an anchor, nearest first; what is no negative stands at the end.
        ordered = distance.masked_fill(~pairs.different, torch.inf).sort(1).values
        running = F.pad(torch.where(ordered.isfinite(), ordered, 0.0).cumsum(1), (1, 0))
        reach = distance + self.margin
        looked_at = pairs.different.sum(1, keepdim=True).expand_as(distance)
        costly = torch.searchsorted(ordered.detach(), reach.detach())
        cost = costly * reach - running.gather(1, costly)
        if self.triplets == "semihard":
            nearer = torch.searchsorted(ordered.detach(), distance.detach(), right=True)
            cost = cost - (nearer * reach - running.gather(1, nearer))
            looked_at = costly = costly - nearer
        counted = costly if self.average == "nonzero" else looked_at
        return torch.where(pairs.same, cost, 0.0).sum() / torch.where(pairs.same, counted, 0).sum().clamp_min(1)

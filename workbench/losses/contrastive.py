"""Contrastive loss: positives nearer than one distance, negatives farther than another."""

from jaxtyping import Float
from torch import Tensor

from workbench.checks import flag, number
from workbench.losses.pairs import Average, PairLoss, Pairs, average_of, distances, mean_over


class Contrastive(PairLoss):
    """Contrastive: L = mean max(0, d_p - m_p) over positive pairs + mean max(0, m_n - d_n) over negative pairs.

        d_ij = |x^_i - x^_j| = sqrt(2 - 2 cos_ij), in [0, 2]

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        positive_margin: m_p in [0, 2]; positives nearer than this cost nothing; 0 (pytorch-metric-learning).
        negative_margin: m_n in [0, 2]; negatives farther than this cost nothing; 1 (pytorch-metric-learning).
        average: "nonzero" (released): over pairs whose loss is above 0. "all": over all pairs of the kind.
        squared: square what a pair costs, as the paper does; off (pytorch-metric-learning).

    Source:
        Hadsell et al., CVPR 2006; pytorch-metric-learning 2.9.0, losses/contrastive_loss.py, which UNPG's released code
        adds to a head as a baseline.

    Differs:
        Nothing from that code. The paper squares both terms, as squared=True, and halves their sum.
    """

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        positive_margin: float = 0.0,
        negative_margin: float = 1.0,
        average: Average = "nonzero",
        squared: bool = False,
    ) -> None:
        super().__init__(dim, classes)
        self.positive_margin = number("Contrastive", "positive_margin", positive_margin, low=0, high=2)
        self.negative_margin = number("Contrastive", "negative_margin", negative_margin, low=0, high=2)
        self.average = average_of(self, average)
        self.squared = flag("Contrastive", "squared", squared)

    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the sum of the means over both kinds of pairs."""
        distance, power = distances(unit), 2 if self.squared else 1
        pulled = (distance - self.positive_margin).clamp_min(0) ** power
        pushed = (self.negative_margin - distance).clamp_min(0) ** power
        return mean_over(pulled, pairs.same, self.average) + mean_over(pushed, pairs.different, self.average)

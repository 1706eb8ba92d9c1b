"""Multi-similarity: every pair weighs by its own similarity and by that of the other pairs of its anchor."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import number, positive
from workbench.losses.pairs import PairLoss, Pairs, log_sum_exp


class MultiSimilarity(PairLoss):
    """Multi-similarity: L_i = softplus(LSE_p(-alpha v_ip)) / alpha + softplus(LSE_n(beta v_in)) / beta, v = cos - base.

    Each pair weighs by its own similarity and by that of the other pairs of its anchor.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        alpha: sharpness for positives, in (0, inf); 2 (pytorch-metric-learning).
        beta: sharpness for negatives, in (0, inf); 50 (pytorch-metric-learning).
        base: the cosine around which both turn, in [-1, 1]; 0.5 (pytorch-metric-learning).
        mining: in [0, 2], or None to count all pairs; None (pytorch-metric-learning), 0.1 in the authors' code. A
            negative counts if it is within this of the anchor's farthest positive or nearer to the anchor, a positive
            if it is within this of the nearest negative or farther; an anchor costs nothing unless both are left.

    Source:
        Wang et al., CVPR 2019 (1904.06627); pytorch-metric-learning 2.9.0, losses/multi_similarity_loss.py; for mining
        msight-tech/research-ms-loss at 8290973c8e8b, ret_benchmark/losses/multi_similarity_loss.py.

    Differs:
        Nothing from the first. The second, mining=0.1 and beta=40, also leaves out positives whose cosine is above
        1 - 1e-5, which it takes for the anchor itself, and raises where an anchor has no positive.
    """

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        alpha: float = 2.0,
        beta: float = 50.0,
        base: float = 0.5,
        mining: float | None = None,
    ) -> None:
        super().__init__(dim, classes)
        self.alpha, self.beta = positive("MultiSimilarity", "alpha", alpha), positive("MultiSimilarity", "beta", beta)
        self.base = number("MultiSimilarity", "base", base, low=-1, high=1)
        self.mining = None if mining is None else number("MultiSimilarity", "mining", mining, low=0, high=2)

    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the mean over all rows."""
        cosine = unit @ unit.T
        if self.mining is not None:
            pairs = mined(cosine.detach(), pairs, self.mining)
        above = cosine - self.base
        pulled = F.softplus(log_sum_exp(-self.alpha * above, pairs.same), threshold=40) / self.alpha
        pushed = F.softplus(log_sum_exp(self.beta * above, pairs.different), threshold=40) / self.beta
        return (pulled + pushed).sum() / max(1, len(unit))


def mined(cosine: Float[Tensor, "rows rows"], pairs: Pairs, reach: float) -> Pairs:
    """Return the pairs that are hard to tell apart, of rows that have some of both kinds.

    negatives: cos_in + reach > min_p cos_ip        positives: cos_ip - reach < max_n cos_in
    """
    farthest = cosine.masked_fill(~pairs.same, torch.inf).amin(1, keepdim=True)
    nearest = cosine.masked_fill(~pairs.different, -torch.inf).amax(1, keepdim=True)
    same = pairs.same & (cosine - reach < nearest)
    different = pairs.different & (cosine + reach > farthest)
    both = same.any(1, keepdim=True) & different.any(1, keepdim=True)
    return Pairs(same & both, different & both)

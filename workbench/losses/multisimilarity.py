"""Multi-similarity: every pair weighs by its own similarity and by that of the other pairs of its anchor."""

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

    Source:
        Wang et al., CVPR 2019 (1904.06627); pytorch-metric-learning 2.9.0, losses/multi_similarity_loss.py.

    Differs:
        Nothing from that code, which like this one has no mining; the paper drops easy pairs first.
    """

    def __init__(self, dim: int, classes: int, *, alpha: float = 2.0, beta: float = 50.0, base: float = 0.5) -> None:
        super().__init__(dim, classes)
        self.alpha, self.beta = positive("MultiSimilarity", "alpha", alpha), positive("MultiSimilarity", "beta", beta)
        self.base = number("MultiSimilarity", "base", base, low=-1, high=1)

    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the mean over all rows."""
        above = unit @ unit.T - self.base
        pulled = F.softplus(log_sum_exp(-self.alpha * above, pairs.same), threshold=40) / self.alpha
        pushed = F.softplus(log_sum_exp(self.beta * above, pairs.different), threshold=40) / self.beta
        return (pulled + pushed).sum() / max(1, len(unit))

"""SupCon: supervised contrastive learning, the softmax over the other samples of the batch."""

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.checks import positive
from workbench.losses.pairs import Average, PairLoss, Pairs, average_of, log_sum_exp, mean_over


class SupCon(PairLoss):
    """SupCon: L_i = mean_p of -log softmax_{a != i}(cos_ia / T)_p: each positive p is picked out of the batch.

        L_i = -1/|P_i| sum_{p in P_i} (cos_ip / T - log sum_{a != i} exp(cos_ia / T))

    P_i are the other samples of the class of i.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        temperature: T in (0, inf), 1 / s of the other losses; 0.1 (pytorch-metric-learning).
        average: "nonzero" (released): the mean over anchors whose loss is above 0; a batch without a negative pair
            costs nothing. "all" (paper): the mean over anchors with a positive.

    Source:
        Khosla et al., NeurIPS 2020 (2004.11362); pytorch-metric-learning 2.9.0, losses/supcon_loss.py.

    Differs:
        Nothing with average="nonzero".
    """

    def __init__(self, dim: int, classes: int, *, temperature: float = 0.1, average: Average = "nonzero") -> None:
        super().__init__(dim, classes)
        self.temperature = positive("SupCon", "temperature", temperature)
        self.scale = 1 / self.temperature
        self.average = average_of(self, average)

    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the mean over the anchors that count."""
        logits = unit @ unit.T / self.temperature
        log_share = logits - log_sum_exp(logits, pairs.same | pairs.different)[:, None]
        positives = pairs.same.sum(1)
        losses = -torch.where(pairs.same, log_share, 0.0).sum(1) / positives.clamp_min(1)
        counted = positives > 0
        return mean_over(losses, counted if self.average == "all" else counted & pairs.different.any(), self.average)

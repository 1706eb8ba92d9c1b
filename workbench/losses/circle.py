"""Circle loss: pairs are pulled and pushed the harder the farther they are from where they should be."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import number, positive
from workbench.losses.pairs import Average, PairLoss, Pairs, average_of, log_sum_exp, mean_over


class Circle(PairLoss):
    """Circle: L_i = softplus(LSE_p(s a_p (1 - m - cos_ip)) + LSE_n(s a_n (cos_in - m))), a weight for each pair.

        a_p = max(0, 1 + m - cos_ip),  a_n = max(0, cos_in + m), without gradient

    In the plane of cos_ip and cos_in the decision boundary is a circle of radius m sqrt(2) around (1, 0).

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf), called gamma in the paper; 80 (pytorch-metric-learning); 256 is usual on faces.
        margin: m in [-1, 2], a cosine; 0.4 (pytorch-metric-learning); 0.25 is usual on faces.
        average: "nonzero" (released): the mean over rows whose loss is above 0. "all": over all rows that have a
            positive and a negative. They differ only where the loss of a row underflows to 0.

    Source:
        Sun et al., CVPR 2020 (2002.10857); pytorch-metric-learning 2.9.0, losses/circle_loss.py.

    Differs:
        Nothing.
    """

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 80.0,
        margin: float = 0.4,
        average: Average = "nonzero",
    ) -> None:
        super().__init__(dim, classes)
        self.scale = positive("Circle", "scale", scale)
        self.margin = number("Circle", "margin", margin, low=-1, high=2, hint="It is a cosine: 0.25 is usual on faces.")
        self.average = average_of(self, average)

    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the mean over the rows that have both kinds of pairs."""
        cosine = unit @ unit.T
        pull = (1 + self.margin - cosine.detach()).clamp_min(0) * (1 - self.margin - cosine)
        push = (cosine.detach() + self.margin).clamp_min(0) * (cosine - self.margin)
        pulled, pushed = log_sum_exp(self.scale * pull, pairs.same), log_sum_exp(self.scale * push, pairs.different)
        losses = F.softplus(pulled + pushed, threshold=40)
        return mean_over(losses, pairs.same.any(1) & pairs.different.any(1), self.average)

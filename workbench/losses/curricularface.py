"""CurricularFace: hard negatives weigh more as training goes on.

Huang et al., CVPR 2020 (2004.00288); the released code is HuangYG123/CurricularFace at 68c8727fb7cd, head/metrics.py.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import number
from workbench.losses.fixed import angle_margin
from workbench.losses.head import Head
from workbench.losses.margins import additive_angle
from workbench.losses.softmax import ClassScores


class Hardened:
    """CurricularFace's hard negatives: v becomes v (t + v) where v exceeds the target of its row."""

    def __init__(self, target: Tensor, t: Tensor) -> None:
        self.target, self.t = target[:, None], t

    def of(self, rows: Tensor) -> "Hardened":
        """Return what it is for some of the rows."""
        return Hardened(self.target[rows, 0], self.t)

    def value(self, scores: Tensor) -> Tensor:
        """Return the reshaped scores."""
        return torch.where(scores > self.target, scores * (self.t + scores), scores)

    def slope(self, scores: Tensor) -> Tensor:
        """Return t + 2v where v was reshaped, 1 elsewhere."""
        return torch.where(scores > self.target, self.t + 2 * scores, 1.0)


class CurricularFace(Head):
    """CurricularFace: psi = cos(theta + m), and hard negatives weigh more as training goes on.

        psi = cos(theta + m) while theta < pi - m, cos(theta) - m sin(m) beyond
        v_ic = cos_ic (t + cos_ic) where cos_ic > cos(theta_i + m), cos_ic elsewhere
        t <- (1 - momentum) t + momentum mean_i cos(theta_i), before it is used

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (the paper).
        margin: m in radians, in [0, pi]; 0.5 (the paper).
        momentum: share of the batch in t, in [0, 1]; 0.01 (the paper).

    Source:
        Huang et al., CVPR 2020 (2004.00288); HuangYG123/CurricularFace at 68c8727fb7cd, head/metrics.py.

    Differs:
        Nothing.
    """

    margin_unit = "rad"
    t: Tensor

    def __init__(
        self, dim: int, classes: int, *, scale: float = 64.0, margin: float = 0.5, momentum: float = 0.01
    ) -> None:
        super().__init__(dim, classes, scale=scale)
        self.margin = angle_margin(self, margin)
        self.momentum = number("CurricularFace", "momentum", momentum, low=0, high=1)
        self.register_buffer("t", torch.tensor(0.0))

    def scores(self, features: Tensor, labels: Tensor) -> ClassScores:
        """Compare, with negatives reshaped by the progress of training."""
        with torch.no_grad():
            own = (features * F.normalize(self.shard.rows(self.weight, labels).to(features.dtype))).sum(1)
            if self.training and len(own):
                self.t = torch.lerp(self.t, own.mean().to(self.t), self.momentum)
            reshape = Hardened(additive_angle(own, self.margin), self.t)
        return self.compared(features, labels, reshape=reshape)

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(theta + m), or its continuation."""
        return additive_angle(own, margin, beyond_pi="linear")

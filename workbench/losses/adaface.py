"""AdaFace: a margin that follows image quality, read from the length of the feature.

Kim et al., CVPR 2022 (2204.00964); the released code is mk-minchul/AdaFace at c60eaa786a42, head.py. The gradient is
that of the released code: lengths and their estimates carry none.
"""

import math

import torch
from torch import Tensor

from workbench.checks import number
from workbench.losses.batch import Batch
from workbench.losses.fixed import angle_margin
from workbench.losses.head import Head
from workbench.losses.margins import angle
from workbench.losses.softmax import ClassScores

_LIMIT = 1 - 1e-3


class Clipped:
    """Scores clipped to [-limit, limit]; no gradient beyond."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def of(self, rows: Tensor) -> "Clipped":
        """Return what it is for some of the rows: the same for all."""
        return self

    def value(self, scores: Tensor) -> Tensor:
        """Clip the scores in place."""
        return scores.clamp_(-self.limit, self.limit)

    def slope(self, scores: Tensor) -> Tensor:
        """Return 1 inside, 0 beyond."""
        return scores.abs().le_(self.limit)


class AdaFace(Head):
    """AdaFace: psi = cos(clip(theta - m k, 0.001, pi - 0.001)) - (m + m k), k the image quality in [-1, 1].

        k_i = clip(h (|x_i| - mu) / (sigma + 0.001), -1, 1)

    A sharp image (k = 1) is pushed away from hard class borders by an angle, a blurred one (k = -1) by none. mu and
    sigma are running estimates of mean and deviation of the lengths |x|, clipped to [0.001, 100] and without
    gradient, updated by this batch before they are used. Cosines are clipped to +-0.999, as released.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (the paper).
        margin: m in [0, pi]; 0.4 (the paper).
        h: how strongly the length counts, in [0, inf); 0.333 (the paper).
        momentum: share of the batch in the running estimates, in [0, 1]; 0.01 (released configuration).

    Source:
        Kim et al., CVPR 2022 (2204.00964); mk-minchul/AdaFace at c60eaa786a42, head.py.

    Differs:
        Nothing. The default momentum is that of its configuration; its class has 1, which momentum=1 gives.
    """

    margin_unit = "rad"
    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.4,
        h: float = 0.333,
        momentum: float = 0.01,
    ) -> None:
        super().__init__(dim, classes, scale=scale)
        self.margin = angle_margin(self, margin)
        self.h = number("AdaFace", "h", h, low=0)
        self.momentum = number("AdaFace", "momentum", momentum, low=0, high=1)
        self.register_buffer("mean", torch.tensor(20.0))
        self.register_buffer("deviation", torch.tensor(100.0))

    def scores(self, features: Tensor, labels: Tensor) -> ClassScores:
        """Compare with cosines clipped to +-0.999."""
        return self.compared(features, labels, reshape=Clipped(_LIMIT))

    def draw_margin(self, cosine: Tensor, batch: Batch, generator: torch.Generator | None) -> Tensor | float:
        """Return m k, the angle that quality adds or takes."""
        return self.margin * self.quality(batch.norms.detach())

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(clip(theta - m k)) - (m + m k)."""
        theta = (angle(own.clamp(-_LIMIT, _LIMIT)) - margin).clamp(1e-3, math.pi - 1e-3)
        return theta.cos() - (self.margin + margin)

    @torch.no_grad()
    def quality(self, norms: Tensor) -> Tensor:
        """Return k [N] in [-1, 1]; in training, the running estimates take in this batch first."""
        lengths = norms.clamp(1e-3, 100)
        if self.training and len(lengths) > 1:
            self.mean = torch.lerp(self.mean, lengths.mean().to(self.mean), self.momentum)
            self.deviation = torch.lerp(self.deviation, lengths.std().to(self.deviation), self.momentum)
        return ((lengths - self.mean) / (self.deviation + 1e-3) * self.h).clamp(-1, 1)

"""MagFace: a margin and a reward that grow with the length of the feature, so that length becomes quality.

Meng et al., CVPR 2021 (2103.06627); the released code is IrvingMeng/MagFace at 99bae614ac26, models/magface.py.
"""

import torch
from torch import Tensor

from workbench.checks import flag, number
from workbench.losses.batch import Batch
from workbench.losses.fixed import angle_margin
from workbench.losses.head import Head
from workbench.losses.margins import additive_angle


class MagFace(Head):
    """MagFace: psi = cos(theta + m(a)), with a margin that grows with the length a of the feature.

        m(a) = (u_m - l_m) / (u_a - l_a) (a - l_a) + l_m,   a = clip(|x|, l_a, u_a)
        L = CE + lambda_g mean_i (a_i / u_a^2 + 1 / a_i)

    The penalty rewards long features, the margin makes them pay for it: length becomes a measure of quality. The
    gradient goes through a into both.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (released code).
        low_margin: l_m in radians; 0.45 (released code).
        high_margin: u_m in radians; 0.8 (released code).
        low_length: l_a; 10 (released code).
        high_length: u_a; 110 (released code).
        length_weight: lambda_g in [0, inf); 35 (released code).
        easy_margin: True (released code): a sample with cos(theta) <= 0 gets no margin. False: past theta = pi - m
            psi goes on as cos(theta) - m sin(m).

    Source:
        Meng et al., CVPR 2021 (2103.06627); IrvingMeng/MagFace at 99bae614ac26, models/magface.py.

    Differs:
        Nothing, but where |cos| = 1 the slope is finite, not NaN.
    """

    margin_unit = "rad"

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        low_margin: float = 0.45,
        high_margin: float = 0.8,
        low_length: float = 10.0,
        high_length: float = 110.0,
        length_weight: float = 35.0,
        easy_margin: bool = True,
    ) -> None:
        super().__init__(dim, classes, scale=scale)
        self.low_margin = self.margin = angle_margin(self, low_margin, name="low_margin")
        self.high_margin = angle_margin(self, high_margin, name="high_margin")
        self.low_length = number("MagFace", "low_length", low_length, low=1e-6)
        hint = "It is the length with the largest margin."
        self.high_length = number("MagFace", "high_length", high_length, low=2 * self.low_length, hint=hint)
        self.length_weight = number("MagFace", "length_weight", length_weight, low=0)
        self.easy_margin = flag("MagFace", "easy_margin", easy_margin)

    def draw_margin(self, cosine: Tensor, batch: Batch, generator: torch.Generator | None) -> Tensor | float:
        """Return m(a)."""
        slope = (self.high_margin - self.low_margin) / (self.high_length - self.low_length)
        return slope * (self._lengths(batch.norms) - self.low_length) + self.low_margin

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(theta + m(a)), or cos(theta) where the easy margin asks for none."""
        if self.easy_margin:
            return torch.where(own > 0, additive_angle(own, margin), own)
        return additive_angle(own, margin, beyond_pi="linear")

    def penalty(self, norms: Tensor) -> Tensor:
        """Return lambda_g (a / u_a^2 + 1 / a) of each sample."""
        lengths = self._lengths(norms)
        return self.length_weight * (lengths / self.high_length**2 + 1 / lengths)

    def _lengths(self, norms: Tensor) -> Tensor:
        return norms.clamp(self.low_length, self.high_length)

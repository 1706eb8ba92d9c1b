"""ElasticFace: a margin drawn anew for every sample at every iteration.

Boutros et al., CVPRW 2022 (2109.09416); the released code is fdbtrs/ElasticFace at 5496ec0643bf, utils/losses.py.
Fixed margins assume that all classes vary alike. Here each margin is a draw from a normal distribution, and the
"+" variants hand the larger draws to the samples farther from their class centre. In the released code the "+"
gathers where it should scatter, so that margin and distance are uncorrelated; `assignment` selects either.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from workbench.checks import flag, number, one_of
from workbench.losses.batch import Batch
from workbench.losses.fixed import angle_margin, cosine_margin
from workbench.losses.head import Head
from workbench.losses.margins import additive_angle, additive_cosine, margins_by_distance

Assignment = Literal["paper", "released"]


class ElasticHead(Head):
    """What ElasticFace-Arc and -Cos share: the draws, eps_i ~ Normal(m, sigma^2), unclamped and without gradient.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (released configuration).
        margin: m, mean of the draws; see the subclass for its unit.
        std: sigma in [0, 1], in the unit of the margin; 0.05 (paper and released configuration). 0 gives the fixed
            margin.
        plus: sort the draws and hand them out by distance, the largest to the farthest sample.
        assignment: how "+" hands them out, "paper" (scatter) or "released" (gather); without "+" it does nothing.
    """

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float,
        margin: float,
        std: float,
        plus: bool,
        assignment: Assignment,
    ) -> None:
        super().__init__(dim, classes, scale=scale)
        self.margin = margin
        self.std = number(type(self).__name__, "std", std, low=0, high=1)
        self.plus = flag(type(self).__name__, "plus", plus)
        one_of(type(self).__name__, "assignment", assignment, get_args(Assignment))
        self.assignment = assignment

    def draw_margin(self, cosine: Tensor, batch: Batch, generator: torch.Generator | None) -> Tensor | float:
        """Draw one margin for each sample."""
        generator = self.shard.drawing(generator)
        device = cosine.device if generator is None else generator.device
        noise = torch.randn(len(cosine), dtype=cosine.dtype, device=device, generator=generator)
        return self.margin + self.std * noise.to(cosine.device, non_blocking=True)

    def assign_margin(self, cosine: Tensor, margin: Tensor | float) -> Tensor | float:
        """With "+", sort the draws and hand them out by distance."""
        return margins_by_distance(cosine, torch.as_tensor(margin), self.assignment) if self.plus else margin


class ElasticArcFace(ElasticHead):
    """ElasticFace-Arc: psi_i = cos(theta_i + eps_i), eps_i ~ Normal(m, sigma^2) in radians.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (released configuration).
        margin: m in radians, in [0, pi]; 0.5 (paper, chosen from 0.45, 0.50, 0.55).
        std: sigma in radians; 0.05 (paper). `elasticface-arc+` has 0.0175 (paper).
        plus: hand the sorted draws out by distance; `elasticface-arc+` is this choice.
        assignment: "paper" or "released", see ElasticHead.

    Source:
        Boutros et al., CVPRW 2022 (2109.09416), eq. 6; fdbtrs/ElasticFace at 5496ec0643bf, utils/losses.py.

    Differs:
        With "+" and assignment="paper" margin and cosine have rank correlation -1, in the released code about 0;
        assignment="released" is that code. Label -1 raises there with "+"; here the sample is left out.
    """

    margin_unit = "rad"

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.5,
        std: float = 0.05,
        plus: bool = False,
        assignment: Assignment = "paper",
    ) -> None:
        super().__init__(dim, classes, scale=scale, margin=margin, std=std, plus=plus, assignment=assignment)
        angle_margin(self, margin)

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(theta + eps)."""
        return additive_angle(own, margin)


class ElasticCosFace(ElasticHead):
    """ElasticFace-Cos: psi_i = cos(theta_i) - eps_i, eps_i ~ Normal(m, sigma^2), a difference of cosines.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (released configuration).
        margin: m, a difference of cosines in [-1, 2]; 0.35 (paper).
        std: sigma, a difference of cosines; 0.05 (paper). `elasticface-cos+` has 0.025 (paper; released: 0.02).
        plus: hand the sorted draws out by distance; `elasticface-cos+` is this choice.
        assignment: "paper" or "released", see ElasticHead.

    Source:
        Boutros et al., CVPRW 2022 (2109.09416), eq. 7; fdbtrs/ElasticFace at 5496ec0643bf, utils/losses.py.

    Differs:
        As ElasticFace-Arc. The released configuration of "+" has std=0.02 where the paper has 0.025.
    """

    margin_unit = "cosine"

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.35,
        std: float = 0.05,
        plus: bool = False,
        assignment: Assignment = "paper",
    ) -> None:
        super().__init__(dim, classes, scale=scale, margin=margin, std=std, plus=plus, assignment=assignment)
        cosine_margin(self, margin)

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(theta) - eps."""
        return additive_cosine(own, margin)

"""Sub-centre ArcFace: several centres for each class, so that noisy images gather away from the main one.

Deng et al., ECCV 2020; compared with pytorch-metric-learning 2.9.0, whose SubCenterArcFaceLoss this equals.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workbench.checks import whole
from workbench.losses.fixed import ArcFace
from workbench.losses.margins import BeyondPi
from workbench.losses.softmax import ClassScores


class SubCenterArcFace(ArcFace):
    """Sub-centre ArcFace: psi = cos(theta + m), each class has K centres and is as near as the nearest of them.

        cos_ic = max_k x^_i . w^_{c,k}

    Mislabelled or unusual images gather at centres of their own instead of bending the main one (Deng et al., ECCV
    2020). `weight` is [C * K, D] with row c K + k; gradients go to the nearest centre alone, as in
    pytorch-metric-learning.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (the paper).
        margin: m in radians, in [0, pi]; 0.5 (the paper).
        centres: K, at least 1; 3 (the paper).
        beyond_pi: as of ArcFace; pytorch-metric-learning has "linear".

    Source:
        Deng et al., ECCV 2020; pytorch-metric-learning 2.9.0, losses/subcenter_arcface_loss.py.

    Differs:
        Nothing with beyond_pi="linear" and margin=0.49916, 28.6 degrees.
    """

    by_class = ("weight", "usage")
    usage: Tensor

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.5,
        centres: int = 3,
        beyond_pi: BeyondPi = "formula",
    ) -> None:
        super().__init__(dim, classes, scale=scale, margin=margin, beyond_pi=beyond_pi)
        self.centres = whole("SubCenterArcFace", "centres", centres, least=1)
        self.weight = nn.Parameter(torch.empty(len(self.shard.range) * centres, dim))
        self.reset_parameters()
        self.register_buffer("usage", torch.zeros(len(self.weight), dtype=torch.long))

    def scores(self, features: Tensor, labels: Tensor) -> ClassScores:
        """Compare with the nearest centre of each class, and count which centre of the own class that was."""
        if self.training:
            with torch.no_grad():
                place = self.shard.found(labels)
                mine, place = features[place >= 0], place[place >= 0]
                rows = place[:, None] * self.centres + torch.arange(self.centres, device=labels.device)
                own = torch.einsum("nd,nkd->nk", mine, F.normalize(self.weight[rows].to(features.dtype), dim=2))
                nearest = place * self.centres + own.argmax(1)
                self.usage = self.usage + nearest.bincount(minlength=len(self.usage))
        return self.compared(features, labels, centres=self.centres)

    def class_centres(self) -> Tensor:
        """Return the busiest centre of each class that is here, [C, D]."""
        busiest = self.usage.view(-1, self.centres).argmax(1)
        every = self.weight.detach().view(-1, self.centres, self.dim)
        return every[torch.arange(len(every), device=every.device), busiest]

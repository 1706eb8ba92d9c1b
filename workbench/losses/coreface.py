"""CoReFace: a contrastive regularisation between two dropout views of a sample, beside ArcFace.

Song and Wang, Pattern Recognition 2024 (2304.11668); the released code is IsidoreSong/CoreFace at 4431b8b05d66,
utils/losses.py. Two dropout masks over one set of features give two views of each image. Each sample must find its
own other view among those of the batch, by an adaptive margin that keeps the task equally hard through training.

    S = z^1 (z^2)^T clipped to [-1, 1];  S_ij := masked for i != j, y_i = y_j
    n_i = max_{j != i} S_ij;  m_B = mean_i (S_ii - n_i);  m_t = momentum m_B + (1 - momentum) m_{t-1}, no gradient
    L_C = cross-entropy of s (S - m_t I) with target i
    L = (L_cls(z^1) + L_cls(z^2)) / 2 + w_C L_C(z^1, z^2)
"""

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import number, one_of
from workbench.losses.batch import Batch
from workbench.losses.fixed import ArcFace

Protocol = Literal["n", "double-n", "2n", "full"]
Mask = Literal["zero", "removed", "none"]


class CoReFace(ArcFace):
    """CoReFace: psi = cos(theta + m) on two views, and L + w_C L_C with a contrast between them; of one view, ArcFace.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (released code), of both parts.
        margin: ArcFace's m in radians, in [0, pi]; 0.5 (released code).
        contrast_weight: w_C in [0, inf); 0.05 (released code).
        protocol: which similarities stand beside each other. "n" (released): anchors of view 1, N candidates of view
            2. "double-n": also the other way round, both weighted. "2n": anchors of view 1, candidates of both views.
            "full": anchors and candidates of both views, as in SimCLR.
        mask: what becomes of pairs of one class: "zero" (released) sets their cosine to 0, so that each still adds
            e^0 to the sum and 0 to the maximum; "removed" leaves them out; "none" keeps them as negatives, as a version
            before the released one did, so that images of one class are pushed apart.
        momentum: share of the batch in the margin, in [0, 1]; 0.99 (released code). A moving average in the usual
            direction would have 0.01.
        initial_margin: m_0; 0 (released code; an earlier version had 0.65).
        margin_updates: "once" for each step; "twice" also evaluates the reverse contrast, whose weight is 0 in the
            released configuration, but which updates the margin (released behaviour).

    Source:
        Song and Wang, Pattern Recognition 2024 (2304.11668); IsidoreSong/CoReFace at 4431b8b05d66, utils/losses.py.

    Differs:
        The margin is updated once a step and saved with the state; margin_updates="twice" is the released behaviour,
        where a restart begins with 0. Protocol "2n" follows bytecode in that repository, "full" is SimCLR's.
    """

    views = 2
    contrast_margin: Tensor

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.5,
        contrast_weight: float = 0.05,
        protocol: Protocol = "n",
        mask: Mask = "zero",
        momentum: float = 0.99,
        initial_margin: float = 0.0,
        margin_updates: Literal["once", "twice"] = "once",
    ) -> None:
        super().__init__(dim, classes, scale=scale, margin=margin)
        self.contrast_weight = number("CoReFace", "contrast_weight", contrast_weight, low=0)
        one_of("CoReFace", "protocol", protocol, get_args(Protocol))
        one_of("CoReFace", "mask", mask, get_args(Mask))
        one_of("CoReFace", "margin_updates", margin_updates, ("once", "twice"))
        self.protocol, self.mask, self.margin_updates = protocol, mask, margin_updates
        self.momentum = number("CoReFace", "momentum", momentum, low=0, high=1)
        self.initial_margin = number("CoReFace", "initial_margin", initial_margin, low=-2, high=2)
        self.register_buffer("contrast_margin", torch.tensor(self.initial_margin))

    def regularise(self, batch: Batch) -> Tensor | float:
        """Return w_C L_C of the two views; 0 for a single view. `terms` has "contrast", L_C, and the "margin", m_t."""
        self.terms = {}
        if batch.views != 2:
            return 0.0
        first, second = batch.unit.chunk(2)
        labels = batch.labels[: len(first)]
        loss = self.contrast(first, second, labels)
        if self.protocol in ("double-n", "full"):
            loss = loss + self.contrast(second, first, labels)
        elif self.margin_updates == "twice":
            with torch.no_grad():
                self.contrast(second, first, labels)
        self.terms = {"contrast": loss.detach(), "margin": self.contrast_margin}
        return self.contrast_weight * loss

    def contrast(self, first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
        """Return L_C with anchors in the first of two views, unit vectors [N, D] each, and update the margin."""
        count = len(first)
        if count == 0:
            return first.sum()
        own = torch.arange(count, device=first.device)
        same = (labels[:, None] == labels).fill_diagonal_(False)
        cosine = (first @ second.T).clamp(-1, 1)
        if self.mask == "none":
            same = torch.zeros_like(same)
        excluded = same
        if self.protocol in ("2n", "full"):
            # The anchor itself is among the candidates of its own view, and is no negative.
            cosine = torch.cat([(first @ first.T).clamp(-1, 1), cosine], dim=1)
            excluded = torch.cat([same | torch.eye(count, dtype=torch.bool, device=first.device), same], dim=1)
            own = own + count
        cosine = cosine.masked_fill(excluded, 0.0 if self.mask == "zero" else -torch.inf)
        self._update_margin(cosine.detach(), own)
        shift = F.one_hot(own, cosine.shape[1]) * self.contrast_margin.to(cosine.dtype)
        return F.cross_entropy(self.scale * (cosine - shift), own)

    def _update_margin(self, cosine: Tensor, own: Tensor) -> None:
        """Move the margin towards the mean distance between the own view and the nearest other sample."""
        positive = cosine.gather(1, own[:, None])[:, 0]
        others = cosine.scatter(1, own[:, None], 0.0 if self.mask == "zero" else -torch.inf)
        nearest = others.amax(1)
        lone = nearest == -torch.inf
        distance = positive - nearest.masked_fill(lone, 0.0)
        if self.training:
            self.contrast_margin = torch.lerp(
                self.contrast_margin, distance.mean().to(self.contrast_margin), self.momentum
            )

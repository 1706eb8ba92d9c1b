"""JCSC: joint label classification and supervised contrastive clustering. A reconstruction from the abstract.

Zhang, 2023 (2312.04029). No text beyond the abstract and no code could be found, so what is here is *our* reading of
four sentences: ArcFace with a cluster-guided angular margin, a supervised contrastive clustering that pulls features
to their cluster centre, and an alignment of cluster centres and class centres. What a cluster is, how its centre is
computed, what makes a sample hard, and which way hardness moves the margin, the abstract does not say; each of these
is a parameter here, with our proposal as its default.

    U [C, D]      cluster centres, one for each label, unit rows, no gradient: a memory of the features
    h_i           hardness of a sample, in [0, 1], no gradient
    m_i         = clip(m + guidance (h_i - mean h), low, high)
    q_ic        = softmax_c(x^_i . u_c / temperature)
    L           = ArcFace with m_i + cluster_weight mean_i(-log q_{i,y_i}) + align_weight mean_c(1 - w^_c . u_c)
"""

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import number, one_of, positive
from workbench.losses.batch import Batch, class_means
from workbench.losses.fixed import ArcFace, angle_margin

Hardness = Literal["cosine", "posterior"]
Start = Literal["features", "weights"]


class JCSC(ArcFace):
    """JCSC, reconstructed from its abstract: psi = cos(theta + m_i), guided by clusters that the features are drawn to.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (as ArcFace).
        margin: m in radians, in [0, pi]; 0.5 (as ArcFace).
        guidance: how far hardness moves the margin, in radians, any sign; 0.1 (our proposal: harder means larger).
        hardness: "cosine" is h = (1 - x^ . u_y) / 2; "posterior" is h = 1 - q_y. Our proposal: "cosine".
        low_margin: least margin in radians; 0 (our proposal).
        high_margin: largest margin in radians; 1 (our proposal).
        temperature: of the posterior q, in (0, inf); 0.1 (our proposal).
        momentum: how much of a cluster centre stays at each step, in [0, 1]; 0.9 (our proposal).
        cluster_weight: of the clustering term, in [0, inf); 1 (our proposal).
        align_weight: of the alignment term, in [0, inf); 1 (our proposal).
        start: cluster centres begin as the mean of the first "features" seen of each class, or as the "weights".

    Source:
        Zhang, 2023 (2312.04029), the abstract alone: no full text and no code were to be had.

    Differs:
        It cannot be told: this is a reconstruction, and every choice beyond the abstract is ours.
    """

    by_class = ("weight", "clusters")
    clusters: Tensor

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.5,
        guidance: float = 0.1,
        hardness: Hardness = "cosine",
        low_margin: float = 0.0,
        high_margin: float = 1.0,
        temperature: float = 0.1,
        momentum: float = 0.9,
        cluster_weight: float = 1.0,
        align_weight: float = 1.0,
        start: Start = "features",
    ) -> None:
        super().__init__(dim, classes, scale=scale, margin=margin)
        one_of("JCSC", "hardness", hardness, get_args(Hardness))
        one_of("JCSC", "start", start, get_args(Start))
        self.hardness, self.start = hardness, start
        self.guidance = number("JCSC", "guidance", guidance)
        self.low_margin = angle_margin(self, low_margin, name="low_margin")
        self.high_margin = angle_margin(self, high_margin, name="high_margin")
        self.temperature = positive("JCSC", "temperature", temperature)
        self.momentum = number("JCSC", "momentum", momentum, low=0, high=1)
        self.cluster_weight = number("JCSC", "cluster_weight", cluster_weight, low=0)
        self.align_weight = number("JCSC", "align_weight", align_weight, low=0)
        clusters = F.normalize(self.weight.detach()) if start == "weights" else torch.zeros_like(self.weight)
        self.register_buffer("clusters", clusters.clone())

    def draw_margin(self, cosine: Tensor, batch: Batch, generator: torch.Generator | None) -> Tensor | float:
        """Return m_i; cluster centres that have not begun yet begin with this batch."""
        self._begin(batch)
        if not self.guidance or not len(cosine):
            return self.margin
        hardness = self.hardness_of(batch)
        guided = self.margin + self.guidance * (hardness - hardness.mean())
        return guided.clamp(self.low_margin, self.high_margin)

    @torch.no_grad()
    def hardness_of(self, batch: Batch) -> Tensor:
        """Return h [N] in [0, 1]."""
        if self.hardness == "cosine":
            return (1 - (batch.unit * self.shard.rows(self.clusters, batch.labels)).sum(1)) / 2
        return 1 - torch.exp(-self.clustering(batch))

    def clustering(self, batch: Batch) -> Tensor:
        """Return -log q_{i,y_i} [N]: how surely a feature is assigned to the cluster of its label."""
        scale = 1 / self.temperature
        scores = self.shard.scores(batch.unit, self.clusters, batch.labels, scale=scale, products=self.products)
        return F.softplus(scores.others - scale * scores.own, threshold=40)

    def alignment(self, labels: Tensor) -> Tensor:
        """Return the mean of 1 - w^_c . u_c over the classes of a batch, in [0, 2]; 0 where centres are aligned."""
        present = labels.unique()
        cosine = (F.normalize(self.shard.rows(self.weight, present)) * self.shard.rows(self.clusters, present)).sum(1)
        return (1 - cosine).sum() / max(1, len(present))

    def regularise(self, batch: Batch) -> Tensor | float:
        """Return the clustering and the alignment term, and then let the cluster centres follow the batch.

        `terms` has both, "clustering" and "alignment", those whose weight is not 0.
        """
        added: Tensor | float = 0.0
        terms = {}
        if self.cluster_weight:
            losses = self.clustering(batch)
            terms["clustering"] = losses.sum() / max(1, len(losses))
            added = added + self.cluster_weight * terms["clustering"]
        if self.align_weight:
            terms["alignment"] = self.alignment(batch.labels)
            added = added + self.align_weight * terms["alignment"]
        self.terms = {name: term.detach() for name, term in terms.items()}
        if self.training:
            self._follow(batch)
        return added

    @torch.no_grad()
    def _begin(self, batch: Batch) -> None:
        new = self.shard.rows(self.clusters, batch.labels).square().sum(1) == 0
        if self.training and bool(new.any()):
            labels, means = class_means(batch.unit[new], batch.labels[new])
            self.clusters = self.shard.replaced(self.clusters, labels, F.normalize(means).to(self.clusters))

    @torch.no_grad()
    def _follow(self, batch: Batch) -> None:
        labels, means = class_means(batch.unit, batch.labels)
        before = self.shard.rows(self.clusters, labels)
        moved = self.momentum * before + (1 - self.momentum) * F.normalize(means).to(before)
        # A new tensor, because the backward pass still needs the old one.
        self.clusters = self.shard.replaced(self.clusters, labels, F.normalize(moved))

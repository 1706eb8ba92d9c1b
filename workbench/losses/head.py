"""The head: class weights, a margin, and the one formula that all class-based losses share."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workbench.checks import positive
from workbench.losses.batch import Batch
from workbench.losses.loss import Loss
from workbench.losses.softmax import ClassScores, Products
from workbench.losses.unpg import PairNegatives


class Head(Loss):
    """A class-based loss: one weight row for each class, a scale, and a margin on the own class.

        L = mean_i softplus(others_i - s psi_i)
        others_i = log sum_{c != y_i} exp(s cos_ic),   psi_i = target(cos_{i,y_i})

    which is the cross-entropy over s psi_i and the s cos_ic, without its N x C matrix. It is averaged over samples and
    over views. A subclass is one equation: it overrides `target`.

    Attributes:
        weight: [C, D], learned: give it to the optimiser. Starts as Normal(0, 0.01), as in InsightFace and
            ElasticFace. The loss does not depend on the length of its rows.
        products: what the factors of the products with the class weights are rounded to: "float32", or "bfloat16" where
            the processor multiplies such numbers faster; see `class_scores`. May be set at any time.
        sample_rate: share of the classes that a batch is compared with in training, in (0, 1]: those of the batch, and
            others drawn anew for each batch, as in Partial FC (An et al., CVPR 2022, 2203.15565). 1, all of them, by
            default. May be set at any time. The rows that are not drawn have a gradient of 0, but decay and go on by
            their momentum as any other parameter, where the released code leaves them alone.
        sampled: [M], the classes that the last batch was compared with, ascending; None if those were all. Where
            several processes share the loss, those of them whose draw concerns this one's classes.
        pair_negatives: UNPG's negatives from the pairs of the batch, which join those of the classes; None by default.
    """

    weight: nn.Parameter
    products: Products = "float32"
    sample_rate: float = 1.0
    sampled: Tensor | None = None
    normalize_features: ClassVar[bool] = True

    def __init__(self, dim: int, classes: int, *, scale: float = 64.0) -> None:
        super().__init__(dim, classes)
        self.scale = positive(type(self).__name__, "scale", scale)
        self.weight = nn.Parameter(torch.empty(len(self.shard.range), self.dim))
        self.pair_negatives: PairNegatives | None = None
        self.reset_parameters()

    def of_batch(self, batch: Batch, *, generator: torch.Generator | None, margins: Tensor | None) -> Tensor:
        """Return the mean loss of the batch."""
        samples = self.training and self.sample_rate < 1
        self.sampled = self.shard.sample(self.sample_rate, batch.labels, generator) if samples else None
        scores = self.scores(batch.unit if self.normalize_features else batch.embeddings, batch.labels)
        margin = self.draw_margin(scores.own, batch, generator) if margins is None else margins
        margin = self.assign_margin(scores.own, margin)
        own = scores.own.detach()
        self.observed = {
            "cosine": self.cosine(own, batch.norms.detach(), batch.labels),
            "correct": own > scores.rival,
            "margin": torch.as_tensor(margin, dtype=own.dtype, device=own.device).detach().expand_as(own),
        }
        others = scores.others
        if self.pair_negatives is not None:
            others = torch.logaddexp(others, self.pair_negatives(batch.unit, batch.labels, scale=self.scale))
        losses = F.softplus(others - self.scale * self.target(scores.own, margin, batch.norms), threshold=40)
        losses = losses + self.penalty(batch.norms)
        # The mean over no samples is a loss of 0 that still has a (zero) gradient.
        return losses.sum() / max(1, len(losses)) + self.regularise(batch)

    def scores(self, features: Tensor, labels: Tensor) -> ClassScores:
        """Compare features with the class weights."""
        return self.compared(features, labels)

    def compared(self, features: Tensor, labels: Tensor, **options: Any) -> ClassScores:
        """Compare features with the class weights under some further options of `class_scores`."""
        given: dict[str, Any] = {"weight": self.weight, "scale": self.scale, "products": self.products}
        return self.shard.scores(features, labels=labels, sampled=self.sampled, **(given | options))

    def draw_margin(self, cosine: Tensor, batch: Batch, generator: torch.Generator | None) -> Tensor | float:
        """Return the margin of each sample, or one for all: the fixed margin."""
        return self.margin

    def assign_margin(self, cosine: Tensor, margin: Tensor | float) -> Tensor | float:
        """Decide which sample gets which of the margins: each its own."""
        return margin

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return psi [N] for the own scores [N], their margins, and the norms [N] of the raw embeddings."""
        return own

    def penalty(self, norms: Tensor) -> Tensor | float:
        """Return what is added to the loss of each sample for the length of its embedding: nothing."""
        return 0.0

    def regularise(self, batch: Batch) -> Tensor | float:
        """Return what is added to the loss of the batch: nothing."""
        return 0.0

    def cosine(self, own: Tensor, norms: Tensor, labels: Tensor) -> Tensor:
        """Return the cosine [N] behind the own score [N]."""
        return own

    def extra_repr(self) -> str:
        """Show sizes and parameters as they were given."""
        shown = super().extra_repr()
        return shown if self.pair_negatives is None else f"{shown}, whisker={self.pair_negatives.whisker!r}"

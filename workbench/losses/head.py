"""The head: class weights, a margin, and the one formula that all class-based losses share."""

import inspect
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workbench.checks import bad_parameter, positive, whole
from workbench.losses.batch import Batch, prepare
from workbench.losses.softmax import ClassScores, class_scores
from workbench.losses.unpg import PairNegatives


class Head(nn.Module):
    """A class-based loss: one weight row for each class, a scale, and a margin on the own class.

        L = mean_i softplus(others_i - s psi_i)
        others_i = log sum_{c != y_i} exp(s cos_ic),   psi_i = target(cos_{i,y_i})

    which is the cross-entropy over s psi_i and the s cos_ic, without its N x C matrix. A subclass is one equation:
    it overrides `target`.

    Shape:
        embeddings: [N, D], or [V, N, D] for V views of the same samples, over which the loss is averaged. Any
            length: they are normalised here.
        labels: [N] integers in [0, C). A sample with label -1 is left out.
        output: a scalar in nats, in float32 or wider.

    Attributes:
        weight: [C, D]; row c points to the centre of class c. Starts as Normal(0, 0.01), as in InsightFace and
            ElasticFace. The loss does not depend on its length. Give it to the optimiser.
        scale: s, the factor of all cosines.
        margin: m, in `margin_unit`; 0 for a loss without margin.
        pair_negatives: UNPG's negatives from the pairs of the batch, which join those of the classes; None by default.
        views: how many views of each sample the loss wants from the model.
        margin_unit: "rad", "cosine", "factor" or "" (no margin).
        observed: the last batch, detached, one value for each row that was not left out: `cosine` to the own class,
            `correct` (the own class scores highest, before the margin), and the `margin` that was demanded.
    """

    views: int = 1
    margin: float = 0.0
    margin_unit: ClassVar[str] = ""
    normalize_features: ClassVar[bool] = True

    def __init__(self, dim: int, classes: int, *, scale: float = 64.0) -> None:
        super().__init__()
        owner = type(self).__name__
        self.scale = positive(owner, "scale", scale)
        dim = whole(owner, "dim", dim, least=1)
        classes = whole(owner, "classes", classes, least=2, hint="One class leaves nothing to tell apart.")
        self.weight = nn.Parameter(torch.empty(classes, dim))
        self.observed: Mapping[str, Tensor] = {}
        self.pair_negatives: PairNegatives | None = None
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the class weights anew from Normal(0, 0.01)."""
        nn.init.normal_(self.weight, std=0.01, generator=generator)

    @property
    def classes(self) -> int:
        """C, the number of classes."""
        return self.weight.shape[0]

    @property
    def dim(self) -> int:
        """D, the width of the embeddings."""
        return self.weight.shape[1]

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        *,
        generator: torch.Generator | None = None,
        margins: Tensor | None = None,
    ) -> Tensor:
        """Return the mean loss of the batch; see the class for shapes.

        Args:
            embeddings: [N, D] or [V, N, D].
            labels: [N].
            generator: source of the random draws of a loss that has any, torch's global one by default; ignored by
                the others. Draws are made on its device, so a CPU generator gives the same ones whatever trains.
            margins: a margin for each row to use instead of the loss's own, [N] or [V * N]: published draws can be
                replayed.

        Raises:
            ValueError: If the shapes do not fit, a label is out of range, or an embedding is NaN, infinite or zero.
        """
        owner = type(self).__name__
        batch = prepare(owner, embeddings, labels, dim=self.dim, classes=self.classes)
        scores = self.scores(batch.unit if self.normalize_features else batch.embeddings, batch.labels)
        given = None if margins is None else self._given(margins, embeddings, batch)
        margin = self.draw_margin(scores.own, batch, generator) if given is None else given
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
        return class_scores(features, self.weight, labels, scale=self.scale)

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

    def class_centres(self) -> Tensor:
        """Return one direction for each class, [C, D], without gradient: the weight rows."""
        return self.weight.detach()

    def cosine(self, own: Tensor, norms: Tensor, labels: Tensor) -> Tensor:
        """Return the cosine [N] behind the own score [N]."""
        return own

    def _given(self, margins: Tensor, embeddings: Tensor, batch: Batch) -> Tensor:
        rows = embeddings[..., 0].numel()
        if not self.margin_unit or margins.shape != (rows,):
            rule = f"of the shape [{rows}], one for each row" if self.margin_unit else "None: this loss has no margin"
            raise ValueError(bad_parameter(type(self).__name__, "margins", rule, list(margins.shape)))
        return margins.to(batch.norms) if batch.kept is None else margins.to(batch.norms)[batch.kept]

    def extra_repr(self) -> str:
        """Show sizes and parameters as they were given."""
        shown = [f"{name}={getattr(self, name)!r}" for name in inspect.signature(type(self)).parameters]
        return ", ".join(shown if self.pair_negatives is None else [*shown, f"whisker={self.pair_negatives.whisker!r}"])

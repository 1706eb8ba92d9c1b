"""What every loss is: a module that makes one number of embeddings and labels, and tells what it saw."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.checks import bad_parameter, whole
from workbench.losses.batch import Batch, prepare


class Loss(nn.Module, ABC):
    """A loss on the unit hypersphere.

    A `Head` compares samples with learned class centres, a `PairLoss` with each other. A subclass implements
    `of_batch`.

    Shape:
        embeddings: [N, D], or [V, N, D] for V views of the same samples. Any length: they are normalised here.
        labels: [N] integers in [0, C). A sample with label -1 is left out.
        output: a scalar in nats, in float32 or wider.

    Attributes:
        weight: [C, D]; row c points to the centre of class c.
        scale: s, the factor of all cosines; 1 for a loss without one.
        margin: m; 0 for a loss without margin.
        margin_unit: of the margin that is demanded of each sample: "rad", "cosine", "factor", or "" if none is.
        views: how many views of each sample the loss wants from the model.
        images_per_class: how many images of a class the loss wants to find in a batch.
        observed: the last batch, detached, one value for each row that was not left out: `cosine` to the own class,
            `correct` (the own class scores highest, before the margin), and the `margin` that was demanded.
        terms: the last batch, detached scalars by name: what was added to the class loss, before its weight, and
            what the loss remembers between batches; empty for most losses.
    """

    weight: Tensor
    scale: float = 1.0
    margin: float = 0.0
    margin_unit: ClassVar[str] = ""
    views: ClassVar[int] = 1
    images_per_class: ClassVar[int] = 1

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        owner = type(self).__name__
        self._dim = whole(owner, "dim", dim, least=1)
        self._classes = whole(owner, "classes", classes, least=2, hint="One class leaves nothing to tell apart.")
        self.observed: Mapping[str, Tensor] = {}
        self.terms: Mapping[str, Tensor] = {}

    @property
    def dim(self) -> int:
        """D, the width of the embeddings."""
        return self._dim

    @property
    def classes(self) -> int:
        """C, the number of classes."""
        return self._classes

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the class centres anew from Normal(0, 0.01)."""
        nn.init.normal_(self.weight, std=0.01, generator=generator)

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        *,
        generator: torch.Generator | None = None,
        margins: Tensor | None = None,
    ) -> Tensor:
        """Return the loss of the batch; see the class for shapes.

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
        # The loss is computed in full precision whatever the model was run in.
        with torch.autocast(embeddings.device.type, enabled=False):
            batch = prepare(type(self).__name__, embeddings, labels, dim=self.dim, classes=self.classes)
            given = None if margins is None else self._given(margins, embeddings, batch)
            return self.of_batch(batch, generator=generator, margins=given)

    @abstractmethod
    def of_batch(self, batch: Batch, *, generator: torch.Generator | None, margins: Tensor | None) -> Tensor:
        """Return the loss of a checked batch, and set `observed`; 0 with a gradient of 0 for a batch without rows."""

    def class_centres(self) -> Tensor:
        """Return one direction for each class, [C, D], without gradient: the rows of `weight`."""
        return self.weight.detach()

    def _given(self, margins: Tensor, embeddings: Tensor, batch: Batch) -> Tensor:
        rows = embeddings[..., 0].numel()
        if not self.margin_unit or margins.shape != (rows,):
            rule = f"of the shape [{rows}], one for each row" if self.margin_unit else "None: this loss has no margin"
            if not self.margin_unit and self.margin:
                rule = "None: the margin of this loss lies between pairs"
            raise ValueError(bad_parameter(type(self).__name__, "margins", rule, list(margins.shape)))
        return margins.to(batch.norms) if batch.kept is None else margins.to(batch.norms)[batch.kept]

    def extra_repr(self) -> str:
        """Show sizes and parameters as they were given."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in inspect.signature(type(self)).parameters)

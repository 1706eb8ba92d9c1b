"""What every loss is: a module that makes one number of embeddings and labels, and tells what it saw."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.checks import bad_parameter, whole
from workbench.losses.batch import Batch, prepare
from workbench.losses.shard import Shard
from workbench.sharding import current


class Loss(nn.Module, ABC):
    """A loss on the unit hypersphere.

    A `Head` compares samples with learned class centres, a `PairLoss` with each other. A subclass implements
    `of_batch`.

    Created inside `workbench.sharding.among(processes)`, it is shared by them: each holds the rows of its own range of
    classes, is given its own part of the batch, as large as every other's, and returns the loss of the whole batch,
    with the gradient of that.

    Shape:
        embeddings: [N, D], or [V, N, D] for V views of the same samples. Any length: they are normalised here.
        labels: [N] integers in [0, C). A sample with label -1 is left out.
        output: a scalar in nats, in float32 or wider.

    Attributes:
        weight: [C, D]; row c points to the centre of class c. The rows of this process, if others share the loss.
        by_class: names of all parameters and buffers that have rows for each class, and are split with them.
        shard: which classes are here: all of them, unless other processes share the loss.
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
    by_class: ClassVar[tuple[str, ...]] = ("weight",)
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
        self.shard = Shard(current(), self._classes)
        if self.shard.processes.size > self._classes:
            raise ValueError(
                f"{owner} has {self._classes} classes, which {self.shard.processes.size} processes cannot share: each "
                f"needs one at least. Start fewer processes."
            )
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
        """Draw the class centres anew from Normal(0, 0.01): those of this process out of the draws of all."""
        if self.shard.whole:
            nn.init.normal_(self.weight, std=0.01, generator=generator)
            return
        with torch.no_grad():
            rows_each = len(self.weight) // len(self.shard.range)
            first = self.shard.range.start * rows_each
            for start, rows in _normal_rows(self.classes * rows_each, self.weight, generator):
                low, high = max(start, first), min(start + len(rows), first + len(self.weight))
                if low < high:
                    self.weight[low - first : high - first] = 0.01 * rows[low - start : high - start]

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
            embeddings: [N, D] or [V, N, D]; of this process, where several share the loss.
            labels: [N]; of this process.
            generator: source of the random draws of a loss that has any, torch's global one by default; ignored by
                the others. Draws are made on its device, so a CPU generator gives the same ones whatever trains. They
                are those of the whole batch: processes that share a loss must give generators of one seed.
            margins: a margin for each row to use instead of the loss's own, [N] or [V * N]: published draws can be
                replayed. Of the whole batch, where several processes share the loss.

        Raises:
            ValueError: If the shapes do not fit, a label is out of range, or an embedding is NaN, infinite or zero.
        """
        # The loss is computed in full precision whatever the model was run in.
        with torch.autocast(embeddings.device.type, enabled=False):
            if not self.shard.whole:
                embeddings, labels = (
                    self.shard.processes.gathered(part, dim) for part, dim in ((embeddings, -2), (labels, -1))
                )
            batch = prepare(type(self).__name__, embeddings, labels, dim=self.dim, classes=self.classes)
            given = None if margins is None else self._given(margins, embeddings, batch)
            return self.of_batch(batch, generator=generator, margins=given)

    @abstractmethod
    def of_batch(self, batch: Batch, *, generator: torch.Generator | None, margins: Tensor | None) -> Tensor:
        """Return the loss of a checked batch, and set `observed`; 0 with a gradient of 0 for a batch without rows."""

    def class_centres(self) -> Tensor:
        """Return one direction for each class that is here, [C, D], without gradient: the rows of `weight`."""
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


def _normal_rows(
    total: int, like: Tensor, generator: torch.Generator | None, *, at_once: int = 4096
) -> Iterator[tuple[int, Tensor]]:
    """Yield draws from Normal(0, 1) for `total` rows, some thousand at a time, with the number of their first.

    They are those that one call for all rows makes: torch draws normal numbers sixteen by sixteen, and the last sixteen
    anew where they do not fill up, so that every part but the last has to be whole sixteens.
    """
    starts = [*range(0, max(1, total - at_once + 1), at_once)]
    for start, stop in zip(starts, [*starts[1:], total], strict=True):
        yield start, torch.randn(stop - start, like.shape[1], dtype=like.dtype, device=like.device, generator=generator)

"""What every loss does with its input first: check it, flatten the views, leave out samples without a class."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

IGNORED = -1
"""Label of a sample that has no class: it takes no part in the loss."""


class Batch(NamedTuple):
    """A checked batch: V views of N samples become rows, and rows without a class are gone."""

    embeddings: Float[Tensor, "rows dim"]
    unit: Float[Tensor, "rows dim"]
    """The embeddings, divided by their norms."""
    labels: Int[Tensor, " rows"]
    norms: Float[Tensor, " rows"]
    views: int
    """V; rows of one view stand together."""
    kept: Bool[Tensor, " all_rows"] | None
    """Which of the V * N rows are still there; None if all are."""


def prepare(owner: str, embeddings: Tensor, labels: Tensor, *, dim: int, classes: int) -> Batch:
    """Return the batch that a loss computes with, in float32 or wider.

    Args:
        owner: name of the loss, for the errors.
        embeddings: [N, D] or [V, N, D].
        labels: [N] integers in [0, classes), or -1 to leave a sample out.
        dim: D.
        classes: C.

    Raises:
        ValueError: If the shapes do not fit, a label is out of range, or an embedding is NaN, infinite or zero.
    """
    if embeddings.ndim not in (2, 3) or embeddings.shape[-1] != dim:
        raise ValueError(
            f"The embeddings given to {owner} must have the shape [N, {dim}] or [V, N, {dim}]. Got "
            f"{list(embeddings.shape)} instead. Give the model and the loss the same dim."
        )
    if labels.shape != embeddings.shape[-2:-1] or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"The labels given to {owner} must be {embeddings.shape[-2]} integers, one for each embedding. "
            f"Got {labels.dtype} of shape {list(labels.shape)} instead."
        )
    rows = embeddings.reshape(-1, dim).to(torch.promote_types(embeddings.dtype, torch.float32))
    views = len(embeddings) if embeddings.ndim == 3 else 1
    labels = labels.long().repeat(views)
    norms = torch.linalg.vector_norm(rows, dim=1)
    sound = norms.isfinite() & (norms > 0) & (labels < classes) & (labels >= IGNORED)
    kept = labels != IGNORED
    # Both questions in one synchronisation with the device.
    all_sound, all_kept = torch.stack([sound.all(), kept.all()]).tolist()
    if not all_sound:
        raise ValueError(_complaint(owner, norms, labels[: embeddings.shape[-2]], classes))
    if all_kept:
        return Batch(rows, rows / norms[:, None], labels, norms, views, None)
    rows, norms = rows[kept], norms[kept]
    return Batch(rows, rows / norms[:, None], labels[kept], norms, views, kept)


def class_means(
    unit: Float[Tensor, "rows dim"], labels: Int[Tensor, " rows"]
) -> tuple[Int[Tensor, " classes"], Float[Tensor, "classes dim"]]:
    """Return the labels that occur, ascending, and the mean of the unit vectors of each, not normalised."""
    present, position, counts = labels.unique(return_inverse=True, return_counts=True)
    sums = unit.new_zeros(len(present), unit.shape[1]).index_add(0, position, unit)
    return present, sums / counts[:, None]


def _complaint(owner: str, norms: Tensor, labels: Tensor, classes: int) -> str:
    wrong = ((labels >= classes) | (labels < IGNORED)).nonzero().flatten()
    if len(wrong):
        return (
            f"The labels given to {owner} must lie in [0, {classes}), or be -1 to leave a sample out. Got "
            f"{int(labels[wrong[0]])} at position {int(wrong[0])} ({len(wrong)} out of range). Number the classes "
            f"from 0, or create the loss with more classes."
        )
    unsound = (~norms.isfinite()).nonzero().flatten()
    if len(unsound):
        return (
            f"The embeddings given to {owner} must be finite. Row {int(unsound[0])} holds NaN or infinity "
            f"({len(unsound)} such rows of {len(norms)}). Look for NaN in the images; in training, a smaller "
            f"learning rate or gradient clipping usually cures it."
        )
    zeros = (norms == 0).nonzero().flatten()
    return (
        f"The embeddings given to {owner} must have a direction. Row {int(zeros[0])} is a zero vector "
        f"({len(zeros)} such rows of {len(norms)}). A model that ends in a ReLU makes such rows."
    )

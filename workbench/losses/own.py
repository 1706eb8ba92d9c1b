"""The own class of each sample: its score, and what that pulls."""

from typing import NamedTuple

import torch
from torch import Tensor


class OwnScores(NamedTuple):
    """Each sample beside its own class, in the precision of the features."""

    score: Tensor
    """x_i . w^_{y_i} of the nearest centre of the own class, [N]."""
    row: Tensor
    """Which row of the weight that centre is, [N]."""
    direction: Tensor
    """That row, divided by its norm if lengths do not count, [N, D]."""
    inverse: Tensor | None
    """One over its norm, [N, 1]; None where lengths count."""


def own_scores(features: Tensor, weight: Tensor, labels: Tensor, *, centres: int, normalize: bool) -> OwnScores:
    """Score each of [N] features against its own class; a label of -1 has none, and its score means nothing."""
    rows = labels.clamp_min(0)[:, None] * centres + torch.arange(centres, device=labels.device)
    directions = weight[rows].to(features.dtype)
    inverse = inverse_norms(directions, features.dtype)[..., None] if normalize else None
    if inverse is not None:
        directions = directions * inverse
    score, nearest = torch.einsum("nd,nkd->nk", features, directions).max(1)
    everyone = torch.arange(len(features), device=labels.device)
    return OwnScores(
        score,
        rows[everyone, nearest],
        directions[everyone, nearest],
        None if inverse is None else inverse[everyone, nearest],
    )


def pull_by_own(
    own: OwnScores, pull: Tensor, features: Tensor, grad_features: Tensor | None, grad_weight: Tensor | None
) -> None:
    """Add the gradient of sum_i pull_i own_i, in place, to the gradients that are wanted."""
    if grad_features is not None:
        grad_features.addcmul_(own.direction, pull[:, None])
    if grad_weight is not None:
        toward = features
        if own.inverse is not None:
            toward = (features - own.score[:, None] * own.direction) * own.inverse
        grad_weight.index_add_(0, own.row, (pull[:, None] * toward).to(grad_weight.dtype))


def inverse_norms(rows: Tensor, dtype: torch.dtype) -> Tensor:
    """One over the norm of each row, [..., D] -> [...]; 0 for a row of zeros and what is as short as nothing."""
    norms = torch.linalg.vector_norm(rows, dim=-1, dtype=dtype)
    return torch.where(norms > 10 * torch.finfo(dtype).tiny ** 0.5, 1 / norms, 0.0)

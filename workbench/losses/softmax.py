"""The log-sum-exp over class negatives, streamed over blocks of classes: the one expensive piece of every head.

A margin softmax compares one positive with a set of negatives,

    L_i = log(1 + sum_{c != y_i} exp(s v_ic) / exp(s psi_i)) = softplus(LSE_i - s psi_i),

and only `LSE_i` and the own score need the C class weights. Both come from here. The N x C matrix of scores is
never held: a block of classes is scored, folded into a running log-sum-exp and dropped, and the backward pass
scores it again. The own class is *left out* of the sum. Subtracting it afterwards would lose every digit in
float32 once training works, because then the own class is almost the whole sum.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

# Scores held at one time, 4 MB in float32. Smaller blocks would fit a nearer cache, but each block starts a dozen
# parallel loops, and on a busy machine every start waits for all cores.
_SCORES_AT_ONCE = 2**20


class ClassScores(NamedTuple):
    """What a head needs to know of its class weights."""

    own: Float[Tensor, " batch"]
    """Score of the own class, x_i . w^_{y_i}: the cosine where the features are unit vectors."""
    others: Float[Tensor, " batch"]
    """log sum_{c != y_i} exp(scale x_i . w^_c), minus infinity where there is no other class."""
    rival: Float[Tensor, " batch"]
    """max_{c != y_i} x_i . w^_c, the score of the nearest wrong class. Carries no gradient."""


def class_scores(
    features: Float[Tensor, "batch dim"],
    weight: Float[Tensor, "classes dim"],
    labels: Int[Tensor, " batch"],
    *,
    scale: float,
    normalize_weight: bool = True,
    block: int | None = None,
) -> ClassScores:
    """Score every feature against its own class and against all others.

        own_i = x_i . w^_{y_i}        others_i = log sum_{c != y_i} exp(scale x_i . w^_c)

    Equal to `scores = features @ F.normalize(weight).T`, its gather, and a masked `logsumexp`, at four matrix
    products for forward and backward together and with at most `batch x block` scores in memory. A row maximum
    is carried from block to block, so neither a large scale nor far-away negatives overflow or underflow.
    Differentiable once, with respect to `features` and `weight`.

    Args:
        features: What is compared, shape [N, D]; unit vectors give cosines. Half precision is computed in float32.
        weight: One row for each class, shape [C, D]. A row of zeros has no direction: it scores 0 and gets no gradient.
        labels: Own class of each feature, in [0, C), shape [N]. Not checked here: a head has done it.
        scale: Factor s of the scores inside the exponent, in (0, inf).
        normalize_weight: Divide each row by its norm (w^ = w / |w|), the default; otherwise take it as it is.
        block: Classes scored at one time; by default as many as fill about four megabytes.
    """
    precise = torch.promote_types(torch.promote_types(features.dtype, weight.dtype), torch.float32)
    if block is None:
        block = max(64, _SCORES_AT_ONCE // max(1, len(features)))
    with torch.autocast(features.device.type, enabled=False):
        scores = _StreamedScores.apply(features.to(precise), weight, labels, scale, normalize_weight, block)  # type: ignore[no-untyped-call]
    return ClassScores(*scores)


class _StreamedScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, labels: Tensor, scale: float, normalize: bool, block: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        inverse = _inverse_norms(weight, features.dtype) if normalize else None
        own = features.new_zeros(len(features))
        peak = features.new_full((len(features),), -torch.inf)
        total = torch.zeros_like(own)
        scaled = features * scale
        for start in range(0, len(weight), block):
            logits = scaled @ _rows(weight, inverse, start, block, features.dtype).T
            columns, inside = _own_columns(labels, start, logits.shape[1])
            at_own = logits.gather(1, columns)
            own = torch.where(inside, at_own, own[:, None]).squeeze(1)
            logits.scatter_(1, columns, torch.where(inside, -torch.inf, at_own))
            higher = torch.maximum(peak, logits.amax(1))
            # Where nothing but the own class was seen, the peak is still -inf and the difference would be NaN.
            shift = torch.where(higher == -torch.inf, 0.0, higher)
            total = total * (peak - shift).exp() + logits.sub_(shift[:, None]).exp_().sum(1)
            peak = higher
        others = peak + total.log()
        ctx.save_for_backward(features, weight, labels, others, inverse)
        ctx.scale, ctx.block = scale, block
        rival = peak / scale
        ctx.mark_non_differentiable(rival)
        return own / scale, others, rival

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_own: Tensor, grad_others: Tensor, _grad_rival: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None, None, None]:
        features, weight, labels, others, inverse = ctx.saved_tensors
        wants_features, wants_weight = ctx.needs_input_grad[:2]
        grad_features = torch.zeros_like(features) if wants_features else None
        grad_weight = torch.empty_like(weight) if wants_weight else None
        scaled = features * ctx.scale
        shift = torch.where(others == -torch.inf, 0.0, others)[:, None]
        pull = (grad_others * ctx.scale)[:, None]
        with torch.autocast(features.device.type, enabled=False):
            for start in range(0, len(weight), ctx.block):
                rows = _rows(weight, inverse, start, ctx.block, features.dtype)
                # d own is put into the own column, so that it shares the products with the negatives.
                slope = (scaled @ rows.T).sub_(shift)
                columns, inside = _own_columns(labels, start, slope.shape[1])
                slope.scatter_(1, columns, torch.where(inside, -torch.inf, slope.gather(1, columns)))
                slope.exp_().mul_(pull)
                slope.scatter_add_(1, columns, torch.where(inside, grad_own[:, None], 0.0))
                if grad_features is not None:
                    grad_features.addmm_(slope, rows)
                if grad_weight is not None:
                    toward = slope.T @ features
                    if inverse is not None:
                        # The norm does not matter, so the gradient has no part along the row.
                        toward.addcmul_(rows, (rows * toward).sum(1, keepdim=True), value=-1)
                        toward.mul_(inverse[start : start + ctx.block, None])
                    grad_weight[start : start + ctx.block] = toward
        return grad_features, grad_weight, None, None, None, None


def _inverse_norms(weight: Tensor, dtype: torch.dtype) -> Tensor:
    norms = torch.linalg.vector_norm(weight, dim=1, dtype=dtype)
    return torch.where(norms > 0, 1 / norms, 0.0)


def _rows(weight: Tensor, inverse: Tensor | None, start: int, block: int, dtype: torch.dtype) -> Tensor:
    rows = weight[start : start + block].to(dtype)
    return rows if inverse is None else rows * inverse[start : start + block, None]


def _own_columns(labels: Tensor, start: int, width: int) -> tuple[Tensor, Tensor]:
    """Column of the own class within a block, [N, 1], and whether it lies in the block at all."""
    columns = (labels - start)[:, None]
    return columns.clamp(0, width - 1), (columns >= 0) & (columns < width)

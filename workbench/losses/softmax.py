"""The log-sum-exp over class negatives, streamed over blocks of classes: the one expensive piece of every head.

A margin softmax compares one positive with a set of negatives,

    L_i = log(1 + sum_{c != y_i} exp(s v_ic) / exp(s psi_i)) = softplus(LSE_i - s psi_i),

and only `LSE_i` and the own score need the C class weights. Both come from here. The N x C matrix of scores is
never held: a block of classes is scored, folded into a running log-sum-exp and dropped, and the backward pass
scores it again. The own class is *left out* of the sum. Subtracting it afterwards would lose every digit in
float32 once training works, because then the own class is almost the whole sum.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

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


class Reshape(Protocol):
    """What a loss makes of the negatives before they are summed, element by element."""

    def of(self, rows: Int[Tensor, " some"]) -> "Reshape":
        """Return what it is for some rows of the batch, by their numbers."""

    def value(self, scores: Float[Tensor, "batch block"]) -> Float[Tensor, "batch block"]:
        """Return the reshaped scores of a block of classes."""

    def slope(self, scores: Float[Tensor, "batch block"]) -> Float[Tensor, "batch block"]:
        """Return d value / d score."""


def class_scores(
    features: Float[Tensor, "batch dim"],
    weight: Float[Tensor, "classes dim"],
    labels: Int[Tensor, " batch"],
    *,
    scale: float,
    normalize_weight: bool = True,
    centres: int = 1,
    reshape: Reshape | None = None,
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
        centres: K rows for each class, [C K, D], row c K + k; the score of a class is that of the nearest of them.
        reshape: What becomes of the negatives' scores before they enter the sum; they stay as they are by default.
        normalize_weight: Divide each row by its norm (w^ = w / |w|), the default; otherwise take it as it is.
        block: Classes scored at one time; by default as many as fill about four megabytes.
    """
    precise = torch.promote_types(torch.promote_types(features.dtype, weight.dtype), torch.float32)
    if block is None:
        block = max(64, _SCORES_AT_ONCE // max(1, len(features) * centres))
    with torch.autocast(features.device.type, enabled=False):
        options = _Options(scale, normalize_weight, centres, reshape, block)
        scores = _StreamedScores.apply(features.to(precise), weight, labels, options)  # type: ignore[no-untyped-call]
    return ClassScores(*scores)


class _Options(NamedTuple):
    scale: float
    normalize: bool
    centres: int
    reshape: Reshape | None
    block: int


class _StreamedScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, labels: Tensor, options: _Options
    ) -> tuple[Tensor, Tensor, Tensor]:
        scale, reshape = options.scale, options.reshape
        inverse = _inverse_norms(weight, features.dtype) if options.normalize else None
        own = features.new_zeros(len(features))
        peak, rival = (features.new_full((len(features),), -torch.inf) for _ in range(2))
        total = torch.zeros_like(own)
        scaled = features * scale
        for start, rows in _blocks(weight, inverse, options, features.dtype):
            logits = _nearest(scaled @ rows.T, options.centres)
            columns, inside = _own_columns(labels, start, logits.shape[1])
            at_own = logits.gather(1, columns)
            own = torch.where(inside, at_own, own[:, None]).squeeze(1)
            if reshape is not None:
                rival = torch.maximum(rival, _without(logits, columns, inside).amax(1))
                logits = reshape.value(logits / scale) * scale
            logits = _without(logits, columns, inside)
            higher = torch.maximum(peak, logits.amax(1))
            # Where nothing but the own class was seen, the peak is still -inf and the difference would be NaN.
            shift = torch.where(higher == -torch.inf, 0.0, higher)
            total = total * (peak - shift).exp() + logits.sub_(shift[:, None]).exp_().sum(1)
            peak = higher
        others = peak + total.log()
        ctx.save_for_backward(features, weight, labels, others, inverse)
        ctx.options = options
        rival = (peak if reshape is None else rival) / scale
        ctx.mark_non_differentiable(rival)
        return own / scale, others, rival

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_own: Tensor, grad_others: Tensor, _grad_rival: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        features, weight, labels, others, inverse = ctx.saved_tensors
        options: _Options = ctx.options
        wants_features, wants_weight = ctx.needs_input_grad[:2]
        grad_features = torch.zeros_like(features) if wants_features else None
        grad_weight = torch.empty_like(weight) if wants_weight else None
        felt = _felt(grad_own, grad_others)
        x, labels, others, grad_own = features[felt], labels[felt], others[felt], grad_own[felt]
        reshape = options.reshape and options.reshape.of(felt)
        scaled = x * options.scale
        shift = torch.where(others == -torch.inf, 0.0, others)[:, None]
        pull = (grad_others[felt] * options.scale)[:, None]
        grad_x = torch.zeros_like(x)
        with torch.autocast(features.device.type, enabled=False):
            for start, rows in _blocks(weight, inverse, options, features.dtype):
                every = scaled @ rows.T
                slope = _nearest(every, options.centres)
                columns, inside = _own_columns(labels, start, slope.shape[1])
                if reshape is None:
                    slope = _without(slope.sub_(shift), columns, inside).exp_().mul_(pull)
                else:
                    scores = slope / options.scale
                    slope = _without(reshape.value(scores) * options.scale - shift, columns, inside)
                    slope = slope.exp_().mul_(pull).mul_(reshape.slope(scores))
                # d own is put into the own column, so that it shares the products with the negatives.
                slope.scatter_add_(1, columns, torch.where(inside, grad_own[:, None], 0.0))
                slope = _to_nearest(slope, every, options.centres)
                if wants_features:
                    grad_x.addmm_(slope, rows)
                if grad_weight is not None:
                    toward = slope.T @ x
                    first = start * options.centres
                    if inverse is not None:
                        # The norm does not matter, so the gradient has no part along the row.
                        toward.addcmul_(rows, (rows * toward).sum(1, keepdim=True), value=-1)
                        toward.mul_(inverse[first : first + len(rows), None])
                    grad_weight[first : first + len(rows)] = toward
        if grad_features is not None:
            grad_features[felt] = grad_x
        return grad_features, grad_weight, None, None


def _felt(grad_own: Tensor, grad_others: Tensor) -> Tensor:
    """Return the numbers of the samples whose pull is more than rounding: all at first, few once training works.

    What the others would add to any gradient is, all together, at most eps / 2 of what the strongest pull adds, half a
    unit in its last place.
    """
    pull = torch.maximum(grad_own.abs(), grad_others.abs())
    if not len(pull):
        return pull.nonzero().squeeze(1)
    least = pull.amax() * (torch.finfo(pull.dtype).eps / (2 * len(pull)))
    return (~(pull <= least)).nonzero().squeeze(1)  # NaN is felt


def _inverse_norms(weight: Tensor, dtype: torch.dtype) -> Tensor:
    norms = torch.linalg.vector_norm(weight, dim=1, dtype=dtype)
    return torch.where(norms > 0, 1 / norms, 0.0)


def _blocks(
    weight: Tensor, inverse: Tensor | None, options: _Options, dtype: torch.dtype
) -> Iterator[tuple[int, Tensor]]:
    """Yield the first class of each block, and the rows of its classes as they are multiplied."""
    for start in range(0, len(weight) // options.centres, options.block):
        part = slice(start * options.centres, (start + options.block) * options.centres)
        rows = weight[part].to(dtype)
        yield start, rows if inverse is None else rows * inverse[part, None]


def _nearest(scores: Tensor, centres: int) -> Tensor:
    """Score of each class: that of the nearest of its centres, [N, B K] -> [N, B]. With one centre, the same tensor."""
    return scores if centres == 1 else scores.view(len(scores), -1, centres).amax(2)


def _to_nearest(slope: Tensor, scores: Tensor, centres: int) -> Tensor:
    """Hand the slope of each class to the nearest of its centres, [N, B] -> [N, B K]."""
    if centres == 1:
        return slope
    nearest = scores.view(len(scores), -1, centres).argmax(2, keepdim=True)
    return torch.zeros_like(scores).view(len(scores), -1, centres).scatter_(2, nearest, slope[:, :, None]).flatten(1)


def _without(logits: Tensor, columns: Tensor, inside: Tensor) -> Tensor:
    """Leave the own class out of a block, in place."""
    return logits.scatter_(1, columns, torch.where(inside, -torch.inf, logits.gather(1, columns)))


def _own_columns(labels: Tensor, start: int, width: int) -> tuple[Tensor, Tensor]:
    """Column of the own class within a block, [N, 1], and whether it lies in the block at all."""
    columns = (labels - start)[:, None]
    return columns.clamp(0, width - 1), (columns >= 0) & (columns < width)

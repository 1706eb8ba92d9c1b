"""The log-sum-exp over class negatives, streamed over blocks of classes: the one expensive piece of every head.

A margin softmax compares one positive with a set of negatives,

    L_i = log(1 + sum_{c != y_i} exp(s v_ic) / exp(s psi_i)) = softplus(LSE_i - s psi_i),

and only `LSE_i` and the own score need the C class weights. Both come from here. The N x C matrix of scores is
never held: a block of classes is scored, folded into a running log-sum-exp and dropped, and the backward pass
scores it again, but for the first few blocks, which are kept. The own class is *left out* of the sum. Subtracting it
afterwards would lose every digit in float32 once training works, because then the own class is almost the whole sum.

Scores are laid out [classes, samples]: so all three products run over rows as they lie in memory.
"""

import functools
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, Protocol, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from workbench.checks import one_of
from workbench.losses.own import OwnScores, inverse_norms, own_scores, pull_by_own

Products = Literal["float32", "bfloat16"]
"""What the factors of the matrix products are rounded to; sums are float32 either way."""

# Scores held at one time, 4 MB in float32. Smaller blocks would fit a nearer cache, but each block starts a dozen
# parallel loops, and on a busy machine every start waits for all cores.
_SCORES_AT_ONCE = 2**20
# The same on a GPU: a starting kernel costs more than passing over 64 million numbers that no cache holds anyway.
_SCORES_AT_ONCE_ON_GPU = 2**26
# Scores kept for the backward pass, 40 MB in float32: next to the class weights and their gradient nobody misses it.
_SCORES_KEPT = 10 * _SCORES_AT_ONCE


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
        """Return the reshaped scores of a block of classes; may overwrite what it is given."""

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
    products: Products = "float32",
    block: int | None = None,
) -> ClassScores:
    """Score every feature against its own class and against all others.

        own_i = x_i . w^_{y_i}        others_i = log sum_{c != y_i} exp(scale x_i . w^_c)

    Equal to `scores = features @ F.normalize(weight).T`, its gather, and a masked `logsumexp`, at four matrix
    products for forward and backward together, or less: blocks that are kept are not scored again (40 MB of them in
    float32), and samples that training has done with are left out of the backward pass (see `_felt`). A row maximum
    is carried from block to block, so neither a large scale nor far-away negatives overflow or underflow.
    Differentiable once, with respect to `features` and `weight`.

    Args:
        features: What is compared, shape [N, D]; unit vectors give cosines. Half precision is computed in float32.
        weight: One row for each class, shape [C, D]. A row of zeros has no direction: it scores 0 and gets no
            gradient. So does a row whose squares leave the floating-point range, shorter than about 1e-18 in float32.
        labels: Own class of each feature, in [0, C), shape [N]. Not checked here: a head has done it. -1 is none of
            these classes: all of them are others then, and the own score means nothing.
        scale: Factor s of the scores inside the exponent, in (0, inf).
        normalize_weight: Divide each row by its norm (w^ = w / |w|), the default; otherwise take it as it is.
        centres: K rows for each class, [C K, D], row c K + k; the score of a class is that of the nearest of them.
        reshape: What becomes of the negatives' scores before they enter the sum; they stay as they are by default.
        products: "float32" by default. "bfloat16" rounds the factors of the matrix products to 8 bits, three decimal
            places of a cosine, where the processor multiplies such numbers (AMX, AVX512-BF16, CUDA), and is float32
            elsewhere; the own score is float32 always.
        block: Classes scored at one time; by default as many as fill about four megabytes, 256 on a GPU; not
            used where the kernels of `fused` compute.

    Raises:
        ValueError: If `products` is neither.
    """
    one_of("class_scores", "products", products, get_args(Products))
    precise = torch.promote_types(torch.promote_types(features.dtype, weight.dtype), torch.float32)
    if block is None:
        at_once = _SCORES_AT_ONCE_ON_GPU if features.is_cuda else _SCORES_AT_ONCE
        block = max(64, at_once // max(1, len(features) * centres))
    with torch.autocast(features.device.type, enabled=False):
        features, rounded = features.to(precise), products == "bfloat16"
        if rounded and features.is_cuda and reshape is None and centres == 1 and _has_triton():
            from workbench.losses.fused import FusedScores

            scores = FusedScores.apply(  # type: ignore[no-untyped-call]
                features, weight, labels, scale, normalize_weight
            )
        else:
            options = _Options(scale, normalize_weight, centres, reshape, rounded, block)
            scores = _StreamedScores.apply(features, weight, labels, options)  # type: ignore[no-untyped-call]
    return ClassScores(*scores)


@functools.cache
def _has_triton() -> bool:
    return importlib.util.find_spec("triton") is not None


class _Options(NamedTuple):
    scale: float
    normalize: bool
    centres: int
    reshape: Reshape | None
    rounded: bool
    block: int


class _StreamedScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, labels: Tensor, options: _Options
    ) -> tuple[Tensor, Tensor, Tensor]:
        inverse = inverse_norms(weight, features.dtype) if options.normalize else None
        own = own_scores(features, weight, labels, centres=options.centres, normalize=options.normalize)
        peak, rival = (features.new_full((len(features),), -torch.inf) for _ in range(2))
        total = torch.zeros_like(own.score)
        scaled = features * options.scale
        room = 0 if options.rounded or not any(ctx.needs_input_grad) else _SCORES_KEPT
        kept: list[Tensor] = []
        with _rounding(options.rounded):
            for number, block in enumerate(_blocks(scaled, weight, inverse, labels, options)):
                keeps = number == len(kept) and room >= block.scratch[0].numel()  # the first ones, without a gap
                products = _product(block.rows, scaled.T, options.rounded, out=None if keeps else block.scratch[0])
                if keeps:
                    kept.append(products)
                    room -= products.numel()
                logits = _nearest(block.directed(products), options.centres)
                block.set_own(logits, -torch.inf)
                if options.reshape is not None:
                    rival = torch.maximum(rival, logits.amax(0))
                    logits = options.reshape.value(logits.div_(options.scale).T).T.mul_(options.scale)
                    block.set_own(logits, -torch.inf)
                higher = torch.maximum(peak, logits.amax(0))
                # Where nothing but the own class was seen, the peak is still -inf and the difference would be NaN.
                shift = torch.where(higher == -torch.inf, 0.0, higher)
                total = total * (peak - shift).exp() + logits.sub_(shift).exp_().sum(0)
                peak = higher
        others = peak + total.log()
        ctx.save_for_backward(features, weight, labels, others, inverse, *own, *kept)
        ctx.options = options
        rival = (peak if options.reshape is None else rival) / options.scale
        ctx.mark_non_differentiable(rival)
        return own.score, others, rival

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_own: Tensor, grad_others: Tensor, _grad_rival: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        features, weight, labels, others, inverse, *rest = ctx.saved_tensors
        own, kept = OwnScores(*rest[:4]), rest[4:]
        options: _Options = ctx.options
        wants_features, wants_weight = ctx.needs_input_grad[:2]
        felt = _felt(grad_others)
        everyone = len(felt) == len(features)
        scaled, pull = features[felt] * options.scale, grad_others[felt]
        pulled = scaled * pull[:, None]
        shift = torch.where(others == -torch.inf, 0.0, others)[felt]
        reshape = options.reshape and options.reshape.of(felt)
        grad_scaled = torch.zeros_like(scaled)
        grad_weight = torch.empty_like(weight) if wants_weight else None
        with torch.autocast(features.device.type, enabled=False), _rounding(options.rounded):
            for number, block in enumerate(_blocks(scaled, weight, inverse, labels[felt], options)):
                if number < len(kept):
                    products = kept[number]
                    if not everyone:
                        products = torch.index_select(products, 1, felt, out=block.scratch[0])
                else:
                    products = _product(block.rows, scaled.T, options.rounded, out=block.scratch[0])
                every = block.directed(products)
                logits = _nearest(every, options.centres)
                if reshape is not None:
                    scores = logits.div_(options.scale).T
                    steepness = reshape.slope(scores).T
                    logits = reshape.value(scores).T.mul_(options.scale)
                # A softmax over all others: what a pull of 1 does to each. The own class is no other.
                slope = block.set_own(logits.sub_(shift).exp_(), 0.0)
                if reshape is not None:
                    slope.mul_(steepness)
                slope = _to_nearest(slope, every, options.centres)
                along = block.slope_along(products, slope, pull)
                if block.inverse is not None:
                    slope.mul_(block.inverse)
                if wants_features:
                    grad_scaled += _product(slope.T, block.rows, options.rounded)
                if grad_weight is not None:
                    gradient = grad_weight[block.part]
                    if gradient.dtype == slope.dtype:
                        _product(slope, pulled, options.rounded, out=gradient)
                    else:
                        gradient.copy_(_product(slope, pulled, options.rounded))
                    if along is not None:
                        gradient.addcmul_(block.rows, along, value=-1)
        grad_features = None
        if wants_features:
            grad_features = torch.zeros_like(features)
            grad_features.index_add_(0, felt, grad_scaled * (pull * options.scale)[:, None])
        pull_by_own(own, grad_own, features, grad_features, grad_weight)
        return grad_features, grad_weight, None, None


def _felt(grad_others: Tensor) -> Tensor:
    """Return the numbers of the samples whose pull is more than rounding: all at first, few once training works.

    What a sample left out would add to any gradient is at most eps / 2 of what the strongest one adds, half a unit in
    its last place; all that are left out together, at most half of the N eps by which a sum over N samples may be off.
    """
    pull = grad_others.abs()
    if not len(pull):
        return pull.nonzero().squeeze(1)
    least = pull.amax() * (torch.finfo(pull.dtype).eps / 2)
    return (~(pull <= least)).nonzero().squeeze(1)  # NaN is felt


class _Block(NamedTuple):
    """Some classes with all their centres. Matrices are [centres or classes, samples]."""

    part: slice
    """Which rows of the weight."""
    rows: Tensor
    inverse: Tensor | None
    """1 / |w| of each row, [rows, 1]; None where lengths count."""
    columns: Tensor
    """Where the own class of each sample lies, [1, samples], if `own` says that it lies here at all."""
    own: Tensor
    scratch: tuple[Tensor, Tensor]
    """Two matrices [centres, samples] to compute in: fresh memory would cost more than what is computed in it."""

    def directed(self, products: Tensor) -> Tensor:
        """Divide products with the rows by the rows' lengths, if those do not count; in the second scratch."""
        return torch.mul(products, 1.0 if self.inverse is None else self.inverse, out=self.scratch[1])

    def slope_along(self, products: Tensor, slope: Tensor, pull: Tensor) -> Tensor | None:
        """Return what must leave the gradient, as a factor of each row; destroys the products in the first scratch.

        The length of a row does not matter, so its gradient has no part along it. None where lengths count.
        """
        if self.inverse is None:
            return None
        along = torch.mul(products, slope, out=self.scratch[0]) @ pull
        # One factor after another: the cube of a short row's inverse is no float32.
        return along[:, None] * self.inverse * self.inverse * self.inverse

    def set_own(self, scores: Tensor, value: float) -> Tensor:
        """Give the own class of each sample this score, in place."""
        return scores.scatter_(0, self.columns, torch.where(self.own, value, scores.gather(0, self.columns)))


def _blocks(
    features: Tensor, weight: Tensor, inverse: Tensor | None, labels: Tensor, options: _Options
) -> Iterator[_Block]:
    classes = len(weight) // options.centres
    most = min(options.block, classes) * options.centres
    scratch = [features.new_empty(most, len(features)) for _ in range(2)]
    for start in range(0, classes, options.block):
        stop = min(start + options.block, classes)
        part = slice(start * options.centres, stop * options.centres)
        columns = (labels - start)[None]
        yield _Block(
            part=part,
            rows=weight[part].to(features.dtype),
            inverse=None if inverse is None else inverse[part, None],
            columns=columns.clamp(0, stop - start - 1),
            own=(columns >= 0) & (columns < stop - start),
            scratch=(scratch[0][: part.stop - part.start], scratch[1][: part.stop - part.start]),
        )


def _nearest(scores: Tensor, centres: int) -> Tensor:
    """Score of each class: that of the nearest of its centres, [B K, N] -> [B, N]. With one centre, the same tensor."""
    if centres == 1:
        return scores
    # One centre after another: a maximum over the middle of three dimensions takes many times as long.
    nearest: Tensor = functools.reduce(torch.maximum, scores.unflatten(0, (-1, centres)).unbind(1))
    return nearest


def _to_nearest(slope: Tensor, scores: Tensor, centres: int) -> Tensor:
    """Hand the slope of each class to the nearest of its centres, the first of equal ones, [B, N] -> [B K, N]."""
    if centres == 1:
        return slope
    best = _nearest(scores, centres)
    handed = torch.empty_like(scores)
    for each, given in zip(*(t.unflatten(0, (-1, centres)).unbind(1) for t in (scores, handed)), strict=True):
        is_nearest = each == best
        given.copy_(slope.masked_fill(~is_nearest, 0.0))
        slope = slope.masked_fill(is_nearest, 0.0)
    return handed


def _product(a: Tensor, b: Tensor, rounded: bool, *, out: Tensor | None = None) -> Tensor:
    """Multiply two matrices; on the CPU `_rounding` says in which precision."""
    if rounded and a.is_cuda:
        return torch.mm(a.bfloat16(), b.bfloat16(), out_dtype=torch.float32, out=out)
    return torch.mm(a, b, out=out)


@contextmanager
def _rounding(rounded: bool) -> Iterator[None]:
    """Let products of float32 matrices on the CPU round their factors to bfloat16."""
    if not rounded:
        yield
        return
    settings = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = "bf16"
    try:
        yield
    finally:
        settings.fp32_precision = before

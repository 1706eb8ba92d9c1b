"""The same sums as `softmax`, on CUDA and with bfloat16 products: scores live in registers and are never written.

Between the matrix products of a head stand half a dozen passes over N x C numbers. A GPU multiplies so fast that these
passes, not the products, would take the time. So the forward pass is one kernel, which multiplies a tile of scores and
folds it into a maximum and a sum at once; the backward pass multiplies the tile again and writes nothing but its
softmax, in bfloat16, for the two products that follow. Needs Triton, which comes with PyTorch's builds for CUDA.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor
from torch.autograd.function import once_differentiable

from workbench.losses import kernels
from workbench.losses.own import OwnScores, own_scores, pull_by_own

# Classes of one round, a multiple of every tile: their softmax takes 256 MB at 1024 samples. Shorter rounds, whose
# softmax a cache would hold, spend more on starting than they save.
_CLASSES_AT_ONCE = 2**17


class Tile(NamedTuple):
    """How much of the scores one program multiplies at a time."""

    classes: int = 128
    samples: int = 128
    depth: int = 64
    warps: int = 4
    stages: int = 3


TILE = Tile()
ROUNDED = torch.bfloat16


class FusedScores(torch.autograd.Function):
    """The own score, the log-sum-exp over the others and the largest of them, as `softmax.ClassScores` says."""

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, features: Tensor, weight: Tensor, labels: Tensor, scale: float, normalize: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        own = own_scores(features, weight, labels, centres=1, normalize=normalize)
        weight, labels = weight.contiguous(), labels.contiguous()
        scaled = (features * scale).to(ROUNDED)
        tiles = triton.cdiv(len(weight), TILE.classes)
        peaks = torch.full((tiles, len(features)), -torch.inf, device=features.device)
        totals = torch.zeros_like(peaks)
        for part, rows in _directions(weight, normalize):
            at = part.start // TILE.classes
            _on_tiles(kernels.fold, rows, scaled, labels, part, peaks[at:], totals[at:])
        peak = peaks.amax(0)
        # Where nothing but the own class was seen, the peak is -inf and the difference would be NaN.
        shift = torch.where(peak == -torch.inf, 0.0, peak)
        others = peak + (totals * (peaks - shift).exp_()).sum(0).log()
        ctx.save_for_backward(features, weight, labels, others, *own)
        ctx.scale, ctx.normalize = scale, normalize
        rival = peak / scale
        ctx.mark_non_differentiable(rival)
        return own.score, others, rival

    @staticmethod
    @once_differentiable
    def backward(  # noqa: D102
        ctx: Any, grad_own: Tensor, grad_others: Tensor, _grad_rival: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        features, weight, labels, others, *own = ctx.saved_tensors
        wants_features, wants_weight = ctx.needs_input_grad[:2]
        scaled = (features * ctx.scale).to(ROUNDED)
        pulled = (features * (ctx.scale * grad_others)[:, None]).to(ROUNDED)
        shift = torch.where(others == -torch.inf, 0.0, others)
        softmax = scaled.new_empty(min(_CLASSES_AT_ONCE, len(weight)), len(features))
        grad_scaled = torch.zeros_like(features)
        grad_weight = torch.empty_like(weight) if wants_weight else None
        for part, rows in _directions(weight, ctx.normalize):
            slope = softmax[: len(rows)]
            _on_tiles(kernels.softmax, rows, scaled, labels, part, shift, slope)
            if wants_features:
                grad_scaled += torch.mm(slope.T, rows, out_dtype=torch.float32)
            if grad_weight is not None:
                gradient = torch.mm(slope, pulled, out_dtype=torch.float32)
                _across(gradient, weight[part], grad_weight[part], ctx.normalize)
        grad_features = grad_scaled * (ctx.scale * grad_others)[:, None] if wants_features else None
        pull_by_own(OwnScores(*own), grad_own, features, grad_features, grad_weight)
        return grad_features, grad_weight, None, None, None


def _directions(weight: Tensor, normalize: bool) -> Iterator[tuple[slice, Tensor]]:
    """Yield the rows of the weight round by round, as bfloat16 unit vectors if their lengths do not count."""
    classes, dim = weight.shape
    unit = weight.new_empty(min(_CLASSES_AT_ONCE, classes), dim, dtype=ROUNDED)
    for start in range(0, classes, _CLASSES_AT_ONCE):
        part = slice(start, min(start + _CLASSES_AT_ONCE, classes))
        rows = unit[: part.stop - part.start]
        _on_rows(kernels.unit_rows, weight[part], rows, int(normalize))
        yield part, rows


def _across(gradient: Tensor, weight: Tensor, out: Tensor, normalize: bool) -> None:
    """Take from the gradient by unit rows that by the rows: no part along them, divided by their length."""
    if normalize:
        _on_rows(kernels.tangent_rows, weight, out, gradient)
    else:
        out.copy_(gradient)


def _on_rows(kernel: Any, weight: Tensor, out: Tensor, argument: Any) -> None:
    rows, dim = weight.shape
    width = triton.next_power_of_2(dim)
    height = max(1, 4096 // width)
    kernel[(triton.cdiv(rows, height),)](weight, out, argument, rows, dim, height, width, num_warps=4)


def _on_tiles(kernel: Any, rows: Tensor, scaled: Tensor, labels: Tensor, part: slice, one: Tensor, two: Tensor) -> None:
    classes, dim = rows.shape
    grid = (triton.cdiv(classes, TILE.classes) * triton.cdiv(len(scaled), TILE.samples),)
    kernel[grid](
        *(rows, scaled, labels, one, two, classes, len(scaled), part.start, dim),
        *(TILE.classes, TILE.samples, TILE.depth),
        num_warps=TILE.warps,
        num_stages=TILE.stages,
    )

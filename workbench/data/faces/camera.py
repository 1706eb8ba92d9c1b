"""What stands between a face and its pixels: things in front, blur, coarse pixels, noise."""

from functools import cache

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from workbench.data.faces.draws import normals
from workbench.data.faces.hair import Canvas
from workbench.data.faces.head import Nuisance
from workbench.data.faces.sdf import box, cover, paint

_FIELD = 2**17  # numbers in the field of noise: any image's window begins in its first half


def occlude(canvas: Canvas, nuisance: Nuisance) -> Canvas:
    """Return the canvas with a plain thing in front of those that have one: a hand, a scarf, a phone."""
    some = nuisance["cover_size"].flatten().nonzero().flatten()
    if len(some) == 0:
        return canvas
    names = ("x", "y", "size", "tone", "tilt_cos", "tilt_sin")
    x, y, half, tone, cosine, sine = (nuisance[f"cover_{name}"][some] for name in names)
    size = canvas.shape[3]
    grid = (torch.arange(size) * 2 + (1 - size)) / size
    right, down = grid[None, None] - x, grid[None, :, None] - y
    distance = box(
        cosine * right + sine * down, cosine * down - sine * right, width=1.5 * half, height=half, corner=0.4 * half
    )
    hue = torch.cat([tone, (tone * 3) % 1, (tone * 7) % 1], dim=1)[..., None] * 170 + 40
    part = canvas[some]
    paint(part, hue * nuisance["dim"][some][:, None], cover(distance, pixel=2 / size))
    canvas[some] = part
    return canvas


def blur(canvas: Canvas, deviation: Float[Tensor, " images"]) -> Canvas:
    """Return images under a kernel of this standard deviation in pixels, at most 0.039 of their side.

    The kernels [a, 1 - 2a, a] of steps 1, 2, 4, ... follow each other in both directions; their variances 2 a step²
    add up to the square of the deviation. Edges are repeated.
    """
    steps = [2**k for k in range(_passes(canvas.shape[3]))]
    a = (deviation.square() / (2 * sum(step * step for step in steps)))[:, None, None, None]
    for step in steps:
        for sides, axis in (((step, step, 0, 0), 3), ((0, 0, step, step), 2)):
            padded, length = F.pad(canvas, sides, mode="replicate"), canvas.shape[axis]
            around = padded.narrow(axis, 0, length) + padded.narrow(axis, 2 * step, length)
            canvas = around.sub_(canvas).sub_(canvas).mul_(a).add_(canvas)
    return canvas


def _passes(size: int) -> int:
    """Return how many kernels reach a deviation of 0.039 of the size with a <= 1/3, where none of them rings."""
    passes, variance = 1, 2 / 3
    while variance < (0.039 * size) ** 2:
        variance += 2 / 3 * 4**passes
        passes += 1
    return passes


def coarsen(canvas: Canvas, side: Float[Tensor, " images"]) -> Canvas:
    """Return images as if enlarged from coarse pixels of this side (1: unchanged), linear between their middles."""
    side = side.clamp(min=1)[:, None]
    for axis in (2, 3):
        length = canvas.shape[axis]
        place = (torch.arange(length) + 0.5) / side - 0.5
        below = place.floor()
        ends = [((below + k + 0.5) * side - 0.5).round_().clamp_(0, length - 1).long() for k in (0, 1)]
        shape = (-1, 1, length, 1) if axis == 2 else (-1, 1, 1, length)
        first, second = (canvas.gather(axis, end.view(shape).expand_as(canvas)) for end in ends)
        canvas = second.sub_(first).mul_((place - below).view(shape)).add_(first)
    return canvas


def is_poor(nuisance: Nuisance) -> Bool[Tensor, "images 1 1"]:
    """Return which images are blurred or coarse."""
    return (nuisance["blur"] + nuisance["coarse"]) > 0


def degrade(canvas: Canvas, nuisance: Nuisance) -> Canvas:
    """Return the canvas with those images blurred and coarsened that ask for it."""
    poor = is_poor(nuisance).flatten().nonzero().flatten()
    if len(poor):
        size = canvas.shape[3]
        part = blur(canvas[poor], nuisance["blur"].flatten()[poor] * size)
        canvas[poor] = coarsen(part, nuisance["coarse"].flatten()[poor] * size)
    return canvas


def expose(canvas: Canvas, nuisance: Nuisance, sensor: Int[Tensor, " images"]) -> UInt8[Tensor, "images 3 h w"]:
    """Return the pixels: noise on top, cut at black and white, rounded."""
    count = canvas[0].numel()
    noise = _field().unfold(0, count, 1)[sensor].view_as(canvas)
    levels = noise.mul_(nuisance["noise"][:, None]).add_(canvas).add_(0.5).clamp_(0, 255)
    return levels.int().to(torch.uint8)  # by way of int32, which is twice as fast


@cache
def _field() -> Tensor:
    return normals(0, count=_FIELD).float()

"""From the truth to pixels, block by block, straight into the result."""

import torch
from jaxtyping import UInt8
from torch import Tensor

from workbench.data.faces.camera import degrade, expose, occlude
from workbench.data.faces.eyes import eyes
from workbench.data.faces.features import complexion, mouth, nose
from workbench.data.faces.hair import backdrop, beard, body, hair, hair_behind
from workbench.data.faces.head import head, shaded
from workbench.data.faces.sdf import paint
from workbench.data.faces.traits import Look, look
from workbench.data.faces.truth import FaceTruth

_BLOCK_PIXELS = 48 * 48 * 64  # a plane of a block stays in the cache


def render(truth: FaceTruth) -> UInt8[Tensor, "images channels size size"]:
    """Return the images of a truth, of the size and with the channels that its options say.

    An image depends on its person's identity vector, its nuisance and its place in the noise alone: the same bytes
    whatever else is rendered with it, in whatever blocks, on however many threads.
    """
    size, count = truth.options.size, len(truth)
    images = torch.empty(count, 1 if truth.options.grey else 3, size, size, dtype=torch.uint8)
    looks = look(truth.identities)
    block = max(1, _BLOCK_PIXELS // size**2)
    for first in range(0, count, block):
        rows = slice(first, first + block)
        pixels = _block(looks, truth, rows)
        images[rows] = _luma(pixels) if truth.options.grey else pixels
    return images


def _block(looks: Look, truth: FaceTruth, rows: slice) -> Tensor:
    who = {name: trait[truth.labels[rows]] for name, trait in looks.items()}
    how = {name: value[rows].float()[:, None, None] for name, value in truth.nuisance.items()}
    seen = head(who, how, truth.options.size)
    canvas = backdrop(seen, how)
    hair_behind(canvas, who, how, seen)
    body(canvas, who, how, seen)
    paint(canvas, shaded(who["skin"], how, seen.surface.lit), seen.surface.inside)
    beard(canvas, who, how, seen)
    complexion(canvas, who, seen.surface)
    mouth(canvas, who, how, seen)
    eyes(canvas, who, how, seen)
    nose(canvas, who, how, seen)
    hair(canvas, who, how, seen)
    return expose(degrade(occlude(canvas, how), how), how, truth.sensor[rows])


def _luma(pixels: Tensor) -> Tensor:
    """Return the luma of BT.601 in whole numbers, as Pillow computes it."""
    red, green, blue = pixels.int().unbind(1)
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16).to(torch.uint8)[:, None]

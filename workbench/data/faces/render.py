"""From the truth to pixels, block by block, straight into the result."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

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

    def fill(first: int) -> None:
        rows = slice(first, first + block)
        pixels = _block(looks, truth, rows)
        images[rows] = _luma(pixels) if truth.options.grey else pixels

    _each(fill, range(0, count, block))
    return images


def _each(work: Callable[[int], None], items: Sequence[int]) -> None:
    """Do the work for each item, on as many threads as torch has, each alone with its item.

    A block takes a thousand small operations. With every one of them split over the threads, all of them would wait
    for the slowest a thousand times: on a busy machine that costs ten times what it brings.
    """
    threads = min(torch.get_num_threads(), len(items))
    if threads == 1:
        for item in items:
            work(item)
        return
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(work, items))
    finally:
        torch.set_num_threads(before)


def _block(looks: Look, truth: FaceTruth, rows: slice) -> Tensor:
    who = {name: trait[truth.labels[rows]] for name, trait in looks.items()}
    exact = {name: value[rows, None, None] for name, value in truth.nuisance.items()}
    for angle in ("yaw", "pitch", "roll", "light_azimuth", "light_elevation", "cover_tilt"):
        exact |= {f"{angle}_cos": exact[angle].cos(), f"{angle}_sin": exact[angle].sin()}
    how = {name: value.float() for name, value in exact.items()}
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

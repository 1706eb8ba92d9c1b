"""From the truth to pixels, block by block, straight into the result."""

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from workbench.data.faces.camera import degrade, expose, is_poor, occlude
from workbench.data.faces.eyes import eyes, eyes_area, glasses, glasses_area, wears_glasses
from workbench.data.faces.features import complexion, has_mole, mole, mole_area, mouth, mouth_area, nose, nose_area
from workbench.data.faces.hair import backdrop, beard, body, hair, hair_behind, has_beard, has_long_hair
from workbench.data.faces.head import Nuisance, coat, head
from workbench.data.faces.traits import Chosen, Look, look
from workbench.data.faces.truth import FaceTruth
from workbench.data.faces.window import only, only_windows, places
from workbench.threads import each

# With fewer the calls of torch cost more than its work, with more the C library returns each canvas to the system.
_BLOCK_PIXELS = 48 * 48 * 64


def render(truth: FaceTruth) -> UInt8[Tensor, "images channels size size"]:
    """Return the images of a truth, of the size and with the channels that its options say.

    An image depends on its person's identity vector, its nuisance and its place in the noise alone: the same bytes
    whatever else is rendered with it, in whatever blocks, on however many threads.
    """
    size, count = truth.options.size, len(truth)
    images = torch.empty(count, 1 if truth.options.grey else 3, size, size, dtype=torch.uint8)
    looks, nuisance = look(truth.identities), _broadcast(truth.nuisance)
    order = _alike(Chosen(looks, truth.labels), nuisance)
    block = max(1, _BLOCK_PIXELS // size**2)

    def fill(first: int) -> None:
        rows = order[first : first + block]
        pixels = _block(Chosen(looks, truth.labels[rows]), Chosen(nuisance, rows), truth.sensor[rows], size)
        images[rows] = _luma(pixels) if truth.options.grey else pixels

    each(fill, range(0, count, block))  # a block takes a thousand small operations
    return images


def _broadcast(nuisance: dict[str, Tensor]) -> Nuisance:
    """Return nuisance as float32 [N, 1, 1], with sines and cosines that are rounded from float64."""
    exact = {name: value[:, None, None] for name, value in nuisance.items()}
    for angle in ("yaw", "pitch", "roll", "light_azimuth", "light_elevation", "cover_tilt"):
        exact |= {f"{angle}_cos": exact[angle].cos(), f"{angle}_sin": exact[angle].sin()}
    return {name: value.float() for name, value in exact.items()}


def _alike(who: Look, how: Nuisance) -> Int[Tensor, " images"]:
    """Return an order in which images that take the same painters stand together, those that take most first."""
    painters = (has_long_hair(who), has_beard(who), is_poor(how), wears_glasses(who, how), has_mole(who))
    taken = torch.stack([some.flatten() for some in painters]).int()
    weights = 2 ** torch.arange(len(painters)).flip(0)[:, None]
    return (taken * weights).sum(0).argsort(descending=True, stable=True)


@torch.inference_mode()
def _block(who: Look, how: Nuisance, sensor: Tensor, size: int) -> Tensor:
    seen = head(who, how, size)
    areas = mole_area(who), mouth_area(who, how), eyes_area(who), glasses_area(who), nose_area(who, how)
    of_mole, of_mouth, of_eyes, of_glasses, of_nose = places(areas, who, how, size)
    canvas = backdrop(seen, how)
    only(has_long_hair(who), hair_behind, canvas, who, how, seen)
    body(canvas, who, how, seen)
    coat(canvas, who["skin"], how, seen.surface.lit, seen.surface.inside)
    only(has_beard(who), beard, canvas, who, how, seen)
    complexion(canvas, who, seen.surface)
    only_windows(has_mole(who), mole, canvas, who, how, seen, of_mole)
    mouth(canvas, who, how, seen, of_mouth)
    eyes(canvas, who, how, seen, of_eyes)
    only_windows(wears_glasses(who, how), glasses, canvas, who, how, seen, of_glasses)
    nose(canvas, who, how, seen, of_nose)
    hair(canvas, who, how, seen)
    return expose(degrade(occlude(canvas, how), how), how, sensor)


def _luma(pixels: Tensor) -> Tensor:
    """Return the luma of BT.601 in whole numbers, as Pillow computes it."""
    red, green, blue = pixels.int().unbind(1)
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16).to(torch.uint8)[:, None]

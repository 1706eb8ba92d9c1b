"""Random changes to training images, as tensor operations on whatever device they are on."""

import torch
from jaxtyping import Shaped
from torch import Tensor

from workbench.sharding import ALONE, Processes


def augment(
    images: Shaped[Tensor, "batch channels height width"],
    *,
    flip: bool,
    shift: int,
    generator: torch.Generator,
    processes: Processes = ALONE,
) -> Shaped[Tensor, "batch channels height width"]:
    """Mirror each image with probability 1/2 and move it by up to `shift` pixels in both directions.

    Args:
        images: [N, C, H, W] of any type; as bytes they are moved in a quarter of the time.
        flip: mirror left and right.
        shift: largest move in pixels; what comes in from outside repeats the edge.
        generator: a CPU generator, so that the same draws are made whatever device the images are on.
        processes: that have a part of the batch each, as large as this one: each takes its part of the draws of all.
    """
    count = len(images)
    if flip:
        draws = processes.part(torch.rand(count * processes.size, generator=generator))
        mirrored = draws.lt(0.5).to(images.device, non_blocking=True)
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    if shift:
        moves = torch.randint(0, 2 * shift + 1, (2, count * processes.size), generator=generator) - shift
        moves = processes.part(moves, 1).to(images.device, non_blocking=True)
        for axis, move in zip((2, 3), moves, strict=True):
            size = images.shape[axis]
            places = (move[:, None] + torch.arange(size, device=images.device)).clamp(0, size - 1)
            shape = [count, 1, 1, 1]
            shape[axis] = size
            images = images.gather(axis, places.view(shape).expand_as(images))
    return images

"""Random changes to training images, as tensor operations on whatever device they are on."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def augment(
    images: Float[Tensor, "batch channels height width"], *, flip: bool, shift: int, generator: torch.Generator
) -> Float[Tensor, "batch channels height width"]:
    """Mirror each image with probability 1/2 and move it by up to `shift` pixels in both directions.

    Args:
        images: [N, C, H, W].
        flip: mirror left and right.
        shift: largest move in pixels; what comes in from outside repeats the edge.
        generator: a CPU generator, so that the same draws are made whatever device the images are on.
    """
    count = len(images)
    if flip:
        mirrored = torch.rand(count, generator=generator).lt(0.5).to(images.device)
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    if shift:
        height, width = images.shape[2:]
        moves = torch.randint(0, 2 * shift + 1, (2, count), generator=generator).to(images.device)
        rows = moves[0, :, None] + torch.arange(height, device=images.device)
        columns = moves[1, :, None] + torch.arange(width, device=images.device)
        padded = F.pad(images, (shift,) * 4, mode="replicate")
        every = torch.arange(count, device=images.device)[:, None, None]
        images = padded.permute(0, 2, 3, 1)[every, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return images

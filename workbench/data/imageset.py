"""An ImageSet: labelled images in memory, whatever they were read from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with one class each.

    Attributes:
        images: uint8 [N, C, H, W].
        labels: int64 [N] in [0, classes).
        names: one name for each class; data, never markup.
        source: where they come from, as one sentence for the run card.
        held_out: bool [N], the images that the set's own protocol keeps for testing; None without one.

    Raises:
        ValueError: If shapes, types or labels do not fit together, or the set is empty.
    """

    images: UInt8[Tensor, "images channels height width"]
    labels: Int[Tensor, " images"]
    names: Sequence[str]
    source: str = ""
    held_out: Bool[Tensor, " images"] | None = None

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != torch.uint8:
            raise ValueError(
                f"The images of an ImageSet must be a uint8 tensor [N, channels, height, width]. Got "
                f"{self.images.dtype} of shape {list(self.images.shape)} instead."
            )
        if len(self.images) == 0:
            raise ValueError("An ImageSet must hold at least one image. Got none: look at the source and its filters.")
        if self.labels.shape != (len(self.images),) or self.labels.dtype != torch.int64:
            raise ValueError(
                f"The labels of an ImageSet must be {len(self.images)} int64 numbers, one for each image. Got "
                f"{self.labels.dtype} of shape {list(self.labels.shape)} instead."
            )
        if self.held_out is not None and (
            self.held_out.shape != (len(self.images),) or self.held_out.dtype != torch.bool
        ):
            raise ValueError(
                f"The held_out mask of an ImageSet must be {len(self.images)} truth values, one for each image. Got "
                f"{self.held_out.dtype} of shape {list(self.held_out.shape)} instead."
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.names):
            raise ValueError(
                f"The labels of an ImageSet must lie in [0, {len(self.names)}), the number of names. Got labels "
                f"from {low} to {high}."
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def classes(self) -> int:
        """Number of classes, named or seen."""
        return len(self.names)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of each image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def select(self, indices: Int[Tensor, " chosen"] | Bool[Tensor, " images"]) -> "ImageSet":
        """Return the images at these positions, or under this mask; classes keep their numbers and names."""
        held_out = None if self.held_out is None else self.held_out[indices]
        return ImageSet(self.images[indices], self.labels[indices], self.names, self.source, held_out)

    def renumbered(self) -> "ImageSet":
        """Return the same images with classes numbered 0, 1, ... in their old order, leaving out unseen ones."""
        present, labels = self.labels.unique(return_inverse=True)
        return ImageSet(self.images, labels, [self.names[c] for c in present.tolist()], self.source, self.held_out)

    def thumbnails(self) -> np.ndarray:
        """Return the images as pictures are shown: uint8 [N, H, W] if they are grey, [N, H, W, 3] otherwise."""
        pixels: np.ndarray = self.images.permute(0, 2, 3, 1).contiguous().numpy()
        return pixels[..., 0] if pixels.shape[3] == 1 else pixels

    def digest(self) -> str:
        """Return the SHA-256 of shapes, pixels and labels: two sets with the same digest train alike."""
        content = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        content.update(self.images.contiguous().numpy().tobytes())
        content.update(self.labels.contiguous().numpy().astype("<i8").tobytes())
        return content.hexdigest()


def to_float(images: UInt8[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Return pixels in [-1, 1]: (x / 255 - 0.5) / 0.5, as the published face recognition code scales them."""
    return images.float().div_(127.5).sub_(1)

"""An ImageSet: labelled images, whatever they were read from."""

import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from workbench.data.catalogue import Skipped
from workbench.data.digests import blocks, digest
from workbench.data.rows import Rows


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with one class each.

    Attributes:
        images: uint8 [N, C, H, W], in memory, or on disk as `Rows` of an imported set.
        labels: int64 [N] in [0, classes).
        names: one name for each class; data, never markup.
        source: where they come from, as one sentence for the run card.
        files: where each image was read from, relative to the source, with slashes; empty if there are no files. Data,
            never a path to write to.
        held_out: bool [N], the images that the set's own protocol keeps for testing; None if it has none.
        skipped: what was left out because it could not be read, if that was asked for.
        recorded_digest: the digest of exactly these images and labels, if it was computed before.

    Raises:
        ValueError: If shapes, types or labels do not fit together, or the set is empty.
    """

    images: UInt8[Tensor, "images channels height width"] | Rows
    labels: Int[Tensor, " images"]
    names: Sequence[str]
    source: str = ""
    files: Sequence[str] = field(default=(), repr=False)
    held_out: Bool[Tensor, " images"] | None = None
    skipped: Sequence[Skipped] = field(default=(), repr=False)
    recorded_digest: str | None = field(default=None, repr=False)

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
        if self.files and len(self.files) != len(self.images):
            raise ValueError(
                f"The files of an ImageSet must be {len(self.images)} names, one for each image, or none. Got "
                f"{len(self.files)} instead."
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
        """Return the images at these positions, or under this mask; classes keep their numbers and names.

        Images on disk stay there: nothing is read.
        """
        numbers = torch.arange(len(self))[indices]
        return replace(
            self,
            images=self.images.take(numbers) if isinstance(self.images, Rows) else self.images[numbers],
            labels=self.labels[numbers],
            files=[self.files[n] for n in numbers.tolist()] if self.files else self.files,
            held_out=None if self.held_out is None else self.held_out[numbers],
            recorded_digest=None,
        )

    def renumbered(self) -> "ImageSet":
        """Return the same images with classes numbered 0, 1, ... in their old order, leaving out unseen ones."""
        present, labels = self.labels.unique(return_inverse=True)
        return replace(self, labels=labels, names=[self.names[c] for c in present.tolist()], recorded_digest=None)

    def thumbnails(self) -> np.ndarray:
        """Return the images as pictures are shown: uint8 [N, H, W] if they are grey, [N, H, W, 3] otherwise."""
        pixels: np.ndarray = self.images[:].permute(0, 2, 3, 1).contiguous().numpy()
        return pixels[..., 0] if pixels.shape[3] == 1 else pixels

    def digest(self) -> str:
        """Return the SHA-256 of shapes, pixels and labels: two sets with the same digest train alike.

        It is that of `digests.digest`. As many threads as torch has read a block of 8 MiB each, no more, and hash it.
        """
        if self.recorded_digest is not None:
            return self.recorded_digest
        count, *shape = self.images.shape

        def of_block(block: range) -> str:
            pixels = self.images[block.start : block.stop].contiguous().numpy()
            return hashlib.sha256(pixels.data).hexdigest()

        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            of_blocks = pool.map(of_block, blocks(count, math.prod(shape)))
            return digest((count, *shape), of_blocks, self.labels.numpy())


def to_float(images: UInt8[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Return pixels in [-1, 1]: (x / 255 - 0.5) / 0.5, as the published face recognition code scales them."""
    return images.float().div_(127.5).sub_(1)

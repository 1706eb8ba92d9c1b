"""Images that stay on disk until they are looked at."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from workbench.data.paging import will_need


class Rows:
    """Some rows of a memory-mapped array, in some order, that stands where a tensor of images would.

    `rows[batch]` reads the rows of a batch and nothing else; `rows.take(numbers)` reads nothing at all.

    Args:
        pixels: uint8 [M, C, H, W], memory-mapped.
        numbers: int64 [N], rows of `pixels`; all of them if None.
    """

    dtype = torch.uint8
    ndim = 4

    def __init__(self, pixels: np.ndarray, numbers: Int[Tensor, " rows"] | None = None) -> None:
        self._pixels = pixels
        self._numbers = torch.arange(len(pixels)) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"Rows({list(self.shape)} of {getattr(self._pixels, 'filename', 'an array')})"

    @property
    def shape(self) -> torch.Size:
        """[N, C, H, W]."""
        return torch.Size((len(self), *self._pixels.shape[1:]))

    def take(self, numbers: Int[Tensor, " chosen"] | Bool[Tensor, " rows"]) -> "Rows":
        """Return the rows of these numbers, or under this mask, without reading them."""
        return Rows(self._pixels, self._numbers[numbers])

    def __getitem__(self, index: Tensor | slice | int) -> UInt8[Tensor, "..."]:
        """Read rows: [n, C, H, W] for numbers, a mask or a slice, [C, H, W] for one number."""
        chosen = self._numbers[index]
        if chosen.ndim == 0:
            return torch.from_numpy(np.array(self._pixels[int(chosen)]))
        return Rows(self._pixels, chosen).read(
            slice(None), out=torch.empty((len(chosen), *self.shape[1:]), dtype=torch.uint8)
        )

    def read(self, index: Tensor | slice, *, out: UInt8[Tensor, "chosen channels height width"]) -> Tensor:
        """Read rows into a tensor on the CPU, and return it."""
        numbers = self._numbers[index].numpy()
        will_need(self._pixels, numbers)
        # Without "clip" numpy gathers into memory of its own first.
        np.take(np.asarray(self._pixels), numbers, axis=0, out=out.numpy(), mode="clip")
        return out

    def split(self, size: int) -> Iterator[UInt8[Tensor, "..."]]:
        """Read all rows, `size` at a time."""
        for first in range(0, len(self), size):
            yield self[first : first + size]

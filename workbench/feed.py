"""How the images of a batch come to the device that trains: they are all there, or they come a batch ahead."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from jaxtyping import Int
from torch import Tensor

from workbench import data

# Of the memory that is free on a device when training begins. The rest is for what a step computes: at the batch sizes
# of the papers the activations of a face network take about half of a device.
SHARE = 0.25


class Feed:
    """The images of a set, batch by batch, on the device that trains. However they come, the bits are the same.

    Where they fit they are kept on the device as uint8, and a batch is one indexing there. They fit if training is on
    the CPU and they are in memory, or if they take at most a quarter of the free memory of a CUDA device. Otherwise
    they stay where they are, in memory or on disk, and a thread gathers the next batch while the current one is
    computed. A set on disk that is trained on the CPU stays there: the system keeps of it what memory has room for.

    Args:
        images: what to train on.
        device: what trains.

    Attributes:
        resident: whether the images are on the device.
    """

    def __init__(self, images: data.ImageSet, device: torch.device) -> None:
        self._device = device
        self._labels = images.labels.to(device)
        self.resident = fits(images, device)
        self._images = _moved(images.images, device) if self.resident else images.images

    def batches(self, order: Int[Tensor, " images"], size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images uint8 [size, C, H, W] and labels int64 [size] in this order; less than a batch is left out."""
        whole = order[: len(order) // size * size]
        there = whole.to(self._device).split(size)
        for images, batch in zip(self._gathered(whole.split(size), there), there, strict=True):
            yield images, self._labels.index_select(0, batch)

    def _gathered(self, here: Sequence[Tensor], there: Sequence[Tensor]) -> Iterator[Tensor]:
        """Yield the images of batches whose numbers lie both on the CPU and on the device."""
        if self.resident and isinstance(self._images, Tensor):
            for batch in there:
                yield self._images.index_select(0, batch)
        else:
            for images in self._ahead(here):
                # From pinned memory nobody waits for the copy; torch hands that memory out again when it is through.
                yield images.to(self._device, non_blocking=True)

    def _ahead(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        # Gathering is numpy's: it waits for the disk without holding up Python, and starts no threads of its own.
        rows = self._images if isinstance(self._images, data.Rows) else data.Rows(self._images.numpy())
        pinned = self._device.type == "cuda"

        def gather(batch: Tensor) -> Tensor:
            return rows.read(
                batch, out=torch.empty((len(batch), *rows.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
            )

        with ThreadPoolExecutor(1, thread_name_prefix="feed") as thread:
            coming = None
            for batch in batches:
                ready, coming = coming, thread.submit(gather, batch)
                if ready is not None:
                    yield ready.result()
            if coming is not None:
                yield coming.result()


def fits(images: data.ImageSet, device: torch.device) -> bool:
    """Return whether the images are kept on the device whole, see `Feed`."""
    if device.type == "cpu":
        return isinstance(images.images, Tensor)
    if device.type != "cuda":
        return False  # there is no telling how much is free
    free, _ = torch.cuda.mem_get_info(device)
    return math.prod(images.images.shape) <= SHARE * free


def _moved(images: Tensor | data.Rows, device: torch.device) -> Tensor:
    if isinstance(images, Tensor):
        return images.to(device)
    moved = torch.empty(images.shape, dtype=torch.uint8, device=device)
    first = 0
    for part in images.split(512):
        moved[first : first + len(part)] = part.to(device)
        first += len(part)
    return moved

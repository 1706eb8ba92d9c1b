"""Decoding a catalogue: what form its images have, and all of them into memory."""

import mmap
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from workbench import intake
from workbench.data import decoding
from workbench.data.catalogue import Catalogue, Skipped
from workbench.data.decoding import Failure, Filled, Form, UnreadableImageError
from workbench.data.digests import blocks
from workbench.data.imageset import ImageSet
from workbench.data.options import Options
from workbench.data.rows import Rows
from workbench.data.workers import decode

# So many images, evenly spread, show what form a set has; what they do not show is found while decoding.
_LOOKS = 32
# Blank images shrink a thousandfold.
_GROWTH = 1000


def read(catalogue: Catalogue, options: Options) -> ImageSet:
    """Decode all images into memory, in several processes if there are many.

    Raises:
        ValueError: If an image cannot be read or has another size and `on_error` is "raise", none can be read, or the
            set is larger than the memory.
    """
    form = common_form(catalogue, options)
    while True:
        try:
            return _read(catalogue, form, options)
        except ColouredError:
            form = form._replace(channels=3)


class ColouredError(Exception):
    """A set of grey images, as it seemed, has colours in it."""


def common_form(catalogue: Catalogue, options: Options) -> Form:
    """Return the form of most of a few images.

    Raises:
        ValueError: If none of them can be read.
    """
    count = len(catalogue)
    looked = sorted({round(n) for n in np.linspace(0, count - 1, min(count, _LOOKS))})
    sizes: Counter[tuple[int, int]] = Counter()
    grey, trouble = True, ""
    with decoding.careful():
        for number in looked:
            (image,) = catalogue.images.places(range(number, number + 1))
            try:
                is_grey, height, width = decoding.look(image if isinstance(image, bytes) else decoding.read(image))
            except UnreadableImageError as error:
                trouble = trouble or f"{catalogue.images.shown(number)}: {error}"
                continue
            sizes[height, width] += 1
            grey &= is_grey
    if not sizes:
        raise ValueError(f"None of {len(looked)} images that were tried can be read. The first is {trouble}.")
    height, width = sizes.most_common(1)[0][0]
    if options.size is not None:
        height = width = options.size
    return Form(1 if grey or options.grey else 3, height, width, options.size is not None, options.grey)


@dataclass
class Outcome:
    """What decoding has come to: reasons by number of the images that failed."""

    catalogue: Catalogue
    form: Form
    options: Options
    failed: dict[int, str] = field(default_factory=dict)

    def add(self, failures: Sequence[Failure]) -> None:
        """Take note of failures, or raise at the first.

        Raises:
            ValueError: Unless failures are to be skipped.
            ColouredError: If an image has colours that the form has no room for.
        """
        for number, reason, kind in failures:
            if kind == "colour":
                raise ColouredError
            if kind == "size":
                reason += f", most of the others {self.form.width} x {self.form.height}"
            if not self.options.skip:
                cure = f"Give a size, as in size={self.form.height}, to resize all to one."
                if kind != "size":
                    cure = 'Remove or replace it, or leave such images out with on_error="skip".'
                raise ValueError(f"The image {self.catalogue.images.shown(number)} cannot be used: {reason}. {cure}")
            self.failed[number] = reason

    def kept(self) -> np.ndarray:
        """Return the numbers of the images that could be read, int64.

        Raises:
            ValueError: If there is none.
        """
        good = np.ones(len(self.catalogue), dtype=bool)
        good[list(self.failed)] = False
        if not good.any():
            shown = self.catalogue.images.shown(min(self.failed))
            raise ValueError(f"No image can be used. The first is {shown}: {self.failed[min(self.failed)]}.")
        return good.nonzero()[0]

    def readable(self) -> Catalogue:
        """Return what could be read, and the rest as skipped."""
        if not self.failed:
            return self.catalogue
        new = [Skipped(self.catalogue.files[number], self.failed[number]) for number in sorted(self.failed)]
        return replace(self.catalogue.take(self.kept()), skipped=(*self.catalogue.skipped, *new))


@contextmanager
def progress_bar(total: int, done: int, options: Options) -> Iterator[Any]:
    """Yield a bar that counts images."""
    with tqdm(
        total=total, initial=done, desc="images", unit="image", disable=not options.progress, dynamic_ncols=True
    ) as bar:
        yield bar


def _read(catalogue: Catalogue, form: Form, options: Options) -> ImageSet:
    outcome = Outcome(catalogue, form, options)
    count = len(catalogue)
    with _memory(count * form.bytes, catalogue) as target, progress_bar(count, 0, options) as bar:

        def done(block: range, filled: Filled) -> None:
            outcome.add(filled.failed)
            bar.update(len(block))

        decode(
            catalogue.images,
            form,
            target,
            blocks(count, form.bytes),
            done,
            offset=0,
            processes=options.workers,
            stop=not options.skip,
        )
        mapped = mmap.mmap(target, 0, flags=mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
    pixels: np.ndarray = np.frombuffer(mapped, dtype=np.uint8)
    pixels = pixels.reshape(count, form.channels, form.height, form.width)
    if outcome.failed:
        pixels = pixels[outcome.kept()]
    return labelled(torch.from_numpy(pixels), outcome.readable())


def labelled(images: Tensor | Rows, catalogue: Catalogue) -> ImageSet:
    """Return decoded images with everything else that their catalogue tells."""
    return ImageSet(
        images,
        torch.from_numpy(catalogue.labels),
        catalogue.names,
        catalogue.source,
        catalogue.files,
        skipped=catalogue.skipped,
    )


@contextmanager
def _memory(size: int, catalogue: Catalogue) -> Iterator[int]:
    """Yield the descriptor of a file in memory that other processes can write to."""
    if size > intake.ROOM and size > _GROWTH * (encoded := catalogue.images.size()):
        raise ValueError(
            f"The {len(catalogue)} images in {catalogue.origin} have {encoded:,} bytes and would take {size:,} as "
            f"pixels, more than {_GROWTH} times as many, which no faces do. Give a smaller size, or fewer images."
        )
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > there:
        raise ValueError(
            f"The {len(catalogue)} images take {size / 1e9:.0f} GB, and this machine has {there / 1e9:.0f} GB of "
            f"memory. Import them once with data.import_set(source, folder) and load that: they stay on disk then."
        )
    if hasattr(os, "memfd_create"):
        target = os.memfd_create("images")
    else:  # not on Linux: a file that has no name any more
        with tempfile.TemporaryFile() as file:
            target = os.dup(file.fileno())
    try:
        os.truncate(target, size)
        yield target
    finally:
        os.close(target)

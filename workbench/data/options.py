"""What every source can be asked for: a size, grey images, some of the people."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from workbench.checks import flag, one_of, shown, whole
from workbench.data.arrays import shaped
from workbench.data.catalogue import Catalogue, printable
from workbench.data.imageset import ImageSet
from workbench.data.people import read_people, same_name

OnError = Literal["raise", "skip"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `load` that all sources share; it says what they mean.

    Raises:
        ValueError: If one of them is not what it must be.
    """

    size: int | None = None
    grey: bool = False
    min_images: int = 1
    people: Path | str | None = None
    test_people: Path | str | None = None
    on_error: OnError = "raise"
    processes: int | None = None
    progress: bool = True

    def __post_init__(self) -> None:
        if self.size is not None:
            whole("load", "size", self.size, least=1)
        flag("load", "grey", self.grey)
        whole("load", "min_images", self.min_images, least=1)
        one_of("load", "on_error", self.on_error, ("raise", "skip"))
        if self.processes is not None:
            whole("load", "processes", self.processes, least=1)
        flag("load", "progress", self.progress)

    @property
    def skip(self) -> bool:
        """Whether what cannot be read is left out."""
        return self.on_error == "skip"

    @property
    def workers(self) -> int:
        """How many processes may decode: as many as this one may use cores, unless given."""
        if self.processes is not None:
            return self.processes
        available = getattr(os, "sched_getaffinity", None)
        return len(available(0)) if available else os.cpu_count() or 1

    def applied(self, content: Catalogue | ImageSet) -> Catalogue | ImageSet:
        """Return the images that `people` and `min_images` leave; what is decoded already is all that was asked for.

        Raises:
            ValueError: If none is left, or a people file cannot be read, or images on disk would have to change.
        """
        if isinstance(content, ImageSet):
            return self.protected(shaped(self._chosen(content), size=self.size, grey=self.grey))
        left = self._left(content.labels, content.names)
        return content if left.all() else content.take(left.nonzero()[0])

    def protected(self, images: ImageSet) -> ImageSet:
        """Return the same images with those of `test_people` held out.

        Raises:
            ValueError: If it names none of these people, or all of them.
        """
        if self.test_people is None:
            return images
        held_out = np.isin(images.labels.numpy(), _numbers_of(self.test_people, images.names))
        if held_out.all():
            raise ValueError(
                f"The people file {printable(self.test_people)} names everybody in the set, so that nobody is left to "
                f"train on. Give a set of more people, or 'people' instead of 'test_people'."
            )
        return replace(images, held_out=torch.from_numpy(held_out))

    def _chosen(self, images: ImageSet) -> ImageSet:
        left = self._left(images.labels.numpy(), images.names)
        if left.all():
            return images
        kept = images.select(torch.from_numpy(left)).renumbered()
        return replace(kept, source=f"{images.source} Of these, {len(kept)} images of {kept.classes} people.")

    def _left(self, labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
        left = np.ones(len(labels), dtype=bool)
        if self.people is not None:
            left &= np.isin(labels, _numbers_of(self.people, names))
        counts = np.bincount(labels[left], minlength=len(names))
        if self.min_images > 1:
            left &= counts[labels] >= self.min_images
        if not left.any():
            raise ValueError(
                f"The 'min_images' parameter of load must be at most {counts.max()}, the most images that anybody has. "
                f"Got {self.min_images} instead."
            )
        return left


def _numbers_of(path: Path | str, names: Sequence[str]) -> np.ndarray:
    people = read_people(path)
    numbers = [number for number, name in enumerate(names) if same_name(name) in people]
    if not numbers:
        raise ValueError(
            f"The people file {printable(path)} names nobody in the set: it has {shown(sorted(people)[0])}, for one, "
            f"and the set has {shown(names[0])}."
        )
    return np.array(numbers)

"""Images and labels in one `.npz` file, as NumPy saves them."""

from pathlib import Path

import numpy as np
import torch

from workbench import intake, numpy_files
from workbench.data.arrays import FILES, IMAGES, LABELS, NAMES, found, labelled, pixels
from workbench.data.catalogue import printable
from workbench.data.imageset import ImageSet


def npz(path: Path) -> ImageSet:
    """Read a `.npz` file with images and labels, and names and files if it has them, under their usual names.

    Raises:
        ValueError: If it is damaged, holds Python objects, or images and labels are not there or do not match.
    """
    where = printable(path)
    try:
        arrays, there = numpy_files.read_npz(path, _wanted)
    except numpy_files.UnreadableArrayError as error:
        raise ValueError(
            f"The file {where} cannot be read as .npz ({error}). Save images and labels with numpy.savez, as numbers "
            f"or texts, or fetch it again."
        ) from None
    images, labels = found(arrays, IMAGES), found(arrays, LABELS)
    if images is None or labels is None:
        raise ValueError(
            f"The file {where} must have images ({', '.join(IMAGES)}) and labels ({', '.join(LABELS)}). It has "
            f"{', '.join(printable(name[:60]) for name in there[:20]) or 'nothing'}."
        )
    shown = pixels(arrays[images], where)
    names, files = (found(arrays, known) for known in (NAMES, FILES))
    numbers, called = labelled(arrays[labels], None if names is None else arrays[names], len(shown), where)
    origins = [] if files is None else [intake.as_text(file) for file in np.ravel(arrays[files]).tolist()]
    source = f"{len(shown)} images of {len(called)} people in {printable(path.name)}."
    return ImageSet(
        torch.from_numpy(shown),
        torch.from_numpy(numbers),
        called,
        source,
        origins if len(origins) == len(shown) else [],
    )


def _wanted(names: list[str]) -> list[str]:
    """Return those that are read: a file may hold much else, and objects besides."""
    chosen = (found(dict.fromkeys(names, np.empty(0)), known) for known in (IMAGES, LABELS, NAMES, FILES))
    return [name for name in chosen if name is not None]

"""Faces in MATLAB's `.mat` files: the Olivetti faces, and others by the same habits."""

import math
from pathlib import Path

import numpy as np
import torch

from workbench import intake
from workbench.data import matlab
from workbench.data.arrays import IMAGES, LABELS, NAMES, found, labelled, pixels
from workbench.data.catalogue import printable
from workbench.data.imageset import ImageSet

OLIVETTI = (64 * 64, 400)


def mat(path: Path) -> ImageSet:
    """Read a `.mat` file with images and labels under their usual names.

    MATLAB counts columns first: images are [H, W, N] or [H, W, C, N], or one vector for each image, [D, N] or [N, D],
    of square images column by column. The axis of the images is the one that is as long as the labels; if both could
    be, the last of [D, N] and the first of [N, D] is. A matrix `faces` of 4096 x 400 without labels is the Olivetti
    set, ten images of each of 40 people in turn.

    Raises:
        ValueError: If it cannot be read, or images and labels are not there or do not match.
    """
    where = printable(path)
    arrays, there = _read(path, where)
    images, labels = found(arrays, IMAGES), found(arrays, LABELS)
    if images is not None and labels is None and arrays[images].shape == OLIVETTI:
        values, numbers = arrays[images].T, np.repeat(np.arange(1, 41), 10)
    elif images is None or labels is None:
        raise ValueError(
            f"The file {where} must have images ({', '.join(IMAGES)}) and labels ({', '.join(LABELS)}). It has "
            f"{', '.join(printable(name[:60]) for name in there[:20]) or 'nothing'}."
        )
    else:
        values, numbers = arrays[images], arrays[labels]
        values = _images_first(values, numbers.size, where)
    names = found(arrays, NAMES)
    shown = pixels(_unrolled(values, where), where)
    labelling = labelled(numbers, None if names is None else _texts(arrays[names]), len(shown), where)
    source = f"{len(shown)} images of {len(labelling[1])} people in {printable(path.name)}."
    return ImageSet(torch.from_numpy(shown), torch.from_numpy(labelling[0]), labelling[1], source)


def _read(path: Path, where: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the arrays of known names in a file, and the names of all that it has."""
    try:
        content = intake.ordinary(path).read_bytes()
        room = max(intake.ROOM, intake.GROWTH * len(content))
        return matlab.arrays(content, room, lambda name: name.lower() in (*IMAGES, *LABELS, *NAMES))
    except OSError as error:
        raise ValueError(f"The file {where} cannot be read ({error.strerror}).") from None
    except matlab.MatlabError as error:
        raise ValueError(
            f"The file {where} cannot be read as .mat: {error}. Fetch it again, or save it as .npz."
        ) from None


def _images_first(values: np.ndarray, count: int, where: str) -> np.ndarray:
    if values.shape[0] == count:
        return values
    if values.shape[-1] == count:
        return np.moveaxis(values, -1, 0)
    raise ValueError(
        f"The labels of {where} must be one for each image. Got {count} labels and images of shape "
        f"{list(values.shape)}."
    )


def _unrolled(values: np.ndarray, where: str) -> np.ndarray:
    """Return vectors as the square images they are, column by column."""
    if values.ndim != 2:
        return values
    side = math.isqrt(values.shape[1])
    if side * side != values.shape[1]:
        raise ValueError(
            f"The images of {where} are vectors of {values.shape[1]} numbers, which make no square. Save them as "
            f"height x width x images."
        )
    return values.reshape(-1, side, side).transpose(0, 2, 1)


def _texts(values: np.ndarray) -> np.ndarray:
    """Return a cell array of texts as one of texts; loadmat wraps each in an array of its own."""
    return np.array([str(np.ravel(value)[0]).strip() if np.size(value) else "" for value in np.ravel(values)])

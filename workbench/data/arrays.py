"""Images that come as arrays of numbers, in whatever layout and range."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from workbench.data.decoding import Form, formed
from workbench.data.imageset import ImageSet
from workbench.data.rows import Rows
from workbench.intake import as_text

# What people call these, the most usual first.
IMAGES = ("images", "x", "data", "faces", "imgs", "pixels", "fea", "x_train", "arr_0")
LABELS = ("labels", "y", "target", "targets", "label", "ids", "gnd", "identity", "y_train", "arr_1")
NAMES = ("names", "target_names", "class_names", "classes", "label_names", "people")
FILES = ("files", "paths", "filenames", "u")


def found(arrays: Mapping[str, np.ndarray], known: Sequence[str]) -> str | None:
    """Return the name under which one of the `known` arrays is there, whatever its case; None if none is."""
    by_name = {name.lower(): name for name in arrays}
    return next((by_name[name] for name in known if name in by_name), None)


def pixels(values: np.ndarray, where: str) -> np.ndarray:
    """Return images as uint8 [N, C, H, W].

    Args:
        values: [N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels; whole numbers in [0, 255], or other
            numbers in [0, 1] or [0, 255].
        where: of what file, for the sentence of an error.

    Raises:
        ValueError: If the shape or a value is something else.
    """
    shape = values.shape
    if values.ndim == 3:
        values = values[:, None]
    elif values.ndim == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3):
        values = values.transpose(0, 3, 1, 2)
    elif not (values.ndim == 4 and shape[1] in (1, 3)):
        raise ValueError(
            f"The images of {where} must be of shape [N, height, width], or have 1 or 3 channels besides. Got "
            f"{list(shape)} instead. Reshape them and save them again."
        )
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    if values.dtype.kind not in "iuf":
        raise ValueError(f"The images of {where} must be numbers. Got {values.dtype} instead.")
    low, high = (values.min(), values.max()) if values.size else (0, 0)
    if not (low >= 0 and high <= 255):  # NaN is neither
        raise ValueError(
            f"The pixels of {where} must be in [0, 255], or in [0, 1]. Got numbers from {low:g} to {high:g}. Bring "
            f"them to that range and save them again."
        )
    scale = 255 if values.dtype.kind == "f" and high <= 1 else 1
    return np.ascontiguousarray(np.rint(values * scale).astype(np.uint8))


def labelled(values: np.ndarray, names: np.ndarray | None, count: int, where: str) -> tuple[np.ndarray, list[str]]:
    """Return class numbers, int64 [N], and the names of the classes.

    Args:
        values: whole numbers, not necessarily from 0 on, or names, [N].
        names: name of each number from 0 on, if there are any.
        count: N.
        where: of what file, for the sentence of an error.

    Raises:
        ValueError: If they are not one for each image, neither numbers nor names, or beyond the names.
    """
    values = values.reshape(-1) if values.ndim == 2 and 1 in values.shape else values
    if values.shape != (count,):
        raise ValueError(
            f"The labels of {where} must be {count}, one for each image. Got labels of shape {list(values.shape)} "
            f"instead."
        )
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.floor(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in "iubUS":
        raise ValueError(f"The labels of {where} must be whole numbers or names. Got {values.dtype} instead.")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "backslashreplace")
    if names is not None and values.dtype.kind in "iu":
        called = [as_text(name) for name in np.ravel(names).tolist()]
        if values.min() < 0 or values.max() >= len(called):
            raise ValueError(
                f"The labels of {where} must lie in [0, {len(called)}), as there are {len(called)} names. Got labels "
                f"from {values.min()} to {values.max()}."
            )
        return values.astype(np.int64), called
    present, numbers = np.unique(values, return_inverse=True)
    return numbers.astype(np.int64), [as_text(value) for value in present.tolist()]


def shaped(images: ImageSet, *, size: int | None, grey: bool) -> ImageSet:
    """Return the images resized to size x size and made grey as asked; the same set if they already are so.

    Raises:
        ValueError: If they are on disk and would have to change.
    """
    channels, height, width = images.shape
    if size in (None, height) and size in (None, width) and not (grey and channels == 3):
        return images
    if isinstance(images.images, Rows):
        raise ValueError(
            f"The set was imported with {channels} x {height} x {width} pixels (channels x height x width). Import its "
            f"source again with other options to another folder: size={size}, grey={grey}."
        )
    form = Form(1 if grey else channels, size or height, size or width, resized=size is not None, made_grey=True)
    done = np.empty((len(images), form.channels, form.height, form.width), dtype=np.uint8)
    first = 0
    for part in images.images.split(512):
        for picture in part.permute(0, 2, 3, 1).contiguous().numpy():
            image = Image.fromarray(picture[..., 0] if channels == 1 else picture)
            done[first] = np.frombuffer(b"".join(formed(image, form)), dtype=np.uint8).reshape(done.shape[1:])
            first += 1
    return replace(images, images=torch.from_numpy(done), recorded_digest=None)

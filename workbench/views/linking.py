"""What views of the same samples and classes have in common, so that they follow each other in a page."""

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.theme import class_styles


def samples_key(labels: npt.ArrayLike) -> str:
    """Eight hexadecimal digits that two views share exactly if they were given the same labels in the same order.

    Views that share it link what is hovered and selected, by row.
    """
    return sha256(np.asarray(labels, dtype=np.int64).reshape(-1).tobytes()).hexdigest()[:8]


def class_entries(names: Sequence[str]) -> list[dict[str, Any]]:
    """Name, colour and glyph of each class, as every view draws it."""
    return [{"name": name, **asdict(style)} for name, style in zip(names, class_styles(len(names)), strict=True)]


def class_names(owner: str, names: Sequence[str] | None, classes: int) -> list[str]:
    """The names given, or the numbers of the classes.

    Raises:
        ValueError: not one name for each class.
    """
    if names is not None and len(names) != classes:
        raise ValueError(bad_parameter(owner, "names", f"{classes} names, one for each class", len(names)))
    return [str(name) for name in names] if names is not None else [str(k) for k in range(classes)]


def class_numbers(owner: str, labels: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Labels as int64 [P].

    Raises:
        ValueError: not whole numbers of 0 or more in one dimension.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or (array.size and (array.dtype.kind not in "iu" or array.min() < 0)):
        given = (array.dtype.name, array.shape) if array.dtype.kind not in "iu" or array.ndim != 1 else array.min()
        raise ValueError(bad_parameter(owner, "labels", "whole numbers of 0 or more, [P]", given))
    return array.astype(np.int64)


def checked_thumbnails(owner: str, images: npt.NDArray[np.uint8], total: int) -> None:
    """Check that there is one image for each of `total` rows.

    Raises:
        ValueError: another dtype or shape.
    """
    shape_fits = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not shape_fits or len(images) != total:
        rule = f"a uint8 array [{total}, H, W] or [{total}, H, W, 3]"
        raise ValueError(bad_parameter(owner, "thumbnails", rule, (images.dtype.name, images.shape)))

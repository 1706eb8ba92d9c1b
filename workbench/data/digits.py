"""Handwritten digits: 1 797 real images that come with scikit-learn, so that everything works without a download."""

from dataclasses import replace
from numbers import Integral

import torch

from workbench.checks import bad_parameter
from workbench.data.imageset import ImageSet

_CLASSES = 10


def digits(*, classes: int = _CLASSES) -> ImageSet:
    """1 797 handwritten digits, 8 x 8 pixels, 10 classes, from the UCI repository by way of scikit-learn.

    Args:
        classes: keep the digits 0, 1, ... below this, 2 to 10; 10: all.

    Raises:
        ValueError: If `classes` is out of its range.
    """
    if not isinstance(classes, Integral) or not 2 <= classes <= _CLASSES:
        raise ValueError(bad_parameter("digits", "classes", f"a whole number from 2 to {_CLASSES}", classes))
    from sklearn.datasets import load_digits

    bundle = load_digits()
    # The set counts dark pixels of 4 x 4 cells, 0 to 16.
    images = torch.from_numpy(bundle.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(bundle.target).long()
    source = (digits.__doc__ or "").partition("\n")[0]
    every = ImageSet(images, labels, [str(name) for name in bundle.target_names], source)
    if classes == _CLASSES:
        return every
    kept = every.select(labels < classes).renumbered()
    return replace(kept, source=f"{source} Of these, the {len(kept)} images of the digits below {classes}.")

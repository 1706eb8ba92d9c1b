"""Handwritten digits: 1 797 real images that come with scikit-learn, so that everything works without a download."""

import torch

from workbench.data.imageset import ImageSet


def digits() -> ImageSet:
    """1 797 handwritten digits, 8 x 8 pixels, 10 classes, from the UCI repository by way of scikit-learn."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    # The set counts dark pixels of 4 x 4 cells, 0 to 16.
    images = torch.from_numpy(bundle.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(bundle.target).long()
    return ImageSet(images, labels, [str(name) for name in bundle.target_names], (digits.__doc__ or "").strip())

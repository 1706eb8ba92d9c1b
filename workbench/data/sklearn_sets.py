"""Faces that scikit-learn knows how to fetch: Labeled Faces in the Wild and the Olivetti faces.

They are fetched on first use, to scikit-learn's own folder or to `data_home`, and come from there afterwards.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from workbench.checks import one_of
from workbench.data.arrays import pixels
from workbench.data.imageset import ImageSet
from workbench.data.pairs import Pairs, VerificationSet, unidentified

Subset = Literal["10_folds", "train", "test"]


def lfw_people(*, data_home: Path | str | None = None, funneled: bool = True) -> ImageSet:
    """Labeled Faces in the Wild: 13 233 photographs of 5 749 people, cut to 125 x 94 pixels, by way of scikit-learn."""
    from sklearn.datasets import fetch_lfw_people

    bundle = _fetched(fetch_lfw_people, "LFW", data_home, funneled=funneled, color=True, resize=None)
    return ImageSet(
        torch.from_numpy(pixels(bundle.images, "lfw-people")),
        torch.from_numpy(bundle.target.astype(np.int64)),
        [str(name) for name in bundle.target_names],
        (lfw_people.__doc__ or "").strip(),
    )


def olivetti(*, data_home: Path | str | None = None) -> ImageSet:
    """The Olivetti faces: 400 grey photographs of 40 people, 64 x 64 pixels, by way of scikit-learn."""
    from sklearn.datasets import fetch_olivetti_faces

    bundle = _fetched(fetch_olivetti_faces, "Olivetti", data_home)
    return ImageSet(
        torch.from_numpy(pixels(bundle.images, "olivetti")),
        torch.from_numpy(bundle.target.astype(np.int64)),
        [str(number + 1) for number in range(40)],
        (olivetti.__doc__ or "").strip(),
    )


def lfw_pairs(
    *, data_home: Path | str | None = None, funneled: bool = True, subset: Subset = "10_folds"
) -> VerificationSet:
    """Pairs of Labeled Faces in the Wild, 125 x 94 pixels, by way of scikit-learn.

    Args:
        data_home: where scikit-learn keeps its data; its own choice if None.
        funneled: the aligned version of the images.
        subset: "10_folds" is View 2, 6 000 pairs for the figure that is reported; "train" and "test" are View 1, 2 200
            and 1 000 pairs to choose with.
    """
    from sklearn.datasets import fetch_lfw_pairs

    one_of("lfw-pairs", "subset", subset, ("10_folds", "train", "test"))
    bundle = _fetched(fetch_lfw_pairs, "LFW", data_home, funneled=funneled, color=True, resize=None, subset=subset)
    pairs = bundle.pairs
    shown = pixels(pairs.reshape(-1, *pairs.shape[2:]), "lfw-pairs")
    images = unidentified(torch.from_numpy(shown), (lfw_pairs.__doc__ or "").partition("\n")[0])
    folds = 10 if subset == "10_folds" else 1
    return VerificationSet(images, Pairs.side_by_side(torch.from_numpy(bundle.target == 1), folds=folds))


def _fetched(fetch: Callable[..., Any], what: str, data_home: Path | str | None, **options: Any) -> Any:
    home = None if data_home is None else str(data_home)
    try:
        return fetch(data_home=home, **options)
    except OSError as error:  # urllib's errors are of this kind too
        raise ValueError(
            f"The {what} faces are not in scikit-learn's folder and cannot be fetched ({error}). Fetch them once on a "
            f"machine with a network, and give the folder as 'data_home'."
        ) from None

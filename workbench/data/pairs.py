"""Pairs of images to verify, and the lists they come in."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from workbench.data.imageset import ImageSet


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of images, each of one person or of two.

    Attributes:
        first: position of one image, int64 [P].
        second: position of the other, int64 [P].
        same: whether both show one person, bool [P].
        fold: which fold the pair belongs to, 0, 1, ..., int64 [P]; thresholds are chosen on the other folds.

    Raises:
        ValueError: If shapes or types do not fit together, or there is no pair.
    """

    first: Int[Tensor, " pairs"]
    second: Int[Tensor, " pairs"]
    same: Bool[Tensor, " pairs"]
    fold: Int[Tensor, " pairs"]

    def __post_init__(self) -> None:
        count = len(self.first)
        if not count:
            raise ValueError("There must be at least one pair. Got none: look at the list.")
        kinds = {"first": torch.int64, "second": torch.int64, "same": torch.bool, "fold": torch.int64}
        for name, kind in kinds.items():
            values = getattr(self, name)
            if values.shape != (count,) or values.dtype != kind:
                raise ValueError(
                    f"The {name!r} values of pairs must be {count} of {kind}. Got {values.dtype} of shape "
                    f"{list(values.shape)} instead."
                )

    @classmethod
    def side_by_side(cls, same: Bool[Tensor, " pairs"], *, folds: int) -> "Pairs":
        """Return the pairs of images 0 and 1, 2 and 3, ..., in `folds` parts of consecutive pairs, about equal.

        The first parts have one pair more where they cannot be equal, as in scikit-learn's KFold, by which InsightFace
        scores such sets.
        """
        first = torch.arange(0, 2 * len(same), 2)
        return cls(first, first + 1, same, folded(len(same), folds))

    def __len__(self) -> int:
        return len(self.first)

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1


@dataclass(frozen=True, eq=False)
class VerificationSet:
    """Images, and the pairs of them to verify.

    Raises:
        ValueError: If a pair is of an image that is not there.
    """

    images: ImageSet
    pairs: Pairs

    def __post_init__(self) -> None:
        both = torch.cat([self.pairs.first, self.pairs.second])
        low, high = int(both.min()), int(both.max())
        if low < 0 or high >= len(self.images):
            raise ValueError(
                f"Pairs must be of images in [0, {len(self.images)}). Got images from {low} to {high}: these pairs are "
                f"of another set."
            )


def folded(pairs: int, folds: int) -> Int[Tensor, " pairs"]:
    """Return the fold of each pair: `folds` parts of consecutive pairs, the first ones longer by one if need be."""
    parts = torch.tensor_split(torch.arange(pairs), min(folds, pairs))
    return torch.cat([torch.full((len(part),), number) for number, part in enumerate(parts)])


def unidentified(images: Tensor, source: str, files: Sequence[str] = ()) -> ImageSet:
    """Return images of which nobody says who they show: each is a class of its own, named by its number."""
    return ImageSet(images, torch.arange(len(images)), [str(n) for n in range(len(images))], source, files)

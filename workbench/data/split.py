"""Splitting a set into what is trained on and what is held out."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from workbench.checks import bad_parameter
from workbench.data.imageset import ImageSet
from workbench.randomness import generator

HeldOut = Literal["auto", "images", "classes", "protocol"]


class Split(NamedTuple):
    """Two sets without an image in common."""

    train: ImageSet
    held_out: ImageSet

    @property
    def closed(self) -> bool:
        """Whether the held-out images show classes that are trained on."""
        return list(self.train.names) == list(self.held_out.names)


def split(images: ImageSet, *, by: HeldOut = "auto", share: float = 0.3, seed: int = 0) -> Split:
    """Hold a share of a set out of training, the same one for the same seed on every machine.

    Args:
        images: the whole set.
        by: "images" holds out a share of the images of every class (closed set: the model has seen the class);
            "classes" holds out whole classes (open set, as face verification is used). Both parts are renumbered
            then. "protocol" holds out what the set itself keeps for testing, `ImageSet.held_out`; both parts are
            renumbered then too, unless they share a class. "auto" is "protocol" where the set has one, else "images".
        share: share held out, in (0, 1); 0.3. At least one image of each class with two stays on either side. Without
            effect on a protocol.
        seed: of the draw. It is not the seed of the training, so that all runs of a comparison share one split.

    Raises:
        ValueError: If the share is not inside (0, 1), the set has no protocol, fewer than two classes would be left to
            train on, or no image can be held out.
    """
    if not 0 < share < 1:
        raise ValueError(bad_parameter("split", "share", "a number inside (0, 1)", share))
    if by == "protocol" or (by == "auto" and images.held_out is not None):
        return _by_protocol(images)
    draw = generator(seed, "split")
    present = images.labels.unique()
    if by == "classes":
        order = present[torch.randperm(len(present), generator=draw)]
        out = torch.isin(images.labels, order[: max(1, round(share * len(present)))])
    elif by in ("images", "auto"):
        out = torch.zeros(len(images), dtype=torch.bool)
        by_class = images.labels.argsort(stable=True)
        for members in by_class.split(images.labels.bincount()[present].tolist()):
            members = members[torch.randperm(len(members), generator=draw)]
            count = min(max(round(share * len(members)), 1), len(members) - 1)
            out[members[:count]] = True
    else:
        raise ValueError(bad_parameter("split", "by", "'auto', 'images', 'classes' or 'protocol'", by))
    _check_left(images, out, f"{share:g} by {'classes' if by == 'classes' else 'images'}")
    if not out.any():
        raise ValueError("No image can be held out: every class has only one. Hold out whole classes instead.")
    parts = Split(images.select(~out), images.select(out))
    return Split(*(part.renumbered() for part in parts)) if by == "classes" else parts


def _by_protocol(images: ImageSet) -> Split:
    out = images.held_out
    if out is None:
        raise ValueError(
            "The image set has no protocol: nothing says which images are for testing. Load it with test_people=, or "
            "hold out 'images' or 'classes'."
        )
    if not out.any():
        raise ValueError("The protocol of the image set holds out nothing that is left in it.")
    _check_left(images, out, "what its protocol keeps for testing")
    parts = Split(images.select(~out), images.select(out))
    shared = torch.isin(parts.held_out.labels, parts.train.labels).any()
    return parts if shared else Split(*(part.renumbered() for part in parts))


def _check_left(images: ImageSet, out: Tensor, what: str) -> None:
    left, present = len(images.labels[~out].unique()), len(images.labels.unique())
    if left < 2:
        raise ValueError(
            f"A training set must have at least two classes: one class leaves nothing to tell apart. Got "
            f"{left} of {present} after holding out {what}."
        )

"""A network on faces it was not trained on: embeddings, and the numbers that the field reports of them."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from workbench import evaluation, protocols
from workbench.data import ImageSet, Pairs
from workbench.embedders import Embedder
from workbench.embeddings import EmbeddingSet
from workbench.protocols.identification import FPIRS

THUMBNAIL = 48
"""Pixels on a side of the pictures that are kept beside embeddings."""

UNKNOWN = 0.2
"""Share of the identities that are not enrolled in the open-set search, drawn from seed 0."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recognition:
    """What a network makes of a set of faces.

    Attributes:
        network: what it is and how images are prepared for it, as plain JSON.
        flip: "none", or "sum" if each embedding is the sum of that of an image and of its mirror image.
        embeddings: of all images.
        folds: accuracy on listed pairs, with each fold's threshold chosen on the others; None without pairs.
        verification: error rates on listed pairs; None without pairs.
        closed_set: every identity's first image is enrolled, all others are searched; None if nobody has two images.
        open_set: the same with a fifth of the identities not enrolled, who must not be found; None likewise.
        measured: all pairs of images; None if there is no genuine or no impostor one.
    """

    network: dict[str, Any]
    flip: str
    embeddings: EmbeddingSet
    folds: protocols.FoldAccuracy | None
    verification: protocols.Verification | None
    closed_set: protocols.Identification | None
    open_set: protocols.Identification | None
    measured: evaluation.Measured | None

    def headline(self) -> dict[str, Any]:
        """Return all numbers as plain JSON, each with its 95 % interval."""
        return {
            "network": self.network,
            "flip": self.flip,
            "data": {
                "source": self.embeddings.source,
                "images": len(self.embeddings),
                "identities": len(np.unique(self.embeddings.labels)),
            },
            "folds": None if self.folds is None else self.folds.headline(),
            "verification": None if self.verification is None else self.verification.headline(),
            "closed_set": None if self.closed_set is None else self.closed_set.headline(),
            "open_set": None if self.open_set is None else self.open_set.headline(),
            "all_pairs": None if self.measured is None else {**self.measured.counts(), **self.measured.numbers()},
        }


def embed(
    embedder: Embedder,
    images: ImageSet,
    *,
    flip: Literal["none", "sum"] = "none",
    thumbnails: bool = False,
    progress: bool = False,
) -> EmbeddingSet:
    """Return the embeddings of a set of images.

    Args:
        embedder: the network.
        images: the faces.
        flip: "sum" adds the embedding of the mirrored image, as many published results do.
        thumbnails: keep small pictures beside the embeddings, to show them with.
        progress: show a progress bar.

    Raises:
        ValueError: If the images do not fit the network.
    """
    return EmbeddingSet(
        embedder.embed(images.images, flip=flip, progress=progress),
        images.labels.numpy(),
        images.names,
        images.files,
        pictures(images) if thumbnails else None,
        images.source,
    )


def evaluate(
    embedder: Embedder,
    images: ImageSet,
    pairs: Pairs | None = None,
    *,
    flip: Literal["none", "sum"] = "none",
    thresholds: Literal["exact", "grid"] = "exact",
    thumbnails: bool = False,
    progress: bool = False,
) -> Recognition:
    """Embed faces and measure how well they are told apart.

    Args:
        embedder: the network.
        images: the faces, none of which should show a person it was trained on.
        pairs: pairs of them to verify, if the set has a list.
        flip: as of `embed`.
        thresholds: of the accuracy by folds, see `protocols.fold_accuracy`.
        thumbnails: as of `embed`.
        progress: show a progress bar.

    Raises:
        ValueError: If the images do not fit the network, or neither pairs nor two images of anybody are there.
    """
    embedded = embed(embedder, images, flip=flip, thumbnails=thumbnails, progress=progress)
    folds = verification = None
    if pairs is not None:
        first, second, same = pairs.first.numpy(), pairs.second.numpy(), pairs.same.numpy()
        scores = protocols.pair_cosines(embedded.embeddings, first, second)
        if pairs.folds > 1:
            folds = protocols.fold_accuracy(scores, same, pairs.fold.numpy(), thresholds=thresholds)
        verification = protocols.verify(scores, same, folds=pairs.fold.numpy() if pairs.folds > 1 else None)
    known = np.bincount(embedded.labels).max() > 1
    if not known and pairs is None:
        raise ValueError(
            f"Nothing can be measured: of {len(images)} images no two show one person, and no list of pairs is given. "
            f"Give one as 'pairs', or a set with several images of each person."
        )
    return Recognition(
        network=embedder.facts,
        flip=flip,
        embeddings=embedded,
        folds=folds,
        verification=verification,
        closed_set=_search(embedded, unknown=0.0) if known else None,
        open_set=_search(embedded, unknown=UNKNOWN) if known else None,
        measured=_all_pairs(embedded) if known else None,
    )


def with_pictures(embeddings: EmbeddingSet, images: ImageSet) -> EmbeddingSet:
    """Return embeddings with small pictures of the images they were made from, found by their files' names.

    Raises:
        ValueError: If the images of some embeddings are not there.
    """
    position = {file: i for i, file in enumerate(images.files)}
    missing = [file for file in embeddings.files if file not in position]
    if missing or not len(embeddings.files):
        what = f"{missing[0]!r} and {len(missing) - 1} more are not" if missing else "the embeddings name no files"
        raise ValueError(
            f"The pictures of the embeddings cannot be found among {len(images)} images: {what}. Give the very images "
            f"that were embedded."
        )
    rows = torch.tensor([position[file] for file in embeddings.files])
    return replace(embeddings, thumbnails=pictures(images.select(rows)))


def pictures(images: ImageSet) -> np.ndarray:
    """Return small pictures of a set, uint8 [N, H, W] or [N, H, W, 3], at most 48 pixels on a side."""
    from PIL import Image

    channels, height, width = images.shape
    scale = min(1.0, THUMBNAIL / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.empty((len(images), size[1], size[0], *((channels,) if channels > 1 else ())), dtype=np.uint8)
    for i in range(len(images)):
        pixels = images.images[i].permute(1, 2, 0).numpy()
        picture = Image.fromarray(pixels if channels > 1 else pixels[..., 0])
        small[i] = np.asarray(picture.resize(size, Image.Resampling.BOX))
    return small


def _search(embedded: EmbeddingSet, *, unknown: float) -> protocols.Identification | None:
    gallery, probes = protocols.gallery_and_probes(embedded.labels, unknown=unknown)
    if not np.isin(embedded.labels[probes], embedded.labels[gallery]).any():
        return None
    rows, labels = embedded.embeddings, embedded.labels
    fpirs = FPIRS if unknown else ()  # where everybody is enrolled there is nobody who must not be found
    return protocols.identify(rows[gallery], labels[gallery], rows[probes], labels[probes], fpirs=fpirs)


def _all_pairs(embedded: EmbeddingSet) -> evaluation.Measured | None:
    if len(np.unique(embedded.labels)) < 2:
        return None
    return evaluation.measure(embedded.embeddings, embedded.labels)

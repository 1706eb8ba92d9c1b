"""Headline numbers: of a finished run on the images it has never seen, and of anybody's embeddings."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench import data, files, geometry, protocols
from workbench.geometry import Geometry, Rate, TarAtFar
from workbench.protocols import plain
from workbench.protocols.verification import FARS
from workbench.runs import Run
from workbench.training import Trainer
from workbench.views.directions import class_means, normalise
from workbench.views.margin import Margin

CHECKPOINT_RULE = "the last epoch, fixed before training"


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """Embeddings that were measured.

    Attributes:
        embeddings: float32 [N, D], as the model gave them.
        labels: int64 [N].
        centres: class weights float32 [C, D]; None if there are none.
        geometry: angles, pairs, error rates, separation, collapse; angles are to `centres`, or to class means.
        accuracy: share of images whose own centre is the nearest by angle, Wilson's 95 % interval; None without
            centres.
        tar: TAR at each FAR of `FARS` that the impostor pairs can resolve.
        rank_1: share of images found by a search among the first images of every class; None where no class has two.
    """

    embeddings: np.ndarray
    labels: np.ndarray
    centres: np.ndarray | None
    geometry: Geometry
    accuracy: Rate | None
    tar: tuple[TarAtFar, ...]
    rank_1: Rate | None

    def directions(self) -> np.ndarray:
        """Return a unit vector for each class, float64 [C, D]: its weights, or without centres the mean of its images.

        Zero for a class that has no image.
        """
        if self.centres is not None:
            return normalise(self.centres.astype(np.float64))
        unit = normalise(self.embeddings.astype(np.float64))
        means: np.ndarray = class_means(unit[None], self.labels, int(self.labels.max()) + 1)[0]
        return means

    def counts(self) -> dict[str, int]:
        """Return how much the numbers are made of."""
        return {
            "images": len(self.labels),
            "classes": len(np.unique(self.labels)),
            "genuine_pairs": self.geometry.pairs.genuine.total,
            "impostor_pairs": self.geometry.pairs.impostor.total,
        }

    def numbers(self) -> dict[str, Any]:
        """Return the headline numbers as plain JSON, with their 95 % intervals: shares in [0, 1], angles in radians.

        `workbench.headline.NUMBERS` says how they are read.
        """
        separation, eer = self.geometry.separation, self.geometry.roc.eer
        tar = [{"far": t.far, "threshold": plain.finite(t.threshold), **plain.rate(t.tar)} for t in self.tar]
        return {
            "accuracy": None if self.accuracy is None else plain.rate(self.accuracy),
            "eer": plain.value(eer.value, eer.interval),
            "tar_at_far": tar,
            "unresolved_fars": [far for far in FARS if far not in [t.far for t in self.tar]],
            "rank_1": None if self.rank_1 is None else plain.rate(self.rank_1),
            "auc": separation.auc,
            "angle_to_own_centre_median": float(np.median(self.geometry.angles.own)),
            "gap": separation.gap,
            "overlap": separation.overlap,
            "d_prime": plain.finite(separation.d_prime),
            "alignment": separation.alignment,
            "uniformity": separation.uniformity,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation(Measured):
    """A run on its held-out images.

    Attributes:
        run: the run.
        images: the held-out images, [N].
        margins: what the loss demanded of each sample in the last epoch of training, in `margin_unit`; None for a loss
            without a margin or with a factor.
        margin_unit: "rad" or "cosine".
        margin: what the loss asks for as a function of the angle, see `workbench.views.Margin.of`; None where it is no
            such function, and where classes were held out, whose centres the loss has never seen.
    """

    run: Run
    images: data.ImageSet
    margins: np.ndarray | None
    margin_unit: str
    margin: Margin | None

    def headline(self) -> dict[str, Any]:
        """Return the headline numbers as plain JSON, with how the checkpoint was chosen and what was held out."""
        held_out = {"by": "classes" if self.centres is None else "images", **self.counts()}
        return {"checkpoint": CHECKPOINT_RULE, "held_out": held_out, **self.numbers()}


def measure(embeddings: np.ndarray, labels: np.ndarray, centres: np.ndarray | None = None) -> Measured:
    """Measure embeddings, whoever made them.

    Raises:
        ValueError: If shapes do not fit, a row is zero or not finite, or there is no genuine or no impostor pair.
    """
    return Measured(**_measured(embeddings, labels, centres))


def evaluate(run: Run, *, images: data.ImageSet | None = None) -> Evaluation:
    """Embed the held-out images of a run, measure their geometry, and write `evaluation.json` into its folder.

    Args:
        run: a finished run.
        images: the image set it was trained on, if it is not one that its config names.

    Raises:
        ValueError: If the run is not finished or was trained on other images, or the held-out images make no genuine
            or no impostor pair.
    """
    run.require_finished()
    trainer = Trainer.restored(run, images=images)
    held_out = trainer.images.held_out
    embeddings = trainer.learner.embed(held_out).numpy()
    centres = trainer.learner.centres().numpy() if trainer.images.closed else None
    unit = trainer.learner.head.margin_unit
    evaluation = Evaluation(
        **_measured(embeddings, held_out.labels.numpy(), centres),
        run=run,
        images=held_out,
        margins=run.margins() if unit in ("rad", "cosine") else None,
        margin_unit="cosine" if unit == "cosine" else "rad",
        margin=Margin.of(trainer.learner.head) if trainer.images.closed else None,
    )
    files.write_json(run.folder / "evaluation.json", evaluation.headline())
    return evaluation


def _measured(embeddings: np.ndarray, labels: np.ndarray, centres: np.ndarray | None) -> dict[str, Any]:
    measured = geometry.measure(embeddings, labels, centres)
    accuracy = None
    if centres is not None:
        right = int((measured.angles.margin > 0).sum())
        interval = geometry.wilson(right, len(labels))
        accuracy = geometry.Rate(right, len(labels), wilson=interval, interval=interval)
    tar = (geometry.tar_at_far(measured.pairs, far) for far in FARS if geometry.resolves(measured.pairs, far))
    return {
        "embeddings": embeddings,
        "labels": labels,
        "centres": centres,
        "geometry": measured,
        "accuracy": accuracy,
        "tar": tuple(tar),
        "rank_1": _rank_1(embeddings, labels),
    }


def _rank_1(embeddings: np.ndarray, labels: np.ndarray) -> geometry.Rate | None:
    gallery, probes = protocols.gallery_and_probes(labels)
    if not len(probes):
        return None
    parts = embeddings[gallery], labels[gallery], embeddings[probes], labels[probes]
    return protocols.identify(*parts, ranks=(1,), fpirs=()).ranks[0].rate

"""The numbers that claims are about, of one finished run: on the people held out, and on those trained on."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench import data, geometry
from workbench.evaluation import measure as measure_embeddings
from workbench.headline import NUMBERS as HEADLINE
from workbench.headline import Number
from workbench.losses.elasticface import ElasticHead
from workbench.randomness import generator
from workbench.runs import Run
from workbench.training import Trainer

_TAIL = 0.999
_ENDS = 3  # epochs at either end of a course

_OWN = (
    Number("log_eer", "Logarithm of the equal error rate", "", 3, "lower"),
    Number("impostor_tail", "99.9 % quantile of impostor cosines, held out", "", 3, "lower"),
    Number("hardest", "Cosine of an image to its hardest negative image, held out", "", 3, "lower"),
    Number("clusters", "Normalised mutual information of k-means and people, held out", "%", 1, "higher"),
    Number("class_tail", "99.9 % quantile of cosines to other class centres, trained on", "", 3, ""),
    Number("pair_tail", "99.9 % quantile of cosines of impostor pairs, trained on", "", 3, ""),
    Number("class_mean", "Mean cosine to other class centres, trained on", "", 4, ""),
    Number("pair_mean", "Mean cosine of impostor pairs, trained on", "", 4, ""),
    Number("angle_mean", "Mean angle to the own class centre, trained on", "°", 1, ""),
    Number("angle_spread", "Spread of the angle to the own class centre over images", "°", 2, ""),
    Number("class_spread", "Spread over people of their mean angle to their class centre", "°", 2, ""),
    Number("far_angle", "Mean angle to the own class centre of the farthest tenth", "°", 1, "lower"),
    Number("wide_angle", "Mean angle to the own mean in the widest quarter of people, trained on", "°", 1, "lower"),
    Number("aligned", "Cosine of class centre and mean feature, trained on", "", 3, "higher"),
    Number("margin_rank", "Rank correlation of margin and cosine in a batch", "", 2, ""),
    Number("contrast_first", "Logarithm of L_C, first three epochs of two views", "", 2, ""),
    Number("contrast_last", "Logarithm of L_C, last three epochs", "", 2, ""),
    Number("contrast_margin", "Adaptive margin, last three epochs", "", 3, ""),
)
NUMBERS = {number.key: number for number in (*HEADLINE, *_OWN)}
"""Every number of a run that a claim may be about, by its key."""


def measure(run: Run, images: data.ImageSet) -> dict[str, float]:
    """Return the numbers of a finished run, in the units of `NUMBERS`.

    Features are those of the last epoch, of images as they are, not mirrored. One that a run cannot have is left out:
    the rank correlation of a fixed margin, the course of a contrast that a loss lacks.

    Args:
        run: finished.
        images: the image set that it was trained on.
    """
    trainer = Trainer.restored(run, images=images)
    train, held_out = trainer.images
    features, centres = trainer.learner.embed(train).numpy(), trainer.learner.centres().numpy()
    told = _of_held_out(trainer.learner.embed(held_out).numpy(), held_out.labels.numpy())
    told |= _of_trained(features, train.labels.numpy(), centres)
    told |= _of_contrast({name: values for name, (_, values) in run.terms().items()})
    if isinstance(trainer.learner.head, ElasticHead) and trainer.learner.head.std:
        told["margin_rank"] = _margin_rank(trainer, features)
    return told


def _of_held_out(features: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    measured = measure_embeddings(features, labels)
    numbers = measured.numbers()
    estimates = {number.key: number.of(numbers) for number in HEADLINE}
    told = {key: estimate.value for key, estimate in estimates.items() if estimate is not None}
    if told["eer"] > 0:
        told["log_eer"] = math.log(told["eer"])
    told["impostor_tail"] = _quantile(measured.geometry.pairs.impostor.counts, measured.geometry.pairs.edges)
    told["hardest"] = _hardest(_unit(features), labels)
    told["clusters"] = 100 * _clusters(_unit(features), labels)
    return told


def _of_trained(features: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> dict[str, float]:
    own = np.degrees(geometry.angles(features, labels, centres).own)
    to_mean = np.degrees(geometry.angles(features, labels).own)
    pairs = geometry.pair_counts(features, labels, hardest=0, groups=1)
    negatives = geometry.class_negatives(features, labels, centres)
    classes = np.unique(labels)
    means = np.stack([_unit(features[labels == c]).mean(0) for c in classes])
    widths = np.sort([to_mean[labels == c].mean() for c in classes])
    return {
        "class_tail": _quantile(negatives.counts, negatives.edges),
        "pair_tail": _quantile(pairs.impostor.counts, pairs.edges),
        "class_mean": negatives.mean,
        "pair_mean": pairs.impostor.mean,
        "angle_mean": float(own.mean()),
        "angle_spread": float(own.std()),
        "class_spread": float(np.std([own[labels == c].mean() for c in classes])),
        "far_angle": float(np.sort(own)[-max(1, len(own) // 10) :].mean()),
        "wide_angle": float(widths[-max(1, len(widths) // 4) :].mean()),
        "aligned": float((_unit(means) * _unit(centres[classes])).sum(1).mean()),
    }


def _of_contrast(terms: Mapping[str, np.ndarray]) -> dict[str, float]:
    if "contrast" not in terms:
        return {}
    # A contrast below float32's rounding is 0.
    course = np.log(np.maximum(terms["contrast"], 1e-12))
    return {
        "contrast_first": float(course[:_ENDS].mean()),
        "contrast_last": float(course[-_ENDS:].mean()),
        "contrast_margin": float(terms["margin"][-_ENDS:].mean()),
    }


def _margin_rank(trainer: Trainer, features: np.ndarray) -> float:
    """Return Spearman's correlation of margin and cosine, mean over batches of the features in a shuffled order."""
    import torch

    config, head = trainer.config, trainer.learner.head
    order = torch.randperm(len(features), generator=generator(config.seed, "order", config.epochs))
    found = []
    for step, batch in enumerate(order.split(config.batch_size)[: trainer.steps_per_epoch]):
        labels = trainer.images.train.labels[batch]
        head(torch.from_numpy(features[batch.numpy()]), labels, generator=generator(config.seed, "margins", step))
        cosine, margin = (head.observed[key].argsort().argsort().double().numpy() for key in ("cosine", "margin"))
        found.append(np.corrcoef(cosine, margin)[0, 1])
    return float(np.mean(found))


def _quantile(counts: np.ndarray, edges: np.ndarray) -> float:
    """Return the upper end of the bin of a grid in which the tail begins."""
    below = counts.cumsum()
    return float(edges[1 + np.searchsorted(below, _TAIL * below[-1])])


def _hardest(unit: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over images of the largest cosine to an image of somebody else."""
    nearest = [
        np.where(labels[rows][:, None] == labels, -1.0, unit[rows] @ unit.T).max(1)
        for rows in np.array_split(np.arange(len(unit)), 1 + len(unit) // 1000)
    ]
    return float(np.concatenate(nearest).mean())


def _clusters(unit: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    found = KMeans(len(np.unique(labels)), n_init=3, random_state=0).fit_predict(unit)
    return float(normalized_mutual_info_score(labels, found))


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def course(run: Run) -> dict[str, Any]:
    """Return the terms of the loss from epoch to epoch: by name, the epochs that had it, and its values."""
    return {
        name: {"epochs": epochs.tolist(), "values": [rounded(value) for value in values.tolist()]}
        for name, (epochs, values) in run.terms().items()
    }


def rounded(value: float) -> float:
    """Return a number with five digits: what is stored, and more than any of these numbers means."""
    return float(f"{value:.5g}")

"""Exercises of lesson 09: clusters beside classes, a reconstruction."""

import numpy as np

from workbench.teach.exercises import Choice, Essay, Function, Number, Wrong


def _unit(rows: np.ndarray) -> np.ndarray:
    normalised: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normalised


def _guided(cosine: np.ndarray, m: float, alpha: float, low: float, high: float) -> np.ndarray:
    hardness = (1 - cosine) / 2
    margins: np.ndarray = np.clip(m + alpha * (hardness - hardness.mean()), low, high)
    return margins


def _uncentred(cosine: np.ndarray, m: float, alpha: float, low: float, high: float) -> np.ndarray:
    margins: np.ndarray = np.clip(m + alpha * (1 - cosine) / 2, low, high)
    return margins


def _whole(cosine: np.ndarray, m: float, alpha: float, low: float, high: float) -> np.ndarray:
    return _guided(cosine, m, 2 * alpha, low, high)


def _turned(cosine: np.ndarray, m: float, alpha: float, low: float, high: float) -> np.ndarray:
    return _guided(cosine, m, -alpha, low, high)


def _unclipped(cosine: np.ndarray, m: float, alpha: float, low: float, high: float) -> np.ndarray:
    return _guided(cosine, m, alpha, low - 9, high + 9)


def _by_cosine(cosine: np.ndarray, m: float, alpha: float, low: float, high: float) -> np.ndarray:
    margins: np.ndarray = np.clip(m + alpha * (cosine - cosine.mean()), low, high)
    return margins


def _alignment(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    present = np.unique(labels)
    return float((1 - (_unit(W) * U).sum(1))[present].mean())


def _every_class(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    return _alignment(W, U, np.arange(len(W)) if len(labels) else labels)


def _every_sample(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    return float((1 - (_unit(W) * U).sum(1))[labels].mean())


def _not_normalised(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    return float((1 - (W * U).sum(1))[np.unique(labels)].mean())


def _cosine(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    return 1 - _alignment(W, U, labels)


def _summed(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    return len(np.unique(labels)) * _alignment(W, U, labels)


def _all_pairs(W: np.ndarray, U: np.ndarray, labels: np.ndarray) -> float:
    present = np.unique(labels)
    return float(1 - (_unit(W)[present] @ U[present].T).mean())


_COSINE = np.array([0.95, 0.9, 0.6, 0.1, -0.3])
_W = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 0.5], [-3.0, 0.0]])
_U = np.array([[0.8, 0.6], [0.6, 0.8], [0.0, 1.0], [1.0, 0.0]])

EXERCISES = (
    Choice(
        id="09.1",
        right="c",
        options=("a", "b", "c", "d"),
        says="That clusters guide the margin. The abstract does not say how.",
        wrong=(
            Wrong("a", "The sign is not in the abstract: it may be that hard samples get less."),
            Wrong("b", "How the centres are computed is not in the abstract. The momentum is ours."),
            Wrong(
                "d", "What a cluster is, the abstract does not say: it may as well be a part of a class, or a family."
            ),
        ),
    ),
    Function(
        id="09.2",
        right=_guided,
        cases={
            "for the usual guidance": (_COSINE, 0.5, 0.1, 0.0, 1.0),
            "for a negative guidance": (_COSINE, 0.5, -0.2, 0.0, 1.0),
            "where the ends are reached": (_COSINE, 0.5, 4.0, 0.0, 1.0),
            "where all are equally hard": (np.full(3, 0.7), 0.5, 0.1, 0.0, 1.0),
        },
        says="Only differences of hardness count. Where all are equally hard it is ArcFace.",
        wrong=(
            Wrong(_uncentred, "The mean hardness of the batch is missing: your margins are larger on average than m."),
            Wrong(_whole, "Your hardness goes up to 2. It should lie between 0 and 1."),
            Wrong(_turned, "Your margins shrink with the hardness where alpha is positive."),
            Wrong(_unclipped, "Your margins leave the range from low to high where the guidance is strong."),
            Wrong(_by_cosine, "That is guided by nearness: hardness grows as the cosine falls, and by half as much."),
        ),
    ),
    Number(
        id="09.3",
        right=1 / 16,
        within=0.0005,
        says="A temperature is the reciprocal of a scale. With τ = 0.1 the clustering is a softmax with s = 10.",
        wrong=(
            Wrong(16.0, "That is the scale. The cosine is divided by the temperature."),
            Wrong(0.1, "That is the default. Which scale does it stand for?"),
            Wrong(0.6, "That is the difference of 16 and 10, as a share of 10. What multiplies the cosine?"),
            Wrong(0.25, "The square root is not needed: the scale stands in the exponent as it is."),
        ),
    ),
    Function(
        id="09.4",
        right=_alignment,
        cases={
            "for a batch of three classes": (_W, _U, np.array([0, 0, 0, 1, 2])),
            "for a batch of all classes": (_W, _U, np.array([0, 1, 2, 3])),
            "for a class that points the other way": (_W, _U, np.array([3, 3])),
        },
        says="Between 0, where both centres are one, and 2, where they stand on opposite sides of the sphere.",
        wrong=(
            Wrong(_every_class, "You take all classes. Only those that occur in the batch are meant."),
            Wrong(_every_sample, "A class with more images counts more in yours. Each should count once."),
            Wrong(_not_normalised, "The rows of W have any length. Their direction is meant."),
            Wrong(_cosine, "That is the mean cosine. The term is 0 where the centres agree."),
            Wrong(_summed, "That is the sum over the classes. The term is their mean."),
            Wrong(_all_pairs, "You compare every class with every cluster. Each has its own."),
        ),
    ),
    Essay(
        id="09.5",
        right=(
            "What was run is a reconstruction from an abstract: what a cluster is, the sign of the margin, the "
            "temperature and the weights are our choices, so the result says nothing about the paper's method. An "
            "interval that holds 0 is also no proof of no effect, only that so few seeds and such small data cannot "
            "tell. I would need the paper's text or code, and then its own setting with several seeds."
        ),
        points={
            "It is a reconstruction: the choices are not the paper's": ("reconstruct", "abstract", "choices", "ours"),
            "An interval that holds 0 proves no absence": ("no proof", "cannot tell", "does not prove", "few seeds"),
            "What would be needed": ("text", "code", "authors", "larger"),
        },
    ),
)

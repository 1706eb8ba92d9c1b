"""Exercises of lesson 12: what may be read in a map."""

import numpy as np

from workbench.teach.exercises import Choice, Essay, Function, Number, Wrong


def _nearest(distances: np.ndarray, k: int) -> np.ndarray:
    apart = np.array(distances, dtype=np.float64)
    np.fill_diagonal(apart, np.inf)
    return apart.argsort(axis=1, kind="stable")[:, :k]


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(one, other, strict=True)]))


def _kept(truth: np.ndarray, flat: np.ndarray, k: int) -> float:
    return _shared(_nearest(flat, k), _nearest(truth, k))


def _with_itself(truth: np.ndarray, flat: np.ndarray, k: int) -> float:
    return _shared(np.argsort(flat, axis=1)[:, :k], np.argsort(truth, axis=1)[:, :k])


def _farthest(truth: np.ndarray, flat: np.ndarray, k: int) -> float:
    return _shared(np.argsort(flat, axis=1)[:, -k:], np.argsort(truth, axis=1)[:, -k:])


def _in_order(truth: np.ndarray, flat: np.ndarray, k: int) -> float:
    return float((_nearest(flat, k) == _nearest(truth, k)).mean())


def _counted(truth: np.ndarray, flat: np.ndarray, k: int) -> float:
    return k * _kept(truth, flat, k)


def _of_all(truth: np.ndarray, flat: np.ndarray, k: int) -> float:
    return float(np.isin(_nearest(flat, k), _nearest(truth, k)).mean())


def _case(seed: int, count: int, k: int) -> tuple[np.ndarray, np.ndarray, int]:
    points = np.random.default_rng(seed).normal(size=(count, 3))
    full = np.linalg.norm(points[:, None] - points, axis=-1)
    flat = np.linalg.norm(points[:, None, :2] - points[:, :2], axis=-1)
    return full, flat, k


EXERCISES = (
    Choice(
        id="12.1",
        right="none reliably",
        options=("UMAP", "PCA", "both", "none reliably"),
        says="UMAP evens spread out, and PCA shows only what lies along its two axes. Measure angles instead.",
        wrong=(
            Wrong("UMAP", "Look at the sizes on its map again: it gives every point as many neighbours, near or far."),
            Wrong("PCA", "It shows one of the two wide clusters as wide. What became of the other?"),
            Wrong("both", "Compare the three true angles with the sizes on either map: neither has them all."),
        ),
    ),
    Function(
        id="12.2",
        right=_kept,
        cases={
            "for 30 points and 5 neighbours": _case(0, 30, 5),
            "for 12 points and 1 neighbour": _case(1, 12, 1),
            "for 25 points and 8 neighbours": _case(2, 25, 8),
        },
        within=1e-9,
        says="Like trustworthiness it knows of neighbours alone; unlike it, a near miss costs as much as a far one.",
        wrong=(
            Wrong(_with_itself, "Every point is at distance 0 from itself, and you count it as its own neighbour."),
            Wrong(_farthest, "Those are the farthest points. Which end of the order are the nearest at?"),
            Wrong(
                _in_order,
                "You ask for the same neighbours in the same order. It is enough that they are among the k nearest.",
            ),
            Wrong(_counted, "That is how many are kept. The share of k is asked for."),
            Wrong(
                _of_all,
                "You look for each neighbour among the neighbours of all points. It has to be one of the same point's.",
            ),
        ),
    ),
    Number(
        id="12.3",
        right=0.5,
        within=0.06,
        says="Half, not 0: a map has to be wrong on purpose to get below. Read trustworthiness from 0.5 upwards.",
        wrong=(
            Wrong(
                0.0,
                "For 0, every neighbour on the map would have to be one of the farthest in truth. Luck is not as bad.",
            ),
            Wrong(1.0, "Did you measure the map with itself? Shuffle the rows of its points, not those of both."),
        ),
    ),
    Essay(
        id="12.4",
        right=(
            "UMAP evens out density, so the size of a cluster on it says nothing of the spread of a class, and where "
            "it sets clusters that share no neighbours is up to its seed and settings, so gaps say nothing either. Two "
            "maps have no common scale, and each was made once. I would ask for the angles to the own and to the "
            "nearest other centre, or the distributions of genuine and impostor cosines, with error rates and "
            "intervals, over several seeds of training and for more than 20 people; for the maps themselves the "
            "settings, seeds and trustworthiness."
        ),
        points={
            "Sizes on a UMAP are no spread": ("density", "size", "evens"),
            "Distances and gaps on it are no angles": ("gap", "distance", "where it sets"),
            "One seed and one setting of each map": ("seed", "setting"),
            "Ask for angles or distributions of cosines": ("angle", "cosine", "distribution", "histogram"),
            "Ask for error rates with intervals, and more people": ("error rate", "interval", "more people", "eer"),
        },
    ),
)

"""Exercises of lesson 08: a contrast between two dropout views."""

import numpy as np

from workbench.teach.exercises import Essay, Function, Number, Numbers, Wrong

Labels = np.ndarray


def _cross_entropy(logits: np.ndarray) -> np.ndarray:
    losses: np.ndarray = np.logaddexp.reduce(logits, axis=1) - np.diag(logits)
    return losses


def _others_of_class(labels: Labels) -> np.ndarray:
    same: np.ndarray = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    return same


def _contrast(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    masked = np.where(_others_of_class(labels), 0.0, S)
    return float(_cross_entropy(s * (masked - m * np.eye(len(S)))).mean())


def _removed(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    masked = np.where(_others_of_class(labels), -np.inf, S)
    return float(_cross_entropy(s * masked - s * m * np.eye(len(S))).mean())


def _without_mask(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    return _contrast(S, np.arange(len(labels)), m, s)


def _mask_on_diagonal(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    masked = np.where(labels[:, None] == labels, 0.0, S)
    return float(_cross_entropy(s * (masked - m * np.eye(len(S)))).mean())


def _margin_everywhere(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    return _contrast(S - m, labels, 0.0, s) if m else _contrast(S, labels, m, s)


def _margin_added(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    return _contrast(S, labels, -m, s)


def _summed(S: np.ndarray, labels: Labels, m: float, s: float) -> float:
    return len(S) * _contrast(S, labels, m, s)


_S = np.array([[0.9, 0.6, 0.1, -0.2], [0.5, 0.8, 0.3, 0.0], [0.2, 0.4, 0.7, 0.6], [-0.1, 0.1, 0.5, 0.85]])

EXERCISES = (
    Function(
        id="08.1",
        right=_contrast,
        cases={
            "for two people with two images each": (_S, np.array([0, 0, 1, 1]), 0.2, 16.0),
            "for four people": (_S, np.arange(4), 0.2, 16.0),
            "with a negative margin": (_S, np.array([0, 1, 1, 2]), -0.1, 8.0),
            "for one person": (_S, np.zeros(4, dtype=int), 0.0, 4.0),
        },
        says="That is the released loss. In a batch of one person it is not 0: each masked cosine leaves e⁰ behind.",
        wrong=(
            Wrong(
                _removed,
                "You leave the pairs of one person out. That is cleaner, but as released their cosine becomes 0 and "
                "still counts.",
            ),
            Wrong(_without_mask, "The labels are not looked at: images of one person are negatives in your loss."),
            Wrong(_mask_on_diagonal, "You masked the diagonal too. Those are the positives."),
            Wrong(_margin_everywhere, "You take the margin off every cosine. Only the positive has one."),
            Wrong(_margin_added, "Your margin makes the positive easier. It should be taken off."),
            Wrong(_summed, "That is the sum over the rows. The loss is their mean."),
            Wrong(
                lambda S, labels, m, s: _contrast(S.T, labels, m, s),
                "You take the columns for anchors. The anchors are the rows, view 1.",
            ),
        ),
    ),
    Number(
        id="08.2",
        right=0.5,
        within=0.002,
        says="0.4, 0.4 and 0.7: the third image has no negative above 0, and counts from 0.",
        wrong=(
            Wrong(17 / 30, "Your nearest negative of the third image is below 0. n cannot be less than 0."),
            Wrong(13 / 30, "You looked down the columns. The anchors are the rows."),
            Wrong(0.8, "That is the mean of the positives. How far is the nearest negative?"),
            Wrong(0.4, "That is the smallest of the three distances. Their mean is asked for."),
            Wrong(0.3, "You took the largest negative of all for every image. Each has its own."),
            Wrong(1.5, "That is the sum of the three. Divide by their number."),
        ),
    ),
    Number(
        id="08.3",
        right=float(np.log(128)),
        within=0.003,
        says="log 128, as if the positive could not be told from the others. With m_B = 0.4 that is what the margin "
        "makes of it, however easy the batch is. Without a margin L_C would be 10⁻⁹.",
        wrong=(
            Wrong(0.0, "That is the loss without a margin. How large is m_B here?"),
            Wrong(float(np.log(127)), "The positive is in the sum too."),
            Wrong(25.6, "That is s times the margin. It has to go through the cross-entropy."),
            Wrong(128 * float(np.log(128)), "That is the sum over the rows. The loss is their mean."),
            Wrong(
                float(np.log1p(127 * np.exp(64 * 0.5))), "Your margin is 0.9. From it the nearest negative goes off."
            ),
        ),
    ),
    Numbers(
        id="08.4",
        right=[2, 4, 4, 8],
        says="(i1, j2) and (j1, i2) under n; double-n uses each of these twice; 2n has (i1, j1) and its mirror "
        "besides; full has all four similarities, each from both ends.",
        wrong=(
            Wrong([1, 2, 2, 4], "That is with i as the anchor alone. The other image is an anchor too."),
            Wrong([2, 2, 4, 4], "You count different similarities. One that stands in two sums counts twice."),
            Wrong([2, 4, 8, 8], "Under 2n the anchors are in view 1 only."),
            Wrong([2, 2, 4, 8], "double-n has two directions, with a sum for each anchor in each of them."),
            Wrong([1, 2, 4, 8], "Under n both images are anchors in view 1."),
        ),
    ),
    Essay(
        id="08.5",
        right=(
            "The table's number takes the best epoch of each test set, chosen on that test set: nobody could have "
            "delivered that network. Like for like, the last epoch or the best single one, the difference to their own "
            "ArcFace with dropout is about 0.07 points, from one run each, which is far less than the folds differ. "
            "So it cannot be told from these logs whether the contrast helps; more seeds would be needed."
        ),
        points={
            "The epoch was chosen on the test sets": ("test", "chosen", "picked", "best epoch", "maximum"),
            "Like for like, about 0.07 points": ("0.07", "0.06", "like for like", "last epoch", "small"),
            "One run each and folds that differ more: it cannot be told": ("one run", "seed", "fold", "cannot"),
        },
    ),
)

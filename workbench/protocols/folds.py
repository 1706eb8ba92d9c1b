"""Accuracy by folds: the threshold is chosen on the other folds, as in the published results on LFW and its kin."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from workbench.checks import bad_parameter, one_of, whole
from workbench.geometry.inputs import Array
from workbench.geometry.intervals import Interval, jackknife
from workbench.protocols import plain
from workbench.protocols.inputs import marks, scores_of, whole_numbers

GRID = np.arange(400) * 0.01  # squared distances of unit vectors, the field's own thresholds


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """Share of pairs judged rightly in each fold, at a threshold that the other folds chose.

    Attributes:
        accuracy: Of each fold, [K].
        threshold: The score at and above which its pairs were accepted, [K]; infinite where the best was to accept all
            or none.
        pairs: Number of pairs in each fold, [K].
        thresholds: "exact" or "grid".
    """

    accuracy: Float64[np.ndarray, " K"]
    threshold: Float64[np.ndarray, " K"]
    pairs: Int64[np.ndarray, " K"]
    thresholds: str

    @property
    def mean(self) -> float:
        """Mean of the folds: what is published."""
        return float(self.accuracy.mean())

    @property
    def std(self) -> float:
        """Standard deviation of the folds about their mean, divided by K: the field's "+-" (`numpy.std`)."""
        return float(self.accuracy.std())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean, sqrt(sum (a_k - mean)^2 / (K - 1) / K): LFW's own definition."""
        return float(self.accuracy.std(ddof=1)) / math.sqrt(len(self.accuracy))

    @property
    def interval(self) -> Interval:
        """95 % interval of the mean, mean -+ t_{K-1} standard errors, within [0, 1]."""
        count = len(self.accuracy)
        return jackknife(self.mean, (self.accuracy.sum() - self.accuracy) / (count - 1))

    def headline(self) -> dict[str, Any]:
        """Return the numbers as plain JSON."""
        return {
            "accuracy": plain.value(self.mean, self.interval),
            "std_of_folds": self.std,
            "standard_error": self.standard_error,
            "folds": self.accuracy.tolist(),
            "thresholds": [plain.finite(threshold) for threshold in self.threshold.tolist()],
            "threshold_rule": self.thresholds,
            "pairs": int(self.pairs.sum()),
        }


def fold_accuracy(scores: Array, same: Array, folds: Array | int = 10, *, thresholds: str = "exact") -> FoldAccuracy:
    """Measure the accuracy of each fold at the threshold that is best on all others.

    Of K folds, each is judged at one threshold, score >= threshold, that has seen none of its pairs. The best accuracy
    over all pairs at once, which some releases print, is chosen on what it is measured on and is not offered.

    "exact" tries every cut between two neighbouring scores of the other folds, and accepting all and none. Of the cuts
    with the most pairs right the middle one is taken (the higher of two), and the threshold lies halfway between the
    scores on either side.

    "grid" is what published numbers rest on: cosines are turned into squared distances d = 2 - 2 cosine, the 400
    thresholds are 0, 0.01, ..., 3.99, a pair is accepted when d < threshold, and of equally good thresholds the
    smallest is taken.

    Args:
        scores: [P], higher means more alike; with "grid" cosines.
        same: Whether the pair is genuine, [P].
        folds: Fold of each pair, [P]; or how many folds to cut the list into, in its order, without shuffling, the
            first ones longer by one where it does not divide. 10 by default: LFW's.
        thresholds: "exact" or "grid".

    Raises:
        ValueError: Inputs of the wrong shape, scores that are not finite or, with "grid", not cosines, fewer than two
            folds.
    """
    one_of("fold_accuracy", "thresholds", thresholds, ("exact", "grid"))
    given = scores_of("fold_accuracy", scores)
    genuine = marks("fold_accuracy", "same", same, len(given))
    fold = _fold_of(folds, len(given))
    if thresholds == "grid" and np.abs(given).max() > 1 + 1e-6:
        rule = "cosines in [-1, 1] for thresholds on a grid of distances"
        worst = float(given[np.abs(given).argmax()])
        raise ValueError(bad_parameter("fold_accuracy", "scores", rule, worst, hint='Or use thresholds="exact".'))
    choose = _best_cut if thresholds == "exact" else _best_of_grid
    accuracy, chosen, sizes = [], [], []
    for k in range(int(fold.max()) + 1):
        here = fold == k
        threshold = choose(given[~here], genuine[~here])
        accuracy.append(float(((given[here] >= threshold) == genuine[here]).mean()))
        chosen.append(threshold)
        sizes.append(int(here.sum()))
    return FoldAccuracy(np.array(accuracy), np.array(chosen), np.array(sizes), thresholds)


def _fold_of(folds: Array | int, pairs: int) -> Int64[np.ndarray, " P"]:
    """Fold of each pair, 0 to K - 1."""
    if isinstance(folds, (int, np.integer)):
        count = whole("fold_accuracy", "folds", folds, least=2)
        if count > pairs:
            raise ValueError(bad_parameter("fold_accuracy", "folds", f"at most the number of pairs, {pairs}", count))
        sizes = [len(part) for part in np.array_split(np.arange(pairs), count)]
        return np.repeat(np.arange(count), sizes)
    given = whole_numbers("fold_accuracy", "folds", folds, (pairs,), "the fold of each pair")
    names, fold = np.unique(given, return_inverse=True)
    if len(names) < 2:
        raise ValueError("Choosing a threshold on the other folds needs at least two folds, got one.")
    return fold.reshape(-1).astype(np.int64)


def _best_cut(scores: Float64[np.ndarray, " P"], same: Bool[np.ndarray, " P"]) -> float:
    """The middle of the best cuts between neighbouring scores."""
    values, place = np.unique(scores, return_inverse=True)
    genuine = np.bincount(place[same], minlength=len(values))
    impostor = np.bincount(place[~same], minlength=len(values))
    # Right at a cut: impostors below it, genuine pairs above. Cut k lies just below value k.
    right = np.append(0, impostor.cumsum()) + np.append(genuine[::-1].cumsum()[::-1], 0)
    best = np.flatnonzero(right == right.max())
    cut = best[len(best) // 2]
    if cut in (0, len(values)):
        return math.inf if cut else -math.inf
    return float(values[cut - 1] + values[cut]) / 2


def _best_of_grid(scores: Float64[np.ndarray, " P"], same: Bool[np.ndarray, " P"]) -> float:
    """The cosine of the first of the best squared distances."""
    cosine = 1 - GRID / 2
    genuine, impostor = np.sort(scores[same]), np.sort(scores[~same])
    right = len(genuine) - np.searchsorted(genuine, cosine, "right") + np.searchsorted(impostor, cosine, "right")
    # A distance below the threshold is a cosine above this one, and so at or above the next float.
    return float(np.nextafter(cosine[right.argmax()], math.inf))

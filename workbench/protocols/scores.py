"""Error rates of scores that are listed one by one: exact at every score, ties included, nothing binned.

A pair is accepted when score >= threshold, so that between two neighbouring scores all thresholds are one.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of both kinds of trials, each ascending: genuine and impostor pairs, or mated and non-mated probes."""

    genuine: Float64[np.ndarray, " G"]
    impostor: Float64[np.ndarray, " I"]

    def thresholds(self) -> Float64[np.ndarray, " T"]:
        """All distinct scores ascending, then infinity, at which nothing is accepted."""
        return np.append(np.unique(np.concatenate([self.genuine, self.impostor])), math.inf)

    def bars(self, far: Float64[np.ndarray, " F"]) -> Float64[np.ndarray, " F"]:
        """The highest impostor score that must stay rejected for each FAR; -infinity where none must.

        A FAR of at most `far` lets in the k impostors of the highest scores, k / I <= far, so the lowest threshold
        lies just above the one that follows them. What exceeds the bar is accepted: a tie with it is not.
        """
        total = len(self.impostor)
        padded: Float64[np.ndarray, " I_1"] = np.append(-math.inf, self.impostor)
        bars: Float64[np.ndarray, " F"] = padded[total - allowed(far, total)]
        return bars

    def above(self, bars: Float64[np.ndarray, " F"]) -> Int64[np.ndarray, " F"]:
        """Genuine scores above each bar."""
        return len(self.genuine) - np.searchsorted(self.genuine, bars, side="right")

    def tar(self, far: Float64[np.ndarray, " F"]) -> Float64[np.ndarray, " F"]:
        """TAR at each FAR."""
        return self.above(self.bars(far)) / len(self.genuine)

    def lowest_threshold(self, bar: float) -> float:
        """The lowest score above a bar; infinity where there is none."""
        nearest = (kind[np.searchsorted(kind, bar, side="right") :][:1] for kind in (self.genuine, self.impostor))
        return float(min(np.concatenate(list(nearest)), default=math.inf))

    def equal_errors(self, thresholds: Float64[np.ndarray, " T"]) -> tuple[float, float]:
        """Where FAR and FRR cross, and at which threshold.

        On the way from one threshold to the next the rates are interpolated linearly. The thresholds may be those of
        a larger set of scores.
        """

        def difference(k: int) -> float:
            return self._rejected(thresholds[k]) - self._accepted(thresholds[k])  # ascends from -1 to 1

        places: Sequence[Any] = range(len(thresholds))
        first = bisect.bisect_left(places, 0.0, key=difference)
        before = difference(first - 1)
        if difference(first) == 0:
            last = bisect.bisect_right(places, 0.0, key=difference) - 1
            return self._accepted(thresholds[first]), float(thresholds[first - 1] + thresholds[last]) / 2
        part = -before / (difference(first) - before)
        high, low = self._accepted(thresholds[first - 1]), self._accepted(thresholds[first])
        return high + part * (low - high), float(thresholds[first - 1])

    def corners(self, thresholds: Float64[np.ndarray, " T"]) -> Int64[np.ndarray, " C"]:
        """Indices of the thresholds between which TAR or FAR stands still: all that a curve needs."""
        genuine, impostor = (np.searchsorted(kind, thresholds) for kind in (self.genuine, self.impostor))
        inner = np.zeros(len(thresholds), dtype=bool)
        for kind in (genuine, impostor):
            inner[1:-1] |= (kind[:-2] == kind[1:-1]) & (kind[1:-1] == kind[2:])
        return np.flatnonzero(~inner)

    def _accepted(self, threshold: float) -> float:
        return float(accepted_at(self.impostor, threshold)) / len(self.impostor)

    def _rejected(self, threshold: float) -> float:
        return float(np.searchsorted(self.genuine, threshold)) / len(self.genuine)


def allowed(far: Float64[np.ndarray, " F"], total: int) -> Int64[np.ndarray, " F"]:
    """The largest count with count / total <= far, however far x total rounds."""
    count: Int64[np.ndarray, " F"] = np.floor(far * total).astype(np.int64)
    count += (count + 1) / total <= far
    count -= count / total > far
    return count


def accepted_at(scores: Float64[np.ndarray, " N"], thresholds: Any) -> NDArray[Any]:
    """How many of the ascending scores are at or above each threshold."""
    return np.asarray(len(scores) - np.searchsorted(scores, thresholds))

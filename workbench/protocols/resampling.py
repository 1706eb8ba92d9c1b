"""Rates with what is known of their uncertainty: Wilson's interval and a jackknife over groups of people or folds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64
from numpy.typing import NDArray

from workbench.geometry import verification
from workbench.geometry.intervals import Interval, cautious, jackknife, wilson
from workbench.geometry.verification import Rate
from workbench.protocols.scores import Scores, accepted_at

GROUPS = 20  # as in `geometry.pair_counts`


def sure_of(value: float, total: int, left_out: Float64[np.ndarray, " groups"]) -> Interval:
    """95 %: the wider of Wilson's and the jackknife over groups; Wilson's where nothing says what belongs together."""
    independent = wilson(value * total, total)
    return cautious(independent, jackknife(value, left_out)) if len(left_out) else independent


def as_rate(count: int, total: int, left_out: Float64[np.ndarray, " groups"]) -> Rate:
    """A rate with both intervals; without groups they are one."""
    if len(left_out):
        return verification.as_rate(count, total, left_out)
    return Rate(count, total, wilson(count, total), wilson(count, total))


@dataclass(frozen=True, eq=False)
class Grouped:
    """Scores, and the groups that each of them would leave with.

    Attributes:
        scores: All of them.
        genuine: Groups of each genuine score, in the order of `scores.genuine`, [G, ends]; no column without groups.
        impostor: Groups of each impostor score, [I, ends].
    """

    scores: Scores
    genuine: Int[np.ndarray, "G ends"]
    impostor: Int[np.ndarray, "I ends"]

    @staticmethod
    def of(
        scores: Float64[np.ndarray, " P"], genuine: Bool[np.ndarray, " P"], groups: Int64[np.ndarray, "P ends"]
    ) -> "Grouped":
        """Sort scores of both kinds."""
        order = scores.argsort(kind="stable")
        scores, genuine = scores[order], genuine[order]
        narrow = groups.astype(np.min_scalar_type(-1 - int(groups.max(initial=0))))[order]
        columns = (np.asfortranarray(narrow[kind]) for kind in (genuine, ~genuine))  # compared one by one
        return Grouped(Scores(scores[genuine], scores[~genuine]), *columns)

    def left_out(self, measure: Callable[[Scores], NDArray[Any]]) -> Float64[np.ndarray, "groups values"]:
        """Measure what remains with each group left out in turn: NaN where a kind has no scores left.

        One pass, in which one copy is held at a time: there may be millions of scores.
        """
        unknown = np.full(len(measure(self.scores)), np.nan)
        rows = []
        for g in range(1 + max(int(kind.max(initial=-1)) for kind in (self.genuine, self.impostor))):
            genuine, impostor = (
                np.logical_and.reduce([column != g for column in kind.T]) for kind in (self.genuine, self.impostor)
            )
            part = Scores(self.scores.genuine[genuine], self.scores.impostor[impostor])
            rows.append(measure(part) if len(part.genuine) and len(part.impostor) else unknown)
        return np.array(rows).reshape(-1, len(unknown))


@dataclass(frozen=True, eq=False)
class AtFars:
    """What to measure of scores for the rates at some FARs: the thresholds chosen, and how sure the rates there are."""

    fars: Float64[np.ndarray, " F"]
    thresholds: Float64[np.ndarray, " F"]
    scores: Scores

    @staticmethod
    def of(scores: Scores, fars: Sequence[float]) -> "AtFars":
        """Choose the lowest threshold with a FAR of at most each of these."""
        asked = np.array(fars, dtype=np.float64)
        thresholds = [scores.lowest_threshold(float(bar)) for bar in scores.bars(asked)]
        return AtFars(asked, np.array(thresholds, dtype=np.float64), scores)

    def measure(self, part: Scores) -> Float64[np.ndarray, " values"]:
        """FARs at the thresholds chosen, then TARs at thresholds chosen anew."""
        return np.concatenate([accepted_at(part.impostor, self.thresholds) / len(part.impostor), part.tar(self.fars)])

    def rates(self, left_out: Float64[np.ndarray, "groups values"]) -> list[tuple[float, Rate, Rate]]:
        """Threshold, FAR achieved and TAR for each FAR, from what `measure` said of each part."""
        count, impostors, genuines = len(self.fars), len(self.scores.impostor), len(self.scores.genuine)
        accepted = accepted_at(self.scores.impostor, self.thresholds)
        found = self.scores.above(self.scores.bars(self.fars))
        return [
            (
                float(self.thresholds[k]),
                as_rate(int(accepted[k]), impostors, left_out[:, k]),
                as_rate(int(found[k]), genuines, left_out[:, count + k]),
            )
            for k in range(count)
        ]

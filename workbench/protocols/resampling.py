"""Rates with what is known of their uncertainty: Wilson's interval and a jackknife over groups of people or folds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

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
    genuine: Int64[np.ndarray, "G ends"]
    impostor: Int64[np.ndarray, "I ends"]

    @staticmethod
    def of(
        scores: Float64[np.ndarray, " P"], genuine: Bool[np.ndarray, " P"], groups: Int64[np.ndarray, "P ends"]
    ) -> "Grouped":
        """Sort scores of both kinds."""
        order = scores.argsort(kind="stable")
        scores, genuine, groups = scores[order], genuine[order], groups[order]
        return Grouped(Scores(scores[genuine], scores[~genuine]), groups[genuine], groups[~genuine])

    def without(self) -> Iterator[Scores]:
        """The scores with each group left out in turn; one at a time, for there may be millions."""
        for g in range(1 + int(max(self.genuine.max(initial=-1), self.impostor.max(initial=-1)))):
            yield self.scores.kept((self.genuine != g).all(1), (self.impostor != g).all(1))

    def tar_left_out(self, far: Float64[np.ndarray, " F"]) -> Float64[np.ndarray, "groups F"]:
        """TAR at each FAR with each group left out, the threshold chosen anew; NaN where no scores remain."""
        result = [
            part.above(part.bars(far)) / len(part.genuine)
            if len(part.genuine) and len(part.impostor)
            else np.full(len(far), np.nan)
            for part in self.without()
        ]
        return np.array(result).reshape(-1, len(far))

    def at_far(self, far: float) -> tuple[float, Rate, Rate]:
        """The lowest threshold with a FAR of at most `far`, the FAR achieved there, and the TAR."""
        bar = self.scores.bars(np.array([far]))
        threshold = self.scores.lowest_threshold(float(bar[0]))
        with np.errstate(invalid="ignore"):  # no score left: 0 / 0 is NaN, which `jackknife` understands
            fars = [accepted_at(part.impostor, threshold) / np.float64(len(part.impostor)) for part in self.without()]
        accepted, total = int(accepted_at(self.scores.impostor, threshold)), len(self.scores.impostor)
        tar = as_rate(
            int(self.scores.above(bar)[0]), len(self.scores.genuine), self.tar_left_out(np.array([far]))[:, 0]
        )
        return threshold, as_rate(accepted, total, np.array(fars)), tar

"""Verification of listed pairs: TAR at FAR, equal error rate, all operating points, from one score for each pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from workbench.checks import whole
from workbench.geometry.inputs import Array
from workbench.geometry.pairs import deal
from workbench.geometry.roc import EqualErrorRate, Roc
from workbench.geometry.verification import TarAtFar
from workbench.protocols import plain
from workbench.protocols.inputs import marks, scores_of, whole_numbers
from workbench.protocols.refusals import Refused, told_apart
from workbench.protocols.resampling import GROUPS, AtFars, Grouped, as_rate, sure_of
from workbench.protocols.scores import Scores, accepted_at

FARS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
INTERVALS = {
    "subjects": "95 %, a jackknife over groups of identities, no narrower than Wilson's",
    "folds": "95 %, a jackknife over folds, no narrower than Wilson's",
    "nothing": "95 %, Wilson's, which takes pairs for independent and is too narrow",
}


@dataclass(frozen=True, eq=False)
class Verification:
    """How well scores tell genuine from impostor pairs.

    Attributes:
        roc: All operating points at which the curve turns, with a 95 % band, and the equal error rate. Thresholds are
            scores, or infinity.
        tar: The TAR at each FAR that the impostor pairs resolve.
        refused: The FARs that they do not.
        left_out: What was left out in turn for the intervals: "subjects", "folds", or "nothing", so that the intervals
            are Wilson's.
    """

    roc: Roc
    tar: tuple[TarAtFar, ...]
    refused: tuple[Refused, ...]
    left_out: str

    @property
    def eer(self) -> EqualErrorRate:
        """The equal error rate."""
        return self.roc.eer

    def headline(self) -> dict[str, Any]:
        """Return the numbers as plain JSON, each with its interval and the pairs behind it."""
        return {
            "genuine_pairs": self.roc.genuine_total,
            "impostor_pairs": self.roc.impostor_total,
            "intervals": INTERVALS[self.left_out],
            "eer": {**plain.value(self.eer.value, self.eer.interval), "threshold": self.eer.threshold},
            "tar_at_far": [
                {
                    "far": at.far,
                    "threshold": plain.finite(at.threshold),
                    "false_accepts": at.achieved.count,
                    "impostor_pairs": at.achieved.total,
                    **plain.rate(at.tar),
                }
                for at in self.tar
            ],
            "refused": plain.refused(self.refused, "far", "impostor_pairs"),
        }


def verify(
    scores: Array,
    same: Array,
    *,
    fars: Sequence[float] = FARS,
    subjects: Array | None = None,
    folds: Array | None = None,
    groups: int = GROUPS,
) -> Verification:
    """Judge the scores of listed pairs.

        FAR(t) = impostor pairs with score >= t / impostor pairs        TAR(t) the same of genuine pairs

    Every distinct score is a threshold; nothing is binned, and equal scores are accepted together. The TAR at a FAR is
    that of the lowest threshold whose FAR is at most what was asked for. (Evaluations built on scikit-learn's
    `roc_curve` take the point whose FAR is nearest, which may be above it.) A FAR for which fewer than ten false
    accepts are expected is refused.

    Pairs share images and people, so Wilson's interval is too narrow. As in `geometry`, the intervals are the wider of
    it and a jackknife that leaves out groups of identities in turn, with every pair that they are in; or folds, where
    folds share no people, as in LFW. The jackknife needs no seed, and the threshold is chosen anew each time.

    Args:
        scores: [P], higher means more alike; cosines, or anything else.
        same: Whether the pair is genuine, [P].
        fars: What to report the TAR at. 0.1 to 1e-6 by default, the range that IJB results are printed for.
        subjects: Identity of both ends of each pair, [P, 2]; equal for genuine pairs.
        folds: Fold of each pair, [P]; used where there are no subjects.
        groups: Groups that the identities are dealt to, the largest first; 20 by default, as in `geometry`.

    Raises:
        ValueError: Inputs of the wrong shape, scores that are not finite, a FAR that is no rate, subjects that
            contradict `same`, no genuine or no impostor pair.
    """
    given = scores_of("verify", scores)
    genuine = marks("verify", "same", same, len(given))
    if genuine.all() or not genuine.any():
        missing = "impostor" if genuine.all() else "genuine"
        raise ValueError(f"There is no {missing} pair among the {len(given)}. Both kinds are needed.")
    resolved, refused = told_apart("verify", "fars", fars, int((~genuine).sum()))
    by, group = _groups(len(given), genuine, subjects, folds, whole("verify", "groups", groups, least=1))

    pairs = Grouped.of(given, genuine, group)
    at = AtFars.of(pairs.scores, resolved)
    thresholds = pairs.scores.thresholds()
    corners = thresholds[pairs.scores.corners(thresholds)]
    curve = accepted_at(pairs.scores.impostor, corners) / len(pairs.scores.impostor)

    def measure(part: Scores) -> Float64[np.ndarray, " values"]:
        return np.concatenate([at.measure(part), part.tar(curve), part.equal_errors(thresholds)[:1]])

    left_out = pairs.left_out(measure)
    asked = 2 * len(resolved)
    return Verification(
        roc=_roc(pairs.scores, corners, curve, left_out[:, asked:-1], _eer(pairs.scores, thresholds, left_out[:, -1])),
        tar=tuple(TarAtFar(far, *rates) for far, rates in zip(resolved, at.rates(left_out), strict=True)),
        refused=refused,
        left_out=by,
    )


def _roc(
    scores: Scores,
    corners: Float64[np.ndarray, " C"],
    far: Float64[np.ndarray, " C"],
    left_out: Float64[np.ndarray, "groups C"],
    eer: EqualErrorRate,
) -> Roc:
    """The operating points and their band."""
    genuine, total = accepted_at(scores.genuine, corners), len(scores.genuine)
    band = [as_rate(int(count), total, left_out[:, k]).interval for k, count in enumerate(genuine)]
    low, high = np.array(band).T
    return Roc(
        threshold=corners,
        far=far,
        tar=genuine / total,
        tar_low=low,
        tar_high=high,
        eer=eer,
        genuine_total=total,
        impostor_total=len(scores.impostor),
    )


def _eer(
    scores: Scores, thresholds: Float64[np.ndarray, " T"], left_out: Float64[np.ndarray, " groups"]
) -> EqualErrorRate:
    value, threshold = scores.equal_errors(thresholds)
    return EqualErrorRate(value, threshold, sure_of(value, min(len(scores.genuine), len(scores.impostor)), left_out))


def _groups(
    pairs: int, same: Bool[np.ndarray, " P"], subjects: Array | None, folds: Array | None, groups: int
) -> tuple[str, Int64[np.ndarray, "P ends"]]:
    """What is left out, and the groups that each pair touches; no column where nothing is."""
    if subjects is not None:
        ends = whole_numbers("verify", "subjects", subjects, (pairs, 2), "the identities of both ends of each pair")
        wrong = (ends[:, 0] == ends[:, 1]) != same
        if wrong.any():
            k = int(wrong.argmax())
            kind = "genuine" if same[k] else "impostor"
            raise ValueError(
                f"Pair {k} is marked as {kind}, but its subjects are {ends[k, 0]} and {ends[k, 1]}"
                f"{f' ({wrong.sum()} pairs disagree)' if wrong.sum() > 1 else ''}. One of the two must be wrong."
            )
        return "subjects", deal(torch.from_numpy(ends.reshape(-1)), groups).numpy().reshape(pairs, 2)
    if folds is not None:
        given = whole_numbers("verify", "folds", folds, (pairs,), "the fold of each pair")
        return "folds", np.unique(given, return_inverse=True)[1].reshape(pairs, 1)
    return "nothing", np.zeros((pairs, 0), dtype=np.int64)

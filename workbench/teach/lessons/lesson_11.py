"""Exercises of lesson 11: error rates and how sure they are."""

import numpy as np
from numpy.typing import NDArray

from workbench.geometry import wilson
from workbench.teach.exercises import Essay, Function, Number, Wrong

Scores = NDArray[np.float64]


def _tar(genuine: Scores, impostor: Scores, far: float) -> float:
    """TAR at the lowest threshold with a FAR of at most `far`: genuine pairs above every impostor to be rejected."""
    every = np.append(np.unique(np.concatenate([genuine, impostor])), np.inf)
    threshold = next(one for one in every if (impostor >= one).mean() <= far)
    return float((genuine >= threshold).mean())


def _accepting_the_next(genuine: Scores, impostor: Scores, far: float) -> float:
    """One impostor too many: the first that has to be rejected sets the threshold, and is accepted."""
    allowed = int(far * len(impostor) + 1e-9)
    return float((genuine >= np.sort(impostor)[::-1][min(allowed, len(impostor) - 1)]).mean())


def _blind_to_ties(genuine: Scores, impostor: Scores, far: float) -> float:
    """The last impostor that may be accepted sets the threshold, and those of its cosine come along."""
    allowed = int(far * len(impostor) + 1e-9)
    descending = np.append(np.inf, np.sort(impostor)[::-1])
    return float((genuine >= descending[allowed]).mean())


def _quantile(genuine: Scores, impostor: Scores, far: float) -> float:
    return float((genuine >= np.quantile(impostor, 1 - far)).mean())


def _above_the_quantile(genuine: Scores, impostor: Scores, far: float) -> float:
    return float((genuine > np.quantile(impostor, 1 - far)).mean())


def _of_genuine(genuine: Scores, impostor: Scores, far: float) -> float:
    every = np.append(np.unique(np.concatenate([genuine, impostor])), np.inf)
    threshold = next(one for one in every if (genuine < one).mean() >= far)
    return float((genuine >= threshold).mean())


def _cases() -> dict[str, tuple[Scores, Scores, float]]:
    ladder = np.arange(10) / 10
    given = {
        "without ties": (ladder + 0.05, ladder, 0.2),
        "where genuine pairs tie with impostors": (ladder, ladder, 0.2),
        "where four impostors tie": (ladder, np.array([0.9, 0.7, 0.7, 0.7, 0.7, 0.1, 0.0, 0.0, 0.0, 0.0]), 0.2),
        "at FAR 0": (ladder, ladder - 0.3, 0.0),
        "at FAR 1": (ladder, ladder, 1.0),
        "where nothing may be accepted": (ladder, ladder + 0.5, 0.05),
    }
    rng = np.random.default_rng(11)
    for k in range(60):
        genuine, impostor = (rng.integers(0, 12, rng.integers(5, 40)) / 12 + up for up in (1 / 6, 0.0))
        given[f"in random case {k + 1}"] = (genuine, impostor, float(rng.choice([0.0, 0.05, 0.1, 0.25, 0.5])))
    return given


EXERCISES = (
    Number(
        id="11.1",
        right=100_000,
        within=0.5,
        says="10 / 10⁻⁴. Forty people with twelve images each have a little more than that; for 10⁻⁶ it takes about "
        "4500 images.",
        wrong=(
            Wrong(10_000, "With so many, one false accept is to be expected. How many for ten?"),
            Wrong(1_000, "With so many, 0.1 false accepts are to be expected."),
            Wrong(1_000_000, "With so many, a hundred are to be expected. Ten are asked for."),
            Wrong(40, "That is how many images or people might do. Count the pairs."),
            Wrong(0.001, "That is the number of pairs times the FAR, turned round: a number of pairs is asked for."),
        ),
    ),
    Function(
        id="11.2",
        right=_tar,
        cases=_cases(),
        within=1e-9,
        says="Right on all cases, ties included: what is tied is accepted together or not at all.",
        wrong=(
            Wrong(
                _accepting_the_next,
                "Off by one: the first impostor that has to be rejected is accepted, because a cosine equal to the "
                "threshold passes.",
            ),
            Wrong(
                _blind_to_ties, "Right without ties. Where several impostors share a cosine, more than allowed pass."
            ),
            Wrong(
                _quantile,
                "A quantile interpolates between cosines, and what is equal to it passes: the FAR can be "
                "above what was allowed.",
            ),
            Wrong(
                _above_the_quantile,
                "A quantile interpolates between two cosines. Take the lowest threshold that keeps to the FAR.",
            ),
            Wrong(lambda g, i, far: 1 - _tar(g, i, far), "That is the FRR. TAR is the share that is accepted."),
            Wrong(lambda g, i, far: _tar(i, g, far), "Genuine and impostor are the wrong way round."),
            Wrong(_of_genuine, "The FAR is a share of the impostor pairs, not of the genuine ones."),
            Wrong(
                lambda g, i, _: float((g > i.max()).mean()),
                "That is right at FAR 0 only: it lets no impostor pass, whatever is allowed.",
            ),
        ),
    ),
    Number(
        id="11.3",
        right=wilson(0, 1000).high,
        within=5e-5,
        says="None seen, and still up to one in 260 is possible. That is an interval for independent pairs, so it is "
        "the least that can be said.",
        wrong=(
            Wrong(0.0, "That none was seen does not mean that there are none. Look at the band in the figure."),
            Wrong(0.001, "One in a thousand would often go unseen in 1000 pairs, and so would a little more."),
            Wrong(0.003, "That is the rule of three, 3/n, a one-sided 95 % bound. Wilson's interval has two sides."),
            Wrong(wilson(1, 1000).high, "That is with one false accept. None was seen."),
            Wrong(100 * wilson(0, 1000).high, "That is in per cent. A rate is asked for, in [0, 1]."),
        ),
    ),
    Essay(
        id="11.4",
        right=(
            "Accuracy on pairs of which half are genuine mixes both mistakes; a gate meets strangers, so its false "
            "accepts count: even a FAR of 0.1 % would be a thousand of a million. 3000 impostor pairs cannot resolve a "
            "FAR below ten in 3000. The threshold was the best for the very pairs it is judged on, so the number is "
            "too good. Nothing is said of whether these people were in the training set, and nothing of groups of "
            "people. I would ask for the TAR at a FAR that suits the gate, with its interval, on people never trained "
            "on, at a threshold that was fixed before, and for each group of people."
        ),
        points={
            "Accuracy on balanced pairs is no false accept rate": ("far", "false accept", "strangers", "mixes"),
            "3000 impostor pairs cannot resolve a small FAR": ("resolve", "too few", "3000", "more pairs"),
            "The threshold was chosen on the test pairs": ("threshold", "in-sample"),
            "Were the people held out (open set)?": ("never trained", "open", "held out", "unseen", "training set"),
            "Ask for TAR at a FAR, with an interval": ("tar", "interval"),
            "And for groups of people": ("group",),
        },
    ),
)

"""Exercises of lesson 10: comparing losses fairly."""

from collections.abc import Sequence

import numpy as np

from workbench.comparison import paired_difference
from workbench.teach.exercises import Choice, Essay, Function, Number, Numbers, Wrong

_A = (91.2, 90.5, 92.1, 89.9, 91.7)
_B = (91.5, 91.3, 91.8, 91.1, 91.9)
_T4, _NORMAL = 2.776445, 1.959964


def _right(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    return paired_difference(one, other).interval


def _ends(middle: float, half: float) -> tuple[float, float]:
    return float(middle - half), float(middle + half)


def _normal(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    d = np.subtract(one, other)
    return _ends(d.mean(), _NORMAL * d.std(ddof=1) / np.sqrt(len(d)))


def _divided_by_n(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    d, (low, high) = np.subtract(one, other), _right(one, other)
    return _ends(d.mean(), (high - low) / 2 * np.sqrt((len(d) - 1) / len(d)))


def _of_one_seed(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    d, (low, high) = np.subtract(one, other), _right(one, other)
    return _ends(d.mean(), (high - low) / 2 * np.sqrt(len(d)))


def _unpaired(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    from scipy.stats import t

    n = len(one)
    spread = np.sqrt((np.var(one, ddof=1) + np.var(other, ddof=1)) / n)
    return _ends(float(np.mean(one) - np.mean(other)), float(t.ppf(0.975, n - 1)) * spread)


def _other_way(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    return _right(other, one)


_seen = paired_difference(_B, _A)

EXERCISES = (
    Choice(
        id="10.1",
        right="cannot tell",
        options=("A is better", "B is better", "cannot tell"),
        says=f"The differences are {', '.join(f'{d:+.1f}' for d in _seen.values)}, and the 95 % interval of their mean "
        f"is {_seen.interval.low:+.2f} to {_seen.interval.high:+.2f} points: 0 is inside.",
        wrong=(
            Wrong(
                "B is better",
                f"B's mean is higher by {_seen.mean:.2f} points. But the 95 % interval of that difference reaches from "
                f"{_seen.interval.low:+.2f} to {_seen.interval.high:+.2f} points. What lies inside it?",
            ),
            Wrong(
                "A is better",
                "A has the best single run, and the worst. Take the differences seed by seed, and look at all five.",
            ),
        ),
    ),
    Function(
        id="10.2",
        right=_right,
        cases={
            "for five seeds": (list(_B), list(_A)),
            "for two seeds": ([0.31, 0.35], [0.33, 0.31]),
            "for eight seeds": ([3.1, 2.7, 3.4, 3.0, 2.9, 3.3, 2.8, 3.6], [3.9, 3.1, 4.3, 3.2, 3.5, 4.1, 3.0, 4.4]),
            "where both losses differ by the same in every seed": ([1.0, 2.0, 4.0], [0.5, 1.5, 3.5]),
        },
        within=1e-6,
        says="It is right even where every seed agrees: then the interval has no width.",
        wrong=(
            Wrong(_normal, "It is too narrow: 1.96 is the quantile for very many seeds, not for a handful."),
            Wrong(
                _divided_by_n,
                "It is a little too narrow: NumPy's standard deviation divides by n unless you give it ddof=1.",
            ),
            Wrong(
                _of_one_seed,
                "That is where a single seed falls. The mean of n seeds is surer than one of them, by a factor of √n.",
            ),
            Wrong(
                _unpaired,
                "You compared the two lists as if their seeds had nothing to do with each other. Take the differences "
                "first: where every seed differs by the same, nothing is left to be unsure of.",
            ),
            Wrong(_other_way, "The sign is turned round: it is one minus other."),
        ),
    ),
    Numbers(
        id="10.3",
        right=(45, 2.25),
        absolute=0.01,
        says="Two false discoveries or three, of losses that are all the same. Bonferroni's intervals, at 99.89 % "
        "each, make one in only one study of twenty.",
        wrong=(
            Wrong((90, 4.5), "Each pair is counted twice: A with B, and B with A."),
            Wrong((100, 5), "That counts each pair twice, and each loss with itself."),
            Wrong((10, 0.5), "Ten losses make more than ten comparisons: each is compared with nine others."),
            Wrong((9, 0.45), "That is one loss with all the others. Each is compared with each."),
            Wrong((45, 0.05), "The number of comparisons is right. One in twenty of those, not of one."),
            Wrong((45, 42.75), "That is how many intervals hold 0. How many do not?"),
        ),
    ),
    Number(
        id="10.4",
        right=1.68,
        within=0.05,
        says="Nearly 1.7 times its own spread. Smaller differences need more seeds; in a single comparison an effect "
        "size of 1 needs ten.",
        wrong=(
            Wrong(
                _T4 / np.sqrt(5),
                "A difference of that size has an interval that ends at 0, so seeds find it only about every other "
                "time. Four of five are asked for.",
            ),
            Wrong(1.0, "That is the difference that ten seeds find."),
            Wrong(5.0, "Is that the number of seeds? The answer is on the other axis."),
            Wrong(
                _T4,
                "That is the quantile for five seeds. The mean of five spreads less than one, and it has to be found "
                "in 80 % of studies.",
            ),
        ),
    ),
    Essay(
        id="10.5",
        right=(
            "The gain is about 0.07 points either way, and there is one run of each: with one seed nothing tells how "
            "far either number would move in a second training, so the order may be luck. The first pair takes the "
            "best epoch of each test set, chosen on the test images themselves, which raises both numbers; the last "
            "epoch, or one chosen on other images, is the fair comparison. The standard deviations over folds are "
            "several times the gain. I would ask for three to five seeds of both, for the paired differences with "
            "their interval, and for the same tuning budget for the baseline."
        ),
        points={
            "One run of each says nothing about the luck of the seed": ("seed", "one run", "single run", "again"),
            "The best epoch was chosen on the test sets": (
                "chosen on",
                "picked",
                "selected",
                "test images",
                "test set",
            ),
            "The gain is small against the spread": ("fold", "deviation", "spread", "smaller than", "several times"),
            "Ask for paired differences over seeds": ("paired", "interval", "three to five", "several seeds"),
            "Both need the same tuning": ("budget", "tuning", "tuned", "same effort"),
        },
    ),
)

"""How far an error rate could be from what was counted: Wilson's interval, and a jackknife over identities."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from workbench.checks import bad_parameter

CONFIDENCE = 0.95
_Z = 1.959963984540054  # standard normal quantile of (1 + CONFIDENCE) / 2


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float


NOTHING_KNOWN = Interval(0.0, 1.0)


def wilson(count: float, total: int) -> Interval:
    """Wilson's 95 % score interval for a rate of `count` out of `total` independent trials.

        (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2/n)

    It stays within [0, 1] and has a width at 0 and at 1. Pairs are not independent trials: each image is in N - 1 of
    them. Of pairs the interval is too narrow, often by far; read it as the least uncertainty there can be.

    Args:
        count: Successes, in [0, total]; a fraction of one is allowed, for rates that were interpolated.
        total: Trials, at least 1.
    """
    if total < 1 or not 0 <= count <= total:
        raise ValueError(bad_parameter("wilson", "count", "in [0, total] with a total of at least 1", (count, total)))
    p, z2 = count / total, _Z**2 / total
    middle = (p + z2 / 2) / (1 + z2)
    half = _Z * math.sqrt(p * (1 - p) / total + z2 / total / 4) / (1 + z2)
    # Rounding must not push an interval off its own rate at 0 and at 1.
    return Interval(min(max(middle - half, 0.0), p), max(min(middle + half, 1.0), p))


def jackknife(rate: float, left_out: Float64[np.ndarray, " groups"]) -> Interval:
    """95 % interval for a rate from its values with each of G groups of identities left out, within [0, 1].

        se^2 = (G - 1)/G sum_g (rate_g - mean)^2        rate -+ t_{G-1} se

    Leaving out an identity leaves out every pair it is in, on either side, so the images and identities that pairs
    share are accounted for: this answers "what if other people had been photographed". Groups, not single
    identities, because a rate at a threshold that is itself estimated is a quantile, for which the jackknife is sound
    only if many are left out at a time (Shao and Wu 1989, Annals of Statistics 17:1176).

    Where a rate is undefined with some group left out (NaN), or with fewer than two groups, nothing is known: [0, 1].
    Where leaving out changes nothing, as at rates of 0 and 1, the width is 0 and says little: see `cautious`.
    """
    half = float(half_widths(left_out[:, None])[0])
    return Interval(max(rate - half, 0.0), min(rate + half, 1.0)) if half < math.inf else NOTHING_KNOWN


def half_widths(left_out: Float64[np.ndarray, "groups points"]) -> Float64[np.ndarray, " points"]:
    """Half the width of `jackknife` at many points, t_{G-1} se; infinite where nothing is known."""
    groups, points = left_out.shape
    if groups < 2:
        return np.full(points, math.inf)
    half: Float64[np.ndarray, " points"] = _t_quantile(groups - 1) * np.sqrt((groups - 1) * left_out.var(axis=0))
    return np.where(np.isnan(half), math.inf, half)


def cautious(one: Interval, other: Interval) -> Interval:
    """The smallest interval that holds both: a jackknife is never believed below the width of Wilson's."""
    return Interval(min(one.low, other.low), max(one.high, other.high))


def _t_quantile(freedom: int) -> float:
    from scipy.special import stdtrit  # here, because it takes longer to import than all of geometry

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))

"""Is one better than the other? Paired differences over seeds, with their interval and a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.checks import bad_parameter
from workbench.geometry import Interval

Verdict = Literal["higher", "lower", "cannot tell"]


@dataclass(frozen=True)
class Difference:
    """How much higher one method came out than another, seed by seed.

    Attributes:
        values: one minus other, for each seed.
        mean: of the values.
        interval: of the mean, 95 % by Student's t; without bounds where there is one seed.
    """

    values: tuple[float, ...]
    mean: float
    interval: Interval

    @property
    def verdict(self) -> Verdict:
        """Say "higher" or "lower" where the interval leaves out 0, else "cannot tell"."""
        if self.interval.low > 0:
            return "higher"
        return "lower" if self.interval.high < 0 else "cannot tell"


def mean_interval(values: Sequence[float]) -> Interval:
    """95 % interval of the mean of independent values, by Student's t: mean -+ t_{n-1} s / sqrt(n).

    One value tells nothing of its spread: then the interval is (-inf, inf). A bootstrap of so few seeds as are usual
    is too narrow by a third; t is exact for normal values and close for others.

    Raises:
        ValueError: If there is no value, or one is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise ValueError(bad_parameter("mean_interval", "values", "finite numbers, at least one", list(values)))
    if len(array) == 1:
        return Interval(-np.inf, np.inf)
    from scipy.stats import t

    half = float(t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Interval(float(array.mean()) - half, float(array.mean()) + half)


def paired_difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Compare two methods seed by seed: what a seed makes easy for both leaves the difference.

    Args:
        one: a result for each seed.
        other: the other method's results, for the same seeds in the same order.

    Raises:
        ValueError: If there are not as many of one as of the other, or one is not finite.
    """
    if len(one) != len(other):
        rule = f"as many results as the other's {len(other)}, seed by seed"
        raise ValueError(bad_parameter("paired_difference", "one", rule, len(one)))
    values = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return Difference(tuple(values.tolist()), float(values.mean()), mean_interval(values.tolist()))

"""Is one better than the other? Paired differences over seeds, with their interval, effect size and a verdict."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeVar

import numpy as np

from workbench.checks import bad_parameter, number, positive, unknown_name, whole
from workbench.geometry import Interval

Verdict = Literal["higher", "lower", "cannot tell"]
Key = TypeVar("Key", bound=Hashable)

_LEVEL = 0.05  # of all tests together
MOST_SEEDS = 100_000  # that `seeds_needed` looks up to


@dataclass(frozen=True)
class Difference:
    """How much higher one method came out than another, seed by seed.

    Attributes:
        values: one minus other, for each seed.
        mean: of the values.
        interval: of the mean, by Student's t; 95 %, or wider where it is one of several comparisons; without bounds
            where there is one seed.
        p: of Student's paired t test, two-sided, times the number of comparisons and at most 1: below 0.05 exactly
            where the interval leaves out 0. 1 of one seed, and where no seed differs.
    """

    values: tuple[float, ...]
    mean: float
    interval: Interval
    p: float

    @property
    def verdict(self) -> Verdict:
        """Say "higher" or "lower" where the interval leaves out 0, else "cannot tell"."""
        if self.interval.low > 0:
            return "higher"
        return "lower" if self.interval.high < 0 else "cannot tell"

    @property
    def effect(self) -> float:
        """Effect size d_z = mean / s: the difference in units of its own spread from seed to seed.

        s divides by n - 1; of few seeds d_z comes out too large, on average by a quarter of five. NaN of one seed;
        infinite, or 0 for a mean of 0, where all seeds agree.
        """
        if len(self.values) == 1:
            return math.nan
        spread = float(np.std(self.values, ddof=1))
        if spread > 0:
            return self.mean / spread
        return math.copysign(math.inf, self.mean) if self.mean else 0.0

    @property
    def hedges(self) -> float:
        """Effect size without the bias of few seeds, g = J(n - 1) d_z: 0.80 d_z of five seeds, 0.92 of ten.

        J(v) = Gamma(v / 2) / (sqrt(v / 2) Gamma((v - 1) / 2)), so that the expectation of g is the true effect where
        differences are normal (Hedges 1981, Journal of Educational Statistics 6:107). NaN of fewer than three seeds,
        for which no factor mends it.
        """
        freedom = len(self.values) - 1
        if freedom < 2:
            return math.nan
        return (
            math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2) * self.effect
        )


def mean_interval(values: Sequence[float], *, comparisons: int = 1) -> Interval:
    """Interval of the mean of independent values, by Student's t: mean -+ t_{n-1} s / sqrt(n).

    One value tells nothing of its spread: then the interval is (-inf, inf). A bootstrap of so few seeds as are usual
    is too narrow by a third; t is exact for normal values and close for others.

    Args:
        values: at least one.
        comparisons: how many intervals are read together, at least 1. Each gets the confidence 1 - 0.05 / comparisons
            (Bonferroni), so that all of them together hold in 95 % of cases, however they depend on each other.

    Raises:
        ValueError: If there is no value, or one is not finite, or `comparisons` is less than 1.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise ValueError(bad_parameter("mean_interval", "values", "finite numbers, at least one", list(values)))
    share = _LEVEL / whole("mean_interval", "comparisons", comparisons, least=1)
    if len(array) == 1:
        return Interval(-np.inf, np.inf)
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    half = float(-stdtrit(len(array) - 1, share / 2) * array.std(ddof=1) / np.sqrt(len(array)))
    return Interval(float(array.mean()) - half, float(array.mean()) + half)


def paired_difference(one: Sequence[float], other: Sequence[float], *, comparisons: int = 1) -> Difference:
    """Compare two methods seed by seed: what a seed makes easy for both leaves the difference.

    Args:
        one: a result for each seed.
        other: the other method's results, for the same seeds in the same order.
        comparisons: how many differences are read together, see `mean_interval`.

    Raises:
        ValueError: If there are not as many of one as of the other, or one is not finite.
    """
    if len(one) != len(other):
        rule = f"as many results as the other's {len(other)}, seed by seed"
        raise ValueError(bad_parameter("paired_difference", "one", rule, len(one)))
    values = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return _tested(tuple(values.tolist()), comparisons)


def _tested(values: tuple[float, ...], comparisons: int) -> Difference:
    """Return seed by seed differences with their interval and p, as one of so many comparisons."""
    interval = mean_interval(values, comparisons=comparisons)
    return Difference(values, float(np.mean(values)), interval, min(1.0, comparisons * _p(values)))


def _p(values: Sequence[float]) -> float:
    """Return p of the two-sided t test that the mean is 0."""
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    if len(values) == 1 or not mean:
        return 1.0
    if not spread:
        return 0.0
    from scipy.special import stdtr

    return float(2 * stdtr(len(values) - 1, -abs(mean) / spread * math.sqrt(len(values))))


def paired_differences(
    results: Mapping[str, Sequence[float]], *, baseline: str | None = None
) -> dict[tuple[str, str], Difference]:
    """Compare several methods, each with each or all with one, with intervals that hold together.

    Args:
        results: name of a method to a result for each seed; the same seeds in the same order for all.
        baseline: compare the others with this one alone; fewer comparisons, so narrower intervals. Choose it before
            you see results.

    Returns:
        The difference first minus second, by both names; in the order of `results`.

    Raises:
        ValueError: If there are fewer than two methods, or no such baseline, or numbers of seeds that differ.
    """
    if len(results) < 2:
        raise ValueError(bad_parameter("paired_differences", "results", "at least two methods", list(results)))
    if baseline is not None and baseline not in results:
        raise ValueError(unknown_name("method", baseline, results))
    seeds = {name: len(values) for name, values in results.items()}
    if len(set(seeds.values())) > 1:
        raise ValueError(bad_parameter("paired_differences", "results", "of the same seeds for every method", seeds))
    if baseline is None:
        pairs = [(one, other) for other, one in combinations(results, 2)]
    else:
        pairs = [(name, baseline) for name in results if name != baseline]
    return {
        (one, other): paired_difference(results[one], results[other], comparisons=len(pairs)) for one, other in pairs
    }


def holm(differences: Mapping[Key, Difference]) -> dict[Key, Difference]:
    """Correct differences that are read together by Holm's step-down procedure (1979, Scand. J. Statistics 6:65).

    The smallest of m values of p is taken times m, the next times m - 1, and so on, none below the one before it. The
    chance that any verdict is wrong where there is no difference stays at 5 %, as with Bonferroni's factor m for all,
    and more differences are found. Each interval is as wide as the test of its own difference: at the confidence
    1 - 0.05 / factor, so that it leaves out 0 exactly where p is below 0.05. From the first difference that cannot be
    told on, the factor falls no further.

    Args:
        differences: by any keys, corrected for nothing or for anything: their values alone are read.

    Returns:
        The same differences, in the same order, with the intervals and p that they have together.
    """
    tested = {key: _p(one.values) for key, one in differences.items()}
    ascending = sorted(tested, key=lambda key: tested[key])
    factor, least, told = len(tested), 0.0, {}
    for place, key in enumerate(ascending):
        if least < _LEVEL:
            factor = len(tested) - place
        least = max(least, min(1.0, (len(tested) - place) * tested[key]))
        interval = mean_interval(differences[key].values, comparisons=factor)
        told[key] = Difference(differences[key].values, differences[key].mean, interval, least)
    return {key: told[key] for key in differences}


def seeds_needed(effect: float, *, power: float = 0.8, comparisons: int = 1) -> int:
    """Return how many seeds a paired comparison needs to find a difference of this size.

    The least n for which the interval of `mean_interval` leaves out 0, on the right side, with this probability, if
    the differences are normal: 1 - F_{n-1, effect sqrt(n)}(t_{n-1}), with the noncentral t.

    Args:
        effect: size of the difference in units of its spread over seeds, d_z; its sign does not matter. Not 0, which
            no number of seeds finds.
        power: the probability, in [0.05, 0.999]; 0.8, as is usual.
        comparisons: how many differences are read together, see `mean_interval`.

    Raises:
        ValueError: If a parameter is out of its range, or the effect is so small that it takes more than 100 000 seeds.
    """
    size = positive("seeds_needed", "effect", abs(effect))
    wanted = number("seeds_needed", "power", power, low=0.05, high=0.999)
    share = _LEVEL / whole("seeds_needed", "comparisons", comparisons, least=1)
    from scipy.stats import nct, t

    def finds(seeds: int) -> bool:
        bound = t.isf(share / 2, seeds - 1)
        return bool(nct.sf(bound, seeds - 1, size * math.sqrt(seeds)) >= wanted)

    too_few, enough = 1, 2
    while not finds(enough):
        if enough == MOST_SEEDS:
            rule = f"large enough to be found with {MOST_SEEDS} seeds"
            raise ValueError(bad_parameter("seeds_needed", "effect", rule, effect))
        too_few, enough = enough, min(2 * enough, MOST_SEEDS)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if finds(middle) else (middle, enough)
    return enough

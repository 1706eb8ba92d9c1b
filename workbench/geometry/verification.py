"""Error rates of accepting a pair as genuine when its cosine reaches a threshold.

A pair is accepted when cosine >= threshold. Thresholds are edges of the grid, where a `PairCounts` knows every count
exactly, ties included; the last one is infinity, where nothing is accepted.

    FAR = accepted impostor pairs / impostor pairs        (also FMR, or FPR)
    FRR = rejected genuine pairs / genuine pairs          (also FNMR);     TAR = 1 - FRR

Every rate comes with two intervals: Wilson's, which takes pairs for independent and is too narrow, since pairs share
images; and the wider of that and a jackknife over groups of identities (`intervals`), which is the one to report.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from workbench.checks import bad_parameter, number
from workbench.geometry.accepted import accepted, lowest_threshold, tar_left_out, thresholds
from workbench.geometry.intervals import Interval, cautious, half_widths, jackknife, wilson
from workbench.geometry.pairs import PairCounts, Similarities

LEAST_ERRORS = 10  # false accepts to expect before a FAR is believed: their count is then good to about a third


@dataclass(frozen=True)
class Rate:
    """A rate, what it was counted from, and how sure it is (95 %).

    Attributes:
        count: Pairs accepted, or rejected.
        total: Pairs of that kind.
        wilson: The interval if pairs were independent; too narrow.
        interval: The wider of that and a jackknife over groups of identities.
    """

    count: int
    total: int
    wilson: Interval
    interval: Interval

    @property
    def value(self) -> float:
        """The rate, count / total."""
        return self.count / self.total

    @property
    def complement(self) -> "Rate":
        """The rate of the opposite, (total - count) / total."""
        opposite, interval = (Interval(1 - i.high, 1 - i.low) for i in (self.wilson, self.interval))
        return Rate(self.total - self.count, self.total, opposite, interval)


@dataclass(frozen=True)
class Rates:
    """FAR, FRR and TAR at one threshold."""

    threshold: float
    far: Rate
    frr: Rate
    tar: Rate


@dataclass(frozen=True)
class TarAtFar:
    """The share of genuine pairs accepted at the lowest threshold whose FAR is at most `far`.

    Attributes:
        far: What was asked for.
        threshold: The lowest edge of the grid with a FAR of at most that.
        achieved: The FAR there; below `far` where ties or the grid leave no threshold nearer.
        tar: The TAR there. Its jackknife chooses the threshold anew each time, so that this uncertainty is in.
    """

    far: float
    threshold: float
    achieved: Rate
    tar: Rate


def resolves(pairs: PairCounts, far: float) -> bool:
    """Whether there are enough impostor pairs to speak of this FAR: far x pairs >= 10 expected false accepts."""
    return far * pairs.impostor.total >= LEAST_ERRORS * (1 - 1e-12)  # a product of 10 must not fail by its rounding


def rates(pairs: PairCounts, threshold: float) -> Rates:
    """FAR, FRR and TAR when pairs with cosine >= threshold are accepted.

    Args:
        pairs: What was counted.
        threshold: An edge of the grid, in [-1, 1), or infinity. 1 is not one: the last bin ends there, and holds it.

    Raises:
        ValueError: The threshold is not an edge.
    """
    k = _edge(pairs, threshold)
    far, tar = _rate_at(pairs.impostor, k), _rate_at(pairs.genuine, k)
    return Rates(threshold=float(thresholds(pairs)[k]), far=far, frr=tar.complement, tar=tar)


def tar_at_far(pairs: PairCounts, far: float) -> TarAtFar:
    """TAR at the lowest threshold whose FAR is at most `far`: the largest TAR that so many false accepts allow.

    Args:
        pairs: What was counted.
        far: In [0, 1], and no less than 10 / impostor pairs.

    Raises:
        ValueError: The impostor pairs cannot resolve this FAR (see `resolves`).
    """
    far = number("tar_at_far", "far", far, low=0, high=1)
    total = pairs.impostor.total
    if not resolves(pairs, far):
        more = f", or measure at least {math.ceil(LEAST_ERRORS / far * (1 - 1e-12))} impostor pairs" if far else ""
        raise ValueError(
            f"A FAR of {far:g} is finer than {total} impostor pairs can tell: {far * total:.3g} false accepts would be "
            f"expected, and {LEAST_ERRORS} are needed. Ask for a FAR of at least {LEAST_ERRORS / total:.2g}{more}."
        )
    k = int(lowest_threshold(accepted(pairs.impostor.counts), np.array([far]))[0])
    genuine = accepted(pairs.genuine.counts)
    return TarAtFar(
        far=far,
        threshold=float(thresholds(pairs)[k]),
        achieved=_rate_at(pairs.impostor, k),
        tar=as_rate(int(genuine[k]), int(genuine[0]), tar_left_out(pairs, np.array([far]))[:, 0]),
    )


def d_prime(pairs: PairCounts) -> float:
    """Distance of the two means in standard deviations: (mu_g - mu_i) / sqrt((var_g + var_i) / 2).

    Infinite where both kinds are constant and differ. It describes the two bulks and says nothing of the tails.
    """
    difference = pairs.genuine.mean - pairs.impostor.mean
    spread = math.sqrt((pairs.genuine.variance + pairs.impostor.variance) / 2)
    if spread:
        return difference / spread
    return math.copysign(math.inf, difference) if difference else 0.0


def as_rate(count: int, total: int, left_out: Float64[np.ndarray, " groups"]) -> Rate:
    """A rate with both intervals, from its count and its values with each group of identities left out."""
    independent = wilson(count, total)
    return Rate(count, total, independent, cautious(independent, jackknife(count / total, left_out)))


def jackknife_half_widths(similarities: Similarities) -> Float64[np.ndarray, " points"]:
    """Half the width of the jackknife interval of the share accepted at each threshold, [bins + 1].

    `rates` at that threshold reports the wider of Wilson's interval and the share -+ this, within [0, 1]. Infinite
    where leaving out a group of identities leaves no pair.
    """
    without = accepted(similarities.without)
    with np.errstate(invalid="ignore"):  # no pair left: 0 / 0 is NaN, which `half_widths` understands
        return half_widths(without / without[:, :1])


def _rate_at(similarities: Similarities, k: int) -> Rate:
    """Share of one kind of pairs accepted at threshold k."""
    total, without = accepted(similarities.counts), accepted(similarities.without)
    with np.errstate(invalid="ignore"):  # no pair left: 0 / 0 is NaN, which `jackknife` understands
        left_out = without[:, k] / without[:, 0]
    return as_rate(int(total[k]), int(total[0]), left_out)


def _edge(pairs: PairCounts, threshold: float) -> int:
    """Index of the threshold; one that was typed or added up may differ from the edge it means by some rounding."""
    known = thresholds(pairs)
    if threshold == math.inf:
        return len(known) - 1
    nearest = int(np.abs(known[:-1] - threshold).argmin())
    if abs(known[nearest] - threshold) < 1e-12:
        return nearest
    rule = f"an edge of the grid of {len(known) - 1} bins on [-1, 1), or inf"
    raise ValueError(bad_parameter("rates", "threshold", rule, threshold, hint=f"The nearest is {known[nearest]:g}."))

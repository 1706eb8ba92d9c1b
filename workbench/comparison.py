"""What differs between runs that were trained under several seeds, and how far seeds alone make them differ."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.evaluation import Measured
from workbench.geometry import Interval


@dataclass(frozen=True, eq=False)
class Spread:
    """One number under S seeds.

    Attributes:
        values: float64 [S].
    """

    values: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(self.values.mean())

    @property
    def std(self) -> float | None:
        """Standard deviation over the seeds, with S - 1; None of one seed."""
        return float(self.values.std(ddof=1)) if len(self.values) > 1 else None

    def interval(self) -> Interval | None:
        """95 % interval of the mean, mean +- t std / sqrt(S) with Student's t of S - 1; None of one seed."""
        if self.std is None:
            return None
        from scipy.special import stdtrit  # here, because scipy is slow to import

        half = float(stdtrit(len(self.values) - 1, 0.975)) * self.std / math.sqrt(len(self.values))
        return Interval(self.mean - half, self.mean + half)


@dataclass(frozen=True)
class Compared:
    """One number of several runs.

    Attributes:
        name: what the number is.
        unit: "%", "°" or nothing; shares are in percent, angles in degrees.
        digits: after the point.
        runs: the number of each run under its seeds.
        differences: of every run but the first: its number minus the first run's, seed by seed.
    """

    name: str
    unit: str
    digits: int
    runs: dict[str, Spread]
    differences: dict[str, Spread]


def compare(repeats: Mapping[str, Sequence[Measured]]) -> list[Compared]:
    """Compare runs number by number. Entry s of each run was trained under one and the same seed.

    Differences are taken within a seed, so what a seed does to all runs alike cancels. Their spread is that of
    training alone: all were measured on the same images.

    Args:
        repeats: named runs, each under S seeds, S >= 1. Numbers that one of them lacks, or that are infinite, are left
            out.

    Raises:
        ValueError: fewer than two runs, or not the same number of seeds.
    """
    seeds = {len(measured) for measured in repeats.values()}
    if len(repeats) < 2 or len(seeds) != 1 or not min(seeds):
        rule = "a mapping of at least 2 runs, each under the same seeds, at least 1"
        given = {name: len(measured) for name, measured in repeats.items()}
        raise ValueError(bad_parameter("compare", "repeats", rule, given))
    numbers = {name: [_numbers(one) for one in measured] for name, measured in repeats.items()}
    every = [one for measured in numbers.values() for one in measured]
    found = []
    for key in every[0]:
        if not all(math.isfinite(one.get(key, math.nan)) for one in every):
            continue
        runs = {name: Spread(np.array([one[key] for one in measured])) for name, measured in numbers.items()}
        first, *others = runs
        differences = {name: Spread(runs[name].values - runs[first].values) for name in others}
        found.append(Compared(*key, runs=runs, differences=differences))
    return found


def _numbers(measured: Measured) -> dict[tuple[str, str, int], float]:
    """The headline numbers as people read them, by name, unit and digits."""
    numbers = measured.numbers()
    accuracy, tar = numbers["accuracy"], numbers["tar_at_far"]
    return {
        **({("Accuracy, nearest class centre", "%", 1): 100 * accuracy["value"]} if accuracy else {}),
        ("Equal error rate", "%", 1): 100 * numbers["eer"]["value"],
        **{(f"TAR at FAR {rate['far']:g}", "%", 1): 100 * rate["value"] for rate in tar},
        ("Median angle to own centre", "°", 1): math.degrees(numbers["angle_to_own_centre_median"]),
        ("d′ of genuine and impostor pairs", "", 2): measured.geometry.separation.d_prime,
        ("Gap: lowest genuine − highest impostor", "", 2): numbers["gap"],
    }

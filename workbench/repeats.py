"""The headline numbers of runs that were trained under several seeds, and how they differ seed by seed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.checks import bad_parameter
from workbench.comparison import Difference, paired_difference
from workbench.evaluation import Measured


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
    runs: dict[str, tuple[float, ...]]
    differences: dict[str, Difference]


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
        runs = {name: tuple(one[key] for one in measured) for name, measured in numbers.items()}
        first, *others = runs
        differences = {name: paired_difference(runs[name], runs[first]) for name in others}
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

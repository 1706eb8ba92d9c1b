"""The headline numbers of runs that were trained under several seeds, and how they differ seed by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.checks import bad_parameter
from workbench.comparison import Difference, paired_difference
from workbench.headline import Number, shared

Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """One number of several runs.

    Attributes:
        number: which; values are in its unit.
        runs: the number of each run by seed.
        differences: of every run but the first that shares a seed with it: its number minus the first run's, seed by
            seed.
    """

    number: Number
    runs: dict[str, dict[int, float]]
    differences: dict[str, Difference]


def compare(repeats: Mapping[str, Mapping[int, Numbers]]) -> list[Compared]:
    """Compare runs number by number.

    Differences are taken within a seed, so what a seed does to all runs alike cancels. Their spread is that of
    training alone: all were measured on the same images. Seeds that one of two runs lacks are left out.

    Args:
        repeats: named runs; for each seed the numbers that `Measured.numbers()` returned, or `evaluation.json` holds.
            A number that one of them lacks is left out.

    Raises:
        ValueError: no run, or one without a seed.
    """
    if not repeats or not all(repeats.values()):
        given = {name: len(by_seed) for name, by_seed in repeats.items()}
        raise ValueError(bad_parameter("compare", "repeats", "runs under at least one seed each", given))
    found = []
    for number in shared(numbers for by_seed in repeats.values() for numbers in by_seed.values()):
        runs = {name: _values(number, by_seed) for name, by_seed in repeats.items()}
        first, *others = runs
        differences = {}
        for name in others:
            if seeds := [seed for seed in runs[name] if seed in runs[first]]:
                pair = ([runs[run][seed] for seed in seeds] for run in (name, first))
                differences[name] = paired_difference(*pair)
        found.append(Compared(number, runs, differences))
    return found


def _values(number: Number, by_seed: Mapping[int, Numbers]) -> dict[int, float]:
    estimates = {seed: number.of(numbers) for seed, numbers in by_seed.items()}
    return {seed: estimate.value for seed, estimate in estimates.items() if estimate}

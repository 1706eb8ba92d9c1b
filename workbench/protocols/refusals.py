"""Rates that so few trials cannot tell, named instead of printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.checks import bad_parameter, number
from workbench.geometry.verification import LEAST_ERRORS


@dataclass(frozen=True)
class Refused:
    """A false accept rate that was asked for and cannot be told.

    Attributes:
        rate: The FAR or FPIR asked for.
        trials: How many trials there are: impostor pairs, or probes of people outside the gallery.
        needed: How many would be needed for ten expected false accepts; None for a rate of 0, for which no number is
            enough.
    """

    rate: float
    trials: int
    needed: int | None


def told_apart(
    owner: str, name: str, rates: Sequence[float], trials: int
) -> tuple[tuple[float, ...], tuple[Refused, ...]]:
    """Split rates into those that this many trials resolve, rate x trials >= 10 (`geometry.resolves`), and the others.

    Raises:
        ValueError: Something that is not a rate in [0, 1].
    """
    if isinstance(rates, (str, bytes)) or not isinstance(rates, Sequence):
        raise ValueError(bad_parameter(owner, name, "a list of rates in [0, 1]", rates))
    resolved, refused = [], []
    for rate in (number(owner, name, given, low=0, high=1) for given in rates):
        if rate * trials >= LEAST_ERRORS * (1 - 1e-12):
            resolved.append(rate)
        else:
            needed = math.ceil(LEAST_ERRORS / rate * (1 - 1e-12)) if rate else None
            refused.append(Refused(rate, trials, needed))
    return tuple(resolved), tuple(refused)

"""Rates and intervals as plain JSON, the way `Evaluation.headline` writes them."""

import math
from typing import Any

from workbench.geometry.intervals import Interval
from workbench.geometry.verification import Rate
from workbench.protocols.refusals import Refused


def rate(of: Rate) -> dict[str, Any]:
    """A rate with its 95 % interval and the counts behind it."""
    return {**value(of.value, of.interval), "count": of.count, "total": of.total}


def value(number: float, interval: Interval) -> dict[str, float]:
    """A number with its 95 % interval."""
    return {"value": number, "low": interval.low, "high": interval.high}


def refused(rates: tuple[Refused, ...], name: str, trials: str) -> list[dict[str, Any]]:
    """What was refused, and what it would take."""
    return [{name: one.rate, trials: one.trials, "needed": one.needed} for one in rates]


def finite(number: float) -> float | None:
    """The number, or None for infinity, which JSON does not know."""
    return number if math.isfinite(number) else None

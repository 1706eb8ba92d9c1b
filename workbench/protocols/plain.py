"""Rates and intervals as plain JSON, the way `Evaluation.headline` writes them."""

import math
from typing import Any

from workbench.geometry.intervals import Interval
from workbench.geometry.verification import Rate
from workbench.protocols.refusals import Refused


def as_rate(rate: Rate) -> dict[str, Any]:
    """A rate with its 95 % interval and the counts behind it."""
    return {**as_value(rate.value, rate.interval), "count": rate.count, "total": rate.total}


def as_value(value: float, interval: Interval) -> dict[str, float]:
    """A number with its 95 % interval."""
    return {"value": value, "low": interval.low, "high": interval.high}


def as_refused(refused: tuple[Refused, ...], name: str, trials: str) -> list[dict[str, Any]]:
    """What was refused, and what it would take."""
    return [{name: one.rate, trials: one.trials, "needed": one.needed} for one in refused]


def finite(value: float) -> float | None:
    """The number, or None for infinity, which JSON does not know."""
    return value if math.isfinite(value) else None

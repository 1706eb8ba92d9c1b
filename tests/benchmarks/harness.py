"""Timing on machines that are never quiet: rivals take turns, and medians are compared."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure, the bound it is held to (None: no bound), and what it is aimed at, if less."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    target: float | None = None

    @property
    def holds(self) -> bool:
        return self.bound is None or self.value <= self.bound


def medians(
    rivals: Mapping[str, Callable[[], object]], *, repeats: int, before: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Return the median seconds of each rival; they run in turn, after one round that is not counted.

    What is done `before` each of them is not counted either.
    """
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for round_number in range(repeats + 1):
        for name, run in rivals.items():
            before()
            started = time.perf_counter()
            run()
            if round_number:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def table(rows: list[Row]) -> str:
    width = max(len(row.name) for row in rows)
    lines = []
    for row in rows:
        target = "" if row.target is None else f"  target {row.target:g}{'' if row.value <= row.target else ' (above)'}"
        bound = "" if row.bound is None else f"  at most {row.bound:g}{'' if row.holds else '   MISSED'}"
        lines.append(f"{row.name:<{width}}  {row.value:9.3g} {row.unit:<6}{bound}{target}")
    return "\n".join(lines)

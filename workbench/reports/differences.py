"""The table of differences between runs, with how far seeds alone make them differ."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from workbench.comparison import Difference
from workbench.evaluation import Measured
from workbench.repeats import Compared, compare
from workbench.reports.cards import ENVIRONMENT, Card


def differences(repeats: Mapping[str, Sequence[Measured]]) -> Card:
    """Show the headline numbers of runs over their seeds, and how every other run differs from the first.

    Args:
        repeats: named runs, each under the same seeds: see `workbench.repeats.compare`. One run alone has nothing to
            be compared with, and the card says so.

    Raises:
        ValueError: not the same number of seeds for every run.
    """
    first, *others = repeats
    rows = [(row, _cells(row)) for row in compare(repeats)] if others else []
    html = ENVIRONMENT.get_template("differences.html.j2").render(
        first=first,
        others=others,
        rows=rows,
        seeds=len(repeats[first]),
        rival="arcface" if first == "softmax" else "softmax",
    )
    return Card(html)


def _cells(row: Compared) -> list[tuple[str, str]]:
    """For each run its number, and for each but the first its difference: as text, and what stands small beside it."""
    cells = [(_told(values, row), "") for values in row.runs.values()]
    told = [(_told(one.values, row, sign="+"), _verdict(one, row)) for one in row.differences.values()]
    return cells + told


def _told(values: Sequence[float], row: Compared, *, sign: str = "") -> str:
    number = f"{mean(values):{sign}.{row.digits}f}".replace("-", "−")
    spread = f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{stdev(values):.{row.digits}f}" if len(values) > 1 else ""
    units = {"%": "\N{NO-BREAK SPACE}points" if sign else "\N{NO-BREAK SPACE}%", "°": "°", "": ""}
    return f"{number}{spread}{units[row.unit]}"


def _verdict(difference: Difference, row: Compared) -> str:
    if len(difference.values) == 1:
        return ""
    low, high = (f"{end:+.{row.digits}f}".replace("-", "−") for end in difference.interval)
    return f"{low} to {high}{', may be none' if difference.verdict == 'cannot tell' else ''}"

"""The table of differences between runs, with how far seeds alone make them differ."""

from collections.abc import Mapping, Sequence

from workbench.comparison import Compared, Spread, compare
from workbench.evaluation import Measured
from workbench.reports.cards import ENVIRONMENT, Card


def differences(repeats: Mapping[str, Sequence[Measured]]) -> Card:
    """Show the headline numbers of runs over their seeds, and how every other run differs from the first.

    Args:
        repeats: named runs, each under the same seeds: see `workbench.comparison.compare`. One run alone has nothing to
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
    cells = [(_told(spread, row), "") for spread in row.runs.values()]
    return cells + [(_told(spread, row, sign="+"), _verdict(spread, row)) for spread in row.differences.values()]


def _told(spread: Spread, row: Compared, *, sign: str = "") -> str:
    number = f"{spread.mean:{sign}.{row.digits}f}".replace("-", "−")
    around = "" if spread.std is None else f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{spread.std:.{row.digits}f}"
    units = {"%": "\N{NO-BREAK SPACE}points" if sign else "\N{NO-BREAK SPACE}%", "°": "°", "": ""}
    return f"{number}{around}{units[row.unit]}"


def _verdict(spread: Spread, row: Compared) -> str:
    interval = spread.interval()
    if interval is None:
        return ""
    low, high = (f"{end:+.{row.digits}f}".replace("-", "−") for end in interval)
    return f"{low} to {high}{', may be none' if interval.low <= 0 <= interval.high else ''}"

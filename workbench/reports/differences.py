"""The table of differences between runs, with how far seeds alone make them differ."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, stdev

from workbench.checks import bad_parameter
from workbench.comparison import Difference
from workbench.evaluation import Measured
from workbench.headline import Number
from workbench.repeats import Compared, compare
from workbench.reports.cards import ENVIRONMENT, Card


def differences(repeats: Mapping[str, Sequence[Measured]]) -> Card:
    """Show the headline numbers of runs over their seeds, and how every other run differs from the first.

    Args:
        repeats: named runs, each under the same seeds, at least one, in the same order. One run alone has nothing to
            be compared with, and the card says so.

    Raises:
        ValueError: not the same number of seeds for every run.
    """
    seeds = {name: len(measured) for name, measured in repeats.items()}
    if len(set(seeds.values())) != 1:
        raise ValueError(bad_parameter("differences", "repeats", "runs under the same seeds", seeds))
    first, *others = repeats
    by_seed = {name: {s: one.numbers() for s, one in enumerate(measured)} for name, measured in repeats.items()}
    rows = [(row.number, _cells(row)) for row in compare(by_seed)] if others else []
    html = ENVIRONMENT.get_template("differences.html.j2").render(
        first=first,
        others=others,
        rows=rows,
        seeds=seeds[first],
        rival="arcface" if first == "softmax" else "softmax",
    )
    return Card(html)


def _cells(row: Compared) -> list[tuple[str, str]]:
    """For each run its number, and for each but the first its difference: as text, and what stands small beside it."""
    cells = [(_told(values.values(), row.number), "") for values in row.runs.values()]
    differences = row.differences.values()
    return cells + [(_told(one.values, row.number, sign=True), _verdict(one, row.number)) for one in differences]


def _told(values: Iterable[float], number: Number, *, sign: bool = False) -> str:
    every = list(values)
    spread = f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{stdev(every):.{number.digits}f}" if len(every) > 1 else ""
    bare = number.bare(mean(every), sign=sign)
    return bare + spread + number.suffix(sign=sign)


def _verdict(difference: Difference, number: Number) -> str:
    if len(difference.values) == 1:
        return ""
    low, high = (number.bare(end, sign=True) for end in difference.interval)
    return f"{low} to {high}{', may be none' if difference.verdict == 'cannot tell' else ''}"

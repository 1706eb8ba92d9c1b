"""From the values of a line, seed by seed, to its verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workbench.checks import bad_parameter, positive
from workbench.claims.claim import Claim, Expected, Line
from workbench.claims.store import Row
from workbench.comparison import mean_interval
from workbench.geometry import Interval

Word = Literal["holds", "does not hold", "cannot tell", "not run"]

FEWEST = 5
"""Seeds below which there is no verdict."""

UNTRAINED = 45.0
"""Mean equal error rate, in percent, from which on a variant has not been trained: 50 is what chance gives."""


@dataclass(frozen=True)
class Verdict:
    """What came of a line.

    Attributes:
        word: the verdict.
        why: a few words to it.
        values: of each seed, in the order of `seeds`.
        seeds: those under which all runs of the line are stored.
        mean: of the values; NaN without any.
        interval: of the mean, together with those of all lines of the paper at 95 %.
    """

    word: Word
    why: str
    values: tuple[float, ...]
    seeds: tuple[int, ...]
    mean: float
    interval: Interval


def judge(
    values: Sequence[float], *, expected: Expected, least: float, comparisons: int = 1, seeds: Sequence[int] = ()
) -> Verdict:
    """Return the verdict on a difference between runs, from its value under each seed.

        [low, high] = mean -+ t_{n-1} s / sqrt(n), at the confidence 1 - 0.05 / comparisons     (Bonferroni)

    Of a difference that is expected "higher" (for "lower" with all signs turned):

        holds           low > 0 and high >= least       it is there, and may be large enough to matter
        does not hold   high < least                    it is smaller than what matters, or goes the other way
        cannot tell     otherwise                       neither 0 nor a difference that matters can be excluded

    Of one that is expected to stay "level", by two one-sided tests (Schuirmann 1987):

        holds           -least < low and high < least
        does not hold   low > least or high < -least
        cannot tell     otherwise

    So a claim can fail, which no test of "no difference" alone allows: an effect that matters is excluded then. With
    fewer than five seeds there is no verdict.

    Args:
        values: one for each seed, finite.
        expected: which way it goes if the claim holds.
        least: the smallest difference that matters, above 0.
        comparisons: how many verdicts are read together.
        seeds: which they are of, to be told with them; 0, 1, ... if left out.

    Raises:
        ValueError: If a value is not finite, or `least` is not above 0.
    """
    least = positive("judge", "least", least)
    if not all(map(math.isfinite, values)):
        raise ValueError(bad_parameter("judge", "values", "finite numbers", list(values)))
    told, of = tuple(map(float, values)), tuple(seeds) or tuple(range(len(values)))
    if len(told) < FEWEST:
        mean = float(np.mean(told)) if told else math.nan
        why = f"{len(told)} of at least {FEWEST} seeds" if told else "no results"
        return Verdict("not run", why, told, of, mean, Interval(-math.inf, math.inf))
    interval = mean_interval(told, comparisons=comparisons)
    word, why = _level(interval, least) if expected == "level" else _one_way(interval, least, expected)
    return Verdict(word, why, told, of, float(np.mean(told)), interval)


def values(line: Line, rows: Sequence[Row]) -> dict[int, float]:
    """Return what a line comes to under each seed for which all its runs are stored with all its numbers."""
    stored = {(row.setting, row.variant, row.seed): row.numbers for row in rows}
    found = {}
    for seed in sorted({seed for _, _, seed in stored}):
        parts = [
            sign * stored.get((end.setting, end.variant, seed), {}).get(end.number, math.nan)
            for sign, ends in ((1, line.plus), (-1, line.minus))
            for end in ends
        ]
        if not any(map(math.isnan, parts)):
            found[seed] = math.fsum(parts)
    return found


def verdicts(claims: Sequence[Claim], rows: Sequence[Row]) -> Mapping[tuple[str, int], Verdict]:
    """Return the verdict on each line by the claim's id and the line's place.

    Of runs whose equal error rate is near chance nothing can be told. Intervals hold together over all lines of a
    paper, those included that were not run: whoever reads many verdicts finds some by chance.
    """
    lines = {paper: sum(len(claim.lines) for claim in claims if claim.paper == paper) for paper in _papers(claims)}
    told = {}
    for claim in claims:
        for place, line in enumerate(claim.lines):
            found = values(line, rows)
            one = judge(
                list(found.values()),
                expected=claim.expected,
                least=claim.least,
                comparisons=lines[claim.paper],
                seeds=list(found),
            )
            if one.word != "not run" and _untrained(line, rows):
                one = replace(one, word="cannot tell", why="a variant of it did not train")
            told[claim.id, place] = one
    return told


def _untrained(line: Line, rows: Sequence[Row]) -> bool:
    for setting, variant, _ in line.ends:
        mine = [row.numbers for row in rows if (row.setting, row.variant) == (setting, variant)]
        rates = [numbers["eer"] for numbers in mine if "eer" in numbers]
        if rates and np.mean(rates) >= UNTRAINED:
            return True
    return False


def _papers(claims: Sequence[Claim]) -> list[str]:
    return list(dict.fromkeys(claim.paper for claim in claims))


def _one_way(interval: Interval, least: float, expected: Expected) -> tuple[Word, str]:
    low, high = interval if expected == "higher" else (-interval.high, -interval.low)
    if high < 0:
        return "does not hold", "it goes the other way"
    if high < least:
        return "does not hold", "it is there, but smaller than what matters" if low > 0 else "smaller than what matters"
    if low > 0:
        return "holds", "" if low >= least else "how much is not sure"
    return "cannot tell", ""


def _level(interval: Interval, least: float) -> tuple[Word, str]:
    low, high = interval
    if -least < low and high < least:
        return "holds", ""
    if low > least or high < -least:
        return "does not hold", f"it goes {'up' if low > 0 else 'down'}"
    return "cannot tell", ""

"""The results of a sweep as text for a terminal."""

from collections.abc import Iterable, Sequence
from statistics import mean

from workbench.comparison import Difference, mean_interval
from workbench.evaluation import CHECKPOINT_RULE
from workbench.headline import Number
from workbench.repeats import Compared
from workbench.sweeps.results import Results, verdict


def table(results: Results) -> str:
    """Return what came of a sweep: the losses side by side, their differences to the first, and what failed.

    The number that decides comes first, with the mean over seeds and its 95 % interval, and for every loss but the
    first the mean difference within a seed, its interval, p, effect size and verdict; see `Results.compared`.
    """
    parts = [results.sweep.question]
    compared, decisive = results.compared(), results.decisive()
    for group, rows in compared.items():
        if group in decisive:
            parts.append(_decisive(group, decisive[group], results.groups()[group]))
        if others := [row for row in rows if row.number != results.sweep.number]:
            parts.append(_others(others))
    if compared:
        parts.append(notes(results))
    parts += _unfinished(results)
    return "\n\n".join(parts)


def notes(results: Results) -> str:
    """Return what a reader must know of the numbers: where intervals come from, and what they are corrected for."""
    comparisons = sum(len(row.differences) for row in results.decisive().values())
    corrected = (
        f"corrected for {comparisons} comparisons by Holm's procedure" if comparisons > 1 else "of a single comparison"
    )
    return (
        f"Means and 95 % intervals are over seeds (Student's t). Differences are taken seed by seed; their intervals "
        f"and p are {corrected}, for each number by itself. {results.sweep.number.name} decides, as was fixed before "
        f"training: among the other numbers some differences will look real by chance. g is the mean difference in "
        f"units of its own spread over seeds, without the bias of few seeds (Hedges). Seeds change the start, the "
        f"order of images and what is drawn, not the images held out. Checkpoint: {CHECKPOINT_RULE}."
    )


def told(number: Number, value: float, *, sign: bool = False) -> str:
    """Return a value with its unit, with a digit more than single runs are told with."""
    return number.bare(value, sign=sign, digits=number.digits + 1) + number.suffix(sign=sign)


def ends(number: Number, interval: Iterable[float], *, sign: bool = False) -> str:
    """Return an interval without its unit; nothing of one seed, which has none."""
    low, high = (number.bare(end, sign=sign, digits=number.digits + 1) for end in interval)
    return "" if "inf" in high else f"{low} to {high}"


def spread(number: Number, values: Sequence[float]) -> str:
    """Return the interval of the mean of values over seeds, as `ends` does."""
    return ends(number, mean_interval(values))


def effect(difference: Difference) -> str:
    """Return Hedges' effect size as text."""
    return "–" if difference.hedges != difference.hedges else f"{difference.hedges:+.1f}".replace("-", "−")


def probability(p: float) -> str:
    """Return p as text, with more digits where it is small."""
    return "<0.0001" if p < 0.0001 else f"{p:.2f}" if p > 0.1 else f"{p:.3g}"


def _decisive(group: str, row: Compared, losses: Iterable[str]) -> str:
    number, first = row.number, next(iter(row.runs))
    way = f", {number.better} is better" if number.better else ""
    lines = [["", "seeds", "mean", "95 % interval", f"against {first}", "interval", "p", "g", ""]]
    for name in losses:
        values = list(row.runs.get(name, {}).values())
        line = [name, str(len(values)), *((told(number, mean(values)), spread(number, values)) if values else ())]
        if (one := row.differences.get(name)) is not None:
            line += [told(number, one.mean, sign=True), ends(number, one.interval, sign=True), probability(one.p)]
            line += [effect(one), verdict(number, one)]
        lines.append(line + [""] * (9 - len(line)))
    longest = max(len(line[-1]) for line in lines)
    lines = [[*line[:-1], line[-1].ljust(longest)] for line in lines]
    return f"{group}: {number.inline}{way}\n" + _columns(lines)


def _others(rows: Sequence[Compared]) -> str:
    names = list(rows[0].runs)
    lines = [["", *names]]
    for row in rows:
        line = [row.number.name]
        for name, by_seed in row.runs.items():
            one = row.differences.get(name)
            word = verdict(row.number, one) if one is not None else ""
            line.append(told(row.number, mean(by_seed.values())) + (f" ({word})" if word in _TOLD else ""))
        lines.append(line)
    return _columns(lines)


_TOLD = ("better", "worse", "higher", "lower")


def _columns(lines: Sequence[Sequence[str]]) -> str:
    """Set cells in columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = []
    for first, *others in lines:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        rows.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(rows)


def _unfinished(results: Results) -> list[str]:
    """Tell what is not done, those together that failed for one reason."""
    reasons: dict[str, list[str]] = {}
    for outcome in results.unfinished.values():
        found = outcome.found
        reason = found.error or (f"{found.epoch} epochs done" if found.state == "begun" else "not begun")
        reasons.setdefault(reason, []).append(f"{outcome.loss}, seed {outcome.seed}, {outcome.data}: {outcome.run}")
    if not reasons:
        return []
    total = len(results.runs)
    lines = [f"{len(results.unfinished)} of {total} runs are not done; the same command tries them again:"]
    for reason, runs in reasons.items():
        lines += [f"  {reason}", *(f"    {run}" for run in runs)]
    return ["\n".join(lines)]

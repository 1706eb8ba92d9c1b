"""The claims with their verdicts as text: the page `docs/claims.md`, its sections, and a table for a terminal."""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean

from workbench.claims.catalogue import CLAIMS, PAPERS
from workbench.claims.claim import Claim, Line
from workbench.claims.settings import SETTINGS
from workbench.claims.store import Row
from workbench.claims.verdict import FEWEST, Verdict, verdicts

Told = Mapping[tuple[str, int], Verdict]

HEAD = f"""# What the four papers claim, and what of it shows here

Written by `workbench claims write` from the stored results; nothing was left out because of how it came out.

## How to read it

The full text of the four papers was not at hand. The claims are as our notes state them, from abstracts, released code
and secondary sources, and each was turned into a number, a direction and a smallest difference that matters before the
stored results were compared; pilot runs of another seed had only shown that training works. A line that was added later
says so.

Each line compares runs seed by seed, and its interval is that of the mean over seeds (Student's t). The intervals of
all lines of a paper hold together at 95 % (Bonferroni). With fewer than {FEWEST} seeds there is no verdict.

- **holds**: the interval leaves out 0 on the side that is claimed, and reaches a difference that matters.
- **does not hold**: a difference that matters is excluded, or it goes the other way.
- **cannot tell**: the interval holds both 0 and a difference that matters, so that more seeds would tell; or a variant
  did not train (an equal error rate of 45 % or more; this rule alone was added when first results had been seen).
- A claim that something stays **level** holds where a difference that matters is excluded on both sides.

## What no line here can say

Everything is small: a network of two layers (`mlp`) with 64-dimensional features, images of 32 x 32, 20 epochs (ORL and
LFW 40) of the recipe "small" with a scale of 16, no variant tuned. All variants of a comparison have the same budget,
seeds, images and order; dropout is 0.4 and then 0.6 for CoReFace's, if not said otherwise. Numbers are of the last
epoch. So a verdict is on this regime: that a claim does not hold here is no evidence that it does not hold for a
network of a hundred layers on millions of faces, where errors are a hundredth of these. Drawn faces are no photographs,
and the photographs are few. Where people are redrawn, a seed draws faces, weights and order; on ORL and LFW all seeds
share the people held out, so that nothing is learned of others."""

_TAIL = """## Repeat it

`workbench claims run` trains what is not stored, all or by name of claim or paper, and goes on where it was stopped;
`--results DIR` keeps its rows elsewhere, so that everything is trained again. ORL and LFW are not part of the
workbench: `--faces DIR` names a folder with `orl/orl_112x92.npz` (images and labels of the ORL faces) and
`lfw_mini/lfw_mini_gray48.npz` (grey 48 x 48 crops, the first ten images of everybody of LFW with ten); without it those
lines are skipped. Rows are in `workbench/claims/results`, a line of JSON for each run: what differs from the defaults,
numbers, terms of the loss, versions. A run repeated with the same code comes out the same in every digit. Other
processors and later versions of the trainer round otherwise: ten runs repeated on a later version moved by up to 0.12
points of equal error rate.
"""


def markdown(rows: Sequence[Row], claims: Sequence[Claim] = CLAIMS) -> str:
    """Return the page of all claims, from stored results alone."""
    told = verdicts(claims, rows)
    parts = [HEAD, "## At a glance", glance(claims, told), "## What it was measured on", measured_on(rows)]
    for key, paper in PAPERS.items():
        mine = [claim for claim in claims if claim.paper == key]
        if mine:
            parts += [f"## {paper.name}", paper_text(key), *(section(claim, told, rows) for claim in mine)]
    return "\n\n".join([*parts, _TAIL])


def paper_text(key: str) -> str:
    """Return what a paper claims, in the words that are checked, and what to know of all its verdicts."""
    paper = PAPERS[key]
    return f"{paper.citation}. {paper.note}\n\n> {_escaped(paper.claims)}"


def glance(claims: Sequence[Claim], told: Told) -> str:
    """Return a table of all claims, with the settings of their lines by verdict."""
    lines = ["| claim | holds | does not hold | cannot tell |", "|---|---|---|---|"]
    for claim in claims:
        cells: dict[str, list[str]] = {"holds": [], "does not hold": [], "cannot tell": []}
        for place, line in enumerate(claim.lines):
            cells[told[claim.id, place].word].append(line.on)
        if claim.not_run:
            cells["cannot tell"].append("not run")
        shown = [", ".join(_counted(some)) for some in cells.values()]
        lines.append(
            f"| {PAPERS[claim.paper].name}: {_escaped(claim.statement)} (`{claim.id}`) | {' | '.join(shown)} |"
        )
    return "\n".join(lines)


def measured_on(rows: Sequence[Row]) -> str:
    """Return a table of the settings: what they are, how small, and what arcface comes to on them."""
    heads: tuple[str, ...] = ("setting", "what it is", "seeds", "people redrawn", "images trained on", "held out")
    heads += ("ArcFace's equal error rate", "spread of angles over people", "tail of class centres, of pairs")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for setting in SETTINGS.values():
        mine = [row for row in rows if row.setting == setting.name and row.variant == "arcface"]
        if not mine:
            lines.append(f"| {setting.name} | {setting.about} | not run | | | | | | |")
            continue
        facts, number = mine[0].facts, {key: mean(row.numbers[key] for row in mine) for key in _BASELINE}
        lines.append(
            f"| {setting.name} | {setting.about} | {len(mine)} | {'yes' if setting.redrawn else 'no'} "
            f"| {facts['train']:d} of {facts['classes']:d} | {facts['held_out']:d} of {facts['held_out_classes']:d} "
            f"| {number['eer']:.1f} % | {number['class_spread']:.1f}° "
            f"| {number['class_tail']:.3f}, {number['pair_tail']:.3f} |"
        )
    note = "The last three columns are means over seeds of arcface, and show what the premises do to the data."
    return "\n".join([*lines, "", note])


def section(claim: Claim, told: Told, rows: Sequence[Row]) -> str:
    """Return all that is known of a claim: its words, its lines, what it cannot say, and how to repeat it."""
    parts = [f"### {_escaped(claim.statement)}", f"`{claim.id}`, from: “{_escaped(claim.wording)}”"]
    if claim.premise:
        parts.append(f"Premise: {claim.premise}.")
    if claim.not_run:
        return "\n\n".join([*parts, f"**Not run**: {claim.not_run}. {claim.limits}"])
    parts.append(f"{_numbers(claim)} {_expectation(claim)}")
    table = ["| on | what | seeds | difference | interval | verdict |", "|---|---|---|---|---|---|"]
    table += [f"| {' | '.join(map(_escaped, _cells(claim, place, told)))} |" for place in range(len(claim.lines))]
    parts += ["\n".join(table), f"{_small(claim, rows)} {claim.limits}"]
    return "\n\n".join([*parts, "```sh\n" + "\n".join(commands(claim)) + "\n```"])


def commands(claim: Claim) -> list[str]:
    """Return what to type to train and measure each setting of a claim again."""
    settings = dict.fromkeys(line.on for line in claim.lines)
    return [f"workbench claims run {claim.id} --on {shlex.quote(on)} --results again" for on in settings]


def table(rows: Sequence[Row], claims: Sequence[Claim], *, on: str = "") -> str:
    """Return claims and the verdicts on their lines for a terminal; those of one setting if one is named."""
    told = verdicts(CLAIMS, rows) if set(claims) <= set(CLAIMS) else verdicts(claims, rows)
    parts = []
    for claim in claims:
        places = [place for place, line in enumerate(claim.lines) if on in ("", line.on)]
        if on and not places:
            continue
        lines = [f"{claim.id}: {claim.statement}"]
        lines += [f"  {'not run':<14}{claim.not_run}"] if claim.not_run else []
        for place in places:
            where, what, seeds, difference, interval, _ = _cells(claim, place, told)
            lines.append(f"  {told[claim.id, place].word:<14}{where}: {what}: {difference} ({interval}), {seeds} seeds")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def only(claims: Sequence[Claim], on: str) -> list[Claim]:
    """Return claims with their lines of one setting alone; all if none is named."""
    kept = [replace(claim, lines=tuple(line for line in claim.lines if on in ("", line.on))) for claim in claims]
    return [claim for claim in kept if claim.lines]


def amount(line: Line, value: float, *, sign: bool = True, unit: bool = True) -> str:
    """Return a value of a line as people read it: with sign and unit, or as a factor; nothing of what is not finite."""
    if not math.isfinite(value):
        return ""
    number, difference = line.number, bool(line.minus)
    if line.factor:
        return f"× {math.exp(value):.2f}"
    text = number.bare(value, sign=sign and difference, digits=number.digits + 1)
    return text + number.suffix(sign=difference) * unit


def _cells(claim: Claim, place: int, told: Told) -> tuple[str, str, str, str, str, str]:
    line, one = claim.lines[place], told[claim.id, place]
    low, high = (amount(line, end, unit=False) for end in one.interval)
    word = f"**{one.word}**" + (f": {one.why}" if one.why else "")
    several = len({other.number.name for other in claim.lines}) > 1
    what = f"{line.what} ({line.number.name})" if several else line.what
    return line.on, what, str(len(one.seeds)), amount(line, one.mean), f"{low} to {high}" if low else "", word


def _numbers(claim: Claim) -> str:
    names = dict.fromkeys(line.number.name for line in claim.lines)
    return "; ".join(names) + "."


def _expectation(claim: Claim) -> str:
    line = claim.lines[0]
    least = f"a factor of {math.exp(claim.least):.2f}" if line.factor else amount(line, claim.least, sign=False)
    way = {"lower": "is negative", "higher": "is positive", "level": "stays at 0"}[claim.expected]
    if line.factor:
        way = {"lower": "is below 1", "higher": "is above 1", "level": "stays at 1"}[claim.expected]
    subject = "factor" if line.factor else "difference" if line.minus else "number"
    return f"It holds if the {subject} {way}; the smallest that matters is {least}."


def _small(claim: Claim, rows: Sequence[Row]) -> str:
    """Return how small that is which the lines of a claim were measured on."""
    facts = {row.setting: row.facts for row in rows}
    said = [
        f"{on}, {facts[on]['held_out']} images of {facts[on]['held_out_classes']} people held out"
        + ("" if SETTINGS[on].redrawn else ", the same under all seeds")
        for on in dict.fromkeys(end.setting for line in claim.lines for end in line.ends)
        if on in facts
    ]
    return f"Measured on: {'; '.join(said)}." if said else ""


_BASELINE = ("eer", "class_spread", "class_tail", "pair_tail")


def _counted(settings: Sequence[str]) -> list[str]:
    return [f"{on} ({settings.count(on)})" if settings.count(on) > 1 else on for on in dict.fromkeys(settings)]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("_", "\\_").replace("<", "\\<").replace(">", "\\>")

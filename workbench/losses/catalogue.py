"""What the losses say of themselves, read from their docstrings, so that no page about them can drift."""

import inspect
import re
from typing import Any, NamedTuple

from workbench.losses import presets, registry

_HEADING = re.compile(r"^(Args|Source|Differs):\n", re.MULTILINE)
_ARGUMENT = re.compile(r"^    (\w+): ", re.MULTILINE)

_INTRODUCTION = """# The losses

Written by `workbench losses --markdown` from the code itself.

x is an embedding, w_c the weight row of class c, theta the angle between x and the row of its own class y, s the scale.
Every loss of classes is L = mean softplus(LSE_{c != y}(s cos_c) - s psi) and differs in psi, the own similarity after
its margin. `unpg-` before any of their names adds the negative pairs of the batch to the negatives.
"""


class Parameter(NamedTuple):
    """A parameter of a loss: its meaning, with unit, range, and where the default comes from."""

    name: str
    default: Any
    meaning: str


class Entry(NamedTuple):
    """A loss: its equation in one line, all that is said of it, what differs from its authors' code, what was tuned."""

    name: str
    equation: str
    text: str
    parameters: tuple[Parameter, ...]
    source: str
    differs: str
    tuned: str


def entry(name: str) -> Entry:
    """Return what the loss of this name is.

    Raises:
        ValueError: If there is no loss of this name; the nearest names are given.
    """
    parts = [_sections(inspect.getdoc(piece) or "") for piece in registry.pieces(name)]
    meanings = {key: text for part in parts for key, text in _arguments(part["Args"])}
    parameters = (Parameter(key, value, meanings[key]) for key, value in registry.parameters(name).items())
    text = "\n\nOn top of ".join(part[""].strip() for part in parts)
    equation = " On top of ".join(part[""].partition("\n")[0] for part in parts)
    source, differs = (" On top: ".join(_line(part[key]) for part in parts) for key in ("Source", "Differs"))
    return Entry(name, equation, text, tuple(parameters), source, differs, _tuned(name))


def describe(name: str) -> str:
    """Return all that is known of a loss: its equation, and every parameter with unit, range and origin.

    Raises:
        ValueError: If there is no loss of this name; the nearest names are given.
    """
    one = entry(name)
    parameters = "\n".join(f"    {p.name} = {p.default!r}\n        {p.meaning}" for p in one.parameters)
    last = "\n\n".join([f"Source: {one.source}", f"Differs from it: {one.differs}", *filter(None, [one.tuned])])
    return f"{one.text}\n\nParameters:\n{parameters}\n\n{last}"


def markdown() -> str:
    """Return a page about all losses."""
    entries = [entry(name) for name in registry.names()]
    # "+" does not count in an anchor, so that of a "+" variant is a repetition.
    rows = [f"| [`{one.name}`](#{one.name.replace('+', '-1')}) | {_cell(one.equation)} |" for one in entries]
    list_ = "\n".join([_INTRODUCTION, "| name | equation |", "|---|---|", *rows])
    return "\n".join([list_, *map(_chapter, entries), _recipe()]) + "\n"


def _chapter(one: Entry) -> str:
    rows = [f"| `{p.name}` | `{p.default!r}` | {_cell(p.meaning)} |" for p in one.parameters]
    table = ["| parameter | default | meaning, unit, range, where the default comes from |", "|---|---|---|", *rows]
    said = f"```text\n{one.text}\n```"
    source, differs = f"Source: {one.source}", f"Differs from it: {one.differs}"
    tuned = ["", one.tuned] if one.tuned else []
    return "\n".join([f"\n## {one.name}\n", said, "", *table, "", source, "", differs, *tuned])


def _recipe() -> str:
    """Return the chapter on recipe "tuned"."""
    record = presets.record()
    table = [presets.HEAD, ("---",) * len(presets.HEAD), *presets.rows(record)]
    lines = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join(["\n# The tuned recipe\n", presets.explanation(record), "", *lines])


def _tuned(name: str) -> str:
    """Return what recipe "tuned" sets, in a line; nothing of a loss that was not searched for."""
    one = presets.read(presets.record()).get(name)
    if one is None:
        return ""
    found = {"small": "no trial was better", "cannot tell": "whether it is better than small, its seeds cannot tell"}
    told = found.get(one.verdict, f"{one.verdict} than small, {one.gained()} points of equal error rate")
    return f"Recipe tuned: {one.settings()}, of {one.searched()}; {told}."


def _sections(docstring: str) -> dict[str, str]:
    """Return the sections of a docstring by their headings; what stands before the first is under the empty one."""
    start, *rest = _HEADING.split(docstring)
    return {"": start, **dict(zip(rest[::2], rest[1::2], strict=True))}


def _arguments(section: str) -> list[tuple[str, str]]:
    _, *rest = _ARGUMENT.split(section)
    return [(key, _line(text)) for key, text in zip(rest[::2], rest[1::2], strict=True)]


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")

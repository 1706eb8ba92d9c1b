"""What a claim is: a sentence of a paper, and the differences between runs by which it holds or does not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from workbench.claims.measures import NUMBERS
from workbench.headline import Number

Expected = Literal["lower", "higher", "level"]


class At(NamedTuple):
    """A number of a variant in a setting; under each seed it has a value."""

    setting: str
    variant: str
    number: str


@dataclass(frozen=True)
class Line:
    """One comparison, seed by seed: the sum of some numbers minus the sum of others.

    Attributes:
        on: name of the setting, the first of two where it compares settings.
        what: what is compared, for a table.
        plus: what is added up.
        minus: what is taken away; nothing where a number stands by itself.
    """

    on: str
    what: str
    plus: tuple[At, ...]
    minus: tuple[At, ...] = ()

    @property
    def ends(self) -> tuple[At, ...]:
        """All numbers that it needs."""
        return self.plus + self.minus

    @property
    def number(self) -> Number:
        """The number that it is about."""
        return NUMBERS[self.plus[0].number]

    @property
    def factor(self) -> bool:
        """Whether it is told as a factor, because its numbers are logarithms."""
        return self.number.name.startswith("Logarithm")


@dataclass(frozen=True)
class Claim:
    """A claim of a paper that can be checked here.

    Attributes:
        id: what the command line calls it.
        paper: a key of `workbench.claims.PAPERS`.
        statement: the claim, as a sentence.
        wording: the words of `PAPERS[paper].claims` that it is taken from.
        expected: which way the difference goes if it holds; "level": it stays near 0.
        least: the smallest difference that matters, in the number's unit, above 0. Fixed before training.
        lines: what was compared, each with a verdict of its own.
        limits: what the verdict cannot say, beside what holds for all.
        premise: when it is said to hold, where that can be switched on and off.
        not_run: why it was not measured; then there are no lines.
    """

    id: str
    paper: str
    statement: str
    wording: str
    expected: Expected
    least: float
    lines: tuple[Line, ...]
    limits: str
    premise: str = ""
    not_run: str = ""

    @property
    def needs(self) -> list[tuple[str, str]]:
        """The settings and variants that have to be trained, by name."""
        return list(dict.fromkeys((end.setting, end.variant) for line in self.lines for end in line.ends))


@dataclass(frozen=True)
class Paper:
    """A paper.

    Attributes:
        name: of its method.
        citation: authors, place, year, number.
        claims: its checkable claims, as notes on abstract, released code and secondary sources state them.
        note: what a reader must know of all its verdicts.
    """

    name: str
    citation: str
    claims: str
    note: str = field(default="")


def against(on: str, one: str, other: str, number: str) -> Line:
    """One variant minus another, in one setting."""
    return Line(on, f"{one} − {other}", (At(on, one, number),), (At(on, other, number),))


def gains(on: str, off: str, one: str, other: str, number: str) -> Line:
    """What one variant gains on another where a premise is on, minus what it gains where it is off."""
    plus, minus = (At(on, one, number), At(off, other, number)), (At(on, other, number), At(off, one, number))
    return Line(on, f"({one} − {other}) on {on} − the same on {off}", plus, minus)


def within(on: str, variant: str, number: str, other: str) -> Line:
    """One number of a run minus another of the same run."""
    return Line(
        on, f"{variant}: {_short(number)} − {_short(other)}", (At(on, variant, number),), (At(on, variant, other),)
    )


def alone(on: str, variant: str, number: str) -> Line:
    """A number by itself."""
    return Line(on, variant, (At(on, variant, number),))


def each(settings: Sequence[str], one: str, other: str, number: str) -> tuple[Line, ...]:
    """One variant minus another, in several settings."""
    return tuple(against(on, one, other, number) for on in settings)


def _short(number: str) -> str:
    return {
        "class_tail": "tail of class centres",
        "pair_tail": "tail of pairs",
        "contrast_last": "last epochs",
        "contrast_first": "first epochs",
    }[number]

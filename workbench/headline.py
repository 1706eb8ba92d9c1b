"""The headline numbers of embeddings as people read them: one list of their names, units, digits and better ways.

`Measured.numbers()` and the `evaluation.json` of a run hold them as plain JSON; whoever shows or compares them reads
them by this list.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from workbench.geometry import Interval
from workbench.protocols.verification import FARS

Unit = Literal["%", "°", ""]
Better = Literal["higher", "lower", ""]
_FACTORS: dict[Unit, float] = {"%": 100.0, "°": 180 / math.pi, "": 1.0}


class Estimate(NamedTuple):
    """A number in the unit that people read it in, and its 95 % interval if it has one."""

    value: float
    interval: Interval | None


@dataclass(frozen=True)
class Number:
    """One of the headline numbers.

    Attributes:
        key: what a spec or a file calls it, such as "eer".
        name: what it is.
        unit: "%" for shares, "°" for angles, or nothing.
        digits: after the point.
        better: which way is better; nothing where neither is.
        missing: what it means that others have this number and somebody has not.
    """

    key: str
    name: str
    unit: Unit
    digits: int
    better: Better
    missing: str = ""

    @property
    def inline(self) -> str:
        """Its name inside a sentence: without a capital, unless it begins with an abbreviation."""
        return self.name if self.name[:2].isupper() else self.name[0].lower() + self.name[1:]

    def of(self, numbers: Mapping[str, Any]) -> Estimate | None:
        """Return this number among those of `Measured.numbers()`; None if it is not among them."""
        found = numbers.get(self.key)
        if self.key.startswith(_TAR):
            rates = numbers.get("tar_at_far") or ()
            found = next((rate for rate in rates if _tar_key(rate["far"]) == self.key), None)
        if found is None:
            return None
        factor = _FACTORS[self.unit]
        if not isinstance(found, Mapping):
            return Estimate(factor * found, None)
        return Estimate(factor * found["value"], Interval(factor * found["low"], factor * found["high"]))

    def bare(self, value: float, *, sign: bool = False, digits: int | None = None) -> str:
        """Return a value of it as text, without its unit; with a sign if it is a difference."""
        return f"{value:{'+' if sign else ''}.{self.digits if digits is None else digits}f}".replace("-", "−")

    def suffix(self, *, sign: bool = False) -> str:
        """Return its unit as it stands behind a value; of a difference of shares it is points."""
        return f"\N{NO-BREAK SPACE}{'points' if sign else '%'}" if self.unit == "%" else self.unit


_TAR = "tar@"


def _tar_key(far: float) -> str:
    return f"{_TAR}{far:g}"


NUMBERS = (
    Number("accuracy", "Accuracy, nearest class centre", "%", 1, "higher", "no centres"),
    Number("eer", "Equal error rate", "%", 1, "lower"),
    *(Number(_tar_key(far), f"TAR at FAR {far:g}", "%", 1, "higher", "too few pairs") for far in FARS),
    Number("rank_1", "Rank 1, first images enrolled", "%", 1, "higher", "nobody to search"),
    Number("auc", "Area under the ROC curve", "%", 2, "higher"),
    Number("overlap", "Overlap of genuine and impostor pairs", "%", 1, "lower"),
    Number("d_prime", "d′ of genuine and impostor pairs", "", 2, "higher", "∞"),
    Number("gap", "Gap: lowest genuine − highest impostor", "", 2, "higher"),
    # A tighter class is not a better one: rivals may have come nearer too.
    Number("angle_to_own_centre_median", "Median angle to own centre", "°", 1, ""),
)


def shared(every: Iterable[Mapping[str, Any]]) -> list[Number]:
    """Return the numbers that all of these have, in the order of `NUMBERS`."""
    given = list(every)
    return [number for number in NUMBERS if all(number.of(numbers) for numbers in given)]

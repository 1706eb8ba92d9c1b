"""What a check says of an answer."""

from dataclasses import dataclass
from html import escape
from typing import Any, Literal

State = Literal["right", "wrong", "open", "not attempted"]

_SIGNS: dict[str, str] = {
    "right": "✓ Right",
    "wrong": "✗ Not yet",
    "open": "Compare",
    "not attempted": "– Not attempted",
}


class NotPassedError(AssertionError):
    """A strict check met an answer that is not right."""


@dataclass(frozen=True)
class Verdict:
    """What a check says of an answer; a notebook shows it as a card.

    Attributes:
        exercise: which, such as "02.2".
        state: "right", "wrong", "open" for a text that its writer compares with a rubric, or "not attempted".
        says: one or a few sentences; of a wrong answer a diagnosis, never the solution.
        points: of an open answer, what a good one says, and whether this one seems to.
        model: of an open answer, one that would do.
        solution: the code of a solution, where solutions are asked for.
    """

    exercise: str
    state: State
    says: str
    points: tuple[tuple[str, bool], ...] = ()
    model: str = ""
    solution: str = ""

    @property
    def passed(self) -> bool:
        """Whether a strict check lets it pass: right, or a text to compare."""
        return self.state in ("right", "open")

    def __str__(self) -> str:
        points = "".join(f"\n  {'✓' if met else '–'} {point}" for point, met in self.points)
        return f"{_SIGNS[self.state]} · {self.exercise}: {self.says}{points}"

    def html(self) -> str:
        """Return the card."""
        points = "".join(f"<li>{'✓' if met else '–'} {escape(point)}</li>" for point, met in self.points)
        folds = (
            ("A model answer", f"<p>{escape(self.model)}</p>"),
            ("A solution", f"<pre>{escape(self.solution)}</pre>"),
        )
        shown = [f"<details><summary>{title}</summary>{html}</details>" for title, html in folds if "><" not in html]
        return (
            f'<section class="wb-verdict wb-{self.state.replace(" ", "-")}"><p><strong>{_SIGNS[self.state]}</strong> · '
            f"{escape(self.exercise)}</p><p>{escape(self.says)}</p>"
            f"{f'<ul>{points}</ul>' if points else ''}{''.join(shown)}</section>"
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/html": self.html(), "text/plain": str(self)}

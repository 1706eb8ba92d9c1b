"""Kinds of exercises: each knows a right answer, and the answers of those who made a known mistake."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from typing_extensions import override


class MalformedError(Exception):
    """Why an answer cannot be compared: it has another form. Holds the sentence that says so."""


@dataclass(frozen=True)
class Wrong:
    """A known mistake.

    Attributes:
        answer: what somebody answers who makes it.
        says: what to look at again, without giving the solution away.
    """

    answer: Any
    says: str


@dataclass(frozen=True, kw_only=True)
class Exercise(ABC):
    """One exercise of the course.

    Attributes:
        id: lesson and number, such as "02.2".
        right: a right answer.
        says: what a right answer is told: why it is right, or what follows.
        wrong: known mistakes, the first that fits is told.
    """

    id: str
    right: Any
    says: str
    wrong: Sequence[Wrong] = ()

    @abstractmethod
    def read(self, answer: Any) -> Any:
        """Return the answer in a form that can be compared.

        Raises:
            MalformedError: If it has another form.
        """

    @abstractmethod
    def same(self, one: Any, other: Any) -> bool:
        """Whether two answers, as they were read, are the same answer."""

    @abstractmethod
    def hint(self, answer: Any) -> str:
        """Say something of a wrong answer that is no known one, without giving the solution away."""

    def attempted(self, answer: Any) -> bool:
        """Whether anything was answered: `...` and None are no answers."""
        return answer is not ... and answer is not None


@dataclass(frozen=True, kw_only=True)
class Number(Exercise):
    """A number, right to within a tolerance.

    Attributes:
        within: largest difference from a right answer.
        unit: that it is in, for the sentences.
    """

    within: float
    unit: str = ""

    @override
    def read(self, answer: Any) -> float:
        return _number(answer)

    @override
    def same(self, one: float, other: float) -> bool:
        return abs(one - other) <= self.within

    @override
    def hint(self, answer: float) -> str:
        side = "small" if answer < _number(self.right) else "large"
        return f"{answer:.4g}{self.unit and ' ' + self.unit} is too {side}."


@dataclass(frozen=True, kw_only=True)
class Numbers(Exercise):
    """Several numbers in order, each right to within a share of its size.

    Attributes:
        relative: largest difference from a right answer, as a share of it.
        absolute: added to that, for numbers near 0.
    """

    relative: float = 0.0
    absolute: float = 0.0

    @override
    def read(self, answer: Any) -> list[float]:
        right = self.right
        try:
            found = [_number(one) for one in answer]
        except TypeError:
            raise MalformedError(f"The answer must be {len(right)} numbers in a list. Got {_shown(answer)}.") from None
        if len(found) != len(right):
            raise MalformedError(f"The answer must be {len(right)} numbers in a list. Got {len(found)}.")
        return found

    @override
    def same(self, one: list[float], other: list[float]) -> bool:
        return all(abs(a - b) <= self.absolute + self.relative * abs(b) for a, b in zip(one, other, strict=True))

    @override
    def hint(self, answer: list[float]) -> str:
        off = [
            i for i, (a, b) in enumerate(zip(answer, self.read(self.right), strict=True), 1) if not self.same([a], [b])
        ]
        return f"Number {' and '.join(map(str, off))} of {len(answer)} is not right yet."


@dataclass(frozen=True, kw_only=True)
class Choice(Exercise):
    """One of some given texts.

    Attributes:
        options: what there is to choose from.
    """

    options: Sequence[str]

    @override
    def read(self, answer: Any) -> str:
        found = str(answer).strip().lower()
        known = {option.lower(): option for option in self.options}
        if found not in known:
            raise MalformedError(
                f"The answer must be one of {', '.join(map(repr, self.options))}. Got {_shown(answer)}."
            )
        return known[found]

    @override
    def same(self, one: str, other: str) -> bool:
        return one == other

    @override
    def hint(self, answer: str) -> str:
        return f"It is not {answer!r}. Look at the last figure again."


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """A function, tried on cases that the learner does not see; a right one and the known mistakes are functions too.

    Attributes:
        cases: arguments by a name that a sentence can use, such as "at 160°".
        within: largest difference from what a right function returns, of all entries of its array.
    """

    cases: Mapping[str, tuple[Any, ...]]
    within: float = 1e-6

    @override
    def attempted(self, answer: Any) -> bool:
        return was_written(answer, *next(iter(self.cases.values())))

    @override
    def read(self, answer: Any) -> dict[str, np.ndarray | str]:
        must_be_function(answer)
        return {name: _called(answer, arguments) for name, arguments in self.cases.items()}

    @override
    def same(self, one: dict[str, np.ndarray | str], other: dict[str, np.ndarray | str]) -> bool:
        return not self._differing(one, other)

    @override
    def hint(self, answer: dict[str, np.ndarray | str]) -> str:
        case = self._differing(answer, self.read(self.right))[0]
        found = answer[case]
        if isinstance(found, str):
            return f"{case[:1].upper()}{case[1:]} your function fails: {found}."
        count = len(self._differing(answer, self.read(self.right)))
        return f"Your function differs {case}{f', and in {count - 1} other cases' if count > 1 else ''}."

    def _differing(self, one: dict[str, np.ndarray | str], other: dict[str, np.ndarray | str]) -> list[str]:
        return [name for name in self.cases if not self._equal(one[name], other[name])]

    def _equal(self, one: np.ndarray | str, other: np.ndarray | str) -> bool:
        if isinstance(one, str) or isinstance(other, str):
            return isinstance(one, str) and isinstance(other, str)
        return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=self.within, equal_nan=True))


@dataclass(frozen=True, kw_only=True)
class Essay(Exercise):
    """A text, which its writer compares with a rubric and a model answer; the model answer is `right`.

    Attributes:
        points: what a good answer says, each with words of which one shows that it does.
    """

    points: Mapping[str, Sequence[str]]
    says: str = "Compare yours with the points and with the model answer."

    @override
    def attempted(self, answer: Any) -> bool:
        return super().attempted(answer) and str(answer).strip() != ""

    @override
    def read(self, answer: Any) -> str:
        return str(answer)

    def met(self, answer: str) -> tuple[tuple[str, bool], ...]:
        """Return each point, and whether one of its words stands in the text."""
        text = answer.lower()
        return tuple((point, any(word.lower() in text for word in words)) for point, words in self.points.items())

    @override
    def same(self, one: str, other: str) -> bool:
        return one == other

    @override
    def hint(self, answer: str) -> str:
        met = sum(found for _, found in self.met(answer))
        return f"{self.says} Yours seems to make {met} of {len(self.points)} points."


def was_written(answer: Any, *arguments: Any) -> bool:
    """Whether a function was written: one that returns `...` or None at once was not, and one that fails was tried."""
    if callable(answer):
        try:
            answer = answer(*arguments)
        except Exception:  # noqa: BLE001 - a learner's function may raise anything
            return True
    return answer is not ... and answer is not None


def must_be_function(answer: Any) -> None:
    """Raise a MalformedError that says so unless the answer is a function."""
    if not callable(answer):
        raise MalformedError(f"The answer must be a function. Got {_shown(answer)}.")


def _number(answer: Any) -> float:
    if isinstance(answer, (bool, str)):
        raise MalformedError(f"The answer must be a number. Got {_shown(answer)}.")
    try:
        found = float(answer)
    except (TypeError, ValueError, RuntimeError):
        raise MalformedError(f"The answer must be a number. Got {_shown(answer)}.") from None
    if not math.isfinite(found):
        raise MalformedError(f"The answer must be a finite number. Got {found}.")
    return found


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> np.ndarray | str:
    """Return what a function returns as float64, or in a few words how it fails."""
    try:
        found = function(*arguments)
        if hasattr(found, "detach"):
            found = found.detach()
        return np.asarray(found, dtype=np.float64)
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return f"{type(error).__name__}: {error}"


def _shown(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 60 else f"{text[:57]}..."

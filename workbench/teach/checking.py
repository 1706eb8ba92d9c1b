"""Checking an answer: a verdict, and for a known mistake what to look at again."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from workbench.checks import unknown_name
from workbench.teach.exercises import Essay, Exercise, MalformedError
from workbench.teach.verdicts import NotPassedError, State, Verdict


def check(exercise: str, answer: Any, *, strict: bool = False) -> Verdict:
    """Return what is to be said of an answer; a notebook shows it as a card.

    An answer that was not touched (`...`) is "not attempted" and stops nothing.

    Args:
        exercise: its id, such as "02.2".
        answer: a number, a text, a list or a function, as the exercise asks.
        strict: raise unless the answer is right.

    Raises:
        ValueError: If there is no such exercise.
        NotPassedError: If `strict`, and the answer is wrong or not attempted.
    """
    verdict = judged(find(exercise), answer)
    if strict and not verdict.passed:
        raise NotPassedError(str(verdict))
    return verdict


def judged(exercise: Exercise, answer: Any) -> Verdict:
    """Return the verdict on an answer to an exercise."""

    def said(state: State, text: str, **more: Any) -> Verdict:
        return Verdict(exercise.id, state, text, **more)

    if not exercise.attempted(answer):
        return said("not attempted", "Put your answer in the cell above, run it, and run this cell again.")
    try:
        read = exercise.read(answer)
    except MalformedError as error:
        return said("wrong", str(error))
    if isinstance(exercise, Essay):
        return said("open", exercise.hint(read), points=exercise.met(read), model=exercise.right)
    if exercise.same(read, exercise.read(exercise.right)):
        return said("right", exercise.says)
    for wrong in exercise.wrong:
        if exercise.same(read, exercise.read(wrong.answer)):
            return said("wrong", wrong.says)
    return said("wrong", exercise.hint(read))


def find(exercise: str) -> Exercise:
    """Return an exercise by its id.

    Raises:
        ValueError: If there is none; those of its lesson are named.
    """
    known = of_lesson(exercise.partition(".")[0])
    if exercise not in known:
        raise ValueError(unknown_name("exercise", exercise, known, hint="They are named like '02.2': lesson.number."))
    return known[exercise]


@cache
def of_lesson(number: str) -> dict[str, Exercise]:
    """Return the exercises of a lesson by id; none if there is no such lesson."""
    module = f"workbench.teach.lessons.lesson_{number}"
    if not number.isdecimal() or find_spec(module) is None:
        return {}
    exercises: tuple[Exercise, ...] = import_module(module).EXERCISES
    return {exercise.id: exercise for exercise in exercises}

"""With the solutions in the place of answers, every check of every lesson passes."""

from pathlib import Path

import pytest

from tests.notebooks.lessons import LESSONS, exercises, run, verdicts
from workbench import teach
from workbench.teach.checking import find, of_lesson
from workbench.teach.exercises import Essay
from workbench.teach.solutions import solutions


@pytest.mark.parametrize("name", LESSONS)
def test_every_check_passes(name: str, tmp_path: Path) -> None:
    notebook = run(name, tmp_path, solutions=True, strict_checks=True)
    states = {e: "open" if isinstance(find(e), Essay) else "right" for e in exercises(name)}
    assert verdicts(notebook) == states


@pytest.mark.parametrize("name", LESSONS)
def test_each_exercise_has_its_check_and_its_solution(name: str) -> None:
    assert sorted(exercises(name)) == sorted(of_lesson(name[:2])) == sorted(solutions(name[:2]))


@pytest.mark.parametrize("name", LESSONS)
def test_a_model_answer_makes_every_point(name: str) -> None:
    for exercise in of_lesson(name[:2]).values():
        if isinstance(exercise, Essay):
            assert all(met for _, met in exercise.met(exercise.right)), exercise.id
            assert not any(met for _, met in exercise.met("xyzzy"))


MISTAKES = [
    pytest.param(exercise.id, place, id=f"{exercise.id}-{place}")
    for name in LESSONS
    for exercise in of_lesson(name[:2]).values()
    for place in range(len(exercise.wrong))
]


@pytest.mark.parametrize(("exercise", "place"), MISTAKES)
def test_a_known_mistake_gets_its_own_sentence(exercise: str, place: int) -> None:
    wrong = find(exercise).wrong
    verdict = teach.check(exercise, wrong[place].answer)
    assert (verdict.state, verdict.says) == ("wrong", wrong[place].says)
    assert [other.says for other in wrong].count(verdict.says) == 1

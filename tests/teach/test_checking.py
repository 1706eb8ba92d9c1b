"""Checks: right, wrong, malformed and untouched answers, each with its own words."""

import numpy as np
import pytest
import torch

from workbench import teach
from workbench.teach.checking import judged

NUMBER = teach.Number(
    id="99.1",
    right=0.476,
    within=0.005,
    unit="rad",
    says="Yes.",
    wrong=(teach.Wrong(0.122, "That is its value at 0°."),),
)
NUMBERS = teach.Numbers(id="99.2", right=[1.0, 10.0], relative=0.05, says="Yes.")
CHOICE = teach.Choice(
    id="99.3", right="cannot tell", options=("A", "cannot tell"), says="Yes.", wrong=(teach.Wrong("A", "By chance."),)
)
FUNCTION = teach.Function(
    id="99.4",
    right=np.cos,
    cases={"at 0": (np.zeros(2),), "at 1": (np.ones(1),)},
    says="Yes.",
    wrong=(teach.Wrong(np.sin, "That is the sine."),),
)
ESSAY = teach.Essay(id="99.5", right="Model.", points={"It says why": ("because", "since")}, says="Compare.")


def said(exercise, answer):
    verdict = judged(exercise, answer)
    return verdict.state, verdict.says


@pytest.mark.parametrize("answer", [..., None])
@pytest.mark.parametrize("exercise", [NUMBER, NUMBERS, CHOICE, FUNCTION, ESSAY])
def test_an_untouched_answer_is_not_attempted(exercise, answer):
    assert judged(exercise, answer).state == "not attempted"


@pytest.mark.parametrize("untouched", [lambda x: ..., lambda x: None])
def test_a_function_that_was_not_written_is_not_attempted(untouched):
    assert judged(FUNCTION, untouched).state == "not attempted"


@pytest.mark.parametrize("answer", [0.476, 0.4809, np.float32(0.476), torch.tensor(0.476), np.array(0.4711)])
def test_numbers_of_all_kinds_are_right_within_the_tolerance(answer):
    assert said(NUMBER, answer) == ("right", "Yes.")


def test_a_number_that_is_wrong():
    assert said(NUMBER, 0.122) == ("wrong", "That is its value at 0°.")
    assert said(NUMBER, 0.4) == ("wrong", "0.4 rad is too small.")
    assert said(NUMBER, 0.4811) == ("wrong", "0.4811 rad is too large.")


@pytest.mark.parametrize("answer", ["0.476", True, [1, 2], {}, float("nan"), 1j])
def test_what_is_no_number_is_told_so(answer):
    state, text = said(NUMBER, answer)
    assert state == "wrong"
    assert text.startswith("The answer must be a ")


def test_several_numbers():
    assert said(NUMBERS, (1.04, np.float64(9.6))) == ("right", "Yes.")
    assert said(NUMBERS, [1.06, 10]) == ("wrong", "Number 1 of 2 is not right yet.")
    assert said(NUMBERS, [2, 20]) == ("wrong", "Number 1 and 2 of 2 is not right yet.")
    assert said(NUMBERS, [1]) == ("wrong", "The answer must be 2 numbers in a list. Got 1.")
    assert said(NUMBERS, 1.0) == ("wrong", "The answer must be 2 numbers in a list. Got 1.0.")


def test_a_choice():
    assert said(CHOICE, " Cannot Tell ") == ("right", "Yes.")
    assert said(CHOICE, "A") == ("wrong", "By chance.")
    assert said(CHOICE, "B") == ("wrong", "The answer must be one of 'A', 'cannot tell'. Got 'B'.")


def test_a_function():
    assert said(FUNCTION, lambda x: torch.cos(torch.as_tensor(x))) == ("right", "Yes.")
    assert said(FUNCTION, np.sin) == ("wrong", "That is the sine.")
    assert said(FUNCTION, lambda x: np.cos(x) + (x == 1)) == ("wrong", "Your function differs at 1.")
    assert said(FUNCTION, lambda x: x + 7) == ("wrong", "Your function differs at 0, and in 1 other cases.")
    assert said(FUNCTION, lambda x: 1.0) == ("wrong", "Your function differs at 0, and in 1 other cases.")
    assert said(FUNCTION, lambda x: 1 / 0) == (
        "wrong",
        "At 0 your function fails: ZeroDivisionError: division by zero.",
    )
    assert said(FUNCTION, 3) == ("wrong", "The answer must be a function. Got 3.")


def test_a_text_is_compared_with_points_and_a_model():
    verdict = judged(ESSAY, "It is so because of that.")
    assert (verdict.state, verdict.points, verdict.model) == ("open", (("It says why", True),), "Model.")
    assert verdict.says == "Compare. Yours seems to make 1 of 1 points."
    assert judged(ESSAY, "No reason.").points == (("It says why", False),)
    assert judged(ESSAY, "  ").state == "not attempted"


def test_strict_checks_stop_at_what_is_not_passed():
    assert teach.check("03.1", 0.476, strict=True).passed
    assert teach.check("03.4", "It fits.", strict=True).state == "open"
    for answer in (..., 1.0):
        assert not teach.check("03.1", answer).passed
        with pytest.raises(teach.NotPassedError, match=r"03\.1"):
            teach.check("03.1", answer, strict=True)


@pytest.mark.parametrize("name", ["03.9", "98.1", "3", "../x.1", ""])
def test_an_unknown_exercise_is_named(name):
    with pytest.raises(ValueError, match=r"There is no exercise .* lesson\.number\.$"):
        teach.check(name, 1)


def test_a_card_escapes_what_it_shows():
    verdict = teach.Verdict("99.1", "open", "<b>&", points=(("<i>", True),), model="<script>", solution="a < b")
    html = verdict.html()
    assert "&lt;b&gt;&amp;" in html
    assert "<script>" not in html
    assert "<i>" not in html
    assert "a &lt; b" in html
    assert "✓ &lt;i&gt;" in html
    assert "<details>" not in teach.Verdict("99.1", "wrong", "No.").html()

"""The exercise of lesson 04 that looks at what one step of an optimiser moves."""

import pytest
import torch

from workbench import teach


def sgd(network, head, lr=0.1):
    return torch.optim.SGD([*network.parameters(), *head.parameters()], lr=lr)


def test_both_must_move():
    assert teach.check("04.2", sgd).state == "right"
    assert "class centres have not" in teach.check("04.2", lambda n, _: torch.optim.SGD(n.parameters(), lr=0.1)).says


def test_parameter_groups_are_an_answer_too():
    def groups(network, head):
        return torch.optim.SGD([{"params": network.parameters()}, {"params": head.parameters()}], lr=0.1)

    assert teach.check("04.2", groups).state == "right"


def test_an_untouched_function_is_not_attempted():
    assert teach.check("04.2", lambda _network, _head: ...).state == "not attempted"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (3, "The answer must be a function. Got 3."),
        (lambda _network, _head: 3, "Your function must return an optimiser of torch. Got int."),
        (lambda n, h: sgd(n, h, lr=0.5), "The learning rate is 0.5, and 0.1 is asked for."),
        (
            lambda n, _: sgd(n, None),
            "Your function fails: AttributeError: 'NoneType' object has no attribute 'parameters'.",
        ),
    ],
)
def test_what_is_no_answer_is_told_why(answer, sentence):
    verdict = teach.check("04.2", answer)
    assert (verdict.state, verdict.says) == ("wrong", sentence)


def test_the_random_state_of_the_notebook_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    teach.check("04.2", sgd)
    assert torch.equal(torch.rand(3), expected)

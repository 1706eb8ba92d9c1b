import re

import pytest
import torch
from torch import nn

from workbench import costs, losses


def batch(dim: int = 16, classes: int = 50, samples: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(samples, dim), torch.randint(classes, (samples,))


@pytest.mark.parametrize(("name", "options"), [("normface", {}), ("cosface", {"margin": 0.3}), ("arcface", {})])
def test_the_usual_head_is_the_same_loss(name: str, options: dict[str, float]) -> None:
    head = losses.create(name, 16, 50, scale=8.0, **options).double()
    x, labels = batch()
    one, other = (x.double().requires_grad_() for _ in range(2))
    streamed = head(one, labels)
    streamed.backward()
    gradient, head.weight.grad = head.weight.grad, None
    usual = costs.materialised(head, other, labels)
    usual.backward()
    torch.testing.assert_close(usual, streamed.detach(), check_dtype=False)
    torch.testing.assert_close(other.grad, one.grad)
    torch.testing.assert_close(head.weight.grad, gradient)


def test_memory_is_what_is_held_at_one_time() -> None:
    """Two arrays of 1 MB are held at once by one, and one after the other by the other; float32."""
    x, labels = torch.randn(4, 8), torch.zeros(4, dtype=torch.long)

    def at_once(inputs: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        first, second = torch.zeros(2**18), torch.zeros(2**18)
        return inputs.sum() + (first[0] + second[0])

    def in_turn(inputs: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return inputs.sum() + torch.zeros(2**18)[0].clone() + torch.zeros(2**18)[0].clone()

    found = costs.step_costs({"at once": at_once, "in turn": in_turn}, x, labels, repeats=1)
    assert found["at once"].memory_bytes == pytest.approx(2 * 2**20, rel=0.02)
    assert found["in turn"].memory_bytes == pytest.approx(2**20, rel=0.02)


def test_the_streamed_head_never_holds_all_scores() -> None:
    samples, classes = 64, 400_000
    head = losses.create("arcface", 8, classes)
    x, labels = batch(8, classes, samples)
    rivals = {"streamed": head, "usual": lambda *of: costs.materialised(head, *of)}
    found = costs.step_costs(rivals, x, labels, repeats=1)
    scores, gradient = 4 * samples * classes, 4 * classes * 8
    assert found["usual"].memory_bytes > 2 * scores
    assert found["streamed"].memory_bytes < 60 * 2**20 + 2 * gradient < scores


def test_rivals_run_in_turn_and_the_first_round_does_not_count() -> None:
    called = []

    def rival(name: str) -> costs.Step:
        return lambda inputs, _: called.append(name) or inputs.sum()

    found = costs.step_costs({name: rival(name) for name in "ab"}, *batch(), repeats=3)
    assert "".join(called) == "abababab" + "ab"  # 1 + 3 rounds, and one to see the memory
    assert [len(cost.seconds) for cost in found.values()] == [3, 3]
    assert all(min(cost.seconds) <= cost.median <= max(cost.seconds) for cost in found.values())
    assert costs.Cost((1.0, 9.0, 2.0), 0).median == 2.0


def test_what_is_given_stays_as_it_is() -> None:
    x, labels = batch()
    costs.step_costs({"a": nn.CrossEntropyLoss()}, x, labels % 16, repeats=1)
    assert x.grad is None
    assert not x.requires_grad


def test_no_repetition() -> None:
    sentence = "The 'repeats' parameter of step_costs must be a whole number of at least 1. Got 0 instead."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        costs.step_costs({}, *batch(), repeats=0)

"""Learning rates, against their equations worked out by hand."""

import math
from typing import Any

import pytest

from workbench.config import RunConfig
from workbench.schedules import learning_rate


def rates(steps: int, **parameters: Any) -> list[float]:
    config = RunConfig(**parameters)
    return [learning_rate(config, step, steps) for step in range(steps)]


def test_constant() -> None:
    assert rates(7, schedule="constant", lr=0.3, warmup=0.0) == [0.3] * 7


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine"])
def test_the_warm_up_rises_in_a_straight_line_and_reaches_lr_with_its_first_full_step(schedule: str) -> None:
    # 100 steps in 10 epochs: an epoch and a half is 15 steps.
    found = rates(100, schedule=schedule, lr=0.16, epochs=10, warmup=0.15)
    assert found[:15] == pytest.approx([0.16 * k / 16 for k in range(1, 16)])
    assert found[15] == pytest.approx(0.16)


def test_a_run_that_is_all_warm_up_never_reaches_lr() -> None:
    assert rates(4, schedule="step", lr=0.5, epochs=1, warmup=1.0) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_step_divides_by_ten_at_each_milestone() -> None:
    found = rates(26, schedule="step", lr=0.1, epochs=26, warmup=0.0)
    expected = [0.1] * 8 + [0.01] * 6 + [0.001] * 6 + [0.0001] * 5 + [0.00001]
    assert found == pytest.approx(expected), "ElasticFace drops at epochs 8, 14, 20 and 25 of 26"


def test_milestones_may_come_in_any_order_and_twice() -> None:
    found = rates(4, schedule="step", lr=1.0, warmup=0.0, milestones=[0.5, 0.25, 0.5])
    assert found == pytest.approx([1, 0.1, 0.001, 0.001])


def test_without_milestones_step_is_constant() -> None:
    assert rates(9, schedule="step", lr=0.2, warmup=0.0, milestones=[]) == [0.2] * 9


def test_cosine() -> None:
    found = rates(12, schedule="cosine", lr=0.4, epochs=12, warmup=1 / 6)
    assert found[2:] == pytest.approx([0.2 * (1 + math.cos(math.pi * k / 10)) for k in range(10)])
    assert found[2] == pytest.approx(0.4), "it begins at lr"
    assert found[7] == pytest.approx(0.2), "it is at one half half-way"
    assert learning_rate(RunConfig(schedule="cosine"), 12, 12) == pytest.approx(0), "and would end at 0"

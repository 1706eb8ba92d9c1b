"""What an epoch tells, against the means of its steps one by one."""

import time

import pytest
import torch

from workbench.learner import Step
from workbench.losses.margins import angle
from workbench.records import Tally


def steps(counts: list[int]) -> list[Step]:
    draws = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=draws)

    return [
        Step(drawn(), drawn(), 2 * drawn(count) - 1, drawn(count) > 0.3, drawn(count), {"push": drawn()})
        for count in counts
    ]


def filled(done: list[Step], *, asked: bool = False) -> Tally:
    tally = Tally(16)
    for number, step in enumerate(done):
        tally.add(step, number + 100, 0.1 * number)
        if asked:
            tally.progress()
    return tally


@pytest.mark.parametrize("counts", [[5], [5] * 64, [5] * 65, [5] * 200, [5] * 70 + [10] * 3])
def test_a_record_is_the_mean_of_its_steps(counts: list[int]) -> None:
    done = steps(counts)
    record = filled(done).record()
    expected = {
        "loss": [step.loss for step in done],
        "accuracy": [step.correct.double().mean() for step in done],
        "angle": [angle(step.cosine).mean() for step in done],
        "margin": [step.margin.mean() for step in done],
        "grad_norm": [step.grad_norm for step in done],
        "term_push": [step.terms["push"] for step in done],
    }
    for name, values in expected.items():
        assert record[name] == pytest.approx(float(torch.stack(values).double().mean()), rel=1e-5), name
    last = len(counts) - 1
    assert (record["step"], record["lr"]) == (100 + last + 1, 0.1 * last)
    assert record["images_per_second"] == pytest.approx(16 * len(counts) / record["seconds"])


def test_asking_how_it_goes_changes_no_bit_of_the_record() -> None:
    done = steps([7] * 150)
    timing = ("seconds", "images_per_second")
    quiet, asked = (filled(done, asked=asked).record() for asked in (False, True))
    assert {k: v for k, v in quiet.items() if k not in timing} == {k: v for k, v in asked.items() if k not in timing}


def test_margins_keep_the_order_of_training() -> None:
    done = steps([5] * 70 + [10])
    assert torch.equal(filled(done).margins(), torch.cat([step.margin for step in done]))


@pytest.mark.parametrize("counts", [[5] * 200, [5] * 70 + [10] * 90])
@pytest.mark.parametrize("stop", [1, 63, 64, 65, 70, 71, 129, 159])
def test_a_tally_goes_on_from_its_state_with_the_same_bits(counts: list[int], stop: int) -> None:
    done = steps(counts)
    whole, first, second = filled(done), filled(done[:stop]), Tally(16)
    second.load_state(first.state(), torch.device("cpu"))
    for number, step in enumerate(done[stop:], stop):
        second.add(step, number + 100, 0.1 * number)
    timing = ("seconds", "images_per_second")
    found, expected = ({k: v for k, v in one.record().items() if k not in timing} for one in (second, whole))
    assert found == expected
    assert torch.equal(second.margins(), whole.margins())


def test_a_tally_counts_the_seconds_before_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    first = filled(steps([5] * 3))
    now += 7
    state = first.state()
    now += 1000
    second = Tally(16)
    second.load_state(state, torch.device("cpu"))
    now += 2
    record = second.record()
    assert record["seconds"] == 9
    assert record["images_per_second"] == pytest.approx(16 * 3 / 9)

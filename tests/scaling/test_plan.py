"""Seconds of a plan: what they are made of, and what becomes of them as processes and classes grow."""

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from workbench.config import RunConfig
from workbench.scaling import H100, Job, Link, Message, Plan

FACE = (3, 112, 112)


def plan(processes: int = 8, *, classes: int = 10**6, **changes: Any) -> Plan:
    given = {"loss": "arcface", "model": "convnet", "dim": 512, "batch_size": 1024, "head_products": "bfloat16"}
    return Plan(Job.of(RunConfig(**{**given, **changes}), classes=classes, shape=FACE, processes=processes), H100)


def test_a_message_takes_its_latencies_and_its_bytes() -> None:
    machine = replace(H100, together=8, near=Link(1e-6, 1e9), far=Link(1e-5, 1e8))
    gather, reduce = (Message("", kind, 10**6) for kind in ("all-gather", "all-reduce"))
    assert machine.seconds(gather, 2) == pytest.approx(1e-6 + 0.5 * 1e-3)
    assert machine.seconds(gather, 8) == pytest.approx(3e-6 + 7 / 8 * 1e-3)
    assert machine.seconds(gather, 32) == pytest.approx(3e-6 + 2e-5 + 31 / 32 * 1e-2)
    assert machine.seconds(reduce, 32) == pytest.approx(2 * machine.seconds(gather, 32))
    assert machine.seconds(gather._replace(times=3), 8) == pytest.approx(3 * machine.seconds(gather, 8))


def test_what_is_divided_falls_with_the_processes_and_what_is_repeated_does_not() -> None:
    few, many = (plan(size, loss="unpg-arcface", sample_rate=0.1).seconds() for size in (8, 64))
    for name in ("products", "class rows", "draws", "backbone"):
        assert few[name] / many[name] == pytest.approx(8, rel=1e-3), name
    assert few["pairs"] == many["pairs"] == 1024**2 / H100.pairs
    assert few["small operations"] == many["small operations"]
    assert few["sending: batch normalisation"] < many["sending: batch normalisation"]


def test_the_products_are_four_of_the_batch_with_the_classes_that_take_part() -> None:
    whole, some = plan(8), plan(8, sample_rate=0.1)
    assert whole.seconds()["products"] == pytest.approx(8 * 1024 * 10**6 / 8 * 512 / H100.bfloat16)
    assert some.seconds()["products"] == pytest.approx(whole.seconds()["products"] / 10)
    assert some.seconds()["optimiser"] == whole.seconds()["optimiser"], "rows that are not drawn decay, too"
    jcsc = plan(8, loss="jcsc").seconds()["products"]
    assert jcsc == pytest.approx(7 / 4 * whole.seconds()["products"])
    assert plan(8, loss="supcon").seconds()["products"] < whole.seconds()["products"] / 3
    slow = plan(8, head_products="float32").seconds()["products"]
    assert slow == pytest.approx(whole.seconds()["products"] * H100.bfloat16 / H100.float32)


def test_shares_of_a_step_are_all_of_it() -> None:
    one = plan(64)
    assert one.share("backbone") + one.share("head") + one.share("sending") == pytest.approx(1)
    told = math.fsum(H100.seconds(message, 64) for message in one.job.messages())
    assert one.share("sending") == pytest.approx(told / one.step)
    assert one.share("backbone") == pytest.approx(one.seconds()["backbone"] / one.step)
    assert plan(1).share("sending") == 0
    assert one.images_per_second == pytest.approx(1024 / math.fsum(one.seconds().values()))


def test_a_hundred_million_classes_need_more_than_eight_gpus() -> None:
    """Weights, gradient and momentum in float32: 614 GB."""
    whole = plan(1, classes=10**8).job.memory()
    of_classes = sum(whole[name] for name in ("class weights", "their momentum", "gradient of class weights"))
    assert of_classes == 3 * 4 * 512 * 10**8 == 614_400_000_000
    assert not plan(8, classes=10**8, model="iresnet100").fits
    assert plan(16, classes=10**8, model="iresnet100").fits


def test_reading_and_writing_are_those_of_a_machine() -> None:
    one = plan(64)
    first, other = one.job.checkpoint()
    assert one.checkpoint_seconds == pytest.approx((first + 7 * other) / H100.writing)
    assert one.reading == pytest.approx(one.images_per_second * 3 * 112 * 112 / 8)


@pytest.mark.parametrize(
    ("processes", "classes", "sentence"),
    [
        (3, 100, "The 'batch_size' parameter must be a multiple of 3, the number of processes that share each batch."),
        (64, 40, "40 classes cannot be shared by 64 processes: each needs one at least. Give fewer processes."),
    ],
)
def test_what_cannot_be_shared_is_refused(processes: int, classes: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        plan(processes, classes=classes)

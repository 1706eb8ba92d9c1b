"""Losses shared by several processes: the same loss and the same gradients as in one, of a part of the classes each."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.distributed.processes import together
from workbench import losses
from workbench.sharding import Processes, among

N, D, C, STEPS = 16, 6, 13, 3
SIZES = (2, 4)
WITHIN = {torch.float32: 1e-5, torch.float64: 1e-13}
"""The largest error, relative to the largest number."""
NAMES = [*losses.names(), "unpg-jcsc"]
OPTIONS: dict[str, dict[str, Any]] = {
    "softmax": {"bias": True},
    "jcsc": {"hardness": "posterior"},
    "coreface": {"protocol": "full"},
    "elasticface-cos+": {"assignment": "released"},
}
SAMPLED = ["arcface", "subcenter-arcface", "softmax", "curricularface"]
CASES = [*((name, 1.0) for name in NAMES), *((name, 0.5) for name in SAMPLED)]


def batch(step: int, views: int) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(step)
    shape = (views, N, D) if views > 1 else (N, D)
    labels = torch.randint(C - 3, (N,), generator=draws) + (step > 1)  # some classes never come
    labels[5] = -1
    return 3 * torch.randn(shape, generator=draws, dtype=torch.float64), labels


def steps(processes: Processes, name: str, rate: float, dtype: torch.dtype) -> dict[str, Any]:
    """Some steps with a head: losses, gradients and, in the end, its state, whole in the first process."""
    torch.manual_seed(0)
    scale = {"scale": 8.0} if "scale" in losses.parameters(name) else {}
    with among(processes):
        head = losses.create(name, D, C, **scale, **OPTIONS.get(name, {})).to(dtype)
    found: dict[str, Any] = {"weight": processes.collected(head.weight.detach().clone(), C), "steps": []}
    head.sample_rate = rate
    for step in range(STEPS):
        whole, labels = batch(step, head.views)
        part = processes.part(whole.to(dtype), -2).clone().requires_grad_()
        head.zero_grad()
        loss = head(part, processes.part(labels), generator=torch.Generator().manual_seed(step))
        loss.backward()
        gradients = {"embeddings": processes.gathered(part.grad.movedim(-2, 0).contiguous())}
        for key, parameter in head.named_parameters():
            gradients[key] = processes.collected(parameter.grad.clone(), C)
            with torch.no_grad():
                parameter -= 0.1 * parameter.grad
        terms = {key: value.clone() for key, value in head.terms.items()}
        found["steps"].append({"loss": loss.detach(), **gradients, **head.observed, **terms})
    found["state"] = {
        key: processes.collected(value, C) if key in head.by_class else value
        for key, value in head.state_dict().items()
    }
    found["held"] = sum(value.numel() for key, value in head.state_dict().items() if key in head.by_class)
    found["centres"] = processes.collected(head.class_centres(), C)
    return found


def every(processes: Processes) -> dict[Any, dict[str, Any]]:
    return {(*case, dtype): steps(processes, *case, dtype) for case in CASES for dtype in WITHIN}


@cache
def results(size: int) -> list[dict[Any, dict[str, Any]]]:
    """What each process found, for all cases: they are started once."""
    return together(size, every)


def off(found: Tensor, expected: Tensor) -> float:
    """Return the largest error relative to the largest number."""
    if expected.dtype == torch.bool or not expected.is_floating_point():
        return float((found != expected).any())
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-30)) if expected.numel() else 0.0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", CASES, ids=str)
class TestShared:
    def test_losses_and_gradients_are_those_of_one_process(self, case: tuple[str, float], size: int) -> None:
        for dtype, within in WITHIN.items():
            alone, first = results(1)[0][(*case, dtype)], results(size)[0][(*case, dtype)]
            assert len(alone["steps"]) == STEPS
            for expected, found in zip(alone["steps"], first["steps"], strict=True):
                assert found.keys() == expected.keys()
                errors = {key: off(found[key], expected[key]) for key in expected}
                assert max(errors.values()) <= within, errors

    def test_what_is_remembered_is_that_of_one_process(self, case: tuple[str, float], size: int) -> None:
        for dtype, within in WITHIN.items():
            alone, first = results(1)[0][(*case, dtype)], results(size)[0][(*case, dtype)]
            assert first["state"].keys() == alone["state"].keys()
            errors = {key: off(first["state"][key], alone["state"][key]) for key in alone["state"]}
            assert max(errors.values()) <= within, errors
            assert off(first["centres"], alone["centres"]) <= within
            assert torch.equal(first["weight"], alone["weight"]), "the first weights"

    def test_all_processes_find_the_same(self, case: tuple[str, float], size: int) -> None:
        first, *others = [result[(*case, torch.float32)]["steps"] for result in results(size)]
        for other in others:
            for mine, theirs in zip(first, other, strict=True):
                assert all(torch.equal(mine[key], theirs[key]) for key in ("loss", "embeddings", "cosine", "margin"))

    def test_each_process_holds_its_share_of_what_there_is_for_each_class(
        self, case: tuple[str, float], size: int
    ) -> None:
        alone = results(1)[0][(*case, torch.float32)]["held"]
        held = [result[(*case, torch.float32)]["held"] for result in results(size)]
        assert sum(held) == alone
        assert max(held) <= -(-C // size) * alone // C


def refusals(processes: Processes) -> list[str]:
    found = []
    with among(processes):
        head = losses.create("elasticface-arc", D, C)
        for work in (lambda: losses.create("arcface", D, 2), lambda: head(*refused(processes))):
            try:
                work()
            except ValueError as error:
                found.append(str(error))
    return found


def refused(processes: Processes) -> tuple[Tensor, Tensor]:
    embeddings, labels = batch(0, 1)
    return processes.part(embeddings), processes.part(labels)


def test_what_cannot_be_shared_is_refused_by_all() -> None:
    expected = [
        "ArcFace has 2 classes, which 4 processes cannot share: each needs one at least. Start fewer processes.",
        (
            "A loss that draws at random needs a 'generator' where several processes share it, with the same seed in "
            "each: torch's global one differs between them. Got None instead."
        ),
    ]
    assert together(4, refusals) == [expected] * 4
    assert len(refusals(Processes())) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_names_all_that_has_rows_for_each_class(name: str) -> None:
    """What is not named would be kept whole by every process, and be lost when their number changes."""
    head = losses.create(name, D, 101, **OPTIONS.get(name, {}))
    split = {key for key, value in head.state_dict().items() if value.ndim and len(value) % 101 == 0}
    assert split == set(head.by_class)


def test_many_rows_start_as_those_of_one_process() -> None:
    """Thousands are drawn part by part: torch's normal numbers come sixteen by sixteen."""
    for dim, classes in [(3, 9001), (1, 4097), (5, 8192), (2, 3)]:
        whole = torch.randn(classes, dim, generator=torch.Generator().manual_seed(1)) * 0.01
        for size in (2, 3):
            parts = []
            for rank in range(size):
                with among(Processes(rank, size)):
                    head = losses.create("arcface", dim, classes)
                    head.reset_parameters(torch.Generator().manual_seed(1))
                    parts.append(head.weight.detach())
            assert torch.equal(torch.cat(parts), whole)

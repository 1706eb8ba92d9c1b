"""Float32 at the usual learning rates: several processes stay within rounding of one, as far as the network is smooth.

A ReLU is not: an activation within rounding of 0 is let through by one run and not by another, and from then on these
are two runs, however many processes trained each. So the steps are compared with SiLU in its place.
"""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.distributed.processes import together
from tests.distributed.test_training import LOSSES
from tests.small import config
from workbench.learner import Learner, Step
from workbench.sharding import ALONE, Processes
from workbench.training import Trainer

STEPS, WITHIN = 50, 1e-5
SIZES = (2, 4)
USUAL = {"data": "digits", "dim": 64, "batch_size": 124, "epochs": 5, "dropout": 0.2, "shift": 1, "lr": 0.05}
RATES = {"unpg-arcface": 0.02}
"""Its gradient is the small difference of large parts: at 0.05 it comes within 0.8e-5."""


def trained(folder: Path, loss: str, processes: Processes, *, nudged: float = 0.0) -> list[dict[str, Tensor]]:
    """Return the loss and the gradients of all steps, and the weights after the last, whole in the first process."""
    told: list[dict[str, Tensor]] = []

    def noted(self: Learner, number: int, *arguments: Any, **named: Any) -> Step:
        if nudged and number == 0:
            draws = torch.Generator().manual_seed(1)
            for parameter in self._learning:
                parameter.data *= 1 + nudged * (2 * torch.rand(parameter.shape, generator=draws) - 1)
        done = step(self, number, *arguments, **named)
        told.append({"loss": done.loss})
        learned = {f"model.{name}": value for name, value in self.model.named_parameters() if value.requires_grad}
        learned |= {f"head.{name}": value for name, value in self.head.named_parameters()}
        for name, value in learned.items():
            found = {f"gradient of {name}": value.grad}
            found |= {name: value} if number == STEPS - 1 else {}
            for key, each in found.items():
                assert each is not None
                split = name in self.split.names
                copied = each.detach().clone()
                told[-1][key] = processes.collected(copied, self.split.classes) if split else copied
        return done

    step = Learner.step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "step", noted)
        patch.setattr(nn, "ReLU", nn.SiLU)
        patch.setattr(os, "fsync", lambda descriptor: None)
        settings = config(**{**USUAL, "loss": loss, "lr": RATES.get(loss, USUAL["lr"])})
        Trainer(settings, folder, progress=False, processes=processes).fit()
    return told


@cache
def results(size: int) -> dict[str, list[dict[str, Tensor]]]:
    with TemporaryDirectory() as folder:

        def work(processes: Processes) -> dict[str, list[dict[str, Tensor]]]:
            return {loss: trained(Path(folder) / loss, loss, processes) for loss in LOSSES}

        return together(size, work)[0]


def apart(found: list[dict[str, Tensor]], expected: list[dict[str, Tensor]]) -> dict[str, float]:
    """Return how far two trainings are apart at most: norm of the difference by norm, for each tensor of each step."""
    worst: dict[str, float] = {}
    for mine, other in zip(found, expected, strict=True):
        assert mine.keys() == other.keys()
        for key in other:
            difference = (mine[key].double() - other[key].double()).norm() / other[key].double().norm()
            worst[key] = max(worst.get(key, 0.0), float(difference))
    return worst


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", LOSSES)
def test_fifty_steps_in_float32_are_those_of_one_process(loss: str, size: int) -> None:
    expected = results(1)[loss]
    assert len(expected) == STEPS
    worst = apart(results(size)[loss], expected)
    assert max(worst.values()) <= WITHIN, worst


def test_a_change_of_the_weights_in_their_last_digit_does_as_much(tmp_path: Path) -> None:
    """What several processes do to a training is no more than what rounding does to it in one."""
    expected = results(1)["arcface"]
    nudged = apart(trained(tmp_path, "arcface", ALONE, nudged=1e-7), expected)
    shared = apart(results(4)["arcface"], expected)
    for name in ("loss", "head.weight", "model.project.weight"):
        assert shared[name] <= 10 * nudged[name], (name, shared[name], nudged[name])

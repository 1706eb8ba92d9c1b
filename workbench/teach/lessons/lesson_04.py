"""Exercises of lesson 04: training with a margin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from typing_extensions import override

from workbench.losses import ArcFace
from workbench.teach.exercises import Essay, Exercise, MalformedError, Number, Wrong, must_be_function, was_written


@dataclass(frozen=True, kw_only=True)
class Optimises(Exercise):
    """A function that makes an optimiser, told by what one of its steps moves."""

    @override
    def attempted(self, answer: Any) -> bool:
        return was_written(answer, *_learners())

    @override
    def read(self, answer: Any) -> dict[str, float]:
        must_be_function(answer)
        network, head = _learners()
        try:
            optimizer = answer(network, head)
        except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
            raise MalformedError(f"Your function fails: {type(error).__name__}: {error}.") from None
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise MalformedError(f"Your function must return an optimiser of torch. Got {type(optimizer).__name__}.")
        before = [parameter.detach().clone() for parameter in (network.weight, head.weight)]
        head(network(torch.eye(4)), torch.arange(4) % 3).backward()
        optimizer.step()
        moved = [
            bool((parameter != old).any()) for parameter, old in zip((network.weight, head.weight), before, strict=True)
        ]
        rates = {float(group["lr"]) for group in optimizer.param_groups}
        return {"network": moved[0], "centres": moved[1], "rate": rates.pop() if len(rates) == 1 else -1.0}

    @override
    def same(self, one: dict[str, float], other: dict[str, float]) -> bool:
        return one == other

    @override
    def hint(self, answer: dict[str, float]) -> str:
        return f"The learning rate is {answer['rate']:g}, and 0.1 is asked for."


def _learners() -> tuple[nn.Linear, ArcFace]:
    """A network and a head of three classes, the same ones at every call; the caller's random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Linear(4, 2, bias=False), ArcFace(2, 3)


def _given(choose: Callable[[nn.Module, nn.Module], list[nn.Parameter]], lr: float = 0.1) -> Any:
    return lambda network, head: torch.optim.SGD(choose(network, head), lr=lr)


_M, _S = 0.5, 16.0

EXERCISES = (
    Number(
        id="04.1",
        right=float(np.log(1 + 9 * np.exp(_S * np.sin(_M)))),
        within=0.02,
        says="Without a margin it is ln 10, 2.3. The margin costs s sin m = 7.7 more before anything is learned.",
        wrong=(
            Wrong(float(np.log(10)), "That is the loss without a margin: ψ = cos(90° + m) is below 0."),
            Wrong(
                float(np.log(1 + 9 * np.exp(-_S * np.sin(_M)))),
                "The sign: a margin makes the own class look worse, so it must raise the loss.",
            ),
            Wrong(float(np.log(1 + np.exp(_S * np.sin(_M)))), "That is with one rival. Ten classes are nine rivals."),
            Wrong(float(np.log(1 + 10 * np.exp(_S * np.sin(_M)))), "Ten classes are nine rivals."),
            Wrong(float(np.log(1 + 9 * np.exp(np.sin(_M)))), "The scale s = 16 is missing."),
            Wrong(float(np.log(1 + 9 * np.exp(64 * np.sin(_M)))), "That is with s = 64. Here s is 16."),
            Wrong(float(np.log(1 + 9 * np.exp(_S * _M))), "That subtracts m from the cosine, which is CosFace's way."),
            Wrong(float(np.log(1 + 9 * np.exp(-_S * np.cos(90 + _M)))), "NumPy's cosine takes radians: 90° is π/2."),
        ),
    ),
    Optimises(
        id="04.2",
        right=_given(lambda network, head: [*network.parameters(), *head.parameters()]),
        says="After one step both have moved: the network and the class centres.",
        wrong=(
            Wrong(
                _given(lambda network, _: [*network.parameters()]),
                "The network has moved and the class centres have not. Who holds them?",
            ),
            Wrong(
                _given(lambda _, head: [*head.parameters()]),
                "The class centres have moved and the network has not.",
            ),
            Wrong(
                _given(lambda network, head: [*network.parameters(), *head.parameters()], lr=0.0),
                "Nothing has moved: the learning rate is 0.",
            ),
        ),
    ),
    Essay(
        id="04.3",
        right=(
            "There is no room: ten centres in three dimensions cannot all be 115° apart, so hardly a digit can have "
            "its margin and the loss stays large. Where θ + m passes 180° the formula turns round, and digits there "
            "are pushed away from their centre instead of to it. So training gets stuck on some seeds or on all: "
            "classes do not form, and more digits are nearest to a wrong centre."
        ),
        points={
            "The margin does not fit between ten centres": ("room", "fit", "apart", "space", "crowd"),
            "So the loss stays large": ("loss",),
            "Past 180° − m the pull turns round": ("turn", "180", "past", "formula", "away", "rises"),
            "More digits end at a wrong centre": ("wrong", "error", "collapse", "never form", "not form"),
        },
    ),
    Essay(
        id="04.4",
        right=(
            "Shown is that in this one training images stand nearer to the centres of classes that were trained on, "
            "which is what the margin asks for. Not shown is that people are recognised better: that needs error rates "
            "on people who were held out of training. The higher loss is no bug: a margin makes every sample look "
            "worse, so the two losses are two rulers. I would ask for several seeds of both, compared seed by seed, "
            "with an interval."
        ),
        points={
            "Tighter classes are shown, as the loss asks for": ("tight", "nearer", "closer", "asks for", "angle"),
            "Recognition of new people is not": ("held out", "held-out", "new people", "unseen", "not shown"),
            "Losses with two margins cannot be compared": ("ruler", "compare", "no bug", "not a bug", "comparable"),
            "Ask for several seeds and an interval": ("seeds", "interval", "repeat"),
        },
    ),
)

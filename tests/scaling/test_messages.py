"""The messages of a step are those that are sent: the kinds and the bytes of all of them, counted as they leave."""

from collections import Counter
from functools import cache
from typing import Any

import pytest
import torch
import torch.distributed as dist

from tests.distributed.processes import together
from tests.small import config
from workbench import sharding
from workbench.learner import Learner
from workbench.scaling import Job
from workbench.sharding import Processes

SHAPE, CLASSES, N = (1, 8, 8), 37, 16
CASES: dict[str, dict[str, Any]] = {
    **{name: {"loss": name} for name in ("arcface", "unpg-arcface", "coreface", "adaface", "jcsc", "elasticface-arc+")},
    **{name: {"loss": name} for name in ("magface", "curricularface", "subcenter-arcface", "softmax", "supcon")},
    "sampled arcface": {"loss": "arcface", "sample_rate": 0.3},
    "sampled jcsc": {"loss": "jcsc", "sample_rate": 0.3},
    "biased softmax": {"loss": "softmax", "loss_options": {"bias": True}},
    "posterior jcsc": {"loss": "jcsc", "loss_options": {"hardness": "posterior"}},
    "half jcsc": {"loss": "jcsc", "loss_options": {"align_weight": 0, "guidance": 0}},
    "half of jcsc's rest": {"loss": "jcsc", "loss_options": {"cluster_weight": 0}},
    "convnet": {"loss": "arcface", "model": "convnet"},
    "bfloat16": {"loss": "arcface", "model": "convnet", "precision": "bfloat16"},
}


def labels() -> torch.Tensor:
    return torch.arange(N) * 3 % 11


def sent(processes: Processes) -> dict[str, Counter[tuple[str, int]]]:
    """Return the messages of one step of each case, as torch.distributed is asked for them."""
    return {name: of_a_step(processes, given) for name, given in CASES.items()}


def of_a_step(processes: Processes, given: dict[str, Any]) -> Counter[tuple[str, int]]:
    learner = Learner(settings(given), shape=SHAPE, classes=CLASSES, processes=processes)
    images = torch.randint(256, (N, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found: Counter[tuple[str, int]] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for where, name, kind in ((dist, "all_reduce", "all-reduce"), (sharding, "_gather", "all-gather")):
            real = getattr(where, name)

            def noted(result: torch.Tensor, *rest: Any, real: Any = real, kind: str = kind, **named: Any) -> Any:
                found[kind, result.nbytes] += 1
                return real(result, *rest, **named)

            patch.setattr(where, name, noted)
        for name in (
            "all_gather",
            "all_gather_single",
            "all_gather_into_tensor",
            "reduce_scatter_single",
            "broadcast",
            "gather",
            "all_to_all_single",
            "all_gather_object",
        ):
            patch.setattr(dist, name, None)  # no step calls these
        learner.step(0, processes.part(images), processes.part(labels()), lr=0.1)
    return found


def settings(given: dict[str, Any]) -> Any:
    return config(**{"dim": 6, "batch_size": N, **given})


@cache
def results(size: int) -> list[dict[str, Counter[tuple[str, int]]]]:
    return together(size, sent)


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("case", CASES)
def test_the_messages_of_a_step_are_those_that_are_sent(case: str, size: int) -> None:
    job = Job.of(settings(CASES[case]), classes=CLASSES, shape=SHAPE, processes=size, gpu=False)
    expected: Counter[tuple[str, int]] = Counter()
    for message in job.messages(distinct=len(labels().unique())):
        expected[message.kind, message.size] += message.times
    for rank, result in enumerate(results(size)):
        assert result[case] == expected, rank


def test_one_process_sends_nothing() -> None:
    assert of_a_step(Processes(), {"loss": "jcsc"}) == Counter()
    assert Job.of(settings({"loss": "jcsc"}), classes=CLASSES, shape=SHAPE).messages() == []

"""What a step of a loss costs in seconds and memory, rivals in turn; and the usual head, the streamed one's rival."""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.checks import whole
from workbench.losses import Head

Step = Callable[[Tensor, Tensor], Tensor]
"""A loss: embeddings [N, D], labels [N] -> scalar."""


@dataclass(frozen=True)
class Cost:
    """What the forward and the backward pass of a loss took.

    Attributes:
        seconds: of each repetition, on the device's own clock where it computes beside the CPU.
        memory_bytes: the most that was held at any moment above what was there before, without the gradients that the
            step leaves behind.
    """

    seconds: tuple[float, ...]
    memory_bytes: int

    @property
    def median(self) -> float:
        """The median of the seconds: on a machine that others use, the mean tells of the others."""
        return statistics.median(self.seconds)


def step_costs(
    rivals: Mapping[str, Step],
    embeddings: Float[Tensor, "batch dim"],
    labels: Int[Tensor, " batch"],
    *,
    repeats: int = 5,
) -> dict[str, Cost]:
    """Measure the forward and backward pass of several losses on the same batch.

    They run in turn, so that whatever else the machine does falls on all alike, after one round that is not counted.

    Args:
        rivals: name to loss; a module keeps its gradients from one repetition to the next.
        embeddings: of the batch; on the device that is measured.
        labels: own class of each.
        repeats: repetitions that are counted, at least 1; 5.

    Raises:
        ValueError: If `repeats` is less than 1.
    """
    whole("step_costs", "repeats", repeats, least=1)
    inputs = embeddings.detach().requires_grad_()
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(repeats + 1):
        for name, loss in rivals.items():
            started = _now(inputs)
            loss(inputs, labels).backward()
            if turn:
                seconds[name].append(_now(inputs) - started)
    memory = {name: _memory(loss, inputs, labels) for name, loss in rivals.items()}
    return {name: Cost(tuple(seconds[name]), memory[name]) for name in rivals}


def materialised(head: Head, embeddings: Float[Tensor, "batch dim"], labels: Int[Tensor, " batch"]) -> Tensor:
    """Return the loss of a head of fixed margin the usual way: all N x C scores, then `F.cross_entropy`.

    The same number and the same gradients as `head(embeddings, labels)`, up to rounding, for NormFace, CosFace,
    ArcFace and what else is its `target` of the own cosine alone.

    Args:
        head: whose weights, scale and margin are used.
        embeddings: [N, D], any norm but zero.
        labels: own class of each.
    """
    cosine = F.normalize(embeddings) @ F.normalize(head.weight).T
    own = cosine.gather(1, labels[:, None])
    target = head.target(own.squeeze(1), head.margin, embeddings.norm(dim=1))
    return F.cross_entropy(head.scale * cosine.scatter(1, labels[:, None], target[:, None]), labels)


def _now(tensor: Tensor) -> float:
    if tensor.is_cuda:
        torch.cuda.synchronize(tensor.device)
    return time.perf_counter()


def _memory(loss: Step, inputs: Tensor, labels: Tensor) -> int:
    """Gradients are there already, so that they are added to and not made anew."""
    if inputs.is_cuda:
        torch.cuda.reset_peak_memory_stats(inputs.device)
        before = torch.cuda.memory_allocated(inputs.device)
        loss(inputs, labels).backward()
        return int(torch.cuda.max_memory_allocated(inputs.device) - before)
    with torch.profiler.profile(profile_memory=True) as profile:
        loss(inputs, labels).backward()
    changes = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return int(max(itertools.accumulate((event.nbytes() for event in changes), initial=0)))

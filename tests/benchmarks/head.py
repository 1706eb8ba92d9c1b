"""The head at the size of MS1MV2: N = 256, D = 512, C = 85 742, float32, forward and backward.

The rival is the usual materialised head: normalise, one matrix product, the margin on the own class,
`F.cross_entropy`. The floor is the four matrix products that both passes cannot do without.
"""

import itertools
from collections.abc import Callable

import torch
from torch.nn import functional as F

from tests.benchmarks.harness import Row, medians
from workbench import losses

N, D, C = 256, 512, 85_742
SCALE, MARGIN = 64.0, 0.5


class Bench:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.head = losses.create("arcface", D, C, scale=SCALE, margin=MARGIN)
        self.embeddings = torch.randn(N, D, requires_grad=True)
        self.labels = torch.randint(C, (N,))
        self.gradient = torch.randn(N, C)

    def streamed(self) -> float:
        loss = self.head(self.embeddings, self.labels)
        loss.backward()
        return loss.item()

    def materialised(self) -> float:
        cosine = F.normalize(self.embeddings) @ F.normalize(self.head.weight).T
        own = cosine.gather(1, self.labels[:, None]).clamp(-1 + 1e-7, 1 - 1e-7)
        logits = SCALE * cosine.scatter(1, self.labels[:, None], torch.cos(own.acos() + MARGIN))
        loss = F.cross_entropy(logits, self.labels)
        loss.backward()
        return loss.item()

    @torch.no_grad()
    def products(self) -> None:
        for _ in range(2):
            self.embeddings @ self.head.weight.T
        self.gradient @ self.head.weight
        self.gradient.T @ self.embeddings


def extra_memory(bench: Bench, call: Callable[[], object]) -> float:
    """Return the most megabytes that tensors took at any moment of a call, above weights, gradients and inputs."""
    bench.head.weight.grad = bench.embeddings.grad = None
    with torch.profiler.profile(profile_memory=True) as profile:
        call()
    gradients = bench.head.weight.numel() * 4 + bench.embeddings.numel() * 4
    changes = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return (max(itertools.accumulate(event.nbytes() for event in changes)) - gradients) / 2**20


def rows() -> list[Row]:
    bench = Bench()
    if abs(bench.streamed() - bench.materialised()) > 1e-3:
        raise AssertionError("the two heads disagree: a fast wrong answer is no answer")
    seconds = medians(
        {"streamed": bench.streamed, "materialised": bench.materialised, "products": bench.products}, repeats=7
    )
    memory = {"streamed": extra_memory(bench, bench.streamed), "materialised": extra_memory(bench, bench.materialised)}
    return [
        Row("head: time / materialised head", seconds["streamed"] / seconds["materialised"], "x", 0.7, 0.5),
        Row("head: time / its four matrix products", seconds["streamed"] / seconds["products"], "x", 1.2),
        Row("head: memory above inputs and gradients", memory["streamed"], "MB"),
        Row("materialised head: the same", memory["materialised"], "MB"),
        Row("N x C float32 matrix, for comparison", N * C * 4 / 2**20, "MB"),
    ]

"""A head that two processes share, beside the same head in one process with as many threads, at the size of MS1MV2."""

import statistics
import time
from collections.abc import Callable

import torch

from tests.benchmarks.harness import Row
from tests.benchmarks.head import MARGIN, SCALE, C, D, N
from tests.distributed.processes import together
from workbench import losses
from workbench.sharding import ALONE, Processes, among

SIZE = 2
REPEATS = 5


def stepper(processes: Processes) -> Callable[[], object]:
    torch.manual_seed(0)
    with among(processes):
        head = losses.create("arcface", D, C, scale=SCALE, margin=MARGIN)
    embeddings, labels = torch.randn(N, D), torch.randint(C, (N,))
    part, mine = processes.part(embeddings).clone().requires_grad_(), processes.part(labels)

    def step() -> None:
        head.weight.grad = part.grad = None
        head(part, mine).backward()

    return step


def seconds(processes: Processes) -> list[float]:
    step = stepper(processes)
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        step()
        processes.all(True)  # the slowest decides
        times.append(time.perf_counter() - started)
    return times[1:]


def rows() -> list[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(SIZE)
    try:
        before = seconds(ALONE)
        shared = [max(step) for step in zip(*together(SIZE, seconds), strict=True)]
        alone = [*before, *seconds(ALONE)]
    finally:
        torch.set_num_threads(threads)
    ratio = statistics.median(shared) / statistics.median(alone)
    return [Row(f"head of {C} classes, {SIZE} processes / {SIZE} threads of one", ratio, "", bound=1.5)]

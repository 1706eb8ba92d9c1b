"""The cost model of `workbench.scaling` beside what this machine takes: constants first, then steps that it predicts.

`python -m tests.benchmarks.scaling --write` puts constants and measurements into the file that docs/scaling.md is made
of;
`--write PART` measures one part of it anew (constants, links, heads, steps, shared, memory, checkpoints).
"""

import argparse
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from tests.benchmarks.harness import Row, table
from tests.distributed.processes import together
from workbench import checkpoints, losses, models, scaling
from workbench.config import RunConfig
from workbench.learner import Learner
from workbench.losses.unpg import PairNegatives
from workbench.scaling import Check, checks
from workbench.sharding import Processes, among

DIM, THREADS = 512, 2
FACE, DIGIT = (3, 112, 112), (1, 8, 8)
HEADS: list[tuple[int, dict[str, Any]]] = [
    (1_000, {"batch_size": 64}),
    (1_000, {"batch_size": 1024}),
    (10_000, {"batch_size": 256}),
    (100_000, {"batch_size": 64}),
    (100_000, {"batch_size": 256}),
    (50_000, {"batch_size": 1024}),
    (625_000, {"batch_size": 64}),
    (1_000_000, {"batch_size": 64}),
    (100_000, {"batch_size": 256, "loss": "adaface"}),
    (20_000, {"batch_size": 1024, "loss": "unpg-arcface"}),
    (20_000, {"batch_size": 512, "loss": "coreface"}),
    (50_000, {"batch_size": 256, "loss": "jcsc"}),
    (100_000, {"batch_size": 256, "head_products": "bfloat16"}),
    (625_000, {"batch_size": 256, "sample_rate": 0.1}),
]
STEPS: list[tuple[int, dict[str, Any]]] = [
    (1_000, {"model": "iresnet18", "batch_size": 32}),
    (1_000, {"model": "iresnet50", "batch_size": 16}),
    (1_000, {"model": "iresnet100", "batch_size": 8}),
    (1_000, {"model": "mobilefacenet", "batch_size": 32}),
    (625_000, {"model": "mlp", "batch_size": 64}),
    (625_000, {"model": "mlp", "batch_size": 64, "sample_rate": 0.1}),
]
SHARED = [(20_000, 256, 2), (100_000, 256, 2), (100_000, 64, 2), (100_000, 256, 4)]
MEMORY: list[tuple[int, dict[str, Any]]] = [
    (1_000, {"model": "iresnet18", "batch_size": 32}),
    (1_000, {"model": "iresnet50", "batch_size": 16}),
    (1_000, {"model": "iresnet18", "batch_size": 16, "precision": "bfloat16"}),
    (100_000, {"model": "convnet", "batch_size": 128}),
    (625_000, {"batch_size": 64}),
    (100_000, {"batch_size": 256, "sample_rate": 0.1}),
    (100_000, {"batch_size": 256, "head_products": "bfloat16"}),
    (100_000, {"batch_size": 256, "loss": "adaface"}),
    (100_000, {"batch_size": 256, "loss": "jcsc"}),
    (10_000, {"batch_size": 2048, "loss": "unpg-arcface"}),
    (10_000, {"batch_size": 2048, "loss": "coreface"}),
]


def rows() -> list[Row]:
    """The model with constants that are measured now, predicted / measured."""
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        machine = scaling.machine_of(constants(), links())
        found = [*heads(HEADS[2:5]), *steps(STEPS[:1]), *shared(SHARED[:1]), *memory(MEMORY[-3:]), *checkpoint()]
    finally:
        torch.set_num_threads(threads)
    return [
        Row(f"scaling, predicted / measured: {check.name}", check.predicted(machine) / check.measured, "x")
        for check in found
    ]


# Constants


def constants() -> dict[str, float]:
    """Measure what this machine can do; nothing of it is a step of what is predicted."""
    rate = products("float32")
    return {
        "memory": float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        "float32": rate,
        "bfloat16": products("bfloat16"),
        "scores": scores(rate),
        **backbones(),
        "bandwidth": bandwidth(),
        "fresh": fresh(),
        "pairs": pairs(),
        "draws": 10**7 / fastest(lambda: torch.rand(10**7)),
        "fixed": fixed(),
        **disk(),
    }


def fastest(call: Callable[[], object], repeats: int = 9) -> float:
    """Return the least seconds: whatever else a machine does only adds to them."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def products(rounded: str, samples: int = 256, classes: int = 4096, blocks: int = 8) -> float:
    """The four products of a head, block by block as it has them."""
    from workbench.losses.softmax import _rounding

    weight, x = torch.randn(blocks, classes, DIM), torch.randn(samples, DIM)
    slope, gradient = torch.empty(classes, samples), torch.empty_like(weight)

    def run() -> None:
        with _rounding(rounded == "bfloat16"):
            for block, out in zip(weight, gradient, strict=True):
                for _ in range(2):
                    torch.mm(block, x.T, out=slope)
                torch.mm(slope.T, block)
                torch.mm(slope, x, out=out)

    return 8 * samples * classes * blocks * DIM / fastest(run)


def scores(rate: float, samples: int = 256, classes: int = 50_000, dim: int = 32) -> float:
    """A head of few dimensions, without its products, is passes over its scores."""
    head, part = losses.create("arcface", dim, classes), torch.randn(samples, dim, requires_grad=True)
    labels = torch.randint(classes, (samples,))

    def run() -> None:
        head.weight.grad = None
        head(part, labels).backward()

    return samples * classes / (fastest(run) - 8 * samples * classes * dim / rate)


def backbones(images: int = 32) -> dict[str, float]:
    """A network of much arithmetic and one of much memory stand for all: two equations, two rates."""
    seconds, bodies = [], []
    for name in ("iresnet18", "mobilefacenet"):
        model = models.create(name, DIM, shape=FACE).to(memory_format=torch.channels_last)
        given = torch.randn(images, *FACE).contiguous(memory_format=torch.channels_last)
        seconds.append(fastest(lambda: model(given).sum().backward(), 4) / images)  # noqa: B023 - called at once
        bodies.append(scaling.body(name, DIM, FACE))
    table = torch.tensor([[3.0 * one.flops, one.saved] for one in bodies], dtype=torch.float64)
    times = torch.linalg.solve(table, torch.tensor(seconds, dtype=torch.float64))
    return {"backbone": 1 / float(times[0]), "activations": 1 / float(times[1])}


def bandwidth(count: int = 2**26) -> float:
    a, b, out = (torch.ones(count) for _ in range(3))
    return 12 * count / fastest(lambda: torch.add(a, b, out=out))


def fresh(count: int = 2**27) -> float:
    """Filling memory that is new beside memory that is there."""
    there = torch.ones(count)
    new = fastest(lambda: torch.ones(count))
    return 4 * count / max(new - fastest(lambda: there.fill_(1)), 1e-3)


def pairs(samples: int = 1024) -> float:
    negatives, labels = PairNegatives(), torch.arange(samples) // 2
    unit = torch.nn.functional.normalize(torch.randn(samples, DIM)).requires_grad_()
    return samples**2 / fastest(lambda: negatives(unit, labels, scale=64.0).backward())


def fixed() -> float:
    learner = Learner(settings(batch_size=8, dim=8), shape=DIGIT, classes=10)
    images, labels = batch(8, DIGIT, 10)
    return fastest(lambda: learner.step(0, images, labels, lr=0.01), 50)


def disk(size: int = 2**28, repeats: int = 3) -> dict[str, float]:
    """Bytes a second to and from a new file, which the system has forgotten before it is read."""
    data = os.urandom(2**20) * (size // 2**20)
    written, read = [], []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for number in range(repeats):
            path = Path(folder) / str(number)
            started = time.perf_counter()
            with path.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            written.append(time.perf_counter() - started)
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            started = time.perf_counter()
            while os.read(descriptor, 2**22):
                pass
            read.append(time.perf_counter() - started)
            os.close(descriptor)
    return {"reading": size / min(read), "writing": size / min(written)}


def links() -> dict[int, tuple[float, float]]:
    """Latency and bandwidth of gloo between processes of this machine, by their number."""
    return {size: _link(together(size, told)[0], size) for size in (2, 4)}


def told(processes: Processes) -> tuple[float, float]:
    few, many = torch.zeros(64), torch.zeros(2**21)
    gathered = fastest(lambda: processes.every(few), 50)
    return gathered, fastest(lambda: dist.all_reduce(many), 10)


def _link(seconds: tuple[float, float], size: int) -> tuple[float, float]:
    latency = seconds[0] / (size.bit_length() - 1)
    return latency, 2 * (size - 1) / size * 2**23 / seconds[1]


# What is predicted


def settings(**changes: Any) -> RunConfig:
    return RunConfig(**{"loss": "arcface", "model": "mlp", "dim": DIM, "device": "cpu", **changes})


def shape_of(config: RunConfig) -> tuple[int, int, int]:
    return DIGIT if config.model in ("mlp", "convnet") else FACE


def batch(count: int, shape: tuple[int, int, int], classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randint(256, (count, *shape), dtype=torch.uint8), torch.randint(classes, (count,))


def heads(cases: list[tuple[int, dict[str, Any]]] = HEADS) -> Iterator[Check]:
    for classes, changes in cases:
        seconds = min(_head(Processes(), classes, settings(**changes), repeats=5))
        yield Check("head", changes, classes, DIGIT, 1, seconds)


def _head(processes: Processes, classes: int, config: RunConfig, *, repeats: int) -> list[float]:
    """Forward and backward pass of a head alone, with new gradients each time."""
    torch.manual_seed(0)
    with among(processes):
        head = losses.create(config.loss, config.dim, classes, **config.resolved_options())
    if isinstance(head, losses.Head):
        head.products, head.sample_rate = config.head_products, config.sample_rate
    shape = (head.views, config.batch_size, DIM) if head.views > 1 else (config.batch_size, DIM)
    part = processes.part(torch.randn(shape), -2).clone().requires_grad_()
    labels = processes.part(torch.randint(classes, (config.batch_size,)))
    times = []
    for step in range(repeats + 1):
        head.weight.grad = part.grad = None
        processes.all(True)
        started = time.perf_counter()
        head(part, labels, generator=torch.Generator().manual_seed(step)).backward()
        processes.all(True)  # the slowest decides
        times.append(time.perf_counter() - started)
    return times[1:]


def shared(cases: list[tuple[int, int, int]] = SHARED) -> Iterator[Check]:
    for classes, samples, size in cases:
        config = settings(batch_size=samples)
        found = together(size, lambda each, c=classes, s=config: _head(each, c, s, repeats=5))
        seconds = min(max(step) for step in zip(*found, strict=True))
        yield Check("head", {"batch_size": samples}, classes, DIGIT, size, seconds)


def steps(cases: list[tuple[int, dict[str, Any]]] = STEPS) -> Iterator[Check]:
    for classes, changes in cases:
        config = settings(**changes)
        shape = shape_of(config)
        learner = Learner(config, shape=shape, classes=classes)
        images, labels = batch(config.batch_size, shape, classes)
        seconds = fastest(lambda: learner.step(0, images, labels, lr=0.01), 4)  # noqa: B023 - called at once
        yield Check("step", changes, classes, shape, 1, seconds)


def memory(cases: list[tuple[int, dict[str, Any]]] = MEMORY) -> Iterator[Check]:
    for classes, changes in cases:
        config = settings(**changes)
        shape = shape_of(config)
        yield Check("memory", changes, classes, shape, 1, float(held(config, classes, shape)))


def held(config: RunConfig, classes: int, shape: tuple[int, int, int]) -> int:
    """Return the bytes of all tensors at the moment of a step when they are most, without what Python itself takes."""
    learner = Learner(config, shape=shape, classes=classes)
    images, labels = batch(config.batch_size, shape, classes)
    learner.step(0, images, labels, lr=0.01)
    for parameter in learner.head.parameters():
        parameter.grad = None
    for parameter in learner.model.parameters():
        parameter.grad = None
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage() for tensor in learner.state().values()}
    before = sum(storage.nbytes() for storage in storages.values()) + images.nbytes
    with torch.profiler.profile(profile_memory=True) as profile:
        learner.step(1, images, labels, lr=0.01)
    changes = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return before + max(itertools.accumulate((event.nbytes() for event in changes), initial=0))


def checkpoint(classes: int = 100_000) -> Iterator[Check]:
    learner = Learner(settings(batch_size=8), shape=DIGIT, classes=classes)
    images, labels = batch(8, DIGIT, classes)
    learner.step(0, images, labels, lr=0.01)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        times = []
        for epoch in range(1, 4):
            started = time.perf_counter()
            checkpoints.save(Path(folder), epoch, learner.state())
            times.append(time.perf_counter() - started)
        size = sum(path.stat().st_size for path in Path(folder).glob(f"epoch-{epoch:05d}*"))
    yield Check("checkpoint", {"batch_size": 8}, classes, DIGIT, 1, float(size))
    yield Check("checkpoint seconds", {"batch_size": 8}, classes, DIGIT, 1, min(times))


PARTS: dict[str, Callable[[], Any]] = {
    "constants": constants,
    "links": links,
    "heads": lambda: [*heads()],
    "steps": lambda: [*steps()],
    "shared": lambda: [*shared()],
    "memory": lambda: [*memory()],
    "checkpoints": lambda: [*checkpoint()],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", nargs="*", metavar="PART", help="all parts by default")
    asked = parser.parse_args().write
    torch.set_num_threads(THREADS)
    if asked is None:
        print(table(rows()))
        return
    for name in asked or PARTS:
        found = PARTS[name]()
        record = json.loads(checks.RECORD.read_text()) if checks.RECORD.exists() else {}
        record[name] = [check.written() for check in found] if isinstance(found, list) else found
        record["torch"], record["threads"] = torch.__version__, THREADS
        checks.RECORD.write_text(json.dumps(record, indent=1) + "\n")
    checks._record.cache_clear()
    found = [Row(one.name, one.predicted(scaling.measured()) / one.measured, "x") for one in checks.read()]
    print(table(found) if found else "There is nothing to predict yet.")


if __name__ == "__main__":
    main()

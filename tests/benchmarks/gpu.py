"""What only a GPU can tell, as a table: `python -m tests.benchmarks.gpu [--sizes small]`. Needs CUDA; says so without.

The head of a million classes in bfloat16 beside its matrix products, the usual materialised head, and the same as
InsightFace writes it (cosines in half precision, acos and cos of all of them); all pairs of 200 000
embeddings; and training of IResNet-50 with the images on the device.
"""

import argparse
import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.benchmarks.harness import Row, table
from workbench import geometry, losses, models

SCALE, MARGIN = 64.0, 0.5


class Sizes(NamedTuple):
    """How much of everything: a GPU's, or as little as shows that the code runs."""

    batch: int = 1024
    dim: int = 512
    classes: int = 1_000_000
    pairs: int = 200_000
    images: int = 20_000
    identities: int = 10_000
    side: int = 112
    train_batch: int = 256
    model: str = "iresnet50"
    repeats: int = 7


SMALL = Sizes(32, 64, 2_000, 500, 64, 10, 16, 16, "convnet", 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", choices=("full", "small"), default="full")
    sizes = SMALL if parser.parse_args().sizes == "small" else Sizes()
    if not torch.cuda.is_available():
        print("There is no CUDA device on this machine: nothing was measured.", file=sys.stderr)
        return 0
    found = rows("cuda", sizes)
    print(table(found))
    print(f"\n{torch.cuda.get_device_name()}, torch {torch.__version__}, {dt.date.today().isoformat()}")
    return 0 if all(row.holds for row in found) else 1


def rows(device: str, sizes: Sizes) -> list[Row]:
    return [*_head(device, sizes), *_pairs(device, sizes), *_training(device, sizes)]


def _head(device: str, sizes: Sizes) -> list[Row]:
    torch.manual_seed(0)
    head = losses.create("arcface", sizes.dim, sizes.classes, scale=SCALE, margin=MARGIN).to(device)
    assert isinstance(head, losses.Head)
    head.products = "bfloat16"
    weight = head.weight
    x = torch.randn(sizes.batch, sizes.dim, device=device, requires_grad=True)
    labels = torch.randint(sizes.classes, (sizes.batch,), device=device)

    def products() -> None:
        with torch.no_grad():
            a, w = x.bfloat16(), weight.bfloat16()
            for _ in range(2):
                scores = a @ w.T
            scores @ w
            scores.T @ a

    def usual() -> None:
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            cosine = (F.normalize(x) @ F.normalize(weight).T).float()
        own = cosine.gather(1, labels[:, None]).clamp(-1 + 1e-7, 1 - 1e-7)
        logits = SCALE * cosine.scatter(1, labels[:, None], torch.cos(own.acos() + MARGIN))
        F.cross_entropy(logits, labels).backward()

    def insightface() -> None:
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            cosine = F.linear(F.normalize(x), F.normalize(weight)).float().clamp(-1 + 1e-7, 1 - 1e-7)
        margins = torch.zeros_like(cosine).scatter_(1, labels[:, None], MARGIN)
        F.cross_entropy(SCALE * (cosine.acos() + margins).cos(), labels).backward()

    rivals: dict[str, Callable[[], object]] = {
        "head": lambda: head(x, labels).backward(),
        "products": products,
        "materialised": usual,
        "insightface": insightface,
    }

    def forget() -> None:
        weight.grad = x.grad = None

    seconds, memory = _measured(rivals, device, sizes.repeats, forget)
    held = 4 * (weight.numel() + x.numel()) / 2**30
    found = [Row("gpu head: time / its matrix products", seconds["head"] / seconds["products"], "x", None, 1.3)]
    for name in ("materialised", "insightface"):
        if name in seconds:
            found.append(Row(f"gpu head: time / {name}", seconds["head"] / seconds[name], "x"))
            found.append(Row(f"gpu {name}: memory above inputs and gradients", memory[name] - held, "GB"))
        else:
            found.append(Row(f"gpu {name}: does not fit into memory", float("nan"), ""))
    return [*found, Row("gpu head: memory above inputs and gradients", memory["head"] - held, "GB", None, 1.0)]


def _pairs(device: str, sizes: Sizes) -> list[Row]:
    embeddings = torch.randn(sizes.pairs, sizes.dim, device=device)
    labels = torch.arange(sizes.pairs, device=device) // 10
    block = embeddings[:4096]

    def products() -> None:
        for start in range(0, len(embeddings), len(block)):
            for other in range(start, len(embeddings), len(block)):
                embeddings[start : start + len(block)] @ embeddings[other : other + len(block)].T

    counting = {"pairs": lambda: geometry.pair_counts(embeddings, labels), "products": products}
    seconds, _ = _measured(counting, device, 1, lambda: None)
    pairs = sizes.pairs * (sizes.pairs - 1) / 2
    return [
        Row("gpu all pairs: pairs", pairs / seconds["pairs"], "1/s"),
        Row("gpu all pairs: time / blocked float32 products", seconds["pairs"] / seconds["products"], "x"),
    ]


def _training(device: str, sizes: Sizes) -> list[Row]:
    """One step of SGD after another on images that lie on the device."""
    shape = (3, sizes.side, sizes.side)
    images = torch.randint(256, (sizes.images, *shape), dtype=torch.uint8, device=device)
    labels = torch.randint(sizes.identities, (sizes.images,), device=device)
    model = models.create(sizes.model, sizes.dim, shape=shape).to(device, memory_format=torch.channels_last)
    head = losses.create("arcface", sizes.dim, sizes.identities).to(device)
    optimizer = torch.optim.SGD([*model.parameters(), *head.parameters()], lr=0.01, momentum=0.9)
    order = torch.randperm(sizes.images, device=device)

    def step(at: int) -> Tensor:
        chosen = order[at : at + sizes.train_batch]
        inputs = images[chosen].to(memory_format=torch.channels_last).float().div_(127.5).sub_(1)
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            embeddings = model(inputs)
        loss: Tensor = head(embeddings, labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return loss.detach()

    starts = range(0, sizes.images - sizes.train_batch + 1, sizes.train_batch)
    seconds, _ = _measured({"epoch": lambda: [step(at) for at in starts]}, device, 1, lambda: None)
    done = len(starts) * sizes.train_batch
    return [Row(f"gpu training of {sizes.model}", done / seconds["epoch"], "img/s")]


def _measured(
    rivals: Mapping[str, Callable[[], object]], device: str, repeats: int, before: Callable[[], None]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return median seconds and peak gigabytes of each rival; one that does not fit into memory is left out."""
    cuda = torch.device(device).type == "cuda"
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    memory: dict[str, float] = {}
    for _ in range(repeats):
        for name, run in rivals.items():
            if name not in seconds:
                continue
            try:
                # Memory is taken anew for each rival, and outside the clock: what another left has other sizes.
                if cuda:
                    torch.cuda.empty_cache()
                before()
                run()
                before()
                if cuda:
                    torch.cuda.synchronize()
                    torch.cuda.reset_peak_memory_stats()
                held = torch.cuda.memory_allocated() if cuda else 0
                started = time.perf_counter()
                run()
                if cuda:
                    torch.cuda.synchronize()
            except torch.OutOfMemoryError:
                del seconds[name]
                torch.cuda.empty_cache()
                continue
            seconds[name].append(time.perf_counter() - started)
            memory[name] = (torch.cuda.max_memory_allocated() - held) / 2**30 if cuda else 0.0
    return {name: statistics.median(times) for name, times in seconds.items()}, memory


if __name__ == "__main__":
    sys.exit(main())

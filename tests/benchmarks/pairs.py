"""All pairs of 20 000 embeddings of 512 dimensions: 200 million cosines counted, beside computing them and no more.

The floor is the float32 products alone, in blocks of 1024: `x[a] @ x[b].T`. The rival is
`sklearn.metrics.roc_curve`, which is given the scores of ten million of the pairs and need not compute them. Memory is
by how much a process of its own grew at most (Linux).
"""

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from sklearn.metrics import roc_curve

from tests.benchmarks.harness import Row, medians
from workbench import geometry

SIZES = (2_000, 5_000, 20_000)
D, IMAGES, BLOCK = 512, 20, 1024
SAMPLE = 10_000_000


def embeddings(samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Twenty noisy images of each identity; genuine cosines around 0.4."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(samples) // IMAGES
    centres = torch.randn(samples // IMAGES, D, generator=generator)
    return centres[labels] + 1.2 * torch.randn(samples, D, generator=generator), labels


def rows() -> list[Row]:
    return [row for samples in SIZES for row in _times(samples)] + _memory()


def _times(samples: int) -> list[Row]:
    x, labels = embeddings(samples)

    def products() -> None:
        for start in range(0, samples, BLOCK):
            for other in range(start, samples, BLOCK):
                x[start : start + BLOCK] @ x[other : other + BLOCK].T

    rivals = {"pairs": lambda: geometry.pair_counts(x, labels), "products": products}
    seconds = medians(rivals, repeats=7)
    pairs = samples * (samples - 1) // 2
    largest = samples == SIZES[-1]
    found = [
        Row(
            f"all pairs of {samples}: time / their float32 products",
            seconds["pairs"] / seconds["products"],
            "x",
            1.4 if largest else None,
            1.25 if largest else None,
        ),
        Row(f"all pairs of {samples}", 1e-6 * pairs / seconds["pairs"], "M/s"),
    ]
    if largest:
        found.append(
            Row("a pair: time / sklearn's roc_curve", seconds["pairs"] / pairs / _roc_curve(x, labels), "x", 1 / 30)
        )
    return found


def _roc_curve(x: torch.Tensor, labels: torch.Tensor) -> float:
    """Seconds for each of some of the pairs."""
    count = SAMPLE // len(x)
    unit = torch.nn.functional.normalize(x)
    scores = (unit[:count] @ unit.T).flatten().numpy()
    same = (labels[:count, None] == labels).flatten().numpy()
    return medians({"roc_curve": lambda: roc_curve(same, scores)}, repeats=3)["roc_curve"] / len(scores)


def _memory() -> list[Row]:
    run = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True)
    first, later = (float(word) for word in run.stdout.split())
    return [
        Row("all pairs: growth of the process", later, "MB", 100),
        Row("all pairs: the same with loading the compiler", first, "MB"),
    ]


def _measure() -> None:
    """Print by how many megabytes the process grew at most in a first call, and in a later one."""
    x, labels = embeddings(SIZES[-1])
    x[:BLOCK] @ x[:BLOCK].T
    print(*(_growth(lambda: geometry.pair_counts(x, labels)) for _ in range(2)))


def _growth(call: Callable[[], object]) -> float:
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what was freed and kept would be used again unseen
    Path("/proc/self/clear_refs").write_text("5")  # begin the mark of the highest memory anew
    before = _resident("VmRSS")
    call()
    return _resident("VmHWM") - before


def _resident(which: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


if __name__ == "__main__":
    _measure()

"""The benchmark for GPUs runs at small sizes wherever the tests do; its figures are made on a GPU alone."""

import math

import pytest
import torch

from tests.benchmarks import gpu


def test_it_runs_on_the_cpu() -> None:
    found = {row.name: row.value for row in gpu.rows("cpu", gpu.SMALL)}
    assert len(found) == 9
    times = [value for name, value in found.items() if "time" in name or name.startswith("gpu training")]
    assert len(times) == 5
    assert all(math.isfinite(value) and value > 0 for value in times)


def test_it_runs_on_cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("There is no CUDA device on this machine.")
    found = gpu.rows("cuda", gpu.SMALL)
    assert all(math.isfinite(row.value) for row in found)

"""What every test starts from: one thread, fixed seeds, and the reference numbers if they lie beside the checkout."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _deterministic() -> Iterator[None]:
    """Start each test alike. Deterministic algorithms also fill new memory with NaN, so that reading it shows.

    The bits of a run depend on the number of threads, and some libraries set it: no test leaves another behind.
    """
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - third-party code still draws from it
    random.seed(0)
    yield
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert threads == 1, f"the test has left {threads} threads behind"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"The reference material is not at {folder}.")
    return folder

"""Randomness as a function of seed, purpose and step, never of history.

What step k draws can be computed from the seed and k alone. So a killed run resumes bit for bit, and the margins
or the order of images of any step can be looked at later without training up to it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, get_args

import numpy as np
import torch
from torch.utils import deterministic

Purpose = Literal["weights", "order", "augmentation", "margins", "dropout", "split", "probe", "faces", "map"]
_PURPOSES = get_args(Purpose)


def mixed_seed(seed: int, purpose: Purpose, step: int = 0) -> int:
    """Return the 63-bit seed of one purpose at one step; different arguments give unrelated streams."""
    # Purpose and step go into the spawn key, where no large seed can be mistaken for them.
    sequence = np.random.SeedSequence(seed, spawn_key=(_PURPOSES.index(purpose), step))
    return int(sequence.generate_state(1, np.uint64)[0]) >> 1


def generator(seed: int, purpose: Purpose, step: int = 0, *, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one purpose at one step; on another device it gives another stream."""
    return torch.Generator(device).manual_seed(mixed_seed(seed, purpose, step))


def random_state_kept() -> AbstractContextManager[None]:
    """Leave the random state of the caller as it was: of the CPU, and of the GPU that is used.

    By default torch would take hold of every GPU of the machine, and warn of it.
    """
    return torch.random.fork_rng(devices=[torch.cuda.current_device()] if torch.cuda.is_available() else [])


@contextmanager
def reproducible() -> Iterator[None]:
    """Compute with deterministic algorithms inside, and leave the caller's random state and switches as they were."""
    was, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]  # a module of a class of its own
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Writing NaN into all new memory shows who reads it too early. It takes a tenth of a training: it is left to those
    # who, like our tests, had deterministic algorithms on before.
    deterministic.fill_uninitialized_memory = filled and was  # type: ignore[attr-defined]
    try:
        with random_state_kept():
            yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warned)
        deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]

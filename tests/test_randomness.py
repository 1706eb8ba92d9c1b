"""What is drawn depends on seed, purpose and step, and on nothing else."""

import random
from contextlib import nullcontext
from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch

from workbench.randomness import Purpose, generator, mixed_seed, random_state_kept, reproducible

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


def _numpy_state() -> list[int]:
    return np.random.get_state()[1].tolist()  # noqa: NPY002 - the global state is what is looked at


def test_published_runs_can_be_replayed() -> None:
    """These numbers are part of every result: change one, and no run.json repeats its run any more."""
    assert [mixed_seed(0, purpose) for purpose in PURPOSES] == [
        1317536309490288386,
        5769891174451087230,
        8897364151550420695,
        2870757765332765563,
        4744905141714261070,
        3721064357544978052,
        7327196115812481729,
        3001461009211810998,
        4729845859659561889,
    ]
    assert mixed_seed(7, "margins", 1234) == 7251386715178464939


def test_different_arguments_give_different_seeds() -> None:
    # Seeds, purposes and steps that would be the same 32-bit words if they were written one after the other.
    seeds = (0, 1, 2, 2**32, 2**33, 3 * 2**32, 2**32 + 1, 2**63 - 1)
    every = [mixed_seed(*arguments) for arguments in product(seeds, PURPOSES, (0, 1, 2, 6, 2**32))]
    assert len(set(every)) == len(every)
    assert all(0 <= seed < 2**63 for seed in every)


@pytest.mark.parametrize(
    "others",
    [
        [(0, purpose, 5) for purpose in PURPOSES],
        [(0, "margins", k) for k in range(7)],
        [(s, "margins", 5) for s in range(7)],
    ],
)
def test_streams_are_unrelated(others: list[tuple[int, Purpose, int]]) -> None:
    count = 20_000
    draws = torch.stack([torch.randn(count, generator=generator(*arguments)) for arguments in others])
    correlations = torch.corrcoef(draws) - torch.eye(len(draws))
    assert correlations.abs().max() < 5 / count**0.5


def test_history_and_the_global_state_do_not_matter() -> None:
    expected = torch.rand(5, generator=generator(3, "order", 9))
    torch.rand(100)
    generator(3, "order", 8)
    before = torch.get_rng_state()
    assert torch.equal(torch.rand(5, generator=generator(3, "order", 9)), expected)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("was", [(True, False), (True, True), (False, False)])
@pytest.mark.parametrize("fails", [False, True])
def test_the_caller_finds_everything_as_it_was(was: tuple[bool, bool], fails: bool) -> None:
    torch.use_deterministic_algorithms(was[0], warn_only=was[1])
    before = torch.get_rng_state(), _numpy_state(), random.getstate()
    try:
        with reproducible():
            assert torch.are_deterministic_algorithms_enabled()
            torch.manual_seed(99)
            torch.rand(3)
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (_numpy_state(), random.getstate()) == before[1:]
    after = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    assert after == was


@pytest.mark.parametrize("was", [True, False])
def test_new_memory_is_filled_for_those_alone_who_were_deterministic_before(was: bool) -> None:
    """It shows what reads memory too early, and costs a tenth of a training: our tests want it, nobody else does."""
    torch.use_deterministic_algorithms(was)
    with reproducible():
        assert torch.utils.deterministic.fill_uninitialized_memory == was
    assert torch.utils.deterministic.fill_uninitialized_memory


def test_the_random_state_of_other_gpus_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking each of them for it would take some hundred megabytes of every GPU, for every process."""
    asked = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: asked.append(devices) or nullcontext())
    with reproducible(), random_state_kept():
        pass
    assert asked == [[1], [1]]

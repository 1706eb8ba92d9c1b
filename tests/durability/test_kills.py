"""A few of the kills of `make chaos`, which has fifty."""

import random
from pathlib import Path

import pytest

from tests.durability import chaos


@pytest.mark.parametrize(("processes", "kills"), [(1, 8), (2, 3)])
def test_a_run_killed_at_random_moments_loses_nothing_but_steps_since_its_last_checkpoint(
    tmp_path: Path, processes: int, kills: int
) -> None:
    seed = random.randrange(2**31)  # other moments each time: all must do
    chaos.survives(tmp_path, kills, seed, processes=processes)

"""A few of the kills of `make chaos`, which has fifty."""

import random
from pathlib import Path

import pytest

from tests.durability import chaos


@pytest.mark.parametrize(("processes", "kills"), [(1, 8), (2, 3)])
def test_a_run_killed_at_random_moments_loses_nothing_but_steps_since_its_last_checkpoint(
    tmp_path: Path, processes: int, kills: int
) -> None:
    chaos.survives(
        tmp_path, kills, random.randrange(2**31), processes=processes
    )  # other moments each time: all must do

"""Sweeps that are over in a moment: an mlp on the digits, two steps an epoch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench import sweeps
from workbench.sweeps import Results, Sweep
from workbench.sweeps.job import Job, perform
from workbench.sweeps.local import Ended

QUICK = {"model": "mlp", "epochs": 2, "batch_size": 500, "checkpoint_every": 1, "snapshots": 1, "device": "cpu"}
QUICK |= {"probe": 100}


def spec(*losses: Any, **changes: Any) -> Sweep:
    """Some losses under two seeds, arcface and softmax unless others are given."""
    return sweeps.load({"losses": list(losses or ("arcface", "softmax")), "seeds": 2, **QUICK, **changes})


def in_this_process(jobs: Sequence[Job], **_: Any) -> Iterator[Ended | None]:
    """What stands in for workers: one run after another, here."""
    for job in jobs:
        yield None
        perform(job)
        yield Ended(job)


def numbers(results: Results) -> list[tuple[str, int, Any]]:
    """What a sweep came to, without what clocks and machines add."""
    return [(outcome.loss, outcome.seed, outcome.found.numbers) for outcome in results.outcomes]


def touched(root: Path) -> dict[Path, int]:
    """When each file of each run was last written."""
    return {path: path.stat().st_mtime_ns for path in root.glob("digits-*/**/*") if path.is_file()}

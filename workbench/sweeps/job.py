"""One run of a sweep: train it to its end, evaluate it, and leave in its folder what came of it.

A run is done when its `evaluation.json` has all numbers. What stopped one is in its `failure.json`, until it is tried
again. So whoever looks at the folders knows where a sweep stands, whoever was at work and however that ended.
"""

import json
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench import data, files
from workbench.config import RunConfig
from workbench.runs import Run

FAILURE = "failure.json"
_WAIT = 1.0  # seconds until a folder in which another process is at work is tried again

State = Literal["done", "failed", "begun", "waiting"]


@dataclass(frozen=True, eq=False)
class Job:
    """A run to be done, and where."""

    config: RunConfig
    folder: Path


@dataclass(frozen=True)
class Found:
    """How a run's folder was found.

    Attributes:
        state: "done"; "failed", with an `error`; "begun"; or "waiting", which is not begun.
        epoch: epochs done.
        error: why it failed, as a sentence.
        numbers: the headline numbers of a run that is done, see `workbench.headline`.
        facts: data, versions and hardware that a run was begun with, and the seconds of its epochs.
    """

    state: State
    epoch: int = 0
    error: str = ""
    numbers: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] | None = None


def look(job: Job) -> Found:
    """Return how a run stands, from its folder alone."""
    if not (job.folder / "run.json").exists():
        error = _failure(job.folder)
        return Found("failed", error=error) if error else Found("waiting")
    try:
        run = Run.load(job.folder)
        if run.config != job.config:
            return Found("failed", error=f"The folder {job.folder} holds a run with other parameters.")
        numbers, facts = _numbers(job.folder), {**run.facts, "seconds": sum(one["seconds"] for one in run.records())}
        if numbers is not None:
            return Found("done", run.config.epochs, numbers=numbers, facts=facts)
        error = _failure(job.folder)
        return Found("failed" if error else "begun", run.epoch, error=error, facts=facts)
    except (ValueError, OSError) as error:
        return Found("failed", error=str(error))


def perform(job: Job, images: data.ImageSet | None = None) -> None:
    """Train a run to its end and evaluate it; leave a sentence in its folder if that fails.

    Where another process is at work on the same run, wait until it is done or gone.

    Args:
        job: the run.
        images: its image set, if it is at hand.
    """
    (job.folder / FAILURE).unlink(missing_ok=True)
    try:
        _train(job, images)
    except Exception as error:  # noqa: BLE001 - the others of the sweep are to go on
        told = str(error) if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: {error}"
        print(f"{job.folder}:", file=sys.stderr)
        traceback.print_exc()
        fail(job, told)


def fail(job: Job, error: str) -> None:
    """Leave in a run's folder why it failed."""
    files.write_json(job.folder / FAILURE, {"error": error})


def _train(job: Job, images: data.ImageSet | None) -> None:
    from workbench.evaluation import evaluate
    from workbench.training import Trainer

    while True:
        try:
            run = Trainer(job.config, job.folder, images=images, progress=False).fit()
            break
        except files.BusyError:
            time.sleep(_WAIT)
    evaluate(run, images=images)


def _numbers(folder: Path) -> dict[str, Any] | None:
    """Return the numbers of an evaluation; None if there is none, or one of an older version that lacks some."""
    try:
        numbers: dict[str, Any] = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return numbers if isinstance(numbers, dict) and {"eer", "tar_at_far", "rank_1", "auc"} <= numbers.keys() else None


def _failure(folder: Path) -> str:
    try:
        return str(json.loads((folder / FAILURE).read_text(encoding="utf-8"))["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""

"""Runs as jobs of Slurm, by submitit; or of submitit's own local executor, which behaves like a small cluster.

What a job does and what came of it is in the run's folder, as with processes of this machine. submitit hands jobs their
work as a pickle that it writes and reads itself; nothing here reads one.
"""

import json
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from workbench import files
from workbench.checks import needs
from workbench.config import RunConfig, checked
from workbench.sweeps.job import Job, perform
from workbench.sweeps.local import BEAT, Ended

On = Literal["slurm", "local-submitit"]

_MINUTES = 240  # a job that takes longer is queued again, and its run goes on from its last checkpoint
_AT_WORK = ("PENDING", "RUNNING", "REQUEUED", "COMPLETING", "PREEMPTED", "SUSPENDED")
_IDS = "jobs.json"


class Task:
    """What a job does: one run. Queued again when it is stopped before its end, it goes on from its last checkpoint."""

    def __init__(self, job: Job, threads: int) -> None:
        self._config, self._folder = job.config.model_dump(mode="json"), str(job.folder.resolve())
        self._threads = threads

    def __call__(self) -> None:
        """Train the run."""
        import torch

        torch.set_num_threads(self._threads)
        perform(Job(checked(RunConfig, self._config), Path(self._folder)))

    def checkpoint(self) -> Any:
        """Return what submitit is to queue when the job was stopped: the same again."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def work(
    jobs: Sequence[Job], *, on: On, at_once: int | None, threads: int, folder: Path, options: Mapping[str, Any]
) -> Generator[Ended | None]:
    """Submit jobs and yield each run as its job ends; None at every beat between.

    When this is closed, jobs of the local executor are ended; those of Slurm stay in the queue, and the next call finds
    them there.

    Args:
        jobs: the runs.
        on: "slurm", or "local-submitit" for processes of this machine.
        at_once: how many jobs may run at once; as many as Slurm lets, if None.
        threads: of each.
        folder: for what submitit writes; all nodes must see it.
        options: of submitit's `AutoExecutor.update_parameters`, such as slurm_partition, timeout_min and mem_gb.

    Raises:
        ValueError: If submitit is not installed, there is no Slurm, or it knows no such option.
    """
    needs("submitit", extra="cluster", what=f"A sweep on {on}")
    if not str(folder.resolve()).isprintable():
        # submitit writes it into a shell script: a line break would begin a command there.
        raise ValueError(f"Jobs cannot be submitted from {str(folder.resolve())!r}: use a folder without such letters.")
    executor = _executor(on, at_once, threads, folder, options)
    known = _known(folder) if on == "slurm" else {}
    at_work = {job: known[job.folder.name] for job in jobs if job.folder.name in known}
    waiting = deque(job for job in jobs if job not in at_work)
    try:
        while waiting or at_work:
            if on == "slurm" and waiting:
                batch = list(waiting)
                with executor.batch():
                    submitted = [executor.submit(Task(job, threads)) for job in batch]
                at_work |= dict(zip(batch, submitted, strict=True))
                files.write_json(folder / _IDS, {job.folder.name: one.job_id for job, one in at_work.items()})
                waiting.clear()
            while waiting and len(at_work) < (at_once or 1):
                job = waiting.popleft()
                at_work[job] = executor.submit(Task(job, threads))
            for job in [job for job, one in at_work.items() if one.done()]:
                one = at_work.pop(job)
                yield Ended(job, f"Its job {one.job_id} ended as {one.state}; what it said is in {one.paths.stderr}.")
            yield None
            time.sleep(BEAT)
    finally:
        if on == "local-submitit":
            _end(list(at_work.values()))


def left_behind(folder: Path) -> str:
    """Return what to tell whoever stops waiting for Slurm: which jobs stay in the queue, and how to end them."""
    with suppress(OSError, ValueError):
        ids = sorted({one.partition("_")[0] for one in json.loads((folder / _IDS).read_text("utf-8")).values()})
        return (
            f"The jobs stay in the queue: the same command gathers what they do, `scancel {' '.join(ids)}` ends them."
        )
    return ""


def _executor(on: On, at_once: int | None, threads: int, folder: Path, options: Mapping[str, Any]) -> Any:
    import submitit

    try:
        executor = submitit.AutoExecutor(folder=folder, cluster="local" if on == "local-submitit" else "slurm")
        array = {"slurm_array_parallelism": at_once} if at_once else {}
        usual = {"timeout_min": _MINUTES, "cpus_per_task": threads, "name": "workbench-sweep", **array}
        executor.update_parameters(**{**usual, **options})
    except (RuntimeError, NameError, ValueError, TypeError, AssertionError) as error:
        raise ValueError(f"Jobs cannot be submitted: {error}") from None
    return executor


def _known(folder: Path) -> dict[str, Any]:
    """Return the jobs of an earlier call that are still in Slurm's queue or at work, by the names of their runs."""
    import submitit

    try:
        ids = json.loads((folder / _IDS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known: dict[str, Any] = {run: submitit.SlurmJob(folder, one) for run, one in ids.items()}
    for job in list(known.values())[:1]:
        job.get_info("force")  # one question tells of all
    states = {run: job.get_info("cache").get("State", "") for run, job in known.items()}
    return {run: known[run] for run, state in states.items() if state.startswith(_AT_WORK)}


def _end(jobs: Sequence[Any]) -> None:
    """End jobs of the local executor and wait until they are gone."""
    for job in jobs:
        job.cancel()
    for _ in range(100):
        if all(job.done() for job in jobs):
            return
        time.sleep(0.1)

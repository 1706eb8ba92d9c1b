"""Worker processes on this machine, which stay and take one run after another."""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from workbench import environment
from workbench.sweeps.job import Job

BEAT = 0.5  # seconds
GRACE = 10.0  # seconds, for the step in hand and a checkpoint
MEMORY = 3 * 2**29  # bytes that a process with torch and a small image set may come to: 1.5 GB


class Ended(NamedTuple):
    """A run whose work has ended, and what ended its process if it did not end by itself."""

    job: Job
    error: str = ""


def default_workers(threads: int, *, gpus: bool = False) -> int:
    """Return how many processes of so many threads this machine has cores and memory for, at least one.

    Args:
        threads: of each.
        gpus: whether the runs train on GPUs where there are any; then one process for each of them.
    """
    import torch

    if gpus and torch.cuda.is_available():
        return torch.cuda.device_count()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores // threads, _free_memory() // MEMORY))


def work(jobs: Sequence[Job], *, workers: int, threads: int, log: Path) -> Generator[Ended | None]:
    """Do jobs in so many processes, and yield each as it ends; None at every beat between.

    The processes end when this is closed: what is in training saves after the step in hand. One that takes longer than
    some seconds for that is killed, and its run loses what came after its last checkpoint.

    Args:
        jobs: the runs.
        workers: processes, at least 1.
        threads: of each.
        log: where they write what they have to say besides.
    """
    waiting = deque(jobs)
    team: list[_Worker] = []
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with selectors.DefaultSelector() as selector:
            while waiting or any(worker.job for worker in team):
                while waiting and len(team) < workers:
                    worker = _Worker(len(team), threads, log)
                    team.append(worker)
                    selector.register(worker.answers, selectors.EVENT_READ, worker)
                    worker.order(waiting.popleft())
                ready = selector.select(BEAT)
                for key, _ in ready:
                    worker = key.data
                    ended = worker.ended()
                    if ended is not None:
                        yield ended
                    if worker.gone:
                        selector.unregister(worker.answers)
                        worker.end()
                        team.remove(worker)
                    elif waiting:
                        worker.order(waiting.popleft())
                if not ready:
                    yield None
    finally:
        for worker in team:
            worker.stop()
        for worker in team:
            worker.end()


class _Worker:
    """One process, and the run that it is at work on."""

    def __init__(self, number: int, threads: int, log: Path) -> None:
        environ = environment.of_a_child(OMP_NUM_THREADS=str(threads), **_gpu(number))
        with log.open("ab") as said:
            # A session of its own: Ctrl-C on the terminal is for the parent, who then ends them all.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workbench.sweeps.worker", str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environ,
                start_new_session=True,
            )
        assert self._process.stdin is not None  # noqa: S101 - both were asked for
        assert self._process.stdout is not None  # noqa: S101
        self._orders, self.answers = self._process.stdin, self._process.stdout.fileno()
        self._log = log
        self.job: Job | None = None
        self.gone = False

    def order(self, job: Job) -> None:
        self.job = job
        line = json.dumps({"config": job.config.model_dump(mode="json"), "folder": str(job.folder)})
        with suppress(BrokenPipeError):  # that it is gone is read from its answers
            self._orders.write(line.encode() + b"\n")
            self._orders.flush()

    def ended(self) -> Ended | None:
        """Return the run that has ended; `gone` tells whether the process has too."""
        self.gone = not os.read(self.answers, 2**16)
        job, self.job = self.job, None
        if job is None:
            return None
        return Ended(job, self._why() if self.gone else "")

    def stop(self) -> None:
        self._process.terminate()

    def end(self) -> None:
        try:
            if not self.gone:
                self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
        # What could not be sent is tried again when the pipe is closed.
        with suppress(BrokenPipeError), self._process:
            pass

    def _why(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"Its process ended by itself with code {code}; what it said is in {self._log}."
        name = signal.Signals(-code).name
        return (
            f"Its process was ended by {name}. If memory ran out, fewer workers need less. The same command goes on "
            f"from its last checkpoint."
        )


def _gpu(number: int) -> dict[str, str]:
    """Return what shows a process one GPU of several: the next in turn."""
    import torch

    if not torch.cuda.is_available() or torch.cuda.device_count() < 2:
        return {}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(torch.cuda.device_count())))
    devices = visible.split(",")
    return {"CUDA_VISIBLE_DEVICES": devices[number % len(devices)]}


def _free_memory() -> int:
    """Return the bytes that new processes may take."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    with suppress(OSError, ValueError):  # a container's own limit
        free = min(free, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return free

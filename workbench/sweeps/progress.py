"""How a sweep goes: one bar of epochs over all runs, and a line for each that has ended."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from workbench.sweeps.job import Job


class Display:
    """A bar on a terminal; where there is none, as in a log, the lines alone.

    Args:
        jobs: every run of the sweep.
        done: those of them that are done.
        shown: show anything at all.
    """

    def __init__(self, jobs: Sequence[Job], done: Sequence[Job], *, shown: bool) -> None:
        self._shown = shown
        self._ended = {job.folder for job in done}
        self._jobs = jobs
        self._epochs = {job.folder: 0 for job in jobs}
        self._bar: Any = tqdm(
            total=sum(job.config.epochs for job in jobs),
            desc="sweep",
            unit="epoch",
            disable=None if shown else True,  # None: where the error stream is no terminal
            dynamic_ncols=True,
            smoothing=0.05,
        )
        self.beat()
        self._bar.initial = self._bar.n

    def beat(self) -> None:
        """Show how far the runs have come, as their records tell, whoever trains them."""
        for job in self._jobs:
            if job.folder in self._ended:
                self._epochs[job.folder] = job.config.epochs
            elif not self._bar.disable:
                self._epochs[job.folder] = _epochs(job.folder)
        self._bar.n = sum(self._epochs.values())
        self._bar.set_postfix_str(f"{len(self._ended)} of {len(self._jobs)} runs", refresh=False)
        self._bar.refresh()

    def ended(self, job: Job, line: str) -> None:
        """Tell what came of a run."""
        self._ended.add(job.folder)
        width = len(str(len(self._jobs)))
        self.say(f"{len(self._ended):>{width}} of {len(self._jobs)}  {line}")
        self.beat()

    def say(self, line: str) -> None:
        """Print a line above the bar, on the error stream."""
        if self._shown:
            tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def _epochs(folder: Path) -> int:
    try:
        return (folder / "metrics.jsonl").read_bytes().count(b"\n")
    except OSError:
        return 0

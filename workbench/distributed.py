"""Training by several processes: joining those that torchrun has started, and starting them from a notebook.

    torchrun --nproc-per-node=4 -m workbench train -p loss=arcface -p data=faces/ -o runs/arcface

    launched = workbench.distributed.launch(RunConfig(loss="arcface"), processes=4)
    run = launched.follow()

All of them train one run in one folder, which can be gone on with by any other number of processes. On one machine they
are one for each GPU, or on the CPU as many as there are cores to spare.
"""

import os
import re
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from tqdm.auto import tqdm

from workbench import environment, notation
from workbench.checks import whole
from workbench.config import RunConfig
from workbench.runs import Run
from workbench.sharding import ALONE, Processes

_NEEDED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_OURS = "training.log"
_KILLED = re.compile(r"Signal (\d+ \(\w+\)) received by PID")  # as torchrun tells it


@contextmanager
def joined(device: str = "auto") -> Iterator[Processes]:
    """Join the processes that torchrun has started, as its environment variables say; alone if it has not.

    They talk through NCCL about what is on GPUs, and through gloo about the rest. Each has the GPU of its number on its
    machine.

    Args:
        device: of the run, see `RunConfig.device`.

    Raises:
        ValueError: If the variables are incomplete or contradict each other, a GPU is named by its number, there are
            more processes than GPUs on this machine, or the processes do not meet, or lose each other.
    """
    size = _number("WORLD_SIZE", default=1)
    if size == 1:
        yield ALONE
        return
    for name in _NEEDED:
        if not os.environ.get(name):
            raise ValueError(
                f"The environment says that {size} processes train together (WORLD_SIZE), but {name} is missing. Start "
                f"them by torchrun --nproc-per-node={size} -m workbench train, or unset WORLD_SIZE."
            )
    mine, here = _number("RANK"), _number("LOCAL_RANK")
    if mine >= size:
        raise ValueError(f"The environment variable RANK must be below WORLD_SIZE, {size}. Got {mine} instead.")
    cuda = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if cuda:
        _take_gpu(device, here)
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", rank=mine, world_size=size)
    except RuntimeError as error:
        raise ValueError(
            f"Process {mine} of {size} does not meet the others at {os.environ['MASTER_ADDR']}, port "
            f"{os.environ['MASTER_PORT']} (MASTER_ADDR and MASTER_PORT): {_first_line(error)}. Choose a port that is "
            f"free on that machine and open to the others, the same for all."
        ) from None
    try:
        yield Processes(mine, size)
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error).lower():
            raise
        raise ValueError(
            f"Process {mine} of {size} has lost the others: {_first_line(error)}. One of them has ended, or is not "
            f"reached any more; what it said is further up. The same command goes on from the last checkpoint."
        ) from None
    finally:
        dist.destroy_process_group()


def _first_line(error: Exception) -> str:
    """Return what torch says of an error, without where in torch it was."""
    return re.sub(r"^\[\S+:\d+\]\s*", "", str(error).partition("\n")[0]).rstrip(". ")


def launch(config: RunConfig, folder: Path | str | None = None, *, processes: int) -> "Launched":
    """Start processes that train a run together, on this machine, and return at once.

    Args:
        config: what to train.
        folder: where the run lives; by default `reports/` and a name made of the parameters, as `workbench train` has.
        processes: how many, at least 1; `batch_size` is a multiple of it. With GPUs, one for each.

    Raises:
        ValueError: If the batch cannot be shared by so many.
    """
    processes = whole("distributed.launch", "processes", processes, least=1)
    config.require_shared(processes)
    path = Path("reports") / config.folder_name() if folder is None else Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return Launched(Run(path, config), processes)


class Launched:
    """Processes that train a run together. They end with the kernel that has started them, unless that is killed.

    Attributes:
        run: what they train: its folder, and what is in it so far.
        processes: how many they are.
        log: what they print.
    """

    def __init__(self, run: Run, processes: int) -> None:
        self.run, self.processes = run, processes
        self.log = run.folder / _OURS
        torchrun = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        command = [sys.executable, "-m", *torchrun, "-m", "workbench", "train", *_flags(run.config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-o", str(run.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment.of_a_child(),
            )
        weakref.finalize(self, _end, self._process)

    @property
    def running(self) -> bool:
        """Whether they are still at work."""
        return self._process.poll() is None

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the epochs that are done so far."""
        return self.run.progress()

    def follow(self, *, progress: bool = True, seconds: float = 0.25) -> Run:
        """Show the epochs as they come, wait for the end, and return the run. Interrupted, it stops them.

        Args:
            progress: show a progress bar.
            seconds: between two looks.

        Raises:
            ValueError: If they ended without finishing the run; what they said of it is in the sentence.
        """
        bar = tqdm(total=self.run.config.epochs, desc=self.run.config.loss, unit="epoch", disable=not progress)
        try:
            with bar:
                while True:
                    running = self.running
                    records = self.records()
                    bar.update(len(records) - bar.n)
                    if records:
                        bar.set_postfix(loss=f"{records[-1]['loss']:.3f}", accuracy=f"{records[-1]['accuracy']:.1%}")
                    if not running:
                        break
                    time.sleep(seconds)
        except BaseException:
            self.stop()
            raise
        if self._process.returncode:
            raise ValueError(_why(self.log, self.processes))
        return Run.load(self.run.folder)

    def stop(self) -> None:
        """End them after the step in hand, which is saved; the same launch goes on from there."""
        _end(self._process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()  # torchrun ends its own
        process.wait()


def _take_gpu(device: str, here: int) -> None:
    if ":" in device:
        raise ValueError(
            f"The 'device' parameter must be auto, cpu or cuda where several processes train: each takes the GPU of "
            f"its number. Got {device!r} instead."
        )
    there = torch.cuda.device_count()
    together = _number("LOCAL_WORLD_SIZE", default=here + 1)
    if together > there:
        raise ValueError(
            f"There are {together} processes on this machine and {there} GPUs, and each process needs one. Start fewer "
            f"(torchrun --nproc-per-node={there}), or train on the CPU with -p device=cpu."
        )
    torch.cuda.set_device(here)


def _number(name: str, *, default: int | None = None) -> int:
    text = os.environ.get(name, "" if default is None else str(default))
    if not text.isdecimal() or (name == "WORLD_SIZE" and int(text) < 1):
        raise ValueError(
            f"The environment variable {name} must be a whole number, as torchrun sets it. Got {text!r} instead."
        )
    return int(text)


def _flags(config: RunConfig) -> list[str]:
    """Return the parameters of a run as the command line takes them."""
    default = RunConfig().model_dump(mode="json")
    given = {name: value for name, value in config.model_dump(mode="json").items() if value != default[name]}
    return [part for name, value in given.items() for part in ("-p", f"{name}={notation.written(value)}")]


def _why(log: Path, processes: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    killed = [found for line in lines if (found := _KILLED.search(line))]
    if killed:
        return (
            f"{processes} processes did not finish the run: one of them was killed by signal {killed[-1][1]}, by a "
            f"person or by a system that had no memory left. The same launch goes on from the last checkpoint; more is "
            f"in {log}."
        )
    said = [line.partition("Error: ")[2] for line in lines if line.startswith("Error: ")]
    return f"{processes} processes did not finish the run: {said[-1] if said else f'see {log}.'}"

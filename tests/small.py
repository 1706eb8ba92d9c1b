"""The smallest runs: a few steps on images of four greys or on the digits, and all that a run leaves behind."""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import _exit, fork, waitpid, waitstatus_to_exitcode
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from types import FrameType
from typing import Any

import torch

from workbench.config import RunConfig
from workbench.data import ImageSet
from workbench.training import Trainer

TIMING = ("seconds", "images_per_second")


def config(**changes: Any) -> RunConfig:
    """A run that is over in a blink, with a checkpoint after every epoch."""
    quick = {"model": "mlp", "epochs": 3, "batch_size": 16, "checkpoint_every": 1, "probe": 8, "device": "cpu"}
    return RunConfig(**(quick | changes))


def greys(count: int = 60, classes: int = 4, *, seed: int = 0) -> ImageSet:
    """Noisy images of 1 x 4 x 4 pixels, each class around its own grey."""
    labels = torch.arange(count) % classes
    noise = torch.randn(count, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
    images = (40 + 50 * labels[:, None, None, None] + 12 * noise).clamp(0, 255).to(torch.uint8)
    return ImageSet(images, labels, [f"grey {c}" for c in range(classes)], "Made for tests.")


def trainer(folder: Path, *, images: ImageSet | None = None, **changes: Any) -> Trainer:
    return Trainer(config(**changes), folder, images=images or greys(), progress=False)


def on_digits(folder: Path, **changes: Any) -> Trainer:
    """Two steps an epoch on real images."""
    return Trainer(config(**{"batch_size": 500, "probe": 50, **changes}), folder, progress=False)


def contents(folder: Path) -> dict[str, Any]:
    """Everything in a run folder by path, without what a clock has written, and without the checkpoint before the last.

    Which that is depends on how often a run was stopped.
    """
    found: dict[str, Any] = {}
    before = before_the_last(folder)
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path in before:
            continue
        if name == "metrics.jsonl":
            found[name] = [without(json.loads(line), TIMING) for line in path.read_text().splitlines()]
        elif name == "run.json":
            found[name] = without(json.loads(path.read_text()), ("begun", "commit"))
        else:
            found[name] = path.read_bytes() if path.is_file() else None
    return found


def before_the_last(folder: Path) -> set[Path]:
    """The files of the checkpoint that is kept beside the valid one."""
    files = folder / "checkpoint"
    named = [json.loads(path.read_text()) for name in ("state.json", "before.json") if (path := files / name).exists()]
    if not named:
        return set()
    last, *before = [{files / part["file"] for part in one["parts"]} for one in named]
    return set().union(*before, {files / "before.json"}) - last if before else set()


def without(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called in the course of some work, done once before.

    What is looked up once in a process, such as a function of the C library, is not counted.
    """
    work()
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def in_a_child(work: Callable[[], object]) -> int:
    """Do some work in a forked process; return its exit code, or minus the signal that killed it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = fork()
    if child:
        return waitstatus_to_exitcode(waitpid(child, 0)[1])
    code = 1
    try:
        work()
        code = 0
    finally:
        _exit(code)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the system refuse larger files, as a full disk does."""
    before = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, before)

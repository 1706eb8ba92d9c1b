"""Several processes that compute together, forked from the test: torch is there already, so they start in no time."""

import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from os import _exit, environ, fork, waitpid, waitstatus_to_exitcode
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist

from workbench.sharding import ALONE, Processes

_PATIENT = timedelta(seconds=200)


def together(size: int, work: Callable[[Processes], Any], *, fresh: bool = False) -> list[Any]:
    """Return what `work` returns in each of `size` processes that talk through gloo; a failure of any is raised.

    One alone is this process itself, unless a `fresh` one is asked for.
    """
    if size == 1 and not fresh:
        return [work(ALONE)]
    with TemporaryDirectory() as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
            children = [fork() or _child(rank, size, work, Path(folder)) for rank in range(size)]
        for child in children:
            waitpid(child, 0)
        found = [pickle.loads((Path(folder) / str(rank)).read_bytes()) for rank in range(size)]
    failures = [result for done, result in found if not done]
    if failures:
        raise AssertionError("\n".join(failures))
    return [result for _, result in found]


@contextmanager
def joined(rank: int, size: int, folder: Path) -> Iterator[Processes]:
    """Join the others through a file in this folder; one alone joins nobody."""
    if size == 1:
        yield ALONE
        return
    environ["GLOO_SOCKET_IFNAME"] = "lo"
    store = dist.FileStore(str(folder / "store"), size)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=_PATIENT)
    yield Processes(rank, size)
    dist.destroy_process_group()


def killed(size: int, work: Callable[[Processes], Any]) -> None:
    """Let `size` processes work until each of them is killed by `kill -9`; fail if one comes to an end instead."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        children = [fork() or _child(rank, size, work, Path(folder)) for rank in range(size)]
        ends = [waitstatus_to_exitcode(waitpid(child, 0)[1]) for child in children]
    assert ends == [-SIGKILL] * size, ends


def _child(rank: int, size: int, work: Callable[[Processes], Any], folder: Path) -> int:
    result: tuple[bool, Any] = (False, "it ended by itself")
    try:
        torch.set_num_threads(1)
        with joined(rank, size, folder) as processes:
            result = (True, work(processes))
    except BaseException:  # noqa: BLE001 - it is told to the test
        result = (False, f"process {rank} of {size}: {traceback.format_exc()}")
    finally:
        (folder / str(rank)).write_bytes(pickle.dumps(result))
        _exit(0)

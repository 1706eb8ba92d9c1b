"""Killing a run again and again: `python -m tests.durability.chaos [KILLS] [SEED]`, or `make chaos`.

Every attempt to train one and the same run is ended by `kill -9`, in turn

    between two changes of files    before the n-th of them, a flush to the disk among them
    in the middle of a write        the file is there in part, as the system may leave it
    from outside                    at any time
    from outside, the command       the whole program, started anew

and the next attempt goes on. After each, the checkpoint must be whole and no older than before, and the next attempt
must begin at its very step. In the end everything in the folder must have the bits of a run that was never disturbed.
"""

import os
import random
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from os import _exit, fork, kill, waitpid, waitstatus_to_exitcode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from tests.distributed.processes import joined
from tests.small import config, contents
from tests.test_resuming import WRITING
from workbench import data, environment, stopping
from workbench.learner import Learner, Step
from workbench.runs import Run
from workbench.sharding import Processes
from workbench.training import Trainer

KINDS = ("between", "within", "outside", "command")
RUN = {"model": "mlp", "loss": "elasticface-arc+", "epochs": 80, "batch_size": 100, "checkpoint_every": 1}
RUN |= {"dropout": 0.2, "probe": 100, "device": "cpu"}


def survives(folder: Path, kills: int, seed: int, *, processes: int = 1, say: Callable[[str], None] = print) -> None:
    """Train a run that is killed so often, and check all that is promised of it.

    Args:
        folder: for the run, and for one that is never disturbed.
        kills: how many.
        seed: of the moments.
        processes: that train the run together; one of them is killed, and the other then, as torchrun does.
        say: told of each kill.
    """
    chance, told = random.Random(seed), Counter[str]()
    images = data.load("digits", progress=False)
    killed, where = folder / "killed", (0, 0)
    started = time.monotonic()
    attempts = 0
    say(f"{kills} kills, seed {seed}:")
    while sum(told.values()) < kills:
        attempts += 1
        assert attempts < 3 * kills + 10, "the run was over before it was killed so often"
        kind = KINDS[attempts % 10] if attempts % 10 < 4 and processes == 1 else chance.choice(KINDS[:3])
        if kind == "command":
            came = _command(killed, chance)
        else:
            came = _forked(killed, kind, chance, images, processes, where)
        run = Run(killed, config(**RUN))
        now = (run.epoch, run.steps)
        assert now >= where, f"it went back from {where} to {now}"
        assert now == (0, 0) or run.load_checkpoint() is not None
        assert len(list((killed / "checkpoint").glob("*.safetensors"))) <= 3 * processes
        where = now
        if came:
            told[kind] += 1
            say(f"kill {sum(told.values()):3}, {kind:8}: the next attempt begins after epoch {now[0]}, step {now[1]}")
    _together(processes, lambda each: _fit(killed, images, each))
    _together(processes, lambda each: _fit(folder / "whole", images, each))
    found, whole = contents(killed), contents(folder / "whole")
    found.pop("evaluation.json", None)
    differ = sorted(name for name in found | whole if found.get(name) != whole.get(name))
    assert not differ, f"the bits differ of {', '.join(differ)}"
    how = ", ".join(f"{count} {kind}" for kind, count in sorted(told.items()))
    shots = len(run.snapshots().epochs)
    say(
        f"{sum(told.values())} kills ({how}), as many resumes, {processes} process{'es' * (processes > 1)}, "
        f"seed {seed}: weights, records, margins and {shots} snapshots have the bits of a run never disturbed; "
        f"{time.monotonic() - started:.0f} s"
    )


def _fit(folder: Path, images: data.ImageSet, processes: Processes) -> None:
    Trainer(config(**RUN), folder, images=images, progress=False, processes=processes).fit()


def _forked(
    folder: Path, kind: str, chance: random.Random, images: data.ImageSet, size: int, begins: tuple[int, int]
) -> bool:
    """Go on in forked processes, one of which is killed; return whether that came before the end."""
    moment, victim, seconds = chance.randint(1, 50), chance.randrange(size), chance.uniform(0.0, 0.7)

    def work(processes: Processes) -> None:
        os.fsync = lambda descriptor: None  # type: ignore[assignment]  # what a kill leaves, the system has
        environment._commit = lambda: None  # type: ignore[assignment]
        stopping.SAVE_SECONDS = stopping.LOOK_SECONDS = 0.0
        trainer = Trainer(config(**RUN), folder, images=images, progress=False, processes=processes)
        expected = begins[0] * trainer.steps_per_epoch + begins[1]
        step, first = Learner.step, []

        def checked(self: Learner, number: int, *given: Any, **named: Any) -> Step:
            first.append(number)
            assert first[0] == expected, f"it began at step {first[0]}, not at {expected}"
            return step(self, number, *given, **named)

        Learner.step = checked  # type: ignore[method-assign]
        if kind != "outside" and processes.rank == victim:
            _kill_at(moment, folder, tear=kind == "within")
        trainer.fit()

    return _together(size, work, victim=victim, seconds=seconds if kind == "outside" else None)


def _kill_at(moment: int, folder: Path, *, tear: bool) -> None:
    """Let this process kill itself before the n-th change of a file in the folder, or with that file torn."""
    count = 0

    def end(path: Path) -> None:
        nonlocal count
        count += 1
        if count == moment and tear:
            if path.suffix != ".partial" or not path.exists():
                count -= 1  # the next will do
                return
            count += 1  # what follows is ours
            os.truncate(path, int(random.random() * path.stat().st_size))
            kill(os.getpid(), signal.SIGKILL)
        if count == moment and not tear:
            kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.truncate")
        if (changes or (event == "open" and arguments[1] in WRITING)) and str(arguments[0]).startswith(str(folder)):
            end(Path(str(arguments[0])))

    def flushed(descriptor: int) -> None:
        end(Path(f"/proc/self/fd/{descriptor}").readlink())

    sys.addaudithook(heard)
    os.fsync = flushed  # type: ignore[assignment]


def _together(size: int, work: Callable[[Processes], None], *, victim: int = 0, seconds: float | None = None) -> bool:
    """Do some work in so many forked processes; return whether one was killed. Any other failure is an error."""
    with TemporaryDirectory() as store, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        children = [fork() or _child(rank, size, work, Path(store)) for rank in range(size)]
        if seconds is not None:
            time.sleep(seconds)
            kill(children[victim], signal.SIGKILL)
        codes = {victim: waitstatus_to_exitcode(waitpid(children[victim], 0)[1])}
        assert codes[victim] in (0, -signal.SIGKILL), "it ended by itself"
        for rank, child in enumerate(children):
            if rank != victim:
                if codes[victim] == -signal.SIGKILL:
                    kill(child, signal.SIGKILL)
                codes[rank] = waitstatus_to_exitcode(waitpid(child, 0)[1])
    came = codes.pop(victim) != 0
    # Who talks to one that is gone may notice before it is ended too.
    assert came or not any(codes.values()), f"it ended by itself: {codes}"
    return came


def _child(rank: int, size: int, work: Callable[[Processes], None], store: Path) -> int:
    code = 1
    try:
        torch.set_num_threads(1)
        with joined(rank, size, store) as processes:
            work(processes)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the parent is told by the code, people by the words
        if size == 1 or not isinstance(error, RuntimeError):
            traceback.print_exc()
    finally:
        _exit(code)


def _command(folder: Path, chance: random.Random) -> bool:
    """Go on by the command, and kill it some time after it has begun to train."""
    given = [part for name, value in RUN.items() for part in ("-p", f"{name}={value}")]
    command = [sys.executable, "-m", "workbench", "train", *given, "-o", str(folder)]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    before = Run(folder, config(**RUN)).epoch
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and Run(folder, config(**RUN)).epoch == before:
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, 0.2))
    process.kill()
    code = process.wait()
    assert code in (0, -signal.SIGKILL), f"it ended by itself with {code}"
    return code != 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    kills, seed = (int(given) for given in [*sys.argv[1:], *["50", "0"][len(sys.argv) - 1 :]])
    for size, count in ((1, kills), (2, max(1, kills // 5))):
        with TemporaryDirectory(prefix="workbench-chaos-") as place:
            survives(Path(place), count, seed, processes=size)

"""Going on where a run was stopped: what comes out depends on the parameters alone, however often that was."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.small import config, contents, greys, in_a_child, trainer
from workbench import data, environment
from workbench.learner import Learner, Step
from workbench.runs import Run
from workbench.training import Trainer

CHANCE = {"dropout": 0.3, "flip": True, "shift": 1, "loss": "elasticface-cos+"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk and asking git takes longer than these runs; neither matters to them."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


# -- the same bits, however often a run was stopped


WRITING = ("w", "wb", "a", "ab", "x", "xb")


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("again", ["the same trainer", "a new trainer"])
@pytest.mark.parametrize("changes", [CHANCE, {"momentum": 0.0, "held_out": "classes"}])
def test_a_run_stopped_at_any_step_ends_with_the_same_bits(
    tmp_path: Path, changes: dict[str, Any], again: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"checkpoint_every": 2, **changes}
    trainer(tmp_path / "whole", **changes).fit()
    whole = contents(tmp_path / "whole")
    steps = whole["metrics.jsonl"][-1]["step"]
    assert steps >= 4
    step = Learner.step
    for stop in range(steps):
        folder = tmp_path / f"stopped-{stop}"
        first = trainer(folder, **changes)

        def stopping(self: Learner, number: int, *arguments: Any, stop: int = stop, **named: Any) -> Step:
            result = step(self, number, *arguments, **named)
            if number == stop:
                raise StoppedError
            return result

        monkeypatch.setattr(Learner, "step", stopping)
        with pytest.raises(StoppedError):
            first.fit()
        monkeypatch.setattr(Learner, "step", step)
        torch.manual_seed(stop)
        second = first if again == "the same trainer" else trainer(folder, **changes)
        assert second.fit().finished
        assert contents(folder) == whole, f"stopped at step {stop}"


def killed_before(change: int, folder: Path, trained: Trainer) -> bool:
    """Train in a process that is killed before its n-th change of a file in its folder; return whether that came."""

    def train() -> None:
        changes = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal changes
            writes = event in ("os.rename", "os.remove", "os.mkdir") or (event == "open" and arguments[1] in WRITING)
            if writes and str(arguments[0]).startswith(str(folder)):
                changes += 1
                if changes == change:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        trained.fit()

    code = in_a_child(train)
    assert code in (0, -signal.SIGKILL)
    return code != 0


def test_a_kill_before_any_change_of_any_file_costs_nothing(tmp_path: Path) -> None:
    """Between a write, its rename and the next write: every place where a folder changes is a place to be killed."""
    changes = {"epochs": 2, "snapshots": 1, "images": greys(24), "batch_size": 8}
    trainer(tmp_path / "whole", **changes).fit()
    whole = contents(tmp_path / "whole")
    change = 0
    killed = True
    while killed:
        change += 1
        folder = tmp_path / str(change)
        killed = killed_before(change, folder, trainer(folder, **changes))
        trainer(folder, **changes).fit()
        assert contents(folder) == whole, f"killed before change {change}"
    assert change > 30, "the run was hardly disturbed"


def test_a_run_killed_again_and_again_ends_with_the_same_bits(tmp_path: Path) -> None:
    changes = {"epochs": 4, "checkpoint_every": 2, **CHANCE}
    trainer(tmp_path / "whole", **changes).fit()
    folder = tmp_path / "killed"
    kills = 0
    while killed_before(5 + 3 * kills, folder, trainer(folder, **changes)):
        kills += 1
    assert kills > 3
    assert contents(folder) == contents(tmp_path / "whole")


def test_the_command_killed_at_random_moments_ends_with_the_same_bits(tmp_path: Path) -> None:
    """The whole program, as a power cut or the out-of-memory killer ends it."""
    parameters = {"model": "mlp", "epochs": 30, "batch_size": 256, "checkpoint_every": 3, "device": "cpu"}
    folder = tmp_path / "killed"
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    command = [sys.executable, "-m", "workbench", "train", *given, "-o", str(folder)]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    chance = random.Random()  # other moments each time: all must do
    for epoch in (1, 12):
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not reached(folder, epoch):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        assert process.wait() in (-signal.SIGKILL, 0), "it ended by itself"
    finished = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    whole = tmp_path / "whole"
    Trainer(config(**{"probe": 1000, **parameters}), whole, progress=False).fit()
    found = contents(folder)
    assert found.pop("evaluation.json")
    assert found == contents(whole)


def reached(folder: Path, epoch: int) -> bool:
    path = folder / "metrics.jsonl"
    return path.exists() and f'{{"epoch": {epoch},' in path.read_text()


def test_the_seed_and_nothing_else_decides(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = contents(trainer(tmp_path / "1", **CHANCE).fit().folder)
    torch.manual_seed(2)
    torch.use_deterministic_algorithms(False)
    assert contents(trainer(tmp_path / "2", **CHANCE).fit().folder) == first
    other = contents(trainer(tmp_path / "3", seed=1, **CHANCE).fit().folder)
    assert other["metrics.jsonl"] != first["metrics.jsonl"]


def test_training_leaves_the_state_of_the_caller_as_it_was(tmp_path: Path) -> None:
    torch.use_deterministic_algorithms(False)
    before = torch.get_rng_state()
    for _ in range(2):  # from the start, and when there is nothing left to do
        Trainer.restored(trainer(tmp_path, **CHANCE).fit(), images=greys())
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.are_deterministic_algorithms_enabled()


# -- going on


def test_a_finished_run_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer(tmp_path).fit()
    kept = ("checkpoint", "snapshots", "run.json", "margins.npz")
    before = {
        path: path.stat().st_mtime_ns for name in kept for path in [tmp_path / name, *(tmp_path / name).rglob("*")]
    }
    everything = contents(tmp_path)
    monkeypatch.setattr(Learner, "step", None)
    again = trainer(tmp_path)
    assert again.fit().finished
    assert contents(tmp_path) == everything
    assert {path: path.stat().st_mtime_ns for path in before} == before
    centres = Run.load(tmp_path).snapshots().centres
    assert centres is not None
    assert torch.equal(again.learner.centres(), torch.from_numpy(centres[-1])), "the trainer has what was learnt"


@pytest.mark.parametrize(("changes", "images"), [({"lr": 0.2}, greys()), ({}, greys(seed=1)), ({}, greys(64))])
def test_a_folder_made_by_other_parameters_or_images_is_refused_unchanged(
    tmp_path: Path, changes: dict[str, Any], images: data.ImageSet
) -> None:
    trainer(tmp_path).fit()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="holds a run with other parameters"):
        trainer(tmp_path, images=images, **changes).fit()
    assert contents(tmp_path) == before


def test_two_processes_never_train_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would write over each other's files, and every epoch would be recorded twice."""
    trainer(tmp_path / "whole").fit()
    folder = tmp_path / "run"
    first, second = trainer(folder), trainer(folder)
    epoch = first._train_epoch

    def while_the_other_tries(number: int, *arguments: Any) -> Any:
        with pytest.raises(ValueError, match="Another process is at work in"):
            second.fit()
        return epoch(number, *arguments)

    monkeypatch.setattr(first, "_train_epoch", while_the_other_tries)
    first.fit()
    assert contents(folder) == contents(tmp_path / "whole")


def test_a_run_is_restored_with_its_own_images_alone(tmp_path: Path) -> None:
    run = trainer(tmp_path).fit()
    restored = Trainer.restored(run, images=greys())
    assert not torch.equal(restored.learner.head.weight, trainer(tmp_path).learner.head.weight)
    for images in (None, greys(seed=1)):
        with pytest.raises(ValueError) as error:
            Trainer.restored(run, images=images)
        assert str(error.value) == (
            f"The run {tmp_path} was trained on other images. Give the image set it was trained on."
        )


def test_a_run_without_a_checkpoint_cannot_be_restored(tmp_path: Path) -> None:
    begun = trainer(tmp_path)
    run = Run.open(tmp_path, begun.config, begun._facts())
    with pytest.raises(ValueError) as error:
        Trainer.restored(run, images=greys())
    assert str(error.value) == (f"The run {tmp_path} has no checkpoint yet. Train it first, with its own parameters.")

"""Runs trained by several processes: the same curve and the same state as those of one, also across a change of K."""

import atexit
import os
import shutil
from functools import cache
from pathlib import Path
from signal import SIGKILL
from tempfile import mkdtemp
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.distributed import memory
from tests.distributed.processes import killed, together
from tests.small import TIMING, config, contents, greys, without
from workbench import data
from workbench.learner import Learner, Step
from workbench.runs import Run
from workbench.sharding import ALONE, Processes
from workbench.training import Trainer

STEPS, EPOCHS, CLASSES = 50, 5, 9
LOSSES = ["arcface", "elasticface-arc+", "unpg-arcface", "coreface", "adaface", "jcsc"]
CHANCE = {"model": "convnet", "dim": 64, "dropout": 0.2, "flip": True, "shift": 1, "epochs": EPOCHS, "lr": 0.005}
# In float64 whatever were different would be seen. In float32 training amplifies rounding, in one process as well, and
# the more the larger the learning rate.
CASES = [(2, torch.float32), (4, torch.float64)]


def trained(
    folder: Path, processes: Processes, dtype: torch.dtype, *, stop: int | None = None, **changes: Any
) -> list[dict[str, Tensor]]:
    """Train, and return what every step told; at the step `stop` the process is killed."""
    told: list[dict[str, Tensor]] = []

    def noted(self: Learner, number: int, *arguments: Any, **named: Any) -> Step:
        if number == stop:
            os.kill(os.getpid(), SIGKILL)
        done = step(self, number, *arguments, **named)
        told.append({name: value for name, value in done._asdict().items() if name != "terms"} | dict(done.terms))
        return done

    step, before = Learner.step, torch.get_default_dtype()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "step", noted)
        patch.setattr(os, "fsync", lambda descriptor: None)
        if dtype == torch.float64:
            patch.setattr(Learner, "_floats", lambda self, images: data.to_float(images).double())
        torch.set_default_dtype(dtype)
        try:
            settings = config(**{**CHANCE, **changes})
            Trainer(settings, folder, images=greys(240, CLASSES), progress=False, processes=processes).fit()
        finally:
            torch.set_default_dtype(before)
    return told


@cache
def results(size: int, dtype: torch.dtype) -> tuple[Path, dict[str, list[dict[str, Tensor]]]]:
    """Train all losses, and return where, and what every step told the first process."""
    folder = Path(mkdtemp(prefix="workbench-"))
    atexit.register(shutil.rmtree, folder)

    def work(processes: Processes) -> dict[str, list[dict[str, Tensor]]]:
        return {loss: trained(folder / loss, processes, dtype, loss=loss) for loss in LOSSES}

    return folder, together(size, work)[0]


def off(found: Any, expected: Any) -> float:
    """Return the largest error relative to the largest number."""
    found, expected = (torch.as_tensor(values, dtype=torch.float64) for values in (found, expected))
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-30))


def close(expected: Path, found: Path, dtype: torch.dtype) -> None:
    """Check that two runs have the same curve; in float64, that they are the same in everything."""
    theirs, ours = (Run.load(path) for path in (expected, found))
    assert ours.finished
    for other, mine in zip(theirs.records(), ours.records(), strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-5)
        if dtype == torch.float64:
            ignored = (*TIMING, "processes")
            assert without(mine, ignored) == pytest.approx(without(other, ignored), rel=1e-9)
    for name in ("embeddings", "centres"):
        mine, other = (getattr(run.snapshots(), name) for run in (ours, theirs))
        assert off(mine, other) <= (1e-9 if dtype == torch.float64 else 1e-4)
    if dtype == torch.float64:
        assert off(ours.margins(), theirs.margins()) <= 1e-6  # kept in float32
        mine, other = (run.load_checkpoint() for run in (ours, theirs))
        assert mine.tensors.keys() == other.tensors.keys()
        errors = {name: off(mine.tensors[name], other.tensors[name]) for name in other.tensors}
        assert max(errors.values()) <= 1e-9, errors


@pytest.mark.parametrize(("size", "dtype"), CASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_fifty_steps_of_several_processes_are_those_of_one(loss: str, size: int, dtype: torch.dtype) -> None:
    alone, shared = results(1, dtype)[1][loss], results(size, dtype)[1][loss]
    assert len(alone) == STEPS
    worst: dict[str, float] = {}
    for expected, found in zip(alone, shared, strict=True):
        assert found.keys() == expected.keys()
        for key in expected:
            worst[key] = max(worst.get(key, 0), off(found[key], expected[key]))
    assert worst["loss"] <= 1e-5, worst
    assert worst["grad_norm"] <= 1e-4, worst
    assert dtype == torch.float32 or max(worst.values()) <= 1e-9, worst


@pytest.mark.parametrize(("size", "dtype"), CASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_run_is_that_of_one_process(loss: str, size: int, dtype: torch.dtype) -> None:
    folder = results(size, dtype)[0] / loss
    close(results(1, dtype)[0] / loss, folder, dtype)
    assert Run.load(folder).facts["processes"] == size
    assert {record["processes"] for record in Run.load(folder).records()} == {size}


@pytest.mark.parametrize(("loss", "dtype"), [*((loss, torch.float32) for loss in LOSSES), ("jcsc", torch.float64)])
def test_a_run_that_is_killed_goes_on_with_any_number_of_processes(
    tmp_path: Path, loss: str, dtype: torch.dtype
) -> None:
    for size, stop in [(1, 13), (4, 25), (2, 36)]:
        killed(size, lambda each, stop=stop: trained(tmp_path, each, dtype, loss=loss, stop=stop))
    told = trained(tmp_path, ALONE, dtype, loss=loss)
    assert len(told) == 50 - 30, "each went on from the last whole epoch"
    close(results(1, dtype)[0] / loss, tmp_path, dtype)
    assert [record.get("processes", 1) for record in Run.load(tmp_path).records()] == [1, 4, 2, 1, 1]
    names = {path.name for path in (tmp_path / "checkpoint").iterdir()}
    assert names == {"epoch-00004.safetensors", "before.json", "epoch-00005.safetensors", "state.json"}


def test_the_same_processes_go_on_with_the_same_bits(tmp_path: Path) -> None:
    def work(processes: Processes) -> None:
        trained(tmp_path / "stopped", processes, torch.float32)
        trained(tmp_path / "whole", processes, torch.float32)

    killed(2, lambda processes: trained(tmp_path / "stopped", processes, torch.float32, stop=23))
    together(2, work)
    whole = contents(tmp_path / "whole")
    assert "checkpoint/epoch-00005-part-2-of-2.safetensors" in whole
    assert contents(tmp_path / "stopped") == whole


def held(processes: Processes) -> tuple[int, int]:
    """Return the bytes that a process holds for the classes: weights, momentum and gradient; and those of its file."""
    settings = config(loss="arcface", dim=16)
    learner = Learner(settings, shape=(1, 4, 4), classes=1200, processes=processes)
    images, labels = torch.zeros(8, 1, 4, 4, dtype=torch.uint8), torch.arange(8)
    images[:, 0, 0, 0] = torch.arange(8)
    learner.step(0, processes.part(images), processes.part(labels), lr=0.1)
    state = learner.state()
    split = sum(state[name].nbytes for name in learner.split.names)
    gradient = learner.head.weight.grad
    assert gradient is not None
    return split + gradient.nbytes, sum(value.nbytes for value in state.values()) - split


def test_the_memory_of_a_head_falls_as_the_number_of_processes_grows() -> None:
    whole, model = held(ALONE)
    assert whole == 3 * 4 * 16 * 1200
    for size in (2, 4):
        assert together(size, held) == [(whole // size, model)] * size


def test_what_a_head_keeps_for_its_backward_pass_falls_too() -> None:
    """Its classes' part of it; the features of the whole batch are in every process."""
    sizes = {"classes": 6000, "dim": 16, "batch": 32}
    (whole,) = together(1, lambda processes: memory.held(processes, **sizes))
    for size in (2, 4):
        for one in together(size, lambda processes: memory.held(processes, **sizes)):
            assert one["state"] == whole["state"] // size
            common = 4 * sizes["batch"] * (2 * sizes["dim"] + 64)
            assert one["saved"] <= whole["saved"] / size + common, (one, whole)


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        Trainer(config(batch_size=18), tmp_path, images=greys(), processes=Processes(0, 4))
    assert str(error.value) == (
        "The 'batch_size' parameter must be a multiple of 4, the number of processes that share each batch. Got 18 "
        "instead."
    )


def quarrel(processes: Processes, folder: Path) -> str:
    try:
        trained(folder, processes, torch.float32, lr=0.5)
    except ValueError as error:
        return str(error)
    return "none"


def test_processes_that_do_not_see_the_folder_are_refused(tmp_path: Path) -> None:
    said = together(2, lambda processes: quarrel(processes, tmp_path / str(processes.rank)))
    sentence = (
        f"Process 1 does not see the run that the first one has begun in {tmp_path / '1'}. Give a folder on a file "
        "system that all machines share."
    )
    assert said == [sentence] * 2


def disagreement(processes: Processes, folder: Path) -> str:
    """What is said if the second process was given another learning rate; and if it sees other images."""
    said = []
    for lr, count in ((0.1 + processes.rank, 60), (0.1, 60 + processes.rank)):
        try:
            Trainer(config(lr=lr), folder, images=greys(count), progress=False, processes=processes)
        except ValueError as error:
            said.append(str(error))
    return " | ".join(said)


def test_processes_with_other_parameters_or_images_are_refused(tmp_path: Path) -> None:
    said = together(2, lambda processes: disagreement(processes, tmp_path))
    assert said[0] == said[1]
    parameters, images = said[0].split(" | ")
    assert parameters == (
        "All processes must have the same parameters. Process 1 has others than the first: lr 1.1 for 0.1. Start the "
        "same command on every machine."
    )
    assert images.startswith("All processes must have the same images. Process 1 has others than the first: digest '")
    assert not (tmp_path / "run.json").exists()


def test_an_error_of_the_first_process_is_told_by_all(tmp_path: Path) -> None:
    trained(tmp_path, ALONE, torch.float32, epochs=1)
    said = together(2, lambda processes: quarrel(processes, tmp_path))
    assert said[0] == said[1]
    assert "holds a run with other parameters" in said[0]

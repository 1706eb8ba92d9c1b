"""A checkpoint that is not what was written is recognised before any of it is used; the one before takes its place."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.distributed.processes import together
from tests.small import config, contents, greys, trainer
from workbench import embedders, environment
from workbench.evaluation import evaluate
from workbench.learner import Learner, Step
from workbench.manifests import DamagedError, DamagedWarning
from workbench.runs import Run
from workbench.sharding import Processes
from workbench.training import Trainer

CHANGES: dict[str, Any] = {"epochs": 4, "checkpoint_every": 2, "dropout": 0.3, "loss": "elasticface-cos+"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


def flipped(share: float) -> Callable[[Path], None]:
    """Turn over one bit, so far into the file."""

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(share * (len(content) - 1))] ^= 4
        path.write_bytes(content)

    return flip


DAMAGES = {
    "cut": cut,
    "emptied": emptied,
    "gone": gone,
    **{f"flipped at {share:.0%}": flipped(share) for share in (0.0, 0.001, 0.02, 0.5, 1.0)},
}
LAST, BEFORE = "epoch-00004.safetensors", "epoch-00002.safetensors"


def fit(folder: Path, **changes: Any) -> tuple[Run, list[str]]:
    """Train, and return what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = trainer(folder, **{**CHANGES, **changes}).fit()
    assert all(one.category is DamagedWarning for one in caught)
    return run, [str(one.message) for one in caught]


@pytest.mark.parametrize("name", [LAST, "state.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_checkpoint_before_is_used_and_the_run_ends_with_the_same_bits(
    tmp_path: Path, name: str, damage: str
) -> None:
    fit(tmp_path)
    whole = contents(tmp_path)
    folder = tmp_path / "checkpoint"
    DAMAGES[damage](folder / name)
    begun: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        step = Learner.step

        def noted(self: Learner, number: int, *given: Any, **named: Any) -> Step:
            begun.append(number)
            return step(self, number, *given, **named)

        patch.setattr(Learner, "step", noted)
        run, (warning,) = fit(tmp_path)
    assert begun[0] == 4, "two epochs of two steps are done"
    assert run.finished
    assert contents(tmp_path) == whole
    assert warning.startswith(
        f"In {folder}, " + ("state.json" if name == "state.json" else "the checkpoint of epoch 4 is damaged: ")
    )
    assert name in warning
    assert warning.endswith(
        ". Training goes on from the checkpoint before, that of epoch 2. Only the steps since then are lost; they are "
        "taken again and come to the same."
    )
    assert fit(tmp_path)[1] == [], "it is mended"


def test_records_and_playback_go_back_to_the_epoch_that_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(tmp_path)
    cut(tmp_path / "checkpoint" / LAST)

    def stop(self: Learner, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Learner, "step", stop)
    with pytest.raises(KeyboardInterrupt), pytest.warns(DamagedWarning):
        trainer(tmp_path, **CHANGES).fit()
    run = Run.load(tmp_path)
    assert (run.epoch, run.finished) == (2, False)
    assert [record["epoch"] for record in run.records()] == [1, 2]
    assert run.snapshots().epochs.tolist() == [0, 1, 2]
    assert (tmp_path / "metrics.jsonl").read_text().count("\n") == 2
    with pytest.raises(ValueError, match="not finished: 2 of 4 epochs done"):
        run.margins()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("first", "second"), [(LAST, BEFORE), (LAST, "before.json"), ("state.json", BEFORE)])
def test_without_a_whole_checkpoint_training_says_what_to_do_and_that_works(
    tmp_path: Path, first: str, second: str, damage: str
) -> None:
    fit(tmp_path)
    whole, folder = contents(tmp_path), tmp_path / "checkpoint"
    for name in (first, second):
        DAMAGES[damage](folder / name)
    if damage == "gone" and second == "before.json":
        second = first  # then there is nothing that could be used
    with pytest.raises(DamagedError) as error:
        fit(tmp_path)
    assert str(error.value).startswith(f"No checkpoint in {folder} can be used: ")
    assert first in str(error.value)
    assert second in str(error.value)
    assert str(error.value).endswith(
        f". Remove the folder {folder} to train this run from its beginning, with the same command."
    )
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert fit(tmp_path)[1] == []
    assert contents(tmp_path) == whole


def test_who_reads_the_weights_of_a_damaged_checkpoint_is_told_and_changes_nothing(tmp_path: Path) -> None:
    run, _ = fit(tmp_path)
    flipped(0.5)(tmp_path / "checkpoint" / LAST)
    before = contents(tmp_path)
    for read in (
        run.load_checkpoint,
        lambda: evaluate(run, images=greys()),
        lambda: Trainer.restored(run, images=greys()),
        lambda: embedders.load(tmp_path),
    ):
        with pytest.raises(DamagedError) as error:
            read()
        assert str(error.value) == (
            f"The checkpoint of epoch 4 in {tmp_path / 'checkpoint'} is damaged: {LAST} has another SHA-256 than when "
            "it was written. Train the run again by its own command: it goes on from the checkpoint before, if that is "
            "whole, and ends with the same numbers."
        )
    assert contents(tmp_path) == before


def test_a_run_whose_state_is_damaged_is_not_taken_for_finished(tmp_path: Path) -> None:
    run, _ = fit(tmp_path)
    state = tmp_path / "checkpoint" / "state.json"
    state.write_text(state.read_text().replace('"epoch": 4', '"epoch": 5'))
    assert (run.epoch, run.finished) == (2, False)
    with pytest.raises(ValueError, match="is not finished: 2 of 4 epochs done"):
        evaluate(run, images=greys())


@pytest.mark.parametrize("content", ['{"epoch": 2, "file": "epoch-00002.safetensors"}', "parts"])
def test_checkpoints_of_versions_without_checksums_still_count(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    tensors = {"model": torch.arange(4.0), "head": torch.arange(6.0).view(3, 2)}
    names = ["epoch-00002.safetensors"]
    save_file(tensors, folder / names[0])
    if content == "parts":
        names = [f"epoch-00002-part-{n}-of-2.safetensors" for n in (1, 2)]
        save_file({**tensors, "head": tensors["head"][:2]}, folder / names[0])
        save_file({"head": tensors["head"][2:]}, folder / names[1])
        content = json.dumps({"epoch": 2, "file": names[0], "parts": names, "classes": 3, "split": ["head"]})
    (folder / "state.json").write_text(content)
    run = Run(tmp_path, config())
    assert (run.epoch, run.steps) == (2, 0)
    found = run.resume()
    assert found is not None
    assert all(torch.equal(found.tensors[name], tensors[name]) for name in tensors)
    cut(folder / names[-1])
    with pytest.raises(DamagedError, match="cannot be read: "):
        run.load_checkpoint()
    run.save_checkpoint(3, tensors)
    assert json.loads((folder / "before.json").read_text())["parts"] == [{"file": name} for name in names]


@pytest.mark.parametrize("name", ["../epoch-1.safetensors", "/etc/passwd", "epoch-1.safetensors\n", "epoch-1.pth"])
def test_a_state_names_no_file_outside_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "state.json").write_text(json.dumps({"epoch": 2, "file": name}))
    with pytest.raises(DamagedError, match=r"state\.json names .*, which is no file of a checkpoint"):
        Run(tmp_path, config()).load_checkpoint()


# -- of several processes


def shared(processes: Processes, folder: Path) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            Trainer(config(**CHANGES), folder, images=greys(), progress=False, processes=processes).fit()
        except DamagedError as error:
            return [f"error: {error}"]
    return [str(one.message) for one in caught]


@pytest.mark.parametrize("part", ["epoch-00004-part-1-of-2.safetensors", "epoch-00004-part-2-of-2.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "gone", "flipped at 50%"])
def test_all_processes_go_back_if_the_part_of_one_is_damaged(tmp_path: Path, part: str, damage: str) -> None:
    together(2, lambda processes: shared(processes, tmp_path))
    whole = contents(tmp_path)
    DAMAGES[damage](tmp_path / "checkpoint" / part)
    said = together(2, lambda processes: shared(processes, tmp_path))
    assert len(said[0]) == 1, "the first alone says so"
    assert part in said[0][0]
    assert said[1] == []
    assert contents(tmp_path) == whole


def test_all_processes_end_alike_if_no_checkpoint_is_whole(tmp_path: Path) -> None:
    together(2, lambda processes: shared(processes, tmp_path))
    for name in ("epoch-00004-part-2-of-2.safetensors", "epoch-00002-part-1-of-2.safetensors"):
        flipped(0.5)(tmp_path / "checkpoint" / name)
    said = together(2, lambda processes: shared(processes, tmp_path))
    assert said[0] == said[1]
    assert said[0][0].startswith(f"error: No checkpoint in {tmp_path / 'checkpoint'} can be used: ")


# -- other files of a run


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name not in ("flipped at 2%", "flipped at 100%")])
def test_damaged_snapshots_and_margins_are_named_with_a_cure_that_works(tmp_path: Path, damage: str) -> None:
    """Of a bit in two places nothing comes: the time of an archive's member, and the length of its comment."""
    run, _ = fit(tmp_path)
    whole = contents(tmp_path)
    moment = tmp_path / "snapshots" / "epoch-00004.npz"
    DAMAGES["flipped at 50%" if damage == "gone" else damage](moment)  # of one that is gone nothing is known
    DAMAGES[damage](tmp_path / "margins.npz")
    for read, path in ((run.snapshots, moment), (run.margins, tmp_path / "margins.npz")):
        with pytest.raises(DamagedError) as error:
            read()
        assert str(error.value).startswith(f"{path} cannot be read (")
        assert str(error.value).endswith(
            ". Remove the folder 'checkpoint' of this run, and its own command trains it again from its beginning and "
            "writes the same again."
        )
    for path in (tmp_path / "checkpoint").iterdir():
        path.unlink()
    fit(tmp_path)
    assert contents(tmp_path) == whole


def test_a_moment_without_its_arrays_is_named(tmp_path: Path) -> None:
    run, _ = fit(tmp_path)
    path = tmp_path / "snapshots" / "epoch-00002.npz"
    np.savez(path, embeddings=np.zeros((8, 3)))
    with pytest.raises(DamagedError, match=r"epoch-00002.npz cannot be read \(it has no labels\)"):
        run.snapshots()


def test_a_damaged_line_of_the_records_costs_that_record_alone(tmp_path: Path) -> None:
    run, _ = fit(tmp_path)
    path = tmp_path / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\xff" + lines[1], *lines[2:]]))
    assert [record["epoch"] for record in run.records()] == [1, 3, 4]
    _, (warning,) = fit(tmp_path)
    assert warning == (
        f"{path} is damaged: of 4 epochs, 1 have no record that can be read, and these records are lost. The training "
        "itself is whole, and goes on."
    )
    assert path.read_bytes() == b"".join([lines[0], *lines[2:]])

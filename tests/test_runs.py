"""A run folder: what is read from it, what is refused, and what a kill leaves behind."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.small import config, contents, files_of_at_most, greys, trainer, without
from workbench.checkpoints import Split
from workbench.runs import Run
from workbench.sharding import Processes

FACTS: dict[str, Any] = {"data": {"digest": "abc"}}
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3)}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.open(tmp_path / "run", config(epochs=4), FACTS)


def test_a_run_is_opened_again_by_the_same_parameters(run: Run) -> None:
    before = (run.folder / "run.json").read_bytes()
    later = {**FACTS, "begun": "later"}
    assert Run.open(run.folder, config(epochs=4), later) == run == Run.load(run.folder)
    assert (run.folder / "run.json").read_bytes() == before
    assert run.facts["data"] == FACTS["data"]
    assert (run.epoch, run.finished) == (0, False)


@pytest.mark.parametrize(
    ("changes", "digest", "reason"),
    [
        ({"lr": 0.2}, "abc", "lr=0.1 there, 0.2 here"),
        (
            {"epochs": 9, "loss": "arcface"},
            "abc",
            "epochs=4 there, 9 here; loss='elasticface-arc' there, 'arcface' here",
        ),
        ({}, "xyz", "other images in the data set"),
    ],
)
def test_other_parameters_are_refused_and_change_nothing(
    run: Run, changes: dict[str, Any], digest: str, reason: str
) -> None:
    before = contents(run.folder)
    with pytest.raises(ValueError) as error:
        Run.open(run.folder, config(**{"epochs": 4, **changes}), {"data": {"digest": digest}})
    assert str(error.value) == (
        f"The folder {run.folder} holds a run with other parameters ({reason}). To go on with that run, repeat its "
        "parameters; to start another, choose another output folder."
    )
    assert contents(run.folder) == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "{folder} is not a run folder: it has no run.json."),
        ("{", "{folder}/run.json cannot be read as JSON ("),
        ("[]", "{folder}/run.json is not that of a run: it must have a config and data."),
        ('{"config": {}}', "{folder}/run.json is not that of a run: it must have a config and data."),
        (
            '{"config": {"epoch": 3}, "data": {"digest": "0"}}',
            "{folder}/run.json is not that of a run: There is no parameter 'epoch'. Did you mean 'epochs'",
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError) as error:
        Run.load(tmp_path)
    assert str(error.value).startswith(sentence.replace("{folder}", str(tmp_path)))


# -- records


def records(run: Run) -> list[int]:
    return [record["epoch"] for record in run.records()]


def test_records_count_up_to_the_checkpoint(run: Run) -> None:
    assert run.records() == []
    for epoch in (1, 2, 3):
        run.append_record({"epoch": epoch, "loss": 0.1 * epoch})
    assert records(run) == []
    run.save_checkpoint(2, TENSORS)
    assert run.records() == [{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 0.2}]


@pytest.mark.parametrize(
    "rubbish", ['{"epoch": 3, "lo', "\0\0\0\0", '{"epoch": 3}\n{"epoch": 4', '{"epo\n{"epoch": 2}\n']
)
def test_a_line_that_was_cut_short_is_forgotten(run: Run, rubbish: str) -> None:
    for epoch in (1, 2):
        run.append_record({"epoch": epoch})
    with (run.folder / "metrics.jsonl").open("a") as lines:
        lines.write(rubbish)
    run.save_checkpoint(2, TENSORS)
    assert records(run) == [1, 2]
    run.rewind(2)
    assert (run.folder / "metrics.jsonl").read_text() == '{"epoch": 1}\n{"epoch": 2}\n'
    run.append_record({"epoch": 3})
    run.save_checkpoint(3, TENSORS)
    assert records(run) == [1, 2, 3]


def test_going_back_forgets_later_records(run: Run) -> None:
    for epoch in (1, 2, 3):
        run.append_record({"epoch": epoch})
    run.rewind(1)
    assert (run.folder / "metrics.jsonl").read_text() == '{"epoch": 1}\n'


def test_a_record_holds_numbers_alone(run: Run) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.append_record({"epoch": 1, "loss": float("nan")})


# -- checkpoints


def test_a_checkpoint_comes_back_as_it_was(run: Run) -> None:
    assert run.load_checkpoint() is None
    transposed = TENSORS["a"].t()
    run.save_checkpoint(3, {**TENSORS, "c": transposed, "d": torch.ones(2, requires_grad=True)})
    found = run.load_checkpoint()
    assert found is not None
    assert found.epoch == run.epoch == 3
    assert sorted(found.tensors) == ["a", "b", "c", "d"]
    assert torch.equal(found.tensors["c"], transposed)
    assert found.tensors["b"].dtype == torch.int64
    assert not run.finished
    run.save_checkpoint(4, TENSORS)
    assert run.finished


def test_two_checkpoints_are_kept_and_what_is_not_ours_stays(run: Run) -> None:
    folder = run.folder / "checkpoint"
    run.save_checkpoint(1, TENSORS)
    for left_behind in ("epoch-00002.safetensors.partial", ".tmpB5d3Go"):  # by a kill, the second by safetensors
        (folder / left_behind).write_text("half")
    (folder / "notes.txt").write_text("mine")
    (folder / ".ipynb_checkpoints").mkdir()
    ours = ["before.json", "state.json", "notes.txt", ".ipynb_checkpoints"]
    for last, before in ((3, 1), (4, 3)):
        run.save_checkpoint(last, TENSORS)
        kept = [f"epoch-{epoch:05d}.safetensors" for epoch in (before, last)]
        assert sorted(path.name for path in folder.iterdir()) == sorted([*ours, *kept])


def test_a_checkpoint_counts_from_the_moment_it_is_named(run: Run) -> None:
    run.append_record({"epoch": 1})
    run.save_checkpoint(1, TENSORS)
    later = run.folder / "checkpoint" / "epoch-00002.safetensors"
    later.write_bytes(b"killed before state.json was written")
    assert run.load_checkpoint()[0] == 1
    run.rewind(1)
    assert not later.exists()
    assert run.load_checkpoint()[0] == 1


def test_all_that_a_checkpoint_claims_is_on_the_disk_before_it_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut, state.json must not promise what only the memory held."""
    flushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(Path(f"/proc/self/fd/{file}").readlink().name))
    run.append_record({"epoch": 1})
    run.save_snapshot(1, embeddings=np.zeros(1))
    run.save_checkpoint(1, TENSORS)
    before = flushed[: flushed.index("state.json.partial")]
    assert {"metrics.jsonl", "epoch-00001.npz.partial", "epoch-00001.safetensors.partial"} <= set(before)


def test_a_full_disk_keeps_the_checkpoint_before(run: Run) -> None:
    run.save_checkpoint(1, TENSORS)
    before = contents(run.folder)
    with files_of_at_most(1000), pytest.raises(OSError, match=r"cannot be written \(File too large\)"):
        run.save_checkpoint(2, {"large": torch.zeros(1000)})
    assert contents(run.folder) == before
    assert run.load_checkpoint()[0] == 1


# -- snapshots and margins


def test_snapshots_come_back_in_order_up_to_the_checkpoint(run: Run) -> None:
    with pytest.raises(ValueError, match=r"has no snapshots yet\. Train it first"):
        run.snapshots()
    labels, indices = np.array([0, 1]), np.array([4, 9])
    for epoch in (2, 0, 3):
        embeddings = np.full((2, 3), epoch, dtype=np.float32)
        run.save_snapshot(epoch, embeddings=embeddings, labels=labels, indices=indices, centres=embeddings + 1)
    (run.folder / "snapshots" / "epoch-00001.npz.partial").write_text("half")
    assert run.snapshots().epochs.tolist() == [0]
    run.save_checkpoint(2, TENSORS)
    found = run.snapshots()
    assert found.epochs.tolist() == [0, 2]
    assert found.embeddings[:, 0, 0].tolist() == [0, 2]
    assert found.centres is not None
    assert found.centres[:, 0, 0].tolist() == [1, 3]
    assert (found.labels.tolist(), found.indices.tolist()) == ([0, 1], [4, 9])


def test_without_centres_there_are_none(run: Run) -> None:
    run.save_snapshot(0, embeddings=np.zeros((2, 3)), labels=np.zeros(2), indices=np.zeros(2))
    assert run.snapshots().centres is None


def test_margins_are_those_of_a_finished_run(run: Run) -> None:
    run.save_margins(torch.tensor([0.4, 0.6]))
    run.save_checkpoint(3, TENSORS)
    with pytest.raises(ValueError) as error:
        run.margins()
    assert str(error.value) == (
        f"The run {run.folder} is not finished: 3 of 4 epochs done. Train it to its end first, with its own parameters."
    )
    run.save_checkpoint(4, TENSORS)
    assert run.margins().tolist() == pytest.approx([0.4, 0.6])


def test_nothing_pickled_is_ever_loaded(run: Run) -> None:
    folder = run.folder / "snapshots"
    folder.mkdir()
    np.savez(folder / "epoch-00000.npz", embeddings=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="it holds Python objects, which are never run"):
        run.snapshots()


def test_a_run_folder_is_what_is_documented(tmp_path: Path) -> None:
    run = trainer(tmp_path, images=greys(), epochs=2).fit()
    assert sorted(name for name, value in contents(tmp_path).items() if value is not None) == [
        "checkpoint/epoch-00002.safetensors",
        "checkpoint/state.json",
        "margins.npz",
        "metrics.jsonl",
        "run.json",
        *(f"snapshots/epoch-0000{k}.npz" for k in range(3)),
    ]
    for name, epoch in (("state", 2), ("before", 1)):
        told = json.loads((tmp_path / "checkpoint" / f"{name}.json").read_text())
        file = tmp_path / "checkpoint" / f"epoch-0000{epoch}.safetensors"
        content = file.read_bytes()
        part = {"bytes": len(content), "file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
        assert without(told, ("checksum",)) == {"epoch": epoch, "parts": [part]}
    assert run == Run.load(tmp_path)


# -- checkpoints of several processes


WHOLE = {"model": torch.arange(4.0), "step": torch.tensor(7), "head": torch.arange(33.0).view(11, 3)}
WHOLE |= {"sub": torch.arange(22)}


def saved_by(size: int, folder: Path) -> Run:
    """Save as so many processes would, each after the other: without a word between them."""
    run = Run(folder, config())
    said: dict[int, Any] = {}
    for rank in reversed(range(size)):
        each = Silent(rank, size, said)  # type: ignore[arg-type]
        share = each.share(11)
        parts = {"head": WHOLE["head"][share.start : share.stop], "sub": WHOLE["sub"][2 * share.start : 2 * share.stop]}
        run.save_checkpoint(2, {**WHOLE, **parts}, Split(frozenset(parts), 11, each))
    return run


class Silent(Processes):
    """One of several that are there one after the other: it knows what those before it have said."""

    @contextmanager
    def agreed(self) -> Iterator[None]:
        yield

    def told(self, value: Any) -> list[Any]:
        said: Any = self.group
        said[self.rank] = value
        return [said[rank] for rank in sorted(said)]


@pytest.mark.parametrize("written", [1, 2, 4])
@pytest.mark.parametrize("read", [1, 2, 3, 4, 11])
def test_a_checkpoint_is_read_by_any_number_of_processes(tmp_path: Path, written: int, read: int) -> None:
    run = saved_by(written, tmp_path)
    for rank in range(read):
        each = Processes(rank, read)
        found = run.load_checkpoint(Split(frozenset({"head", "sub"}), 11, each))
        assert found is not None
        share = each.share(11)
        expected = {
            **WHOLE,
            "head": WHOLE["head"][share.start : share.stop],
            "sub": WHOLE["sub"][2 * share.start : 2 * share.stop],
        }
        assert found.epoch == 2
        assert found.tensors.keys() == expected.keys()
        assert all(torch.equal(found.tensors[name], expected[name]) for name in expected)
    assert all(torch.equal(value, WHOLE[name]) for name, value in run.load_checkpoint().tensors.items())


def test_each_part_of_a_checkpoint_holds_its_own_classes_alone(tmp_path: Path) -> None:
    saved_by(4, tmp_path)
    parts = sorted((tmp_path / "checkpoint").glob("*.safetensors"))
    assert [path.name for path in parts] == [f"epoch-00002-part-{n}-of-4.safetensors" for n in (1, 2, 3, 4)]
    kept = [{name: len(value) if value.ndim else 0 for name, value in load_file(path).items()} for path in parts]
    assert kept[0] == {"model": 4, "step": 0, "head": 3, "sub": 6}
    assert kept[1:] == [{"head": 3, "sub": 6}, {"head": 3, "sub": 6}, {"head": 2, "sub": 4}]


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    run = saved_by(2, tmp_path)
    (tmp_path / "checkpoint" / "epoch-00002-part-2-of-2.safetensors").unlink()
    with pytest.raises(
        ValueError, match=r"is damaged: epoch-00002-part-2-of-2\.safetensors is missing\. Train the run"
    ):
        run.load_checkpoint()


def test_later_checkpoints_drop_all_parts(tmp_path: Path) -> None:
    run = saved_by(4, tmp_path)
    run.save_checkpoint(3, WHOLE)
    run.save_checkpoint(4, WHOLE)
    assert sorted(path.name for path in (tmp_path / "checkpoint").glob("epoch-*")) == [
        "epoch-00003.safetensors",
        "epoch-00004.safetensors",
    ]

"""Training: what is kept, what can be drawn again, and what stops it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.small import config, contents, files_of_at_most, on_digits, trainer
from workbench import data, environment, losses
from workbench.learner import Learner, Step
from workbench.randomness import generator
from workbench.runs import Run


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk and asking git takes longer than these runs; neither matters to them."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


# -- what stops training


@pytest.mark.parametrize("changes", [{"lr": 1e30, "clip_norm": None}, {"lr": 1e38}, {"lr": 3e38, "loss": "softmax"}])
def test_numbers_that_are_not_finite_stop_training_and_spare_the_checkpoint(
    tmp_path: Path, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"warmup": 0.0, "epochs": 4, **changes}
    tame = Learner.step

    def calm_at_first(self: Learner, step: int, *arguments: Any, lr: float, **options: Any) -> Step:
        return tame(self, step, *arguments, lr=lr if step > 5 else 1e-3, **options)

    monkeypatch.setattr(Learner, "step", calm_at_first)
    with pytest.raises(ValueError, match=r"finite.* smaller learning rate or gradient clipping usually cures it"):
        trainer(tmp_path, **changes).fit()
    run = Run.load(tmp_path)
    assert run.epoch == len(run.records()) == 3
    checkpoint = run.load_checkpoint()
    assert checkpoint is not None
    assert all(bool(value.isfinite().all()) for value in checkpoint.tensors.values())


def test_an_overflow_in_the_last_step_of_an_epoch_is_told(tmp_path: Path) -> None:
    """Only the weights show it then: neither the loss nor any gradient was wrong yet."""
    with pytest.raises(ValueError) as error:
        trainer(tmp_path, epochs=1, batch_size=42, lr=3e38, warmup=0.0).fit()
    assert str(error.value).startswith("Training stopped being finite in epoch 1 (loss ")
    assert str(error.value).endswith(
        "). A smaller learning rate or gradient clipping usually cures it: 'lr' and 'clip_norm'. The last checkpoint "
        "is whole."
    )
    assert Run.load(tmp_path).load_checkpoint() is None
    assert not (tmp_path / "metrics.jsonl").exists()


def test_a_gradient_norm_that_overflows_is_told(tmp_path: Path) -> None:
    """Clipped by infinity, the backbone stands still for good while all its weights stay finite."""
    trained = trainer(tmp_path, epochs=1, batch_size=42, scale=1e25, warmup=0.0)
    with pytest.raises(ValueError, match="Training stopped being finite in epoch 1"):
        trained.fit()
    assert trained.learner.is_finite()


def test_a_full_disk_stops_training_and_the_run_goes_on_later(tmp_path: Path) -> None:
    trainer(tmp_path / "whole").fit()
    folder = tmp_path / "full"
    with files_of_at_most(30_000), pytest.raises(OSError, match="cannot be written"):
        trainer(folder).fit()
    assert not (folder / "checkpoint" / "state.json").exists()
    trainer(folder).fit()
    assert contents(folder) == contents(tmp_path / "whole")


def test_more_images_a_step_than_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        trainer(tmp_path, batch_size=1000)
    assert str(error.value) == (
        "The 'batch_size' parameter must be at most 44, the number of training images. Got 1000 instead."
    )
    assert not list(tmp_path.iterdir())


# -- what is kept


def test_margins_can_be_drawn_again_from_the_seed_alone(tmp_path: Path) -> None:
    run = on_digits(tmp_path, loss="elasticface-arc", seed=5).fit()
    steps = range(4, 6)  # the third epoch of two steps
    drawn = [0.5 + 0.05 * torch.randn(500, generator=generator(5, "margins", step)) for step in steps]
    assert torch.equal(torch.from_numpy(run.margins()), torch.cat(drawn))
    assert run.records()[-1]["margin"] == pytest.approx(float(torch.cat(drawn).mean()), rel=1e-6)


def test_the_order_of_images_can_be_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, torch.Tensor] = {}
    step = Learner.step

    def watched(self: Learner, number: int, images: torch.Tensor, *arguments: Any, **named: Any) -> Step:
        seen[number] = images
        return step(self, number, images, *arguments, **named)

    monkeypatch.setattr(Learner, "step", watched)
    trained = trainer(tmp_path, epochs=2)
    trained.fit()
    images = trained.images.train.images
    for epoch in (1, 2):
        order = torch.randperm(len(images), generator=generator(0, "order", epoch))
        batches = torch.cat([seen[2 * epoch - 2], seen[2 * epoch - 1]])
        assert torch.equal(batches, images[order[:32]])


def test_records_tell_of_every_epoch(tmp_path: Path) -> None:
    records = on_digits(tmp_path, loss="arcface", epochs=6, lr=0.05, warmup=0.25).fit().records()
    assert [(record["epoch"], record["step"]) for record in records] == [(k, 2 * k) for k in range(1, 7)]
    assert list(records[0]) == [
        *("epoch", "step", "lr", "loss", "accuracy", "angle", "margin", "grad_norm", "images_per_second", "seconds")
    ]
    assert records[0]["lr"] == pytest.approx(0.05 * 2 / 4), "the second of three steps of warm-up"
    assert all(record["margin"] == 0.5 for record in records)
    assert records[-1]["loss"] < records[0]["loss"]
    assert records[-1]["accuracy"] > 0.5 > records[0]["accuracy"]
    assert 0 < records[-1]["angle"] < records[0]["angle"] < 3.15


@pytest.mark.parametrize(("every", "saved"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])])
def test_checkpoints_come_as_often_as_asked_for_and_at_the_end(
    tmp_path: Path, every: int, saved: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    save = Run.save_checkpoint

    def watched(self: Run, epoch: int, *given: Any) -> None:
        found.append(epoch)
        save(self, epoch, *given)

    monkeypatch.setattr(Run, "save_checkpoint", watched)
    trainer(tmp_path, epochs=5, checkpoint_every=every).fit()
    assert found == saved


@pytest.mark.parametrize(
    ("epochs", "snapshots", "kept"),
    [(3, 40, [0, 1, 2, 3]), (4, 2, [0, 2, 4]), (5, 2, [0, 3, 5]), (3, 1, [0, 3])],
)
def test_snapshots_are_evenly_spread_and_hold_the_last(
    tmp_path: Path, epochs: int, snapshots: int, kept: list[int]
) -> None:
    run = trainer(tmp_path, epochs=epochs, snapshots=snapshots).fit()
    assert run.snapshots().epochs.tolist() == kept


def test_snapshots_are_of_the_probe_in_evaluation(tmp_path: Path) -> None:
    trained = on_digits(tmp_path, dropout=0.5)
    found = trained.fit().snapshots()
    probe = trained.images.held_out.select(torch.from_numpy(found.indices))
    assert torch.equal(torch.from_numpy(found.labels), probe.labels)
    assert torch.equal(torch.from_numpy(found.embeddings[-1]), trained.learner.embed(probe))
    assert found.centres is not None
    assert torch.equal(torch.from_numpy(found.centres[-1]), trained.learner.centres())
    fresh = on_digits(tmp_path, dropout=0.5).learner
    assert torch.equal(torch.from_numpy(found.embeddings[0]), fresh.embed(probe)), "the first is before training"


@pytest.mark.parametrize("count", [10, 50, 53])
def test_the_probe_takes_the_same_number_of_every_class(tmp_path: Path, count: int) -> None:
    trained = on_digits(tmp_path, probe=count)
    chosen = trained.probe
    assert len(chosen.unique()) == count
    counts = trained.images.held_out.labels[chosen].bincount()
    assert counts.max() - counts.min() == (1 if count % 10 else 0)
    assert torch.equal(chosen, on_digits(tmp_path, probe=count, loss="softmax", dim=8).probe)
    assert not torch.equal(chosen, on_digits(tmp_path, probe=count, seed=1).probe)


def test_a_probe_larger_than_the_held_out_set_is_all_of_it(tmp_path: Path) -> None:
    trained = trainer(tmp_path, probe=1000)
    assert trained.probe.tolist() == list(range(len(trained.images.held_out)))


def test_run_json_says_what_was_trained_on(tmp_path: Path) -> None:
    facts = on_digits(tmp_path, held_out="classes").fit().facts
    assert facts["data"] == {
        "name": "digits",
        "source": data.describe("digits").splitlines()[0],
        "digest": data.load("digits").digest(),
        "shape": [1, 8, 8],
        "train": facts["data"]["train"],
        "held_out": 1797 - facts["data"]["train"],
        "classes": 7,
        "held_out_classes": 3,
    }
    assert facts["versions"]["torch"] == torch.__version__
    assert facts["hardware"]["device"] == "cpu"
    assert json.loads((tmp_path / "run.json").read_text())["config"] == config(
        batch_size=500, probe=50, held_out="classes"
    ).model_dump(mode="json")


@pytest.mark.parametrize("recipe", ["small", "published"])
@pytest.mark.parametrize("name", losses.names())
def test_every_loss_learns_with_finite_numbers(tmp_path: Path, name: str, recipe: str) -> None:
    first, *_, last = on_digits(tmp_path, loss=name, recipe=recipe, epochs=4).fit().records()
    assert last["loss"] < first["loss"]
    assert last["accuracy"] > 0.2, "twice as good as guessing"

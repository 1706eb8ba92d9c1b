"""Looking on while a run trains: what a watcher is told, that it changes nothing, and that it can end the run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.small import TIMING, config, contents, greys, trainer, without
from workbench import environment
from workbench.learner import Step
from workbench.runs import Run
from workbench.training import Trainer

CHANCE = {"dropout": 0.3, "flip": True, "shift": 1, "loss": "elasticface-cos+"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk and asking git takes longer than these runs; neither matters to them."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


class Watcher:
    """Looks at all it can, and says no after the given step or epoch."""

    def __init__(self, trained: Trainer, *, last_step: int = -1, last_epoch: int = -1) -> None:
        self.trained, self.last_step, self.last_epoch = trained, last_step, last_epoch
        self.steps: list[int] = []
        self.epochs: list[tuple[int, dict[str, float]]] = []
        self.shots: list[dict[str, Any]] = []
        self.on_disk: list[int] = []

    def after_step(self, step: int, done: Step) -> bool:
        assert done.margin.shape == (self.trained.config.batch_size,)
        self.steps.append(step)
        self.shots.append(self.trained.snapshot())
        return step != self.last_step

    def after_epoch(self, epoch: int, record: Mapping[str, float]) -> bool:
        self.epochs.append((epoch, dict(record)))
        self.on_disk.append(Run.load(self.trained.folder).epoch)
        return epoch != self.last_epoch


@pytest.mark.parametrize("every", [1, 2])
def test_a_watcher_is_told_of_every_step_and_epoch_and_changes_nothing(tmp_path: Path, every: int) -> None:
    changes = {"checkpoint_every": every, **CHANCE}
    alone = trainer(tmp_path / "alone", **changes).fit()
    trained = trainer(tmp_path / "watched", **changes)
    watcher = Watcher(trained)
    run = trained.fit(watcher)
    assert contents(run.folder) == contents(alone.folder)
    assert watcher.steps == list(range(3 * trained.steps_per_epoch))
    assert watcher.on_disk == [1, 2, 3], "every epoch is safe before it is told"
    told = [without({"epoch": epoch, **record}, TIMING) for epoch, record in watcher.epochs]
    assert told == [without(record, TIMING) for record in run.records()]
    last = run.snapshots()
    assert (watcher.shots[-1]["embeddings"] == last.embeddings[-1]).all()
    assert not (watcher.shots[-2]["embeddings"] == last.embeddings[-1]).all(), "a moment within the epoch is another"


@pytest.mark.parametrize(
    ("where", "kept"), [({"last_step": 3}, 1), ({"last_step": 0}, 0), ({"last_epoch": 2}, 2), ({"last_step": 5}, 2)]
)
def test_a_run_that_a_watcher_ends_goes_on_to_the_same_bits(tmp_path: Path, where: dict[str, int], kept: int) -> None:
    changes = {"checkpoint_every": 3, **CHANCE}
    whole = trainer(tmp_path / "whole", **changes)
    assert whole.steps_per_epoch == 2
    whole.fit()
    first = trainer(tmp_path / "stopped", **changes)
    run = first.fit(Watcher(first, **where))
    assert (run.epoch, run.finished) == (kept, False)
    assert len(run.records()) == kept
    torch.manual_seed(7)
    assert trainer(tmp_path / "stopped", **changes).fit().finished
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


def test_a_watcher_of_a_finished_run_is_told_nothing(tmp_path: Path) -> None:
    trainer(tmp_path).fit()
    again = Trainer(config(), tmp_path, images=greys(), progress=False)
    watcher = Watcher(again)
    assert again.fit(watcher).finished
    assert watcher.steps == []
    assert watcher.epochs == []

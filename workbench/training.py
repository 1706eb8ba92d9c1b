"""The trainer: one readable loop.

    run = Trainer(RunConfig(loss="arcface", dim=3), "reports/arcface").fit()

The same call again goes on where it was stopped, and ends with the same bits: on the same machine, with the same
versions and number of threads, as run.json tells them. Ctrl-C and SIGTERM let the step in hand end, and save.
"""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from workbench import data, environment, files
from workbench.batches import shuffled
from workbench.checkpoints import Checkpoint
from workbench.config import RunConfig
from workbench.feed import Feed
from workbench.learner import Learner, Step, require_compiler, under
from workbench.randomness import generator, reproducible
from workbench.records import Tally
from workbench.runs import Run
from workbench.schedules import learning_rate
from workbench.sharding import ALONE, Processes
from workbench.stopping import Asked, Stopped, deferred

_TALLY = "tally."


class Watcher(Protocol):
    """Who looks on while a Trainer trains, and says whether to go on.

    The training waits for each answer, however long it takes. A watcher looks and changes nothing: then the run comes
    out with the bits that it has without one.
    """

    def after_step(self, step: int, done: Step) -> bool:
        """Look at step `step` of the run, counted from 0; return whether to go on."""

    def after_epoch(self, epoch: int, record: Mapping[str, float]) -> bool:
        """Look at an epoch whose record and checkpoint are on disk; return whether to go on."""


@dataclass(frozen=True)
class _Fit:
    """What one call of `fit` works with."""

    run: Run
    feed: Feed
    bar: Any
    watcher: Watcher | None
    asked: Asked


class Trainer:
    """Trains a backbone and a loss together, as a RunConfig says, into a run folder.

    Args:
        config: what to train.
        folder: where the run lives; an existing run with the same config is continued.
        images: the image set, if it is not one that `config.data` names.
        progress: show a progress bar.
        processes: that train this run together, each with a Trainer of its own; see `workbench.distributed`.

    Attributes:
        images: the part to train on and the part held out.
        probe: int64 [P], the held-out images that are followed through training.

    Raises:
        ValueError: If the data or the batch size leave nothing to train on, the batch cannot be shared by the
            processes, these have other parameters or images than each other, or the device is not there.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: Path | str,
        *,
        images: data.ImageSet | None = None,
        progress: bool = True,
        processes: Processes = ALONE,
    ) -> None:
        self.config = config
        self.folder = Path(folder)
        self.progress = progress = progress and processes.leads
        self.processes = processes
        config.require_shared(processes.size)
        options: dict[str, Any] = {"progress": progress, **config.data_options}
        images = data.load(config.data, **options) if images is None else images
        self._digest = images.digest()
        processes.require_alike("parameters", config.model_dump(mode="json"))
        processes.require_alike("images", {"digest": self._digest})
        self.images = data.split(images, by=config.held_out, share=config.share)
        train = self.images.train
        if len(train) < config.batch_size:
            raise ValueError(
                f"The 'batch_size' parameter must be at most {len(train)}, the number of training images. "
                f"Got {config.batch_size} instead."
            )
        self.steps_per_epoch = len(train) // config.batch_size
        self.learner = self._beginner()
        self.probe = _probe(self.images.held_out.labels, config)

    @classmethod
    def restored(cls, run: Run, *, images: data.ImageSet | None = None) -> "Trainer":
        """Return the trainer of a run, with the model and the loss as of its last checkpoint.

        Raises:
            ValueError: If the run has no checkpoint yet, or it is damaged, or it was trained on other images.
        """
        trainer = cls(run.config, run.folder, images=images, progress=False)
        if run.digest != trainer._digest:
            raise ValueError(f"The run {run.folder} was trained on other images. Give the image set it was trained on.")
        checkpoint = run.load_checkpoint()
        if checkpoint is None:
            raise ValueError(f"The run {run.folder} has no checkpoint yet. Train it first, with its own parameters.")
        trainer.learner.load_state(checkpoint.tensors)
        return trainer

    def begun(self) -> Run | None:
        """Return the run that an earlier call has begun in this folder; None if there is none.

        Raises:
            ValueError: If it has other parameters or another data set.
        """
        exists = (self.folder / "run.json").exists()
        return Run.open(self.folder, self.config, self._facts()) if exists else None

    def fit(self, watcher: Watcher | None = None) -> Run:
        """Train to the end, or until the watcher says no, and return the run.

        With a watcher there is a checkpoint after every epoch, so that stopping costs at most the epoch that is not
        over. The next call goes on from there, and the run ends with the same bits as one that was never stopped.

        A checkpoint that is damaged is told in a warning, and the one before it is used.

        Args:
            watcher: who is told of every step and every epoch.

        Raises:
            ValueError: If the folder holds a run with other parameters, another process is training it, a run that is
                to be compiled finds no compiler, or training stops being finite; then nothing of that epoch is
                written. If no checkpoint is whole.
            OSError: If the disk is full or refuses; the last checkpoint is whole.
            Stopped: After Ctrl-C or SIGTERM, when the step in hand is over and saved; it is a KeyboardInterrupt.
        """
        config = self.config
        if config.compile:
            require_compiler(self.learner.device)
        processes = self.processes
        if watcher and processes.size > 1:
            raise ValueError("A watcher looks on where one process trains. Look at the run's folder instead.")
        with reproducible(), ExitStack() as inside:
            run = Run(self.folder, config)
            with processes.agreed():
                if processes.leads:
                    inside.enter_context(files.alone(self.folder))
                    Run.open(self.folder, config, self._facts())
            with processes.agreed():
                if not (self.folder / "run.json").exists():
                    raise ValueError(
                        f"Process {processes.rank} does not see the run that the first one has begun in {self.folder}. "
                        f"Give a folder on a file system that all machines share."
                    )
            begun = self._resumed(run)
            feed = Feed(self.images.train, self.learner.device)
            with deferred(processes) as asked, self._progress_bar(begun) as bar:
                fit = _Fit(run, feed, bar, watcher, asked)
                for epoch in range(begun.epoch + 1, config.epochs + 1):
                    tally = self._train_epoch(epoch, begun, fit)
                    begun = Checkpoint(epoch, {})
                    if tally is None:
                        break
                    record = tally.record()
                    if not (self.learner.is_finite() and all(map(math.isfinite, record.values()))):
                        raise ValueError(_divergence(epoch, record["loss"]))
                    with processes.agreed():
                        if processes.leads:
                            run.append_record({"epoch": epoch, **record, **self._company()})
                    if is_kept(epoch, config):
                        self._save_snapshot(run, epoch)
                    with processes.agreed():
                        if epoch == config.epochs and processes.leads:
                            run.save_margins(tally.margins())
                    if epoch % config.checkpoint_every == 0 or epoch == config.epochs or watcher or asked.wanted:
                        run.save_checkpoint(epoch, self.learner.state(), self.learner.split)
                        asked.saved()
                    if asked.to_stop:
                        raise Stopped(f"Stopped after epoch {epoch} of {config.epochs}", asked.wanted)
                    if watcher and not watcher.after_epoch(epoch, record):
                        break
                if asked.signal:
                    raise Stopped(f"Stopped after epoch {run.epoch} of {config.epochs}", asked.signal)
        return run

    def _resumed(self, run: Run) -> Checkpoint:
        """Go back to where the run stands, and return its checkpoint; one of epoch 0 if it has none."""
        checkpoint = run.resume(self.learner.split)
        if checkpoint is None:
            self.learner = self._beginner()  # an earlier call may have been stopped before the first checkpoint
            self._save_snapshot(run, 0)
        else:
            self.learner.load_state(checkpoint.tensors)
        begun = checkpoint or Checkpoint(0, {})
        with self.processes.agreed():
            if self.processes.leads:
                run.rewind(begun.epoch)
        return begun

    def _beginner(self) -> Learner:
        train = self.images.train
        return Learner(self.config, shape=train.shape, classes=train.classes, processes=self.processes)

    def _company(self) -> dict[str, int]:
        """Return how many processes there are, for the record, if there are several."""
        return {"processes": self.processes.size} if self.processes.size > 1 else {}

    def _save_snapshot(self, run: Run, epoch: int) -> None:
        moment = self.snapshot()
        with self.processes.agreed():
            if self.processes.leads:
                run.save_snapshot(epoch, **moment)

    def _train_epoch(self, epoch: int, begun: Checkpoint, fit: _Fit) -> Tally | None:
        """Go on with an epoch after the steps it had when it was saved, and return what it tells.

        None if the watcher ended it early.
        """
        config, train, asked, bar = self.config, self.images.train, fit.asked, fit.bar
        per_class = config.per_class or self.learner.head.images_per_class
        order = shuffled(train.labels, per_class=per_class, generator=generator(config.seed, "order", epoch))
        first = (epoch - 1) * self.steps_per_epoch
        tally = Tally(config.batch_size)
        if begun.steps:
            tally.load_state(under(_TALLY, begun.tensors), self.learner.device)
        steps = self.steps_per_epoch * config.epochs
        whole = order[: self.steps_per_epoch * config.batch_size].view(-1, config.batch_size)
        mine = self.processes.part(whole, 1)[begun.steps :]
        for step, (images, labels) in enumerate(fit.feed.batches(mine.flatten(), mine.shape[1]), first + begun.steps):
            lr, contrast = learning_rate(config, step, steps), step >= config.views_from * steps
            done = self.learner.step(step, images, labels, lr=lr, contrast=contrast)
            tally.add(done, step, lr)
            if fit.watcher and not fit.watcher.after_step(step, done):
                return None
            within = step - first + 1
            wanted = asked.after_step()
            if wanted and within < self.steps_per_epoch:  # after the last step the epoch is saved as a whole
                self._save_within(fit.run, epoch, within, tally)
                asked.saved()
                if asked.to_stop:
                    place = f"in epoch {epoch} of {config.epochs}, after step {within} of {self.steps_per_epoch}"
                    raise Stopped(f"Stopped {place}", asked.wanted)
            if bar.update():  # true when the bar is redrawn, at most twice a second
                bar.set_postfix(tally.progress(), refresh=False)
        if not bar.disable:
            bar.set_postfix(tally.progress(), refresh=False)
        return tally

    def _save_within(self, run: Run, epoch: int, steps: int, tally: Tally) -> None:
        """Write a checkpoint in the middle of an epoch, with what the epoch has told so far."""
        if not self.learner.is_finite():
            raise ValueError(_divergence(epoch, tally.record()["loss"]))
        told = {_TALLY + name: value for name, value in tally.state().items()}
        run.save_checkpoint(epoch - 1, self.learner.state() | told, self.learner.split, steps=steps)

    def _progress_bar(self, begun: Checkpoint) -> Any:
        return tqdm(
            total=self.steps_per_epoch * self.config.epochs,
            initial=self.steps_per_epoch * begun.epoch + begun.steps,
            desc=self.config.loss,
            unit="step",
            disable=not self.progress,
            mininterval=0.5,
            dynamic_ncols=True,
        )

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return the probe images as the model sees them now: one moment of `workbench.runs.Snapshots`, by name.

        All processes call, and the first gets all of it.
        """
        arrays = {"labels": self._probed.labels, "indices": self.probe}
        if self.processes.leads:
            arrays["embeddings"] = self.learner.embed(self._probed)
        if self.images.closed:
            arrays["centres"] = self.learner.centres()
        return {name: array.numpy() for name, array in arrays.items()}

    @cached_property
    def _probed(self) -> data.ImageSet:
        return self.images.held_out.select(self.probe)

    def _facts(self) -> dict[str, Any]:
        train, held_out = self.images
        return {
            "data": {
                "name": self.config.data_name(),
                "source": train.source,
                "digest": self._digest,
                "shape": list(train.shape),
                "train": len(train),
                "held_out": len(held_out),
                "classes": train.classes,
                "held_out_classes": held_out.classes,
            },
            **self._company(),
            "begun": datetime.now(UTC).isoformat(timespec="seconds"),
            **environment.facts(str(self.learner.device)),
        }


def _probe(labels: Tensor, config: RunConfig) -> Tensor:
    """Pick the held-out images that are followed through training, the same share of every class."""
    order = torch.randperm(len(labels), generator=generator(config.seed, "probe"))
    # Every class gives its first image, then its second...: the first `probe` of these are evenly spread.
    members = order[labels[order].argsort(stable=True)]
    counts = labels.bincount()
    turn = torch.empty_like(order)
    turn[members] = torch.arange(len(order)) - (counts.cumsum(0) - counts)[labels[members]]
    return order[turn[order].argsort(stable=True)][: config.probe].sort().values


def _divergence(epoch: int, loss: float) -> str:
    return (
        f"Training stopped being finite in epoch {epoch} (loss {loss:g}). A smaller learning rate or gradient clipping "
        f"usually cures it: 'lr' and 'clip_norm'. The last checkpoint is whole."
    )


def is_kept(epoch: int, config: RunConfig) -> bool:
    """Whether this epoch is one of the evenly spread `snapshots` of a run; the last one always is."""
    frames = min(config.snapshots, config.epochs)
    return epoch * frames // config.epochs > (epoch - 1) * frames // config.epochs

"""A run on disk: what it was asked to do, what it measured, and where it stands.

    run.json            config, data, versions: written once, before the first step
    metrics.jsonl       one record for each epoch
    checkpoint/         epoch-NNNNN.safetensors; state.json names the valid one, before.json the one before that
    margins.npz         the margin of every sample in the last epoch
    snapshots/          epoch-NNNNN.npz: embeddings of the probe images, and the class centres
    evaluation.json     headline numbers on the held-out images, written when the run is done

A checkpoint counts from the moment state.json names it. Whatever a kill leaves half-written is never read.
"""

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from workbench import checkpoints, files, intake, manifests, numpy_files
from workbench.checkpoints import Checkpoint, Split
from workbench.config import RunConfig, checked
from workbench.manifests import DamagedError, DamagedWarning


@dataclass(frozen=True)
class Snapshots:
    """The probe images through training; T moments, P images, C classes.

    Attributes:
        epochs: [T] epochs done, 0 is before training.
        embeddings: float32 [T, P, D], as the model gives them.
        centres: float32 [T, C, D] class weights; None if whole classes were held out, which have no weights.
        labels: int64 [P].
        indices: int64 [P], positions in the held-out set.
    """

    epochs: np.ndarray
    embeddings: np.ndarray
    centres: np.ndarray | None
    labels: np.ndarray
    indices: np.ndarray


@dataclass(frozen=True)
class Run:
    """A run folder. Reading needs nothing but the files; `Run.load` opens one, a Trainer makes one."""

    folder: Path
    config: RunConfig

    @classmethod
    def load(cls, folder: Path | str) -> "Run":
        """Open a run folder.

        Raises:
            ValueError: If there is no run in it, or its run.json cannot be read.
        """
        folder = Path(folder)
        config = _read_facts(folder)["config"]
        try:
            return cls(folder, checked(RunConfig, config))
        except ValueError as error:
            raise ValueError(f"{folder / 'run.json'} is not that of a run: {error}") from None

    @classmethod
    def open(cls, folder: Path, config: RunConfig, facts: Mapping[str, Any]) -> "Run":
        """Begin a run in a new folder, or go on in one that was made by the same parameters.

        Raises:
            ValueError: If the folder holds a run with other parameters or another data set; nothing is changed then.
        """
        path = folder / "run.json"
        if path.exists():
            before = Run.load(folder)
            theirs = before.config.model_dump(mode="json")
            ours = config.model_dump(mode="json")
            changed = [f"{key}={theirs[key]!r} there, {ours[key]!r} here" for key in ours if theirs[key] != ours[key]]
            if before.digest != facts["data"]["digest"]:
                changed.append("other images in the data set")
            if changed:
                raise ValueError(
                    f"The folder {folder} holds a run with other parameters ({'; '.join(changed)}). To go on with "
                    f"that run, repeat its parameters; to start another, choose another output folder."
                )
        else:
            files.write_json(path, {"config": config.model_dump(mode="json"), **facts})
        return cls(folder, config)

    @property
    def facts(self) -> dict[str, Any]:
        """Data, versions and hardware the run was begun with."""
        return _read_facts(self.folder)

    @property
    def digest(self) -> str:
        """SHA-256 of the image set it was begun with, see `ImageSet.digest`."""
        digest: str = self.facts["data"]["digest"]
        return digest

    @property
    def epoch(self) -> int:
        """Epochs done, as of the last checkpoint."""
        state = manifests.state(self._checkpoints)
        return state.epoch if state else 0

    @property
    def steps(self) -> int:
        """Steps done of the epoch that follows, as of the last checkpoint."""
        state = manifests.state(self._checkpoints)
        return state.steps if state else 0

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.config.epochs

    def require_finished(self) -> None:
        """Raise a ValueError unless all epochs are done: numbers of a run are those of its last epoch."""
        if not self.finished:
            raise ValueError(
                f"The run {self.folder} is not finished: {self.epoch} of {self.config.epochs} epochs done. Train it to "
                f"its end first, with its own parameters."
            )

    # -- records

    def append_record(self, record: Mapping[str, Any]) -> None:
        """Add one line to metrics.jsonl."""
        path = self.folder / "metrics.jsonl"
        with files.written(path), path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record, allow_nan=False) + "\n")
            lines.flush()
            os.fsync(lines.fileno())  # a checkpoint must not outlive the records before it

    def rewind(self, epoch: int) -> None:
        """Go back to the checkpoint of this epoch: forget later records, and checkpoints that do not count."""
        path = self.folder / "metrics.jsonl"
        kept = list(self._valid_records(epoch))
        if len(kept) < epoch:
            warnings.warn(
                f"{path} is damaged: of {epoch} epochs, {epoch - len(kept)} have no record that can be read, and these "
                f"records are lost. The training itself is whole, and goes on.",
                DamagedWarning,
                stacklevel=2,
            )
        text = "".join(json.dumps(record) + "\n" for record in kept)
        there = path.read_bytes() if path.exists() else b""
        if not there.startswith(text.encode()):
            files.write_text(path, text)
        elif len(there) > len(text):
            os.truncate(path, len(text))  # takes no room, where that has run out
        checkpoints.drop_others(self._checkpoints)

    def progress(self) -> list[dict[str, Any]]:
        """Return the records of all epochs that are written, also of those that no checkpoint holds yet."""
        return list(self._valid_records(self.config.epochs))

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all epochs up to the last checkpoint's, oldest first."""
        return list(self._valid_records(self.epoch))

    def terms(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the terms of the loss through training: by name, the epochs that had it, and its mean over each."""
        records = self.records()
        names = {key: key.removeprefix("term_") for record in records for key in record if key.startswith("term_")}
        found = {}
        for key, name in names.items():
            epochs, values = zip(*((record["epoch"], record[key]) for record in records if key in record), strict=True)
            found[name] = np.array(epochs), np.array(values)
        return found

    def _valid_records(self, last_epoch: int) -> Iterator[dict[str, Any]]:
        path = self.folder / "metrics.jsonl"
        if not path.exists():
            return
        before = 0
        for line in intake.ordinary(path).read_bytes().splitlines():
            try:
                record = json.loads(line)
                epoch = int(record["epoch"])
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                continue  # a line that a kill cut short, or that is damaged
            if before < epoch <= last_epoch:
                before = epoch
                yield record

    # -- checkpoints

    def save_checkpoint(
        self, epoch: int, tensors: Mapping[str, Tensor], split: Split | None = None, *, steps: int = 0
    ) -> None:
        """Write a checkpoint and make it the valid one, see `workbench.checkpoints.save`."""
        checkpoints.save(self._checkpoints, epoch, tensors, split, steps=steps)

    def resume(self, split: Split | None = None) -> Checkpoint | None:
        """Return the checkpoint to go on from, or None if there is none yet, see `workbench.checkpoints.resume`.

        Raises:
            ValueError: If it and the one before it are damaged.
        """
        return checkpoints.resume(self._checkpoints, split)

    def load_checkpoint(self, split: Split | None = None) -> Checkpoint | None:
        """Return the valid checkpoint, or None if there is none yet, see `workbench.checkpoints.load`.

        Raises:
            ValueError: If it is damaged.
        """
        return checkpoints.load(self._checkpoints, split)

    @property
    def _checkpoints(self) -> Path:
        return self.folder / "checkpoint"

    # -- snapshots

    def save_margins(self, margins: Tensor) -> None:
        """Keep the margin that the loss demanded of every sample in the last epoch."""
        with files.replacing(self.folder / "margins.npz") as beside, beside.open("wb") as file:
            np.savez(file, allow_pickle=False, margins=margins.numpy())

    def margins(self) -> np.ndarray:
        """Return the margins of the last epoch, float32 [samples], in the loss's unit.

        Raises:
            ValueError: If the run is not finished.
        """
        self.require_finished()
        return _arrays(self.folder / "margins.npz", "margins")["margins"]

    def save_snapshot(self, epoch: int, **arrays: np.ndarray) -> None:
        """Keep one moment for playback."""
        with files.replacing(self.folder / "snapshots" / f"epoch-{epoch:05d}.npz") as beside, beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def snapshots(self) -> Snapshots:
        """Return what was kept for playback, up to the last checkpoint.

        Raises:
            ValueError: If there is none yet.
        """
        paths = sorted((self.folder / "snapshots").glob("epoch-*.npz"))
        moments = [(int(path.stem.removeprefix("epoch-")), path) for path in paths]
        moments = [(epoch, path) for epoch, path in moments if epoch <= self.epoch]
        if not moments:
            raise ValueError(
                f"The run {self.folder} has no snapshots yet. Train it first: the first comes at the start."
            )
        frames = [_arrays(path, "embeddings", "labels", "indices") for _, path in moments]
        for (_, path), frame in zip(moments, frames, strict=True):
            if any(
                name not in frame or frame[name].shape != last.shape or frame[name].dtype != last.dtype
                for name, last in frames[-1].items()
            ):
                raise DamagedError(f"{path} and {moments[-1][1].name} do not match each other. {_CURE}")
        return Snapshots(
            epochs=np.array([epoch for epoch, _ in moments]),
            embeddings=np.stack([frame["embeddings"] for frame in frames]),
            centres=np.stack([frame["centres"] for frame in frames]) if "centres" in frames[-1] else None,
            labels=frames[-1]["labels"],
            indices=frames[-1]["indices"],
        )


def _arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file that a run wrote, among them these."""
    try:
        found, _ = numpy_files.read_npz(path)
        missing = [name for name in names if name not in found]
        reason = f"it has no {missing[0]}" if missing else ""
    except numpy_files.UnreadableArrayError as error:
        reason = str(error)
    if reason:
        raise DamagedError(f"{path} cannot be read ({reason}). {_CURE}")
    return found


_CURE = (
    "Remove the folder 'checkpoint' of this run, and its own command trains it again from its beginning and writes the "
    "same again."
)


def _read_facts(folder: Path) -> dict[str, Any]:
    facts = files.read_json(folder / "run.json", of="a run folder")
    known = isinstance(facts, dict) and {"config", "data"} <= facts.keys() and isinstance(facts["data"], dict)
    if not (known and isinstance(facts["data"].get("digest"), str)):
        raise ValueError(f"{folder / 'run.json'} is not that of a run: it must have a config and data.")
    return facts

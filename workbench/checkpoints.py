"""Checkpoints on disk: all that the next step depends on, written by one process or by several, read by any number.

    epoch-NNNNN.safetensors             of one process
    epoch-NNNNN-part-1-of-K.safetensors of several: in each the rows of a range of classes, in the first also the rest
    state.json                          names what is valid

A checkpoint counts from the moment state.json names it.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench import files
from workbench.sharding import ALONE, Processes


class Split(NamedTuple):
    """What processes that train together hold a part of each: the tensors that have rows for each class."""

    names: frozenset[str]
    """Of these tensors."""
    classes: int
    """C, number of all classes."""
    processes: Processes = ALONE
    """Who holds them; each has the rows of `processes.share(classes)`."""


class Checkpoint(NamedTuple):
    """Where a run stands: epochs done, and everything that the next step depends on."""

    epoch: int
    tensors: dict[str, Tensor]


def save(folder: Path, epoch: int, tensors: Mapping[str, Tensor], split: Split | None = None) -> None:
    """Write a checkpoint, make it the valid one, and drop the others.

    Args:
        folder: of the checkpoints.
        epoch: epochs done.
        tensors: by name.
        split: what of them is split between processes; all of these call, and each writes what it alone has.

    Raises:
        OSError: If it cannot be written, by any of them; the valid one is what it was.
    """
    processes = split.processes if split else ALONE
    names = [f"epoch-{epoch:05d}.safetensors"]
    if processes.size > 1:
        names = [f"epoch-{epoch:05d}-part-{n + 1}-of-{processes.size}.safetensors" for n in range(processes.size)]
    with processes.agreed(), files.replacing(folder / names[processes.rank]) as beside:
        mine = {name: tensors[name] for name in tensors if processes.leads or (split and name in split.names)}
        try:
            save_file({key: value.detach().cpu().contiguous() for key, value in mine.items()}, beside)
        except SafetensorError as error:
            raise OSError(f"{beside} cannot be written ({error})") from None
    with processes.agreed():
        if processes.leads:
            content: dict[str, Any] = {"epoch": epoch, "file": names[0]}
            if split and len(names) > 1:
                content |= {"parts": names, "classes": split.classes, "split": sorted(split.names)}
            files.write_json(folder / "state.json", content)
            drop_others(folder)


def load(folder: Path, split: Split | None = None) -> Checkpoint | None:
    """Return the valid checkpoint, or None if there is none yet.

    Args:
        folder: of the checkpoints.
        split: what of it a process among others wants, whatever the number of processes that wrote it: the rows of
            its own classes. All of it by default.

    Raises:
        ValueError: If it is damaged.
    """
    valid = state(folder)
    if valid is None:
        return None
    try:
        return Checkpoint(valid["epoch"], _read(folder, valid, split))
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"The checkpoint {folder / valid['file']} cannot be read ({error}). Remove the folder {folder} to train "
            f"this run from its beginning, with the same command."
        ) from None


def state(folder: Path) -> dict[str, Any] | None:
    """Return what state.json says of the valid checkpoint; None if there is none yet.

    Raises:
        ValueError: If it cannot be read.
    """
    path = folder / "state.json"
    return files.read_json(path, of="a checkpoint") if path.exists() else None


def drop_others(folder: Path) -> None:
    """Remove all checkpoints, whole or not, but the valid one."""
    valid = state(folder)
    kept = _parts(valid) if valid else []
    for path in folder.glob("epoch-*"):
        if path.name not in kept:
            path.unlink()


def _parts(valid: Mapping[str, Any]) -> list[str]:
    """Return the files of a checkpoint, the one with what is not split first."""
    parts: list[str] = valid.get("parts", [valid["file"]])
    return parts


def _read(folder: Path, valid: Mapping[str, Any], split: Split | None) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint, of those that are split the rows that are asked for."""
    paths = [folder / name for name in _parts(valid)]
    if len(paths) == 1 and (split is None or split.processes.size == 1):
        return load_file(paths[0])
    classes = valid["classes"] if split is None else split.classes
    names = valid["split"] if split is None else split.names
    wanted = (ALONE if split is None else split.processes).share(classes)
    with ExitStack() as stack:
        parts = [stack.enter_context(safe_open(path, "pt")) for path in paths]
        held = [Processes(rank, len(parts)).share(classes) for rank in range(len(parts))]

        def rows(name: str) -> Tensor:
            found = []
            for part, has in zip(parts, held, strict=True):
                values = part.get_slice(name)
                each = values.get_shape()[0] // len(has)
                low, high = max(wanted.start, has.start), min(wanted.stop, has.stop)
                if low < high:
                    found.append(values[(low - has.start) * each : (high - has.start) * each])
            return torch.cat(found)

        return {name: rows(name) if name in names else parts[0].get_tensor(name) for name in parts[0].keys()}  # noqa: SIM118

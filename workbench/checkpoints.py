"""Checkpoints on disk: all that the next step depends on, written by one process or by several, read by any number.

    epoch-NNNNN.safetensors             of one process, at the end of an epoch
    epoch-NNNNN-step-MMMMM.safetensors  in the middle of the epoch that follows
    epoch-NNNNN-part-1-of-K.safetensors of several: in each the rows of a range of classes, in the first also the rest
    state.json, before.json             name the valid checkpoint and the one before, see manifests.py

A checkpoint counts from the moment state.json names it.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench import files, intake, manifests
from workbench.manifests import BEFORE, VALID, DamagedError, DamagedWarning, Manifest, Part
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
    steps: int = 0
    """Steps done of the epoch that follows."""


def save(
    folder: Path, epoch: int, tensors: Mapping[str, Tensor], split: Split | None = None, *, steps: int = 0
) -> None:
    """Write a checkpoint and make it the valid one; of the others, keep the one that was valid.

    Args:
        folder: of the checkpoints.
        epoch: epochs done.
        tensors: by name.
        split: what of them is split between processes; all of these call, and each writes what it alone has.
        steps: steps done of the epoch that follows.

    Raises:
        OSError: If it cannot be written, by any of them; the valid one is what it was.
    """
    processes = split.processes if split else ALONE
    name = f"epoch-{epoch:05d}" + (f"-step-{steps:05d}" if steps else "")
    name += f"-part-{processes.rank + 1}-of-{processes.size}" if processes.size > 1 else ""
    with processes.agreed():
        mine = {
            key: value.detach().cpu().contiguous()
            for key, value in tensors.items()
            if processes.leads or (split and key in split.names)
        }
        path = folder / f"{name}.safetensors"
        with files.replacing(path, size=sum(value.nbytes for value in mine.values())) as beside:
            try:
                save_file(mine, beside)
            except SafetensorError as error:
                raise _system_error(error) from None
        part = Part.of(path)
    parts = tuple(processes.told(part))
    with processes.agreed():
        if processes.leads:
            shared = split if split and len(parts) > 1 else Split(frozenset(), 0)
            names = tuple(sorted(shared.names))
            if before := manifests.state(folder):
                before.write(folder / BEFORE)
            now = Manifest(epoch=epoch, steps=steps, parts=parts, classes=shared.classes, split=names)
            now.write(folder / VALID)
            drop_others(folder)


def load(folder: Path, split: Split | None = None) -> Checkpoint | None:
    """Return the valid checkpoint, or None if there is none yet.

    Args:
        folder: of the checkpoints.
        split: what of it a process among others wants, whatever the number of processes that wrote it: the rows of
            its own classes. All of it by default.

    Raises:
        DamagedError: If it is damaged; it is a ValueError.
    """
    valid = manifests.state(folder)
    if valid is None:
        return None
    if damage := valid.damage(folder):
        raise DamagedError(
            f"The checkpoint of {valid.place()} in {folder} is damaged: {damage}. Train the run again by its own "
            f"command: it goes on from the checkpoint before, if that is whole, and ends with the same numbers."
        )
    return _read(folder, valid, split)


def resume(folder: Path, split: Split | None = None) -> Checkpoint | None:
    """Return the checkpoint to go on from, or None if there is none yet: the valid one, if it is whole.

    If it is damaged, the one before becomes the valid one, with a warning that says what is damaged and what is lost.

    Args:
        folder: of the checkpoints.
        split: as of `load`; all processes call.

    Raises:
        DamagedError: If both are damaged; it is a ValueError.
    """
    processes = split.processes if split else ALONE
    # What the first process reads decides for all of them.
    found = processes.told(manifests.found(folder) if processes.leads else [])[0]
    if not any(found):
        return None
    whole, said = _first_whole(folder, found, processes)
    with processes.agreed():
        if whole is None:
            raise DamagedError(manifests.useless(folder, said))
        if said and processes.leads:
            whole.write(folder / VALID)
            warnings.warn(
                f"In {folder}, {said[0]}. Training goes on from the checkpoint before, that of {whole.place()}. Only "
                f"the steps since then are lost; they are taken again and come to the same.",
                DamagedWarning,
                stacklevel=2,
            )
        return _read(folder, whole, split)


def _first_whole(
    folder: Path, found: Sequence[Manifest | str | None], processes: Processes
) -> tuple[Manifest | None, list[str]]:
    """Return the first checkpoint whose files are whole, and what is wrong with those before it."""
    said: list[str] = []
    for one in found:
        if isinstance(one, Manifest):
            shares = processes.told(one.damage(folder, rank=processes.rank, size=processes.size))
            damage = next(filter(None, shares), "")
            if not damage:
                return one, said
            said.append(f"the checkpoint of {one.place()} is damaged: {damage}")
        elif one:
            said.append(one)
    return None, said


def drop_others(folder: Path) -> None:
    """Remove all checkpoints, whole or not, but the valid one and the one before it.

    The safetensors library begins each file under another name, `.tmp...`, which a kill leaves behind.
    """
    named = (one for one in manifests.found(folder) if isinstance(one, Manifest))
    kept = {part.file for one in named for part in one.parts}
    for path in (*folder.glob("epoch-*"), *folder.glob(".tmp*")):
        if path.name not in kept:
            path.unlink()


def _system_error(error: SafetensorError) -> OSError:
    """Return the error of the system that safetensors tells of."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]), str(error)) if number else OSError(str(error))


def _read(folder: Path, valid: Manifest, split: Split | None) -> Checkpoint:
    """Return a checkpoint, of the tensors that are split the rows that are asked for."""
    paths = [intake.ordinary(folder / part.file) for part in valid.parts]
    if len(paths) == 1 and (split is None or split.processes.size == 1):
        return Checkpoint(valid.epoch, load_file(paths[0]), valid.steps)
    classes = split.classes if split else valid.classes
    names = split.names if split else valid.split
    wanted = (split.processes if split else ALONE).share(classes)
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

        every = parts[0].keys()
        tensors = {name: rows(name) if name in names else parts[0].get_tensor(name) for name in every}
        return Checkpoint(valid.epoch, tensors, valid.steps)

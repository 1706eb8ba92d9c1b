"""An imported set on disk: pixels that can be mapped into memory, and everything else in plain files.

set.json        how many, what shape, digest, source, what was left out; written last: with it the set is whole
pixels.npy      uint8 [M, C, H, W]; M may count images that could not be read, whose rows are listed in set.json
labels.npy      int64 [N]
names.json      one name for each class
files.json      where each image came from
held_out.npy    bool [N], if the set has a protocol
importing.jsonl while it is being imported, see `importing`
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench import files, intake, numpy_files
from workbench.checks import shown
from workbench.data.catalogue import Skipped, printable
from workbench.data.imageset import ImageSet
from workbench.data.rows import Rows

META, JOURNAL, PIXELS = "set.json", "importing.jsonl", "pixels.npy"
FORMAT = 2


def stored(folder: Path) -> ImageSet:
    """Open an imported set; its images stay on disk until they are looked at.

    Raises:
        ValueError: If something in it is missing or damaged.
    """
    meta = read_meta(folder)
    pixels = pixels_of(folder)
    labels = _array(folder / "labels.npy")
    names, origins = (_texts(folder / f"{what}.json") for what in ("names", "files"))
    held_out = _array(folder / "held_out.npy") if meta.held_out else None
    left_out = sorted(set(meta.rows_left_out))
    count = len(pixels) - len(left_out)
    if list(pixels.shape[1:]) != list(meta.shape) or count != meta.images or labels.shape != (count,):
        raise ValueError(_damaged(folder, "its files do not match each other"))
    if left_out and left_out[-1] >= len(pixels):
        raise ValueError(_damaged(folder, f"{META} leaves out row {left_out[-1]} of {len(pixels)}"))
    numbers = np.delete(np.arange(len(pixels)), left_out)
    try:
        return ImageSet(
            Rows(pixels, torch.from_numpy(numbers)),
            torch.from_numpy(labels),
            names,
            intake.as_text(meta.source),
            origins,
            None if held_out is None else torch.from_numpy(held_out),
            [Skipped(*entry) for entry in meta.skipped],
            meta.digest,
        )
    except (ValueError, TypeError) as error:  # a TypeError for an array of what is no number
        raise ValueError(_damaged(folder, f"its files do not match each other ({error})")) from None


def store(folder: Path, images: ImageSet, rows_left_out: Sequence[int], plan: dict[str, Any], digest: str) -> None:
    """Write everything beside the pixels, and the file that makes the set whole last."""
    _write_array(folder / "labels.npy", images.labels.numpy())
    if images.held_out is not None:
        _write_array(folder / "held_out.npy", images.held_out.numpy())
    files.write_text(folder / "names.json", json.dumps(list(images.names)))
    files.write_text(folder / "files.json", json.dumps(list(images.files)))
    meta = {
        "format": FORMAT,
        "images": len(images),
        "shape": list(images.shape),
        "classes": images.classes,
        "digest": digest,
        "source": images.source,
        "skipped": [list(entry) for entry in images.skipped],
        "rows_left_out": list(rows_left_out),
        "held_out": images.held_out is not None,
        **plan,
    }
    files.write_json(folder / META, meta)


class Meta(BaseModel):
    """What set.json says."""

    model_config = ConfigDict(frozen=True)

    format: int
    images: int = Field(ge=1)
    shape: tuple[int, int, int]
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    source: str
    skipped: list[tuple[str, str]]
    rows_left_out: list[Annotated[int, Field(ge=0)]]
    held_out: bool
    plan: dict[str, Any]


def read_meta(folder: Path) -> Meta:
    """Return what set.json says.

    Raises:
        ValueError: If it cannot be read or is of a later version.
    """
    content = _json(folder / META)
    version = content.get("format") if isinstance(content, dict) else None
    if isinstance(version, int) and version != FORMAT:
        raise ValueError(
            f"The set in {printable(folder)} has format {shown(version)}, and this version reads format {FORMAT}. "
            f"Import it again, or use the version that wrote it."
        )
    try:
        return Meta.model_validate(content, strict=False)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))[:60]
        raise ValueError(_damaged(folder, f"{META} is not that of a set, look at {where!r}")) from None


def pixels_of(folder: Path) -> np.ndarray:
    """Return the pixels of all rows, uint8 [M, C, H, W], mapped into memory.

    Raises:
        ValueError: If they are no such array.
    """
    pixels = _array(folder / PIXELS, mapped=True)
    if pixels.dtype != np.uint8 or pixels.ndim != 4:
        raise ValueError(_damaged(folder, f"{PIXELS} holds no images"))
    return pixels


def _write_array(path: Path, array: np.ndarray) -> None:
    with files.replacing(path) as beside, beside.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def _array(path: Path, *, mapped: bool = False) -> np.ndarray:
    try:
        return numpy_files.read_npy(path, mapped=mapped)
    except numpy_files.UnreadableArrayError as error:
        raise ValueError(_damaged(path.parent, f"{path.name} cannot be read ({error})")) from None


def _json(path: Path) -> Any:
    try:
        return json.loads(intake.ordinary(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(_damaged(path.parent, f"{path.name} cannot be read ({str(error)[:200]})")) from None


def _texts(path: Path) -> list[str]:
    content = _json(path)
    if not (isinstance(content, list) and all(isinstance(text, str) for text in content)):
        raise ValueError(_damaged(path.parent, f"{path.name} is no list of texts"))
    return [intake.as_text(text) for text in content]


def _damaged(folder: Path, how: str) -> str:
    return f"The set in {printable(folder)} is damaged: {how}. Remove the folder and import the set again."

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
from typing import Any

import numpy as np
import torch

from workbench import files
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
    pixels = _array(folder / PIXELS, mode="r")
    labels = _array(folder / "labels.npy")
    names, origins = _json(folder / "names.json"), _json(folder / "files.json")
    held_out = _array(folder / "held_out.npy") if meta["held_out"] else None
    left_out = np.array(meta["rows_left_out"], dtype=np.int64)
    count = len(pixels) - len(left_out)
    if list(pixels.shape[1:]) != meta["shape"] or pixels.dtype != np.uint8 or {count, len(labels)} != {meta["images"]}:
        raise ValueError(_damaged(folder, "its files do not match each other"))
    numbers = np.delete(np.arange(len(pixels)), left_out)
    return ImageSet(
        Rows(pixels, torch.from_numpy(numbers)),
        torch.from_numpy(labels),
        names,
        meta["source"],
        origins,
        None if held_out is None else torch.from_numpy(held_out),
        [Skipped(*entry) for entry in meta["skipped"]],
        meta["digest"],
    )


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


def read_meta(folder: Path) -> dict[str, Any]:
    """Return what set.json says.

    Raises:
        ValueError: If it cannot be read or is of a later version.
    """
    meta = _json(folder / META)
    needed = {"format", "images", "shape", "digest", "source", "skipped", "rows_left_out", "held_out", "plan"}
    if not (isinstance(meta, dict) and needed <= meta.keys()):
        raise ValueError(_damaged(folder, f"{META} is not that of a set"))
    if meta["format"] != FORMAT:
        raise ValueError(
            f"The set in {printable(folder)} has format {meta['format']!r}, and this version reads format {FORMAT}. "
            f"Import it again, or use the version that wrote it."
        )
    return meta


def _write_array(path: Path, array: np.ndarray) -> None:
    with files.replacing(path) as beside, beside.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def _array(path: Path, *, mode: Any = None) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode=mode, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(_damaged(path.parent, f"{path.name} cannot be read ({error})")) from None
    return array


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(_damaged(path.parent, f"{path.name} cannot be read ({error})")) from None


def _damaged(folder: Path, how: str) -> str:
    return f"The set in {printable(folder)} is damaged: {how}. Remove the folder and import the set again."

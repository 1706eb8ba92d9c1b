"""Embeddings into files: NumPy's, a table with coordinates and neighbours, TensorBoard's Embedding Projector."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int64
from PIL import Image

from workbench import files
from workbench.checks import needs, whole
from workbench.embeddings import SUFFIXES, EmbeddingSet
from workbench.geometry.inputs import as_numpy, unit_rows

NEIGHBOURS = 10
_SPRITE_SIDE = 8192  # pixels; the Embedding Projector takes no larger one


def savable(path: Path | str) -> Path:
    """Return the path of a file that embeddings can be saved to.

    Raises:
        ValueError: If its ending is none of `.npz`, `.npy`, `.parquet`.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"Embeddings are written to a file that ends in {', '.join(SUFFIXES)}. Got {path} instead.")
    return path


def save(path: Path | str, embeddings: EmbeddingSet) -> Path:
    """Write embeddings to an `.npz`, `.npy` or `.parquet` file, whole or not at all; `embeddings.load` reads it back.

    An `.npy` file holds the matrix alone. `.parquet` needs pyarrow.

    Raises:
        ValueError: If the file's ending is none of these.
    """
    path = savable(path)
    with files.replacing(path) as beside, beside.open("wb") as file:
        if path.suffix == ".npy":
            np.save(file, embeddings.embeddings, allow_pickle=False)
        elif path.suffix == ".npz":
            arrays = {
                "embeddings": embeddings.embeddings,
                "labels": np.array([embeddings.names[c] for c in embeddings.labels]),
            }
            if len(embeddings.files):
                arrays["files"] = np.array(embeddings.files)
            if embeddings.thumbnails is not None:
                arrays["thumbnails"] = embeddings.thumbnails
            np.savez(file, allow_pickle=False, **arrays)
        else:
            rows = table(embeddings)  # which says how to get pyarrow
            from pyarrow import parquet

            parquet.write_table(rows, file)
    return path


def table(embeddings: EmbeddingSet) -> Any:
    """Return a `pyarrow.Table` with one row for each embedding.

    | column                | content                                                                                  |
    |-----------------------|------------------------------------------------------------------------------------------|
    | `embeddings`          | the vector, as it is                                                                     |
    | `label`, `file`       | name of the identity; where it came from, if that is known                               |
    | `x`, `y`, `z`         | the unit vector on the three directions that hold most of the variance                   |
    | `neighbours`          | rows of the 10 nearest others by cosine, nearest first                                   |
    | `neighbour_cosines`   | their cosines                                                                            |

    Raises:
        ValueError: If pyarrow is not installed.
    """
    needs("pyarrow", extra="parquet", what="A Parquet file")
    import pyarrow as pa

    unit = as_numpy(unit_rows(embeddings.embeddings)).astype(np.float32)
    x, y, z = principal(unit)
    rows, cosines = neighbours(unit, NEIGHBOURS)
    columns = {
        "embeddings": _lists(embeddings.embeddings),
        "label": [embeddings.names[c] for c in embeddings.labels],
        "x": x,
        "y": y,
        "z": z,
        "neighbours": _lists(rows),
        "neighbour_cosines": _lists(cosines),
    }
    if len(embeddings.files):
        columns["file"] = list(embeddings.files)
    return pa.table(columns)


def _lists(rows: np.ndarray) -> Any:
    """Return a matrix as a column of lists of one length."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


def projector(embeddings: EmbeddingSet, folder: Path | str) -> Path:
    """Write what TensorBoard's Embedding Projector loads: vectors, labels, a sprite, and the configuration.

    `vectors.tsv` holds the vectors; `metadata.tsv` the identity, and the file if it is known; `sprite.png` the
    thumbnails, if there are any, as large as 8192 pixels on a side allow. Tabs and line breaks in names become spaces:
    the format has no way to quote them.

    Returns:
        The folder: `tensorboard --logdir FOLDER` shows it, and a standalone projector loads its `config.json`.
    """
    folder = Path(folder)
    files.write_text(
        folder / "vectors.tsv", "".join("\t".join(f"{v:.7g}" for v in row) + "\n" for row in embeddings.embeddings)
    )
    names = [_field(embeddings.names[c]) for c in embeddings.labels]
    if len(embeddings.files):
        lines = [
            "label\tfile",
            *(f"{name}\t{_field(file)}" for name, file in zip(names, embeddings.files, strict=True)),
        ]
    else:
        lines = names  # a single column has no heading
    files.write_text(folder / "metadata.tsv", "\n".join(lines) + "\n")
    side = None if embeddings.thumbnails is None else _write_sprite(embeddings.thumbnails, folder / "sprite.png")
    shape = list(embeddings.embeddings.shape)
    files.write_text(folder / "projector_config.pbtxt", _logdir_config(side))
    files.write_json(folder / "config.json", {"embeddings": [_standalone_config(shape, side)]})
    return folder


def _logdir_config(side: int | None) -> str:
    """Return the configuration that `tensorboard --logdir` reads, in protocol buffers' text format."""
    sprite = "" if side is None else _SPRITE.format(side=side)
    return f"embeddings {{\n{_FILES}{sprite}}}\n"


_FILES = """  tensor_name: "embeddings"
  tensor_path: "vectors.tsv"
  metadata_path: "metadata.tsv"
"""
_SPRITE = """  sprite {{
    image_path: "sprite.png"
    single_image_dim: {side}
    single_image_dim: {side}
  }}
"""


def _standalone_config(shape: list[int], side: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "tensorName": "embeddings",
        "tensorShape": shape,
        "tensorPath": "vectors.tsv",
        "metadataPath": "metadata.tsv",
    }
    if side is not None:
        entry["sprite"] = {"imagePath": "sprite.png", "singleImageDim": [side, side]}
    return entry


def _write_sprite(thumbnails: np.ndarray, path: Path) -> int:
    """Write all thumbnails as square tiles, row by row; return the side of a tile in pixels."""
    columns = int(np.ceil(len(thumbnails) ** 0.5))
    side: int = min(*thumbnails.shape[1:3], _SPRITE_SIDE // columns)
    if side < 1:
        raise ValueError(
            f"The Embedding Projector takes a sprite of at most {_SPRITE_SIDE} pixels on a side. {len(thumbnails)} "
            f"thumbnails do not fit: export fewer rows, or leave the thumbnails out."
        )
    sheet = Image.new("RGB", (columns * side, columns * side))
    for i, pixels in enumerate(thumbnails):
        tile = Image.fromarray(pixels).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(tile, (i % columns * side, i // columns * side))
    with files.replacing(path) as beside:
        sheet.save(beside, "PNG")
    return side


def _field(text: str) -> str:
    return " ".join(text.split())


def principal(unit: Float32[np.ndarray, "N D"], count: int = 3) -> Float32[np.ndarray, "count N"]:
    """Return the coordinates of unit vectors on the directions with most variance; zeros where there are no more.

    The sign of a direction is such that its largest component is positive.
    """
    centred = torch.from_numpy(unit).double()
    centred = centred - centred.mean(0)
    values, directions = torch.linalg.eigh(centred.T @ centred)
    chosen = directions[:, values.argsort(descending=True)[:count]]
    chosen = chosen * chosen.gather(0, chosen.abs().argmax(0, keepdim=True)).sign()
    found = np.zeros((count, len(unit)), dtype=np.float32)
    found[: chosen.shape[1]] = (centred @ chosen).T.numpy()
    return found


def neighbours(
    unit: Float32[np.ndarray, "N D"], count: int, *, block: int = 2048
) -> tuple[Int64[np.ndarray, "N k"], Float32[np.ndarray, "N k"]]:
    """Return the nearest other rows of each by cosine, nearest first, and their cosines; in blocks of rows."""
    rows = torch.from_numpy(unit)
    count = min(whole("neighbours", "count", count, least=1), len(rows) - 1)
    found, cosines = [], []
    for start in range(0, len(rows), block):
        part = rows[start : start + block] @ rows.T
        part[torch.arange(len(part)), torch.arange(start, start + len(part))] = -torch.inf
        nearest = part.topk(count, dim=1)
        found.append(nearest.indices)
        cosines.append(nearest.values)
    return torch.cat(found).numpy(), torch.cat(cosines).clamp(-1, 1).numpy()

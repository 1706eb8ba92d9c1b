"""Anybody's embeddings, read from a file, whatever network they came from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from workbench import intake, numpy_files, parquet

_VECTORS = ("embeddings", "embedding", "features", "feats", "vectors", "E", "X", "x")
_LABELS = ("labels", "label", "identities", "identity", "ids", "targets", "y")
_FILES = ("files", "file", "paths", "path", "filenames", "filename", "u")
_THUMBNAILS = ("thumbnails", "thumbnail", "images")
SUFFIXES = (".npz", ".npy", ".parquet")
"""Endings of the files that hold embeddings."""


@dataclass(frozen=True, eq=False)
class EmbeddingSet:
    """Embeddings with one identity each.

    Attributes:
        embeddings: float32 [N, D], of any length.
        labels: int64 [N] in [0, classes).
        names: one name for each identity; data, never markup.
        files: where each came from, [N]; empty if that is not known.
        thumbnails: uint8 [N, H, W] or [N, H, W, 3] to show beside them; None if there are none.
        source: where they come from, as one sentence.

    Raises:
        ValueError: If shapes, types or labels do not fit together, or the set is empty.
    """

    embeddings: Float32[np.ndarray, "N D"]
    labels: Int64[np.ndarray, " N"]
    names: Sequence[str]
    files: Sequence[str] = ()
    thumbnails: UInt8[np.ndarray, "N ..."] | None = None
    source: str = ""

    def __post_init__(self) -> None:
        rows = self.embeddings
        if rows.ndim != 2 or 0 in rows.shape or rows.dtype != np.float32:
            raise ValueError(
                f"The embeddings of an EmbeddingSet must be float32 of the shape [N, D]. Got {rows.dtype} of shape "
                f"{list(rows.shape)} instead."
            )
        if self.labels.shape != (len(rows),) or self.labels.dtype != np.int64:
            raise ValueError(
                f"The labels of an EmbeddingSet must be {len(rows)} int64 numbers, one for each embedding. Got "
                f"{self.labels.dtype} of shape {list(self.labels.shape)} instead."
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.names):
            raise ValueError(
                f"The labels of an EmbeddingSet must lie in [0, {len(self.names)}), the number of names. Got labels "
                f"from {low} to {high}."
            )
        for what, given in (("files", self.files), ("thumbnails", self.thumbnails)):
            if given is not None and len(given) not in (0, len(rows)):
                raise ValueError(
                    f"The {what} of an EmbeddingSet must be one for each of {len(rows)} embeddings. Got {len(given)}."
                )

    def __len__(self) -> int:
        return len(self.embeddings)


def load(path: Path | str, *, labels: Path | str | None = None) -> EmbeddingSet:
    """Read embeddings from a file.

    | file       | what is looked for                                                                                 |
    |------------|----------------------------------------------------------------------------------------------------|
    | `.npz`     | a matrix `embeddings`, and `labels`, or `files` whose folders are the identities; other usual names |
    | `.npy`     | the matrix; give `labels`                                                                          |
    | `.parquet` | a column of lists `embeddings`, or one column for each number; `labels` or `files`                 |

    Labels may be numbers or names. Files named `Name/Name_0001.jpg` say the identity by their folder.

    Args:
        path: the file.
        labels: another file with one label for each embedding: `.npy`, or a text file with one in each line.

    Raises:
        ValueError: If the file is not there or cannot be read, holds no embeddings or no labels, or they do not fit.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"Embeddings must be in a file that ends in {', '.join(SUFFIXES)}. Got {path} instead.")
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    columns = _read(path)
    vectors = _pick(columns, _VECTORS)
    if vectors is None:
        vectors = _only_matrix(columns)
    if vectors is None or vectors.ndim != 2 or vectors.dtype.kind != "f" or not vectors.size:
        raise ValueError(
            f"{path} holds no embeddings: a matrix [N, D] of floating point named {_VECTORS[0]!r} was looked for. It "
            f"has {_inventory(columns)}."
        )
    where, thumbnails = _pick(columns, _FILES), _pick(columns, _THUMBNAILS)
    for what, given in (("file", where), ("thumbnail", thumbnails)):
        if given is not None and given.shape[:1] != (len(vectors),):
            raise ValueError(
                f"{path} must have one {what} for each of the {len(vectors)} embeddings. Got {list(given.shape)} "
                f"instead."
            )
    identities = _read_labels(Path(labels)) if labels is not None else _pick(columns, _LABELS)
    if identities is None and where is not None:
        identities = np.array([PurePosixPath(str(file).replace("\\", "/")).parent.name for file in where])
    if identities is None:
        raise ValueError(
            f"{path} says nothing of identities: {_LABELS[0]!r}, or {_FILES[0]!r} whose folders are identities, was "
            f"looked for. It has {_inventory(columns)}. Give a file with one label for each embedding as `labels`."
        )
    if identities.shape != (len(vectors),):
        raise ValueError(
            f"{labels or path} must have one label for each of the {len(vectors)} embeddings. Got "
            f"{list(identities.shape)} instead."
        )
    names, numbers = np.unique(identities, return_inverse=True)
    given = columns.get("names")
    if (
        given is not None
        and given.ndim == 1
        and identities.dtype.kind in "iu"
        and names[0] >= 0
        and names[-1] < len(given)
    ):
        names = given[names]
    return EmbeddingSet(
        np.ascontiguousarray(vectors, dtype=np.float32),
        numbers.astype(np.int64),
        [intake.as_text(name) for name in names],
        [] if where is None else [intake.as_text(file) for file in where],
        thumbnails,
        intake.as_text(f"{len(vectors)} embeddings of {len(names)} identities in {path.name}"),
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name; that of an `.npy` file is called embeddings."""
    if path.suffix == ".parquet":
        return _gathered(parquet.read(path))
    try:
        if path.suffix == ".npy":
            return {_VECTORS[0]: numpy_files.read_npy(path)}
        return numpy_files.read_npz(path)[0]
    except numpy_files.UnreadableArrayError as error:
        raise ValueError(f"{path} cannot be read as NumPy arrays: {error}.") from None


def _gathered(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns of a table, with a matrix of those that are named as its numbers are."""
    if _pick(columns, _VECTORS) is not None:
        return columns
    matched = ((re.fullmatch(r"(?:e|emb|embedding|dim|f|feature|x)?_?([0-9]{1,9})", name), name) for name in columns)
    numbered = sorted((int(match[1]), name) for match, name in matched if match and columns[name].dtype.kind == "f")
    if not numbered:
        return columns
    return {**columns, _VECTORS[0]: np.stack([columns[name] for _, name in numbered], axis=1)}


def _read_labels(path: Path) -> np.ndarray:
    """Return one label for each embedding, from an array or from the lines of a text file."""
    if not path.is_file():
        raise ValueError(f"There is no file {path} with labels.")
    if path.suffix == ".npy":
        return _read(path)[_VECTORS[0]]
    try:
        return np.array(path.read_text(encoding="utf-8").splitlines(), dtype=object)
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: labels stand in an .npy file, or one in each line of a text.") from None


def _pick(columns: Mapping[str, np.ndarray], names: Sequence[str]) -> np.ndarray | None:
    return next((columns[name] for name in names if name in columns), None)


def _only_matrix(columns: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Return the one matrix of floating point among the arrays, whatever its name."""
    matrices = [array for array in columns.values() if array.ndim == 2 and array.dtype.kind == "f"]
    return matrices[0] if len(matrices) == 1 else None


def _inventory(columns: Mapping[str, np.ndarray]) -> str:
    shown = [f"{name!r} {array.dtype} {list(array.shape)}" for name, array in list(columns.items())[:8]]
    return ", ".join(shown) + (" and more" if len(columns) > 8 else "") if shown else "nothing"

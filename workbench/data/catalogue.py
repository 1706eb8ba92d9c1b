"""What a source holds, before any pixel is decoded."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from workbench.data.decoding import Place
from workbench.intake import as_text


class Skipped(NamedTuple):
    """A record that was left out, and why."""

    file: str
    reason: str


class Encoded(Protocol):
    """Images as they are stored, one after the other."""

    in_files: bool

    def __len__(self) -> int: ...

    def places(self, numbers: range) -> list[Any]:
        """Return what `decoding.fill` takes, for a block of images."""

    def shown(self, number: int) -> str:
        """Return where an image is, for a sentence."""

    def take(self, numbers: np.ndarray) -> Self:
        """Return the images of these numbers."""

    def stamp(self) -> str:
        """Return a text that changes when the files do."""

    def size(self) -> int:
        """Return how many bytes they are, each counted once."""


@dataclass(frozen=True)
class WholeFiles:
    """One image in each file."""

    paths: Sequence[str]
    in_files = True

    def __len__(self) -> int:
        return len(self.paths)

    def places(self, numbers: range) -> list[Place]:
        """Return what `decoding.fill` takes, for a block of images."""
        return [(self.paths[number], None) for number in numbers]

    def shown(self, number: int) -> str:
        """Return where an image is, for a sentence."""
        return printable(self.paths[number])

    def take(self, numbers: np.ndarray) -> "WholeFiles":
        """Return the images of these numbers."""
        return WholeFiles([self.paths[number] for number in numbers.tolist()])

    def stamp(self) -> str:
        """Return a text that changes when the files do."""
        return _digest(*(f"{path!a} {_state(path)}\n".encode() for path in self.paths))

    def size(self) -> int:
        """Return how many bytes they are, each counted once."""
        return sum(_state(path)[0] for path in set(self.paths))


@dataclass(frozen=True)
class Spans:
    """Many images in one file, each from an offset on.

    Attributes:
        path: the file.
        offsets: int64 [N].
        lengths: int64 [N], bytes.
        records: number of each image in the file, as people count there, int64 [N].
        parts: where an image is in several parts: their offsets and lengths by the offset of the first.
    """

    path: str
    offsets: np.ndarray
    lengths: np.ndarray
    records: np.ndarray
    parts: Mapping[int, Sequence[int]]
    in_files = True

    def __len__(self) -> int:
        return len(self.offsets)

    def places(self, numbers: range) -> list[Place]:
        """Return what `decoding.fill` takes, for a block of images."""
        chosen = slice(numbers.start, numbers.stop)
        spans = zip(self.offsets[chosen].tolist(), self.lengths[chosen].tolist(), strict=True)
        return [(self.path, self.parts.get(offset, (offset, length))) for offset, length in spans]

    def shown(self, number: int) -> str:
        """Return where an image is, for a sentence."""
        return f"record {self.records[number]} of {printable(self.path)}"

    def take(self, numbers: np.ndarray) -> "Spans":
        """Return the images of these numbers."""
        return replace(
            self, offsets=self.offsets[numbers], lengths=self.lengths[numbers], records=self.records[numbers]
        )

    def stamp(self) -> str:
        """Return a text that changes when the files do."""
        return _digest(repr(_state(self.path)).encode(), self.offsets.tobytes(), self.lengths.tobytes())

    def size(self) -> int:
        """Return how many bytes they are, each counted once."""
        return _state(self.path)[0]


@dataclass(frozen=True)
class InMemory:
    """Encoded images that lie in memory, from some file."""

    path: str
    images: Sequence[bytes]
    records: Sequence[int]
    in_files = False

    def __len__(self) -> int:
        return len(self.images)

    def places(self, numbers: range) -> list[bytes]:
        """Return what `decoding.fill` takes, for a block of images."""
        return [self.images[number] for number in numbers]

    def shown(self, number: int) -> str:
        """Return where an image is, for a sentence."""
        return f"record {self.records[number]} of {printable(self.path)}"

    def take(self, numbers: np.ndarray) -> "InMemory":
        """Return the images of these numbers."""
        chosen = numbers.tolist()
        return replace(self, images=[self.images[n] for n in chosen], records=[self.records[n] for n in chosen])

    def stamp(self) -> str:
        """Return a text that changes when the files do."""
        return _digest(*(hashlib.sha256(image).digest() for image in self.images))

    def size(self) -> int:
        """Return how many bytes they are, each counted once."""
        return sum(map(len, {id(image): image for image in self.images}.values()))


@dataclass(frozen=True)
class Catalogue:
    """What a source holds.

    Attributes:
        images: as they are stored.
        labels: int64 [N], in [0, len(names)).
        names: one for each class.
        files: where each image comes from, as in `ImageSet.files`; may be empty.
        origin: where they are, for "13233 images of 5749 people in {origin}."
        skipped: records that were left out while listing.
    """

    images: Encoded
    labels: np.ndarray
    names: Sequence[str]
    files: Sequence[str]
    origin: str
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def source(self) -> str:
        """What it holds, as one sentence."""
        left_out = f" {len(self.skipped)} more could not be read and were left out." if self.skipped else ""
        return f"{len(self)} images of {len(self.names)} people in {self.origin}.{left_out}"

    def take(self, numbers: np.ndarray) -> "Catalogue":
        """Return the images of these numbers; classes that are left without one are dropped."""
        present, labels = np.unique(self.labels[numbers], return_inverse=True)
        return replace(
            self,
            images=self.images.take(numbers),
            labels=labels.astype(np.int64),
            names=[self.names[c] for c in present.tolist()],
            files=[self.files[n] for n in numbers.tolist()] if self.files else self.files,
        )

    def stamp(self) -> str:
        """Return a text that changes when images, labels or names do."""
        texts = (f"{text!a}\n".encode() for text in (*self.names, *self.files, *self.skipped))
        return _digest(self.images.stamp().encode(), self.labels.tobytes(), *texts)


def numbered(values: Sequence[str] | np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return classes numbered by the order of their names, int64 [N], and the names; numbers sort as numbers."""
    present, labels = np.unique(np.asarray(values), return_inverse=True)
    return labels.astype(np.int64), [str(value) for value in present.tolist()]


def printable(path: str | Path) -> str:
    """Return a path as it can stand in a sentence: on one line, and without bytes that are no text."""
    text = as_text(path)
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _state(path: str) -> tuple[int, int]:
    state = os.stat(path)  # noqa: PTH116 - for millions of files
    return state.st_size, state.st_mtime_ns


def _digest(*parts: bytes) -> str:
    content = hashlib.sha256()
    for part in parts:
        content.update(part)
    return content.hexdigest()

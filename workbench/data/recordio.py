"""MXNet's RecordIO files as InsightFace fills them, read without MXNet.

    record   magic 0xced7230a, word (3 bits which part of a record, 29 bits length), content, zeros to a multiple of 4
    content  flag uint32, label float32, id uint64, id2 uint64, then `flag` float32 labels if any, then the image

A record that holds the magic itself is written in parts, cut where it stood. The first record of InsightFace's sets has
no image but two labels: the number of images plus one, and that plus the number of identities, whose ranges are further
records without an image. Source: dmlc-core `src/recordio.cc`, mxnet `src/io/image_recordio.h`, insightface
`src/data/dataset_info.py`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from workbench import intake
from workbench.data.catalogue import Catalogue, Skipped, Spans, numbered, printable
from workbench.data.recordlist import identity_names, read_index, read_list

MAGIC = 0xCED7230A
WHOLE, BEGIN, MIDDLE, END = range(4)
_LENGTH = (1 << 29) - 1
_HEADER = 24
# From here on float32 does not count in ones, and the number of images in the first record is not exact.
_INEXACT = 2**24

# Which records something is wrong with, and what it is with one of them.
_Wrong = tuple[np.ndarray, Callable[[int], str]]


def records(path: Path, *, skip: bool) -> Catalogue:
    """List the images of a `.rec` file: in the order of the `.idx` of the same name, or without one as they come.

    A `.lst` of the same name gives the images their file names, and the identities their folders' names.

    Args:
        path: the `.rec` file.
        skip: leave out records that cannot be read, instead of raising.

    Raises:
        ValueError: If a record or the index is damaged, or no image is there.
    """
    if not intake.ordinary(path).is_file():
        raise ValueError(f"There is no file {printable(path)}, of which an index or a list tells. Fetch it too.")
    size = path.stat().st_size
    if size < 8:
        raise ValueError(f"The file {printable(path)} is too short for a .rec file. Fetch it again.")
    words = np.memmap(path, dtype="<u4", mode="r", shape=size // 4).view(np.ndarray)
    report = _Report(path, skip)
    index = path.with_suffix(".idx")
    keys, offsets = read_index(index) if index.exists() else _scanned(words, report)
    found = _Records(keys, offsets)
    found = _check_places(words, size, found, report)
    found = _check_parts(words, size, found, report)
    found = _check_headers(words, found, report)
    found = _check_images(words, found, report)
    return _catalogue(path, words, found, report, indexed=index.exists())


class _Records:
    """Records by key; what is known of them grows from check to check.

    Attributes:
        keys: int64 [R].
        offsets: where they begin in the file, int64 [R].
        parts: offset and length of each part, by where the record begins, for those in several parts.
    """

    def __init__(self, keys: np.ndarray, offsets: np.ndarray) -> None:
        self.keys, self.offsets = keys, offsets
        self.parts: dict[int, list[int]] = {}

    def keep(self, good: np.ndarray) -> "_Records":
        kept = _Records(self.keys[good], self.offsets[good])
        kept.parts = self.parts
        return kept


class _Report:
    """Collects the records that are left out, or raises at the first."""

    def __init__(self, path: Path, skip: bool) -> None:
        self.path, self.skip = path, skip
        self.skipped: list[Skipped] = []

    def bad(self, record: int, reason: str) -> None:
        if not self.skip:
            raise ValueError(
                f"Record {record} of {printable(self.path)} cannot be used: {reason}. Fetch the file again, or leave "
                f'such records out with on_error="skip".'
            )
        self.skipped.append(Skipped(f"record {record} of {self.path.name}", reason))

    def without(self, found: _Records, *wrongs: _Wrong) -> _Records:
        """Return the records that nothing is wrong with."""
        good = np.ones(len(found.keys), dtype=bool)
        for wrong, reason in wrongs:
            for n in (wrong & good).nonzero()[0].tolist():
                self.bad(int(found.keys[n]), reason(n))
            good &= ~wrong
        return found.keep(good)


def _scanned(words: np.ndarray, report: _Report) -> tuple[np.ndarray, np.ndarray]:
    """Go from record to record; where there is none, nothing tells where the next one begins."""
    offsets: list[int] = []
    place, within = 0, False
    while place + 1 < len(words):
        if words[place] != MAGIC:
            report.bad(len(offsets), f"byte {4 * place}, where it must begin, has {_found(words[place])}")
            break
        if not within:
            offsets.append(4 * place)
        part, length = int(words[place + 1]) >> 29, int(words[place + 1]) & _LENGTH
        within = part in (BEGIN, MIDDLE)
        place += 2 + (length + 3) // 4
    return np.arange(len(offsets)), np.array(offsets, dtype=np.int64)


def _check_places(words: np.ndarray, size: int, found: _Records, report: _Report) -> _Records:
    offsets = found.offsets
    outside = (offsets > size - 8) | (offsets % 4 != 0)
    magic = words[np.where(outside, 0, offsets // 4)]
    return report.without(
        found,
        (outside, lambda n: f"the index puts it at byte {offsets[n]} of {size}, where no record can begin"),
        (magic != MAGIC, lambda n: f"byte {offsets[n]}, where it must begin, has {_found(magic[n])}"),
    )


def _found(word: int) -> str:
    return f"0x{int(word):08x} instead of 0x{MAGIC:08x}"


def _check_parts(words: np.ndarray, size: int, found: _Records, report: _Report) -> _Records:
    head = words[found.offsets // 4 + 1].astype(np.int64)
    part, length = head >> 29, head & _LENGTH
    left = size - found.offsets - 8
    torn = np.zeros(len(head), dtype=bool)
    for n in (part == BEGIN).nonzero()[0].tolist():
        parts = _parts(words, int(found.offsets[n]), size)
        torn[n] = parts is None
        if parts is not None:
            found.parts[int(found.offsets[n])] = parts
    return report.without(
        found,
        (part > BEGIN, lambda n: f"byte {found.offsets[n]} is in the middle of another record"),
        ((part == WHOLE) & (length > left), lambda n: f"it says {length[n]} bytes, but the file ends after {left[n]}"),
        (torn, lambda _: "the file ends or another record begins before its last part"),
    )


def _parts(words: np.ndarray, offset: int, size: int) -> list[int] | None:
    """Return offset and length of each part of a record, or None if the last one is missing."""
    parts: list[int] = []
    part, place = BEGIN, offset // 4
    expected: tuple[int, ...] = (BEGIN,)
    while part != END:
        if place + 1 >= len(words) or words[place] != MAGIC or (part := int(words[place + 1]) >> 29) not in expected:
            return None
        length = int(words[place + 1]) & _LENGTH
        parts += [4 * place + 8, length]
        if 4 * place + 8 + length > size:
            return None
        place += 2 + (length + 3) // 4
        expected = (MIDDLE, END)
    return parts


def _check_headers(words: np.ndarray, found: _Records, report: _Report) -> _Records:
    length = _lengths(words, found)
    flags = _header(words, found, 0)
    return report.without(
        found,
        (length < _HEADER, lambda n: f"it has {length[n]} bytes, less than a header of {_HEADER}"),
        (_HEADER + 4 * flags > length, lambda n: f"it says {flags[n]} labels, more than its {length[n]} bytes hold"),
    )


def _check_images(words: np.ndarray, found: _Records, report: _Report) -> _Records:
    """Drop the records that tell how the set is ordered, then those that are no labelled image."""
    empty = _lengths(words, found) == _HEADER + 4 * _header(words, found, 0)
    if len(empty) and empty[0] and _header(words, found, 0)[0] > 0:
        announced = _labels(words, found)[0] - np.float32(1)
        found = found.keep(~(empty & (_header(words, found, 0) > 0)))
        if announced < _INEXACT and announced != len(found.keys) and not report.skip:
            raise ValueError(
                f"The file {printable(report.path)} says that it has {announced:.0f} images, but {len(found.keys)} are "
                f'there: it is cut short, or its index is of another file. Use what is there with on_error="skip".'
            )
        empty = _lengths(words, found) == _HEADER + 4 * _header(words, found, 0)
    labels = _labels(words, found)
    with np.errstate(invalid="ignore"):
        unusable = ~np.isfinite(labels) | (labels < 0) | (labels != np.floor(labels))
    return report.without(
        found,
        (empty, lambda _: "it has no image"),
        (unusable, lambda n: f"its label is {labels[n]:g}, and labels are whole numbers from 0 on"),
    )


def _lengths(words: np.ndarray, found: _Records) -> np.ndarray:
    """Return how many bytes each record has, put together, int64 [R]."""
    lengths: np.ndarray = words[found.offsets // 4 + 1].astype(np.int64) & _LENGTH
    for n, parts in _in_parts(found):
        lengths[n] = sum(parts[1::2]) + 4 * (len(parts) // 2 - 1)
    return lengths


def _header(words: np.ndarray, found: _Records, place: int) -> np.ndarray:
    """Return the word at this place of each record, put together, int64 [R]; 0 where the record is shorter."""
    at = found.offsets // 4 + 2 + place
    inside = at < len(words)
    values = np.where(inside, words[np.where(inside, at, 0)], 0).astype(np.int64)
    for n, parts in _in_parts(found):
        values[n] = _word_of(words, parts, place)
    return values


def _labels(words: np.ndarray, found: _Records) -> np.ndarray:
    """Return the first label of each record, float32 [R]."""
    vector = _header(words, found, 0) > 0
    bits = np.where(vector, _header(words, found, _HEADER // 4), _header(words, found, 1))
    return bits.astype("<u4").view("<f4")


def _word_of(words: np.ndarray, parts: list[int], place: int) -> int:
    for start, length in zip(parts[::2], parts[1::2], strict=True):
        if place < length // 4:
            return int(words[start // 4 + place])
        place -= length // 4
        if place == 0:
            return MAGIC
        place -= 1
    return 0


def _in_parts(found: _Records) -> list[tuple[int, list[int]]]:
    if not found.parts:
        return []
    places = np.isin(found.offsets, list(found.parts)).nonzero()[0].tolist()
    return [(n, found.parts[int(found.offsets[n])]) for n in places]


def _catalogue(path: Path, words: np.ndarray, found: _Records, report: _Report, *, indexed: bool) -> Catalogue:
    if not len(found.keys):
        raise ValueError(f"The file {printable(path)} has no image that can be used ({len(report.skipped)} left out).")
    headers = _HEADER + 4 * _header(words, found, 0)
    starts = found.offsets + 8 + headers
    lengths = _lengths(words, found) - headers
    parts = {}
    for n, whole in _in_parts(found):
        starts[n], parts[int(starts[n])] = _image_parts(whole, int(headers[n]))
    labels, names = numbered(_labels(words, found).astype(np.int64))
    ids = found.keys if indexed else _header(words, found, 2) + (_header(words, found, 3) << 32)
    listed = read_list(path.with_suffix(".lst"))
    files = [
        listed.get(number, f"{path.name}:{key}") for number, key in zip(ids.tolist(), found.keys.tolist(), strict=True)
    ]
    if listed:
        names = identity_names(files, labels, names)
    spans = Spans(str(path), starts, lengths, found.keys, parts)
    return Catalogue(spans, labels, names, files, printable(path.name), tuple(report.skipped))


def _image_parts(parts: list[int], header: int) -> tuple[int, list[int]]:
    """Return where the image of a record in parts begins, and its parts: those of the record without the header."""
    rest = list(parts)
    while header > rest[1]:
        header -= rest[1] + 4
        rest = rest[2:]
    return rest[0] + header, [rest[0] + header, rest[1] - header, *rest[2:]]

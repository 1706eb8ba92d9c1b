"""Text files that list pairs of images: LFW's own, and lists of paths."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import torch

from workbench.checks import is_whole, unknown_name
from workbench.data.catalogue import printable
from workbench.data.imageset import ImageSet
from workbench.data.pairs import Pairs
from workbench.data.people import read_lines


class _Pair(NamedTuple):
    first: int
    second: int
    same: bool
    fold: int


def read_pairs(path: Path | str, images: ImageSet) -> Pairs:
    """Read a list of pairs of the images of a set.

    Two kinds are known. LFW's begin with a number of folds and of pairs, or of pairs alone, and have lines "name,
    number, number" for one person and "name, number, name, number" for two, between tabs; the image is
    `name/name_number.*`. Lists of paths have lines "path, path, 1 or 0", between tabs, commas or spaces; a first line
    of titles is passed over. They make one fold.

    Args:
        path: the list.
        images: a set that knows its files. A path in the list may be longer or shorter than theirs at the front, and
            may lack the suffix.

    Raises:
        ValueError: If a line cannot be understood, an image is not there, or LFW's list has another number of pairs
            than it says.
    """
    if not images.files:
        raise ValueError(
            f"The pairs of {printable(path)} name files, but this image set does not know its files ({images.source}) "
            f"Load it from the folder of its images."
        )
    lines = [(number, line.strip("\r")) for number, line in enumerate(read_lines(path), 1) if line.strip()]
    if not lines:
        raise ValueError(f"The list of pairs {printable(path)} is empty.")
    resolve = _Resolver(path, images.files)
    header = lines[0][1].split()
    if len(header) <= 2 and all(map(is_whole, header)):
        pairs = list(_of_lfw(lines[1:], [int(field) for field in header], resolve))
    else:
        pairs = list(_of_paths(lines, resolve))
    first, second, same, fold = zip(*pairs, strict=True)
    return Pairs(torch.tensor(first), torch.tensor(second), torch.tensor(same), torch.tensor(fold))


def _of_lfw(lines: Sequence[tuple[int, str]], header: list[int], resolve: "_Resolver") -> Iterator[_Pair]:
    folds, each = header if len(header) == 2 else (1, header[0])
    if len(lines) != folds * 2 * each or not lines:
        raise ValueError(
            f"The list of pairs {printable(resolve.path)} says that it has {folds} x {2 * each} pairs. Got "
            f"{len(lines)}: it may be cut short. Fetch it again."
        )
    for place, (number, line) in enumerate(lines):
        fields = [field.strip() for field in line.split("\t")] if "\t" in line else line.split()
        fold = place // (2 * each)
        if len(fields) == 3 and is_whole(fields[1]) and is_whole(fields[2]):
            name, one, two = fields
            yield _Pair(resolve.numbered(name, one, number), resolve.numbered(name, two, number), True, fold)
        elif len(fields) == 4 and is_whole(fields[1]) and is_whole(fields[3]):
            name, one, other, two = fields
            yield _Pair(resolve.numbered(name, one, number), resolve.numbered(other, two, number), False, fold)
        else:
            raise resolve.unclear(number, line, "a name and two numbers, or two names with a number each")


def _of_paths(lines: Sequence[tuple[int, str]], resolve: "_Resolver") -> Iterator[_Pair]:
    separator = next((mark for mark in "\t," if mark in lines[0][1]), " ")
    is_title = True
    for number, line in lines:
        fields = [field.strip() for field in next(csv.reader([line], delimiter=separator))]
        if separator == " ":
            fields = _split_at_spaces(fields, resolve)
        if len(fields) == 3 and fields[2] in ("0", "1"):
            yield _Pair(resolve.path_of(fields[0], number), resolve.path_of(fields[1], number), fields[2] == "1", 0)
        elif not is_title:
            raise resolve.unclear(number, line, "two paths and 1 for the same person or 0")
        is_title = False
    if len(lines) == 1 and not is_title and fields[2:] not in (["0"], ["1"]):
        raise resolve.unclear(number, line, "two paths and 1 for the same person or 0")


def _split_at_spaces(fields: list[str], resolve: "_Resolver") -> list[str]:
    """Put together paths that have spaces in them themselves: the files of the set tell where they end."""
    fields = [field for field in fields if field]
    if not fields:
        return fields
    *words, same = fields
    for cut in range(1, len(words)):
        pair = " ".join(words[:cut]), " ".join(words[cut:])
        if len(words) == 2 or all(resolve.find(path) is not None for path in pair):
            return [*pair, same]
    return [*words, same]


class _Resolver:
    """Finds images by what a list calls them."""

    def __init__(self, path: Path | str, files: Sequence[str]) -> None:
        self.path = path
        self._count = len(files)
        self._known: dict[str, int] = {}
        twice: set[str] = set()
        for position, file in enumerate(files):
            for name in _called(file):
                if self._known.setdefault(name, position) != position:
                    twice.add(name)
        for name in twice - set(files):
            del self._known[name]

    def find(self, path: str) -> int | None:
        """Return the position of an image, by the whole of a path or by its last two names."""
        return next((self._known[name] for name in _called(path) if name in self._known), None)

    def path_of(self, path: str, line: int) -> int:
        position = self.find(path)
        if position is None:
            raise self._missing(path, line)
        return position

    def numbered(self, name: str, number: str, line: int) -> int:
        folder = name.replace(" ", "_")
        usual = f"{folder}/{folder}_{int(number):04d}"
        for path in (usual, f"{name}/{name}_{int(number):04d}", f"{name}/{int(number):04d}", f"{name}/{int(number)}"):
            if (position := self.find(path)) is not None:
                return position
        raise self._missing(usual, line)

    def unclear(self, line: int, given: str, expected: str) -> ValueError:
        return ValueError(
            f"Line {line} of {printable(self.path)} must be {expected}. Got {given.strip()[:120]!r} instead."
        )

    def _missing(self, path: str, line: int) -> ValueError:
        stems = [name for name in self._known if name.partition("/")[0] == path.partition("/")[0]]
        missing = unknown_name("image", path, stems[:20], hint=f"The set has {self._count} images.")
        return ValueError(f"Line {line} of {printable(self.path)}: {missing}")


def _called(file: str) -> list[str]:
    """Return what a file may be called: by its path, with and without the suffix, and by the last two names of it."""
    path = PurePosixPath(file.replace("\\", "/"))
    short = "/".join(path.parts[-2:])
    image = path.suffix.lower() in (".jpg", ".jpeg", ".png", ".pgm", ".ppm", ".bmp", ".webp")
    bare = [name.removesuffix(path.suffix) for name in (str(path), short)] if image else []
    return list(dict.fromkeys([file, str(path), short, *bare]))

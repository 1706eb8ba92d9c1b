"""Tables of text as benchmarks publish them, read whole, or a sentence with the file and the line."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
from jaxtyping import Int64

from workbench import intake
from workbench.checks import is_whole, shown

_LONGEST = 500  # letters: a line may have a million


def refused(path: Path, line: int, what: str) -> ValueError:
    """The error of one line, counted from 1."""
    return ValueError(f"{path}, line {line}: {what if len(what) < _LONGEST else f'{what[:_LONGEST]}...'}")


def fields(path: Path, names: Sequence[str], *, delimiter: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of each line; blank lines are passed over."""
    with _text(path) as lines:
        for number, line in enumerate(lines, 1):
            parts = [part.strip() for part in line.strip().split(delimiter)]
            if not any(parts):
                continue
            if len(parts) != len(names):
                raise refused(path, number, f"expected {len(names)} fields ({' '.join(names)}), got {len(parts)}.")
            yield number, parts


def columns(path: Path, wanted: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line of a CSV file and its fields in the wanted columns, by the names in its header."""
    with _text(path) as lines:
        reader = csv.reader(lines)
        header = [name.strip().upper() for name in next(reader, [])]
        missing = [name for name in wanted if name not in header]
        if missing:
            raise refused(path, 1, f"the header has no column {missing[0]}. It has {', '.join(header) or 'nothing'}.")
        places = [header.index(name) for name in wanted]
        for row in reader:
            if not row:
                continue
            if len(row) <= max(places):
                raise refused(path, reader.line_num, f"expected {len(header)} fields, got {len(row)}.")
            yield reader.line_num, [row[place].strip() for place in places]


def has_column(path: Path, name: str) -> bool:
    """Whether the header of a CSV file names this column."""
    with _text(path) as lines:
        return name in [given.strip().upper() for given in next(csv.reader(lines), [])]


def whole(path: Path, line: int, name: str, text: str) -> int:
    """The field as a whole number of at least 0."""
    if is_whole(text):
        return int(text)
    raise refused(path, line, f"{name} must be a whole number below 10**18, got {shown(text)}.")


def numbers(path: Path, names: Sequence[str], *, delimiter: str | None = None) -> Int64[np.ndarray, "lines fields"]:
    """Read a table of whole numbers, a million lines in a fraction of a second; a first line of words is a header."""
    skipped = _header(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of files without data
            table = np.loadtxt(path, np.int64, comments=None, delimiter=delimiter, skiprows=skipped, ndmin=2)
    except ValueError:
        table = np.empty((0, 0), dtype=np.int64)
    if table.shape[1] == len(names) and table.size and table.min() >= 0:
        return table
    for number, parts in fields(path, names, delimiter=delimiter):
        if number > skipped:
            for name, text in zip(names, parts, strict=True):
                whole(path, number, name, text)
    raise ValueError(f"{path} holds no line of {' '.join(names)}.")


def line_of(path: Path, row: int) -> int:
    """The line of a row of `numbers`, which passed over blank lines and a header."""
    skipped = _header(path)
    with _text(path) as lines:
        kept = (number for number, line in enumerate(lines, 1) if number > skipped and line.strip())
        return next(number for k, number in enumerate(kept) if k == row)


def _header(path: Path) -> int:
    """How many lines of words come first: one or none."""
    with _text(path) as lines:
        return int(any(character.isalpha() for character in lines.readline()))


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """Open a file of text; what is none is refused by its name."""
    try:
        with intake.ordinary(path).open(encoding="utf-8-sig", newline=None) as lines:
            yield lines
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{path} is not a text file in UTF-8.") from None

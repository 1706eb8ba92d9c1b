"""The text files beside a `.rec`: where its records are, and what its images were called."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from workbench.checks import is_whole
from workbench.data.catalogue import printable
from workbench.data.people import read_lines


def read_index(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of an `.idx` file in rising order, and where their records begin, both int64 [R].

    Raises:
        ValueError: If a line is no key and offset, or there is none.
    """
    pairs = []
    for number, line in enumerate(read_lines(path), 1):
        fields = line.split()
        if len(fields) == 2 and all(map(is_whole, fields)):
            pairs.append((int(fields[0]), int(fields[1])))
        elif fields:
            raise ValueError(
                f"Line {number} of {printable(path)} must be a key and an offset. Got {line.strip()[:80]!r} instead. "
                f"Remove the index to read the records as they come."
            )
    if not pairs:
        raise ValueError(f"The index {printable(path)} is empty. Remove it to read the records as they come.")
    table = np.array(sorted(pairs), dtype=np.int64)
    return table[:, 0], table[:, 1]


def read_list(path: Path) -> dict[int, str]:
    """Return what the images were called, by key, as a `.lst` file tells; nothing if there is none.

    Two forms are in use, with tabs between: im2rec's "key, label, ..., path", and InsightFace's "aligned, path, label,
    ..." where the key is the number of the line, from 1 on.
    """
    if not path.exists():
        return {}
    called = {}
    for number, line in enumerate(read_lines(path), 1):
        fields = line.rstrip("\r").split("\t")
        if len(fields) < 3:
            continue
        if _is_number(fields[1]) and is_whole(fields[0]):
            called[int(fields[0])] = fields[-1]
        else:
            called[number] = fields[1]
    return called


def identity_names(files: Sequence[str], labels: np.ndarray, names: Sequence[str]) -> list[str]:
    """Return the folders of the files as names, if each identity has one folder of its own; `names` otherwise."""
    folders: dict[int, set[str]] = {}
    for label, file in zip(labels.tolist(), files, strict=True):
        folders.setdefault(label, set()).add(PurePosixPath(file).parent.name)
    found = [next(iter(folders[label])) for label in range(len(names)) if len(folders[label]) == 1]
    return found if len(found) == len(names) == len(set(found)) and all(found) else list(names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

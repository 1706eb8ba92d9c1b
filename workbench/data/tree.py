"""Folders with one folder for each identity: `Name/anything.jpg`."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.data.catalogue import Catalogue, WholeFiles, printable
from workbench.intake import as_text

SUFFIXES = (".jpg", ".jpeg", ".png", ".pgm", ".ppm", ".bmp", ".webp")
_NUMBER = re.compile(r"(\d{1,18})")


def tree(folder: Path) -> Catalogue:
    """List a folder of folders of images, as LFW, CASIA-WebFace, VGGFace2 and the ORL faces come.

    Every folder directly inside is an identity; the images directly inside that are its images. Numbers in names sort
    as numbers. Left out are hidden files, files that are no images by their names, and folders without images. Links
    are followed, but no deeper than these two levels, so that a loop ends.

    Raises:
        ValueError: If there is no such image.
    """
    paths: list[str] = []
    labels: list[int] = []
    names: list[str] = []
    files: list[str] = []
    for name in _names(folder, folders=True):
        images = [file for file in _names(f"{folder}/{name}", folders=False) if file.lower().endswith(SUFFIXES)]
        if images:
            paths += [f"{folder}/{name}/{image}" for image in images]
            files += [as_text(f"{name}/{image}") for image in images]
            labels += [len(names)] * len(images)
            names.append(as_text(name))
    if not paths:
        raise ValueError(_advice(folder))
    origin = f"the folder {printable(folder.name or folder)}"
    return Catalogue(WholeFiles(paths), np.array(labels, dtype=np.int64), names, files, origin)


def natural(name: str) -> tuple[list[str | int], str]:
    """Return the key by which names with numbers are sorted: s2 before s10. Text and numbers take turns in it."""
    parts: list[str | int] = list(_NUMBER.split(name))
    parts[1::2] = map(int, parts[1::2])
    return parts, name


def _names(folder: Path | str, *, folders: bool) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if _is_wanted(entry, folders) and entry.name[0] != "."]
    except OSError as error:
        raise ValueError(f"The folder {printable(folder)} cannot be read ({error.strerror}).") from None
    return sorted(found, key=natural) if len(found) > 1 else found


def _is_wanted(entry: "os.DirEntry[str]", folders: bool) -> bool:
    try:
        return entry.is_dir() if folders else entry.is_file()
    except OSError:
        return False  # a link that leads round in a circle


def _advice(folder: Path) -> str:
    kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
    if any(file.lower().endswith(SUFFIXES) for file in _names(folder, folders=False)):
        return (
            f"The folder {printable(folder)} has images but no folder for each identity, so nothing says who is who. "
            f"Move the images of each person into a folder of their name."
        )
    for deeper in _folders_below(folder):
        if any(name.lower().endswith(SUFFIXES) for name in _names(deeper, folders=False)):
            return (
                f"The folder {printable(folder)} has images only deeper than in folders of identities. Give the folder "
                f"{printable(deeper.parent)} instead."
            )
    return f"The folder {printable(folder)} has no images. It must have a folder for each identity with {kinds} files."


def _folders_below(folder: Path) -> Iterator[Path]:
    for name in _names(folder, folders=True):
        for inner in _names(folder / name, folders=True):
            yield folder / name / inner

"""Files that are either whole or not there: written beside, flushed to disk, then renamed."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workbench import intake

SUFFIX = ".partial"


@contextmanager
def replacing(path: Path, *, size: int | None = None) -> Iterator[Path]:
    """Yield a path beside `path` to write to; on leaving without an error it takes the place of `path`.

    After an error the half-written file is removed and `path` is what it was before. After a kill or a power
    cut a file ending in `.partial` may stay behind; readers never look at it and the next writer overwrites it.

    Args:
        path: of the file.
        size: bytes that it will have, if that is known.

    Raises:
        OSError: If it cannot be written; it says why, and of a full disk what is needed and what is free.
    """
    with written(path, size=size):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + SUFFIX)
        beside.unlink(missing_ok=True)  # a link of that name would lead the writing elsewhere
        try:
            yield beside
            _flush(beside)
            beside.replace(path)
            _flush(path.parent)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def written(path: Path, *, size: int | None = None) -> Iterator[None]:
    """Make a sentence of what the system says when `path`, a file or a folder, cannot be written inside.

    Args:
        path: what is written.
        size: bytes that are to be written, if that is known.

    Raises:
        OSError: The sentence, in the class and with the `errno` of the error. One that names another file stays as it
            is, and so does a missing file.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        ours = (path, path.with_name(path.name + SUFFIX), *path.parents)
        if error.errno is None or (error.filename is not None and Path(error.filename) not in ours):
            raise
        told = type(error)(_sentence(error.errno, path, size))
        told.errno = error.errno
        raise told from None


def _sentence(number: int, path: Path, size: int | None) -> str:
    reason = os.strerror(number)
    if number not in (errno.ENOSPC, errno.EDQUOT):
        return f"{path} cannot be written ({reason}). Choose a folder that can be written to."
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    needs = "" if size is None else f"it needs {_megabytes(size)}, and "
    return (
        f"There is no room for {path.name} in {folder}: {needs}{_megabytes(shutil.disk_usage(folder).free)} are free "
        f"({reason}). Make room on that disk, or choose a folder on another one."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB"


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all; what has no bytes in UTF-8 is written as Python escapes it."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path, *, of: str) -> dict[str, Any]:
    """Return what a JSON file holds.

    Args:
        path: of the file.
        of: what its folder is when the file is there: "a run folder".

    Raises:
        ValueError: If it is not there or cannot be read.
    """
    try:
        content: dict[str, Any] = json.loads(intake.ordinary(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path.parent} is not {of}: it has no {path.name}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({str(error)[:200]}).") from None
    return content


class BusyError(ValueError):
    """Another process is at work in a folder."""


@contextmanager
def alone(folder: Path, *, by: str = "") -> Iterator[None]:
    """Keep every other process out of a folder while inside; it is made if need be.

    The lock goes with the process, however it ends, and leaves no file behind.

    Args:
        folder: that of which one process has a use.
        by: name of a file in it that is locked in the folder's place, and made if need be: where others are at work in
            the same folder on something else.

    Raises:
        BusyError: If another process is inside; it is a ValueError.
        ValueError: If something in it is a link, see `intake.no_links`.
    """
    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        intake.no_links(folder)
        if by:
            descriptor = os.open(folder / by, os.O_RDWR | os.O_CREAT, 0o644)
        else:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Another process is at work in {folder}{_holder(descriptor)}. Wait until it is done, or choose "
                f"another output folder."
            ) from None
        except OSError:
            pass  # some network file systems have no locks
        yield
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """Return the SHA-256 of what is in a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _holder(descriptor: int) -> str:
    """Return the number of the process that has the lock of a file, as part of a sentence, where Linux tells it."""
    found = os.fstat(descriptor)
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    with suppress(OSError, IndexError, StopIteration):
        locks = map(str.split, Path("/proc/locks").read_text(encoding="ascii").splitlines())
        process = next(lock[4] for lock in locks if lock[1] == "FLOCK" and lock[5] == place)
        return f", number {process} of this machine" if process.isdecimal() and process != "0" else ""
    return ""


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

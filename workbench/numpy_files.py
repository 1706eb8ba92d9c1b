"""NumPy's files, from anywhere: no object in them is made, and no room for more than they hold."""

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from workbench import intake
from workbench.checks import said

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_BROKEN_HEADER = (ValueError, TypeError, SyntaxError, tokenize.TokenError)
_HEAD = 2**14  # bytes: NumPy reads no longer headers
_LAST = 0x10FFFF  # letter of Unicode: Python cannot even show a later one
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that NumPy writes
_PART = 2**20  # bytes read at a time: unpacked ones are held twice


class UnreadableArrayError(Exception):
    """Why an array or a file of them cannot be read, as the end of a sentence."""


def read_npz(
    path: Path, wanted: Callable[[list[str]], Iterable[str]] = list
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return arrays of a `.npz` file by name, and the names of all that it has.

    Args:
        path: the file.
        wanted: which of the names are read; all by default.

    Raises:
        UnreadableArrayError: If the file is damaged or no archive, or one of the arrays cannot be read.
        ValueError: If it would grow too much, see `intake.archive`.
    """
    intake.archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = (member for member in archive.infolist() if member.filename.endswith(".npy"))
            members = {member.filename.removesuffix(".npy"): member for member in arrays}
            found = {}
            for name in wanted(list(members)):
                if members[name].compress_type not in _PACKINGS:
                    raise UnreadableArrayError(f"{name[:60]!r} is packed as NumPy packs nothing")
                with archive.open(members[name]) as file:
                    found[name] = _array(file, members[name].file_size, f"{name[:60]!r}: ")
    except FileNotFoundError:
        raise UnreadableArrayError("it is missing") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        # An archive may be encrypted, of a later version, or say that something lies before its beginning.
        raise UnreadableArrayError(said(error)) from None
    return found, list(members)


def read_npy(path: Path, *, mapped: bool = False) -> np.ndarray:
    """Return the array of a `.npy` file, or map it into memory, to be read only.

    Raises:
        UnreadableArrayError: If it is no such file, is damaged, or holds objects.
        ValueError: If it is no ordinary file.
    """
    intake.ordinary(path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if not mapped:
                return _array(file, size, "")
            shape, order, dtype = _header(file, size, "")
            if not math.prod(shape):
                return np.empty(shape, dtype)
            return np.memmap(path, dtype, "r", file.tell(), shape, order)
    except (OSError, ValueError, EOFError) as error:
        raise UnreadableArrayError(said(error)) from None


def _array(file: IO[bytes], size: int, name: str) -> np.ndarray:
    shape, order, dtype = _header(file, size, name)
    array = np.empty(math.prod(shape), dtype)
    room = array.view(np.uint8).data if array.size else memoryview(b"")
    filled = 0
    while filled < len(room):
        part = file.read(min(_PART, len(room) - filled))
        if not part:
            raise UnreadableArrayError(f"{name}it is cut short")
        room[filled : filled + len(part)] = part
        filled += len(part)
    file.read(1)  # only at its end is the checksum of a member looked at
    if dtype.kind == "U" and array.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder)).max(initial=0) > _LAST:
        raise UnreadableArrayError(f"{name}its texts have letters that are none")
    return array.reshape(shape, order=order)


def _header(file: IO[bytes], size: int, name: str) -> tuple[tuple[int, ...], Any, np.dtype[Any]]:
    """Return shape, order and type of an array whose file has so many bytes."""
    try:
        begin = io.BytesIO(file.read(_HEAD))  # and never as much as it says that its header is long
        version = npy.read_magic(begin)
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile):
        raise UnreadableArrayError(
            f"{name}it does not begin as NumPy's arrays do, and nothing else is ever run"
        ) from None
    try:
        shape, transposed, dtype = _HEADERS[version](begin)
        shape, start = tuple(map(int, shape)), begin.tell()  # True is a length too, as far as NumPy can tell
        file.seek(start)
    except KeyError:
        raise UnreadableArrayError(
            f"{name}it is of a version of NumPy's format that arrays of numbers need not"
        ) from None
    except (RecursionError, MemoryError):  # as Python's parser calls what is nested too deeply
        raise UnreadableArrayError(f"{name}its header is nested too deeply") from None
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, *_BROKEN_HEADER) as error:
        raise UnreadableArrayError(f"{name}{said(error)}") from None
    if dtype.hasobject:
        raise UnreadableArrayError(f"{name}it holds Python objects, which are never run")
    if dtype.kind == "V" or not dtype.itemsize or min(shape, default=0) < 0:
        raise UnreadableArrayError(f"{name}it holds {dtype} of shape {list(shape)}, and neither numbers nor texts")
    if math.prod(shape) * dtype.itemsize > size - start:
        raise UnreadableArrayError(f"{name}it says {list(shape)} of {dtype}, and has {size - start} bytes for that")
    return shape, "F" if transposed else "C", dtype

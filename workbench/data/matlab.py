"""MATLAB's files of versions 4 to 7: arrays of numbers, texts and cells of texts, and nothing else of them.

SciPy's reader trusts what a file says of itself, and a damaged one can end the process. This one looks at each length
before it follows it. Source: MathWorks, "MAT-File Format", R2023b.
"""

import math
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

_HEADER = 128
_MATRIX, _PACKED, _UTF8 = 14, 15, 16
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TYPES |= {_UTF8: "u1", 17: "u2", 18: "u4"}
_CELL, _CHAR = 1, 4
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_TYPES_4 = ("f8", "f4", "i4", "i2", "u2", "u1")
_CELLS = 1_000_000
_BEGIN = 4096


class MatlabError(Exception):
    """Why a file cannot be read, as the end of a sentence."""


def arrays(content: bytes, room: int, wanted: Callable[[str], bool]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return arrays by name, and the names of all that there is.

    Args:
        content: of the file.
        room: bytes that compressed elements may grow to, together.
        wanted: whether the array of a name is read.

    Raises:
        MatlabError: If it is damaged, of version 7.3, or an array that is wanted is no numbers and no texts.
    """
    if content[:_HEADER].startswith((b"\x89HDF", b"MATLAB 7.3")):
        raise MatlabError("it is of MATLAB's version 7.3, and save(..., '-v7') writes one that can be read")
    found, there = {}, []
    for name, read in _version_4(content) if 0 in content[:4] else _version_5(content, room):
        there.append(name)
        if wanted(name):
            found[name] = read()
    return found, there


_Named = Iterator[tuple[str, Callable[[], np.ndarray]]]


def _version_4(content: bytes) -> _Named:
    place = 0
    while place < len(content):
        head = content[place : place + 20]
        if len(head) < 20:
            raise MatlabError("it is cut short")
        order = "<" if int.from_bytes(head[:4], "little") < 5000 else ">"
        kind, rows, columns, imaginary, length = struct.unpack(f"{order}5I", head)
        if kind // 1000 not in (0, 1) or kind // 10 % 10 > 5 or kind % 10 > 1 or not 0 < length < 1000:
            raise MatlabError("it has no head of an array where one must begin")
        dtype = np.dtype(order + _TYPES_4[kind // 10 % 10])
        start = place + 20 + length
        end = start + rows * columns * dtype.itemsize
        place = end + (end - start) * bool(imaginary)
        if place > len(content):
            raise MatlabError("it is cut short")
        name = content[start - length : start].rstrip(b"\0").decode("latin1")
        yield name, partial(_numbers, content[start:end], dtype, (rows, columns), dtype)


def _version_5(content: bytes, room: int) -> _Named:
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise MatlabError("it is none")

    def unpacked(packed: bytes) -> np.ndarray:
        nonlocal room
        inside = _unpacked(packed, room)
        room -= len(inside)
        kind, matrix = next(_elements(inside, order), (0, b""))
        return _read(matrix if kind == _MATRIX else b"", order)

    for kind, inside in _elements(content[_HEADER:], order):
        if kind == _PACKED and (name := _name(_begin(inside)[8:], order)) is not None:
            yield name, partial(unpacked, inside)
        elif kind == _MATRIX and (name := _name(inside, order)) is not None:
            yield name, partial(_read, inside, order)


def _begin(packed: bytes) -> bytes:
    """Unpack as much as the name of an array takes."""
    return _inflated(packed, _BEGIN)[0]


def _unpacked(packed: bytes, room: int) -> bytes:
    inside, is_whole = _inflated(packed, room + 1)
    if len(inside) > room:
        raise MatlabError(f"it would grow to more than {room:,} bytes, which no faces do")
    if not is_whole:
        raise MatlabError("it is cut short")
    return inside


def _inflated(packed: bytes, most: int) -> tuple[bytes, bool]:
    """Return at most so many bytes of what was packed, and whether these are all."""
    unpacking = zlib.decompressobj()
    try:
        return unpacking.decompress(packed, most), unpacking.eof
    except zlib.error as error:
        raise MatlabError(f"it cannot be unpacked: {error}") from None


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield the elements that some bytes are: what kind each is, and what is in it."""
    place = 0
    while place + 8 <= len(content):
        kind, length = struct.unpack_from(f"{order}II", content, place)
        if is_small := bool(kind >> 16):  # with its content in the place of its length
            kind, length, start, step = kind & 0xFFFF, kind >> 16, place + 4, 8
        else:
            start, step = place + 8, 8 + length + (-length % 8 if kind != _PACKED else 0)
        if length > len(content) - start or (is_small and length > 4):
            raise MatlabError("it is cut short, or a length in it is wrong")
        yield kind, content[start : start + length]
        place += step


def _name(content: bytes, order: str) -> str | None:
    """Return the name of an array; None of what is none, such as MATLAB's empty one in the place of no content."""
    parts = list(islice(_elements(content, order), 3))
    if len(parts) < 3 or len(parts[0][1]) < 4 or len(parts[1][1]) % 4 or parts[1][0] != 5:
        return None
    return parts[2][1].decode("latin1")


def _kind(content: bytes, order: str) -> int:
    """Return MATLAB's number of what an array holds."""
    _, flags = next(_elements(content, order), (0, b""))
    return int.from_bytes(flags[:4], "little" if order == "<" else "big") & 0xFF


def _read(content: bytes, order: str) -> np.ndarray:
    name = _name(content, order)
    if name is None:
        raise MatlabError("an array in it has no head")
    _, (_, lengths), _, *rest = _elements(content, order)
    kind = _kind(content, order)
    shape = tuple(np.frombuffer(lengths, f"{order}i4").tolist())
    if not 2 <= len(shape) <= 8 or min(shape) < 0:
        raise MatlabError(f"an array in it says that it is of shape {list(shape)[:8]}")
    if kind == _CELL:
        return _cells(rest, math.prod(shape), order)
    stored, values = rest[0] if rest else (0, b"")
    if stored not in _TYPES or kind not in (*_CLASSES, _CHAR):
        raise MatlabError(f"{name[:60]!r} is no array of numbers or texts")
    if kind == _CHAR:
        return np.array(_texts(stored, values, shape, order))
    return _numbers(values, np.dtype(order + _TYPES[stored]), shape, np.dtype(_CLASSES[kind]))


def _numbers(content: bytes, stored: np.dtype[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    if math.prod(shape) * stored.itemsize != len(content):
        raise MatlabError(f"an array in it is not as long as its shape {list(shape)} says")
    with np.errstate(invalid="ignore"):
        return np.frombuffer(content, stored).astype(dtype.newbyteorder("=")).reshape(shape, order="F")


def _cells(rest: Iterable[tuple[int, bytes]], count: int, order: str) -> np.ndarray:
    found: list[str] = []
    for kind, inside in rest:
        if kind != _MATRIX or len(found) == _CELLS or _kind(inside, order) == _CELL:
            raise MatlabError("a cell in it holds neither a text nor a number")
        values = np.ravel(_read(inside, order))
        found.append(str(values[0]).strip() if values.size else "")
    if len(found) != count:
        raise MatlabError(f"it has {len(found)} cells where it says {count}")
    return np.array(found, dtype=object)


def _texts(kind: int, content: bytes, shape: tuple[int, ...], order: str) -> list[str]:
    """Return the rows of an array of letters."""
    little = order == "<"
    codec = {_UTF8: "utf-8", 1: "latin1", 2: "latin1", 18: "utf-32-le" if little else "utf-32-be"}
    letters = content.decode(codec.get(kind, "utf-16-le" if little else "utf-16-be"), "replace")
    rows = shape[0]
    if len(letters) != math.prod(shape) or not rows:
        return [letters.strip()]
    return [letters[row::rows].rstrip() for row in range(rows)]

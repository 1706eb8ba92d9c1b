"""Reading the pickles that `.bin` sets are, without running anything they say.

A pickle is a program. This reader lets it build numbers, texts, bytes, lists and tuples, which need no code at all, and
stand-ins for the few things that NumPy's arrays are made of. Every other name in it ends the reading.

The reader is the one of Python's that is written in Python: that of C makes room for as many notes (`memo`) as a pickle
of ten bytes says, gigabytes of them.
"""

import io
import math
import pickle
import pickletools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.checks import shown

_KINDS = {"u1": np.uint8, "b1": np.bool_, "i1": np.int8, "i2": np.int16, "i4": np.int32, "i8": np.int64}


# What lists, tuples, numbers, texts, bytes and arrays of them are written with, and what asks for a name.
_INSTRUCTIONS = """
    PROTO FRAME STOP MARK POP POP_MARK DUP MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET
    NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
    BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8
    EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT SETITEM SETITEMS
    GLOBAL STACK_GLOBAL INST REDUCE BUILD PERSID BINPERSID EXT1 EXT2 EXT4
""".split()  # noqa: SIM905 - names of one kind in one line
_NAMES = {ord(instruction.code): instruction.name for instruction in pickletools.opcodes}


class ForbiddenPickleError(Exception):
    """A pickle that asks for more than these sets need; the text is what it asked for."""


def unpickled(content: bytes) -> Any:
    """Return what a pickle holds: bytes for the texts of Python 2, and arrays of bytes, whole numbers or truth values.

    Raises:
        ForbiddenPickleError: If it asks for anything that plain data does not need.
        Exception: Whatever a damaged pickle leads to.
    """
    return _Reader(content).load()


class _Mapping(dict[Any, Any]):
    """A dictionary, which no set needs, and which stays empty: to compare its keys could take for ever."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Do nothing."""


class _Steps(dict[int, Callable[[pickle.Unpickler], None]]):
    """What is done at each instruction."""

    def __missing__(self, code: int) -> Any:
        raise ForbiddenPickleError(f"the instruction {_NAMES.get(code, code)}")


def _empty_dictionary(reader: Any) -> None:
    reader.append(_Mapping())


def _bytearray(reader: Any) -> None:
    # Python makes room for as many bytes as it says, before it looks whether they are there.
    length = int.from_bytes(reader.read(8), "little")
    reader.append(bytearray(reader.read(min(length, sys.maxsize))))


class _Reader(pickle._Unpickler):
    dispatch = _Steps(
        (code, step) for code, step in pickle._Unpickler.dispatch.items() if _NAMES[code] in _INSTRUCTIONS
    )
    dispatch |= {pickle.EMPTY_DICT[0]: _empty_dictionary, pickle.BYTEARRAY8[0]: _bytearray}

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._allowed = _stand_ins(len(content))

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for this name: nothing is ever imported."""
        allowed = self._allowed.get((module.replace("numpy._core", "numpy.core"), name))
        if allowed is None:
            raise ForbiddenPickleError(f"{module}.{name}")
        return allowed

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies outside the file."""
        raise ForbiddenPickleError("an object outside the file")

    def get_extension(self, code: int) -> None:
        """Refuse the names that Python keeps by number: they go past `find_class`."""
        raise ForbiddenPickleError(f"the extension {code}")


def _stand_ins(room: int) -> dict[tuple[str, str], Any]:
    """Return new stand-ins: a pickle may change those it is given, and they die with it.

    Args:
        room: bytes of the pickle. Each of an honest one is copied three times at most, from a text to bytes to an array
            of bytes; another could have a few of them copied without end.
    """
    room *= 4

    def spend(size: int) -> None:
        nonlocal room
        room -= size
        if room < 0:
            raise ForbiddenPickleError("more bytes than it holds")

    class DType:
        def __init__(self, kind: Any, *_: Any) -> None:
            # Of anything else the text might have no end: a tuple of two tuples of two tuples...
            text = kind.decode("ascii") if isinstance(kind, bytes) else kind if isinstance(kind, str) else "?"
            if text not in _KINDS:
                raise ForbiddenPickleError(f"an array of {text[:40]!r}")
            self.kind = _KINDS[text]

        def __setstate__(self, state: Any) -> None:
            self.order = state[1]

    class Array:
        def __init__(self) -> None:
            self.value = np.empty(0, dtype=np.uint8)

        def __setstate__(self, state: Any) -> None:
            _, shape, kind, transposed, content = state
            self.value = built(content, kind, shape, "F" if transposed else "C")

    def built(content: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
        if not isinstance(kind, DType) or not isinstance(content, (bytes, bytearray)):
            raise ForbiddenPickleError("an array of objects")
        shape = (shape,) if isinstance(shape, int) else tuple(int(length) for length in shape)
        spend(len(content))
        values: np.ndarray = np.frombuffer(content, dtype=kind.kind)
        if getattr(kind, "order", b"<") in (">", b">"):
            values = values.byteswap()
        if math.prod(shape) != len(values):
            raise ValueError("an array is not as long as it says")
        return values.reshape(shape, order="F" if order in ("F", b"F") else "C")

    def reconstruct(*_: Any) -> Array:
        return Array()

    def from_buffer(content: Any, kind: Any, shape: Any, order: Any) -> Array:
        array = Array()
        array.value = built(content, kind, shape, order)
        return array

    def scalar(kind: Any, content: Any) -> Any:
        return built(content, kind, (1,), "C")[0].item()

    def encode(text: Any, encoding: Any) -> bytes:
        # How protocol 2 writes bytes: as a text of as many letters.
        if not isinstance(text, str) or encoding not in ("latin1", b"latin1", "latin-1", b"latin-1"):
            given = shown(encoding) if isinstance(encoding, (str, bytes)) else "another code than Latin-1"
            raise ForbiddenPickleError(f"a text in {given}")
        spend(len(text))
        return text.encode("latin1")

    def as_bytes(content: Any = b"", encoding: Any = "latin-1") -> bytes:
        if isinstance(content, str):
            return encode(content, encoding)
        spend(len(content))
        return bytes(memoryview(content))

    numpy: dict[str, Callable[..., Any]] = {"_reconstruct": reconstruct, "scalar": scalar}
    return {
        **{("numpy.core.multiarray", name): stand_in for name, stand_in in numpy.items()},
        ("numpy.core.numeric", "_frombuffer"): from_buffer,
        ("numpy", "ndarray"): Array,
        ("numpy", "dtype"): DType,
        ("_codecs", "encode"): encode,
        **{(module, name): as_bytes for module in ("builtins", "__builtin__") for name in ("bytes", "bytearray")},
    }

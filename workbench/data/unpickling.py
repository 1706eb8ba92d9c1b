"""Reading the pickles that `.bin` sets are, without running anything they say.

A pickle is a program. This reader lets it build numbers, texts, bytes, lists and tuples, which need no code at all, and
stand-ins for the few things that NumPy's arrays are made of. Every other name in it ends the reading.
"""

import io
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

_KINDS = {"u1": np.uint8, "b1": np.bool_, "i1": np.int8, "i2": np.int16, "i4": np.int32, "i8": np.int64}


class ForbiddenPickleError(Exception):
    """A pickle that asks for more than these sets need; the text is what it asked for."""


def unpickled(content: bytes) -> Any:
    """Return what a pickle holds: bytes for the texts of Python 2, and arrays of bytes, whole numbers or truth values.

    Raises:
        ForbiddenPickleError: If it asks for anything that plain data does not need.
        Exception: Whatever a damaged pickle leads to.
    """
    return _Reader(content).load()


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._allowed = _stand_ins()

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for this name: nothing is ever imported."""
        allowed = self._allowed.get((module.replace("numpy._core", "numpy.core"), name))
        if allowed is None:
            raise ForbiddenPickleError(f"{module}.{name}")
        return allowed

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies outside the file."""
        raise ForbiddenPickleError("an object outside the file")


def _stand_ins() -> dict[tuple[str, str], Any]:
    """Return new stand-ins: a pickle may change those it is given, and they die with it."""

    class DType:
        def __init__(self, kind: Any, *_: Any) -> None:
            text = kind.decode("ascii") if isinstance(kind, bytes) else str(kind)
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
            raise ForbiddenPickleError(f"a text in {encoding!r}")
        return text.encode("latin1")

    def as_bytes(content: Any = b"", encoding: Any = "latin-1") -> bytes:
        return encode(content, encoding) if isinstance(content, str) else bytes(memoryview(content))

    numpy: dict[str, Callable[..., Any]] = {"_reconstruct": reconstruct, "scalar": scalar}
    return {
        **{("numpy.core.multiarray", name): stand_in for name, stand_in in numpy.items()},
        ("numpy.core.numeric", "_frombuffer"): from_buffer,
        ("numpy", "ndarray"): Array,
        ("numpy", "dtype"): DType,
        ("_codecs", "encode"): encode,
        **{(module, name): as_bytes for module in ("builtins", "__builtin__") for name in ("bytes", "bytearray")},
    }

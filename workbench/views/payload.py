"""The one payload schema: a JSON header and named blocks of numbers, base64 and little-endian."""

import base64
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter

# The element types that have a typed array in every browser. 64-bit counts travel as float64, exact below 2**53.
DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")

INT16_ONE = 32767
# Half a step in each of three components, all across the vector.
QUANTISATION_ERROR_RAD = 3**0.5 / 2 / INT16_ONE


def pack(header: dict[str, Any], **blocks: np.ndarray) -> dict[str, Any]:
    """Join a JSON header and arrays into one JSON-ready payload.

    Args:
        header: what JSON can hold, without NaN or infinity.
        blocks: arrays of one of `DTYPES`, any shape.

    Returns:
        `{"header": header, "blocks": {name: {"dtype", "shape", "data"}}}`, data in base64, C order.

    Raises:
        ValueError: an array's dtype has no counterpart in a browser, or the header is not JSON.
    """
    json.dumps(header, allow_nan=False)
    packed = {}
    for name, block in blocks.items():
        if block.dtype.name not in DTYPES:
            raise ValueError(bad_parameter("pack", name, f"an array of {', '.join(DTYPES)}", block.dtype.name))
        data = np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("<")).tobytes()
        packed[name] = {
            "dtype": block.dtype.name,
            "shape": list(block.shape),
            "data": base64.b64encode(data).decode("ascii"),
        }
    return {"header": header, "blocks": packed}


def unpack(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Split a payload into its header and arrays; the inverse of `pack`."""
    blocks = {}
    for name, block in payload["blocks"].items():
        dtype = np.dtype(block["dtype"]).newbyteorder("<")
        blocks[name] = np.frombuffer(base64.b64decode(block["data"]), dtype).reshape(block["shape"])
    return payload["header"], blocks


def quantise(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Store components in [-1, 1] as int16, 1 as 32767.

    The direction of a unit vector in three dimensions turns by at most `QUANTISATION_ERROR_RAD`, 2.65e-5 rad.
    """
    steps: npt.NDArray[np.int16] = np.rint(np.clip(vectors, -1, 1) * INT16_ONE).astype(np.int16)
    return steps


def dequantise(vectors: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Read int16 components back as numbers in [-1, 1]."""
    return vectors / INT16_ONE


_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def to_json(payload: dict[str, Any]) -> str:
    """Write a payload as JSON that no HTML parser can read as markup: `<`, `>`, `&` and line separators escaped."""
    text = json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text

"""Random numbers by their address, not by their turn: draw k of image i of an identity, whoever asks for it when."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniforms(key: int, *address: np.ndarray | int, count: int) -> Float[Tensor, "... count"]:
    """Return `count` float64 numbers inside (0, 1) for each address: a hash of the key, the address and the place.

    Args:
        key: 63-bit seed.
        address: whole numbers or arrays of them that broadcast together.
        count: how many numbers for each.
    """
    with np.errstate(over="ignore"):
        state = _mix(np.asarray(np.uint64(key) + _GOLDEN))
        for part in (*(np.asarray(a)[..., None] for a in address), np.arange(count)):
            state = _mix(state + (part.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    # 52 bits and a half: neither 0 nor 1 can come out, where the normal quantile is infinite.
    return torch.from_numpy(((state >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


def normals(key: int, *address: np.ndarray | int, count: int) -> Float[Tensor, "... count"]:
    """Return `count` float64 standard normal numbers for each address."""
    drawn: Tensor = torch.special.ndtri(uniforms(key, *address, count=count))
    return drawn


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014): every bit of the input changes half of those put out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))

"""What every protocol starts from: flat arrays of scores, labels and marks, or a sentence that says what is wrong."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray
from torch import Tensor

from workbench.checks import bad_parameter
from workbench.geometry.inputs import Array


def numpy_of(values: Array) -> NDArray[Any]:
    """The values as a NumPy array, whatever held them."""
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def scores_of(owner: str, scores: Array) -> Float64[np.ndarray, " P"]:
    """Return the scores as float64 [P], at least one, all finite."""
    given = numpy_of(scores)
    if given.ndim != 1 or not len(given) or given.dtype.kind != "f":
        rule = "floating point numbers [P], one for each pair"
        raise ValueError(bad_parameter(owner, "scores", rule, f"{given.dtype} {list(given.shape)}"))
    bad = ~np.isfinite(given)
    if bad.any():
        raise ValueError(f"Score {bad.argmax()} is {given[bad.argmax()]}. A pair without a score cannot be judged.")
    return given.astype(np.float64)


def marks(owner: str, name: str, values: Array, count: int) -> Bool[np.ndarray, " P"]:
    """Return the values as bool [count]; True and False, or 1 and 0."""
    given = numpy_of(values)
    if given.shape != (count,) or given.dtype.kind not in "biu" or not np.isin(given, (0, 1)).all():
        rule = f"True or False (or 1 or 0) for each of the {count} pairs"
        raise ValueError(bad_parameter(owner, name, rule, f"{given.dtype} {list(given.shape)}"))
    return given.astype(bool)


def whole_numbers(owner: str, name: str, values: Array, shape: tuple[int, ...], of: str) -> NDArray[np.int64]:
    """Return the values as int64 of this shape; `of` says what each of them belongs to."""
    given = numpy_of(values)
    if given.shape != shape or given.dtype.kind not in "iu":
        rule = f"whole numbers {list(shape)}, {of}"
        raise ValueError(bad_parameter(owner, name, rule, f"{given.dtype} {list(given.shape)}"))
    return given.astype(np.int64)


def indices(owner: str, name: str, values: Array, rows: int) -> Int64[Tensor, " P"]:
    """Return the values as int64 [P], each the index of one of `rows` rows."""
    given = numpy_of(values)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        rule = "whole numbers [P], indices of rows"
        raise ValueError(bad_parameter(owner, name, rule, f"{given.dtype} {list(given.shape)}"))
    outside = (given < 0) | (given >= rows)
    if outside.any():
        rule = f"in [0, {rows}), a row of the embeddings each"
        raise ValueError(bad_parameter(owner, name, rule, int(given[outside.argmax()])))
    return torch.from_numpy(given.astype(np.int64))


def matrix(owner: str, name: str, values: Array) -> Tensor:
    """Return the values as a floating-point tensor [N, D] without NaN or infinity, of its own type and device."""
    given = values.detach() if isinstance(values, Tensor) else torch.as_tensor(np.ascontiguousarray(values))
    if given.ndim != 2 or 0 in given.shape or not given.is_floating_point():
        rule = "a floating-point matrix [N, D] with at least one row"
        raise ValueError(bad_parameter(owner, name, rule, f"{given.dtype} {list(given.shape)}"))
    bad = ~given.isfinite().all(1)
    if bad.any():
        row = int(bad.nonzero()[0, 0])
        raise ValueError(f"Row {row} of the {name} holds NaN or infinity. Drop it, or find out what made it.")
    return given

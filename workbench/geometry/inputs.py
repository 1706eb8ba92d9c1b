"""What every measurement starts from: unit vectors in float64, and labels, or a sentence that says what is wrong."""

from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from numpy.typing import NDArray
from torch import Tensor

from workbench.checks import bad_parameter

Array: TypeAlias = Tensor | NDArray[Any]


def unit_rows(values: Array, name: str = "embeddings") -> Float64[Tensor, "rows dim"]:
    """Divide each row by its Euclidean norm, in float64: u = x / |x|.

    Geometry is float64 throughout. Between two centres 1e-4 rad apart the cosines differ by 5e-9, which float32
    cannot hold; the price is a matrix product of twice the time. (`mixed` pays less where all pairs are counted.)

    Args:
        values: [N, D], N and D at least 1; float16, bfloat16, float32 or float64; a tensor of any device, or an array.
        name: What to call the rows in an error.

    Returns:
        Unit rows, float64, detached, on the device of `values` (on the CPU where the device has no float64).

    Raises:
        ValueError: Not a matrix, empty, not floating point, a row that is not finite, or a row of zeros.
    """
    rows = matrix(values, name).to(torch.float64)
    # Scaled by the largest entry first: the square of 1e200 is not a float64, nor is that of 1e-200.
    largest = rows.abs().amax(1, keepdim=True)
    refuse_sizes(largest, name)
    rows = rows / largest
    unit: Tensor = rows / rows.norm(dim=1, keepdim=True)
    return unit


def matrix(values: Array, name: str = "embeddings") -> Float[Tensor, "rows dim"]:
    """Return the rows as a tensor, detached, on a device that has float64, and otherwise as they were given.

    Raises:
        ValueError: Not a matrix, empty, or not floating point.
    """
    rows = _tensor(values, name)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(bad_parameter("geometry", name, "a matrix [N, D] with at least one row", tuple(rows.shape)))
    if not rows.is_floating_point():
        raise ValueError(bad_parameter("geometry", name, "floating point", str(rows.dtype), hint="Use .float()."))
    return rows.cpu() if rows.device.type == "mps" else rows


def class_labels(labels: Array, rows: int) -> Int64[Tensor, " rows"]:
    """Return the labels as int64, one for each of `rows` embeddings.

    Raises:
        ValueError: Not whole numbers, not one-dimensional, or not as many as there are embeddings.
    """
    given = _tensor(labels, "labels")
    if given.is_floating_point() or given.is_complex() or given.dtype == torch.bool:
        raise ValueError(bad_parameter("geometry", "labels", "whole numbers", str(given.dtype)))
    if given.ndim != 1 or len(given) != rows:
        shape = tuple(given.shape)
        raise ValueError(bad_parameter("geometry", "labels", f"one for each of the {rows} embeddings", shape))
    return given.to(torch.int64)


def matched(embeddings: Array, labels: Array) -> tuple[Float64[Tensor, "N D"], Int64[Tensor, " N"]]:
    """Check embeddings and labels together; return unit rows and int64 labels on one device."""
    unit = unit_rows(embeddings)
    return unit, class_labels(labels, len(unit)).to(unit.device)


def matching_prototypes(
    prototypes: Array, unit: Float64[Tensor, "N D"], labels: Int64[Tensor, " N"]
) -> Float64[Tensor, "C D"]:
    """Unit prototypes on the device of the samples, after a check that width and labels fit them."""
    centres = unit_rows(prototypes, "prototypes").to(unit.device)
    if centres.shape[1] != unit.shape[1]:
        rule = f"of the width of the embeddings, {unit.shape[1]}"
        raise ValueError(bad_parameter("geometry", "prototypes", rule, centres.shape[1]))
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= len(centres):
        rule = f"in [0, {len(centres)}), a row of the prototypes each"
        raise ValueError(bad_parameter("geometry", "labels", rule, low if low < 0 else high))
    return centres


def class_means(
    unit: Float64[Tensor, "N D"], labels: Int64[Tensor, " N"]
) -> tuple[Int64[Tensor, " C"], Int64[Tensor, " N"], Float64[Tensor, "C D"]]:
    """Mean of the unit vectors of each class that occurs.

    Returns:
        The labels that occur, ascending [C]; the row of each sample's class [N]; the means [C, D], not normalised.
    """
    classes, row, counts = labels.unique(return_inverse=True, return_counts=True)
    sums = unit.new_zeros(len(classes), unit.shape[1]).index_add_(0, row, unit)
    return classes, row, sums / counts[:, None]


def as_numpy(values: Tensor) -> NDArray[Any]:
    """Results are NumPy arrays on the CPU, so that whoever draws or stores them needs no torch."""
    array: NDArray[Any] = values.cpu().numpy()
    return array


def _tensor(values: Array, name: str) -> Tensor:
    if isinstance(values, Tensor):
        return values.detach()
    array = np.asarray(values)
    try:
        return torch.from_numpy(np.ascontiguousarray(array))
    except TypeError as error:
        raise ValueError(bad_parameter("geometry", name, "an array of numbers", str(array.dtype))) from error


def refuse_sizes(size: Tensor, name: str) -> None:
    """Raise a ValueError that names the first row whose size is 0, or no number."""
    _refuse_rows(~size.isfinite(), name, "holds NaN or infinity", "Drop it, or find out what made it.")
    _refuse_rows(size == 0, name, "is all zeros", "A zero vector has no direction: drop it.")


def _refuse_rows(bad: Tensor, name: str, what: str, hint: str) -> None:
    if bad.any():
        first = int(bad.flatten().nonzero()[0, 0])
        more = int(bad.sum()) - 1
        others = f" (and {more} other{'s' * (more > 1)})" if more else ""
        raise ValueError(f"Row {first}{others} of the {name} {what}. {hint}")

"""What the sphere is given: runs of snapshots, checked to be about the same samples and classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.views.directions import class_means, normalise

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Frames:
    """Snapshots of one run.

    Attributes:
        embeddings: float [T, P, d], T snapshots of P embeddings, d >= 2; need not be normalised. [P, d] is one
            snapshot.
        centres: float [T, C, d], the class weights of each snapshot ([C, d] with one snapshot); None takes the
            direction of each class's mean instead.
    """

    embeddings: npt.ArrayLike
    centres: npt.ArrayLike | None = None


@dataclass(frozen=True)
class Samples:
    """Runs that agree with each other, their rows without a direction left out.

    Attributes:
        embeddings: of each run, unit vectors float64 [T, P', d].
        centres: of each run, unit vectors float64 [T, C, d]; zero where a class has none.
        labels: int64 [P'].
        rows: int64 [P'], the row each one had.
        names: C class names.
        steps: T increasing numbers.
        dropped: how many rows had no direction (NaN, infinite or zero) in some snapshot.
        averaged: whether some run's centres are the means of its classes.
    """

    embeddings: dict[str, Floats]
    centres: dict[str, Floats]
    labels: Ints
    rows: Ints
    names: list[str]
    steps: list[float]
    dropped: int
    averaged: bool


def collect(
    runs: Mapping[str, Frames],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None,
    steps: Sequence[float] | None,
    owner: str = "hypersphere",
) -> Samples:
    """Check that the runs are about the same samples, classes and snapshots, and normalise them.

    Raises:
        ValueError: they are not, or a label is not in [0, C), or steps do not increase.
    """
    label_array = np.asarray(labels, dtype=np.int64).reshape(-1)
    embeddings = {name: _snapshots(name, "embeddings", run.embeddings) for name, run in runs.items()}
    given = {
        name: None if run.centres is None else _snapshots(name, "centres", run.centres) for name, run in runs.items()
    }
    T, classes = _agree(owner, embeddings, given, label_array, names)
    usable = np.logical_and.reduce([_has_direction(e).all(axis=0) for e in embeddings.values()])
    kept = label_array[usable]
    directions = {name: normalise(e[:, usable]) for name, e in embeddings.items()}
    centres = {
        name: class_means(directions[name], kept, classes) if c is None else normalise(_finite(c))
        for name, c in given.items()
    }
    return Samples(
        embeddings=directions,
        centres=centres,
        labels=kept,
        rows=np.flatnonzero(usable),
        names=[str(name) for name in names] if names is not None else [str(k) for k in range(classes)],
        steps=increasing_steps(owner, steps, T),
        dropped=len(usable) - len(kept),
        averaged=any(c is None for c in given.values()),
    )


def _snapshots(run: str, what: str, values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[0] < 1 or array.shape[2] < 2:
        rule = "a float array [T, N, d] or [N, d] with T >= 1 and d >= 2"
        raise ValueError(bad_parameter(f"the run {run!r}", what, rule, np.shape(values)))
    return array


def _agree(
    owner: str,
    embeddings: dict[str, Floats],
    centres: dict[str, Floats | None],
    labels: Ints,
    names: Sequence[str] | None,
) -> tuple[int, int]:
    """The number of snapshots and of classes that everything given agrees on."""
    T = next(iter(embeddings.values())).shape[0]
    counts = [len(c[0]) for c in centres.values() if c is not None]
    default = int(labels.max()) + 1 if len(labels) else 0
    classes = len(names) if names is not None else counts[0] if counts else default
    for run, array in embeddings.items():
        if array.shape[:2] != (T, len(labels)):
            rule = f"an array of {T} snapshots with one row for each of {len(labels)} labels"
            raise ValueError(bad_parameter(f"the run {run!r}", "embeddings", rule, array.shape))
        weights = centres[run]
        if weights is not None and weights.shape != (T, classes, array.shape[2]):
            rule = f"an array of shape {(T, classes, array.shape[2])}"
            raise ValueError(bad_parameter(f"the run {run!r}", "centres", rule, weights.shape))
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        rule = f"integers in [0, {classes}), the number of classes"
        raise ValueError(bad_parameter(owner, "labels", rule, [int(labels.min()), int(labels.max())]))
    return T, classes


def _has_direction(vectors: Floats) -> npt.NDArray[np.bool_]:
    usable: npt.NDArray[np.bool_] = np.isfinite(vectors).all(axis=-1) & (vectors != 0).any(axis=-1)
    return usable


def _finite(vectors: Floats) -> Floats:
    return np.where(_has_direction(vectors)[..., None], vectors, 0.0)


def increasing_steps(owner: str, steps: Sequence[float] | None, T: int) -> list[float]:
    """Return T increasing numbers as they were given, 0 to T - 1 by default; raise a ValueError if they are not."""
    if steps is None:
        return list(range(T))
    numbers = [step if isinstance(step, int) else float(step) for step in steps]
    if len(numbers) != T or any(b <= a for a, b in pairwise(numbers)):
        raise ValueError(bad_parameter(owner, "steps", f"{T} increasing numbers", list(steps)))
    return numbers

"""The cosines between class centres: how far each class is from its rivals, and all of them from a simplex."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.views.directions import normalise
from workbench.views.linking import class_entries, class_names
from workbench.views.payload import INT16_ONE, pack, quantise
from workbench.views.text import count, named_runs
from workbench.views.view import View

MAX_RUNS = 4
MAX_CELLS = 200  # classes on a side of the heat map
MAX_RIVALS = 200  # rows of the list
NO_VALUE = -INT16_ONE - 1
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class _Rivals:
    """The nearest other centre of each class, int64 [C] and its cosine [C]; NaN where there is none."""

    nearest: npt.NDArray[np.int64]
    cosine: npt.NDArray[np.float64]


def centre_gram(runs: Mapping[str, npt.ArrayLike], *, names: Sequence[str] | None = None) -> View:
    """Show w_a . w_b of all class centres as a heat map, and the nearest rival of each class.

    Were C centres spread as far apart as can be, every cosine between two would be -1 / (C - 1), the simplex; that
    needs d >= C - 1. The order is that of the classes, or one that puts similar centres side by side: average linkage
    of 1 - cosine, leaves ordered so that neighbours are near (Bar-Joseph, Gifford and Jaakkola 2001).

    Above 200 classes there is no heat map, and the list holds the 200 classes whose rival is nearest.

    Args:
        runs: one to four named runs of the same C classes: class weights or means [C, d], d >= 2, any norm. A row that
            is zero, NaN or infinite is a class without a centre.
        names: C class names; the class numbers by default.

    Raises:
        ValueError: no run or too many, or arrays that are no matrices or of another number of classes.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("centre_gram", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    centres = {name: _directions(name, values) for name, values in runs.items()}
    classes = len(next(iter(centres.values())))
    for name, vectors in centres.items():
        if len(vectors) != classes:
            rule = f"one centre for each of the {classes} classes of the first run"
            raise ValueError(bad_parameter(f"the run {name!r}", "centres", rule, vectors.shape))
    known = class_names("centre_gram", names, classes)

    blocks: dict[str, np.ndarray] = {}
    missing = 0
    for i, vectors in enumerate(centres.values()):
        present = (vectors != 0).any(axis=1)
        missing = max(missing, int((~present).sum()))
        rivals = _rivals(vectors, present)
        # Without a rival last, which NaN is for argsort.
        listed = np.argsort(-rivals.cosine, kind="stable")[:MAX_RIVALS]
        blocks[f"listed{i}"] = listed.astype(np.int32)
        blocks[f"rival{i}"] = rivals.nearest[listed].astype(np.int32)
        blocks[f"cosine{i}"] = rivals.cosine[listed]
        if classes <= MAX_CELLS:
            both = present[:, None] & present
            blocks[f"gram{i}"] = np.where(both, quantise(vectors @ vectors.T), NO_VALUE).astype(np.int16)
            blocks[f"order{i}"] = _by_similarity(vectors, present).astype(np.int32)
    return View("centre_gram", pack(_header(list(runs), known, missing), **blocks))


def _directions(run: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2:
        rule = "a float matrix [C, d] with d >= 2"
        raise ValueError(bad_parameter(f"the run {run!r}", "centres", rule, array.shape))
    return normalise(np.where(np.isfinite(array).all(axis=1, keepdims=True), array, 0.0))


def _rivals(vectors: npt.NDArray[np.float64], present: npt.NDArray[np.bool_]) -> _Rivals:
    """The nearest other centre of each, from blocks of rows, so that no [C, C] is held."""
    nearest, cosine = np.zeros(len(vectors), dtype=np.int64), np.full(len(vectors), np.nan)
    if present.sum() < 2:
        return _Rivals(nearest, cosine)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(vectors)))
        block = np.where(present, vectors[rows] @ vectors.T, -np.inf)
        block[np.arange(len(rows)), rows] = -np.inf
        nearest[rows] = block.argmax(axis=1)
        cosine[rows] = np.where(present[rows], np.clip(block.max(axis=1), -1, 1), np.nan)
    return _Rivals(nearest, cosine)


def _by_similarity(vectors: npt.NDArray[np.float64], present: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Classes with like centres side by side, those without a centre last."""
    here = np.flatnonzero(present)
    if len(here) > 2:
        from scipy.cluster.hierarchy import leaves_list, linkage  # here, because scipy is slow to import
        from scipy.spatial.distance import squareform

        apart = np.clip(1 - vectors[here] @ vectors[here].T, 0, 2)
        np.fill_diagonal(apart, 0)
        tree = linkage(squareform(apart, checks=False), "average", optimal_ordering=True)
        here = here[leaves_list(tree)]
    return np.concatenate([here, np.flatnonzero(~present)])


def _header(runs: list[str], names: list[str], missing: int) -> dict[str, Any]:
    classes = len(names)
    notes = []
    if missing:
        notes.append(f"{count(missing, 'class', 'classes')} without a centre: NaN, infinite or zero.")
    if classes < 2:
        notes.append("Fewer than two classes: there is nothing to compare.")
    elif classes > MAX_CELLS:
        notes.append(
            f"{count(classes)} classes are too many for a heat map: listed are the {MAX_RIVALS} whose nearest rival "
            "is nearest."
        )
    return {
        "title": "Cosines between class centres",
        "summary": f"Cosines between the centres of {count(classes, 'class', 'classes')}, {named_runs(runs)}.",
        "caption": (
            "Orange pairs of classes are nearer than a right angle, blue ones farther. If all centres were as far "
            "apart as they can be, every cosine would stand at the line of the simplex, −1 / (C − 1), which takes at "
            "least C − 1 dimensions. In the order by similarity, blocks along the diagonal are groups of classes that "
            "lie together; another way to group them would order them otherwise."
        ),
        "classes": class_entries(names),
        "target": -1 / (classes - 1) if classes > 1 else None,
        "heat": 1 < classes <= MAX_CELLS,
        "runs": [{"name": name} for name in runs],
        "notes": notes,
    }

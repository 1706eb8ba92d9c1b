"""Angles of samples to their own class centre and to the nearest other one, from epoch to epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.theme import MAX_COLOURED_CLASSES
from workbench.views.directions import angles_to_centres
from workbench.views.frames import Floats, Frames, Samples, collect
from workbench.views.linking import class_entries
from workbench.views.payload import pack
from workbench.views.text import count, named_runs
from workbench.views.view import View

MAX_RUNS = 4
BINS = 90  # of two degrees: 0 to 180
MAX_FILTERED_CLASSES = 200
MAX_CLASS_BYTES = 360_000  # what the playback of a report may weigh
_COSINES_AT_ONCE = 4_000_000


def angle_distributions(
    runs: Mapping[str, Frames],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    steps: Sequence[float] | None = None,
) -> View:
    """Show how the angles to the own centre and to the nearest other centre are spread, runs side by side.

        own_i = angle(x_i, w_{y_i})        other_i = min_{c != y_i} angle(x_i, w_c)

    All samples are counted, in bins of 2 degrees from 0 to 180, in all dimensions. The medians are those of the
    angles, not of the bins; the overlap is the area under both densities, sum_b min(p_b, q_b), in [0, 1]. The epoch
    and the class in focus are the page's, so that the sphere beside it shows the same.

    Args:
        runs: one to four named runs of the same P samples, T snapshots and C classes, as `hypersphere` takes them.
        labels: integers [P] in [0, C).
        names: C class names; the class numbers by default.
        steps: T increasing numbers under the slider, such as epochs; 0 to T - 1 by default.

    Raises:
        ValueError: shapes do not agree, a label is out of range, or there are too many runs.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("angle_distributions", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    samples = collect(runs, labels, names=names, steps=steps, owner="angle_distributions")
    T, classes = len(samples.steps), len(samples.names)
    sizes = np.bincount(samples.labels, minlength=classes)
    kind = "uint16" if len(samples.labels) < 2**16 else "uint32"
    weight = len(runs) * 2 * T * BINS * classes * np.dtype(kind).itemsize
    by_class = 1 < classes <= MAX_FILTERED_CLASSES and weight <= MAX_CLASS_BYTES

    blocks: dict[str, np.ndarray] = {"sizes": sizes.astype(np.int32)}
    groups = classes + 1 if by_class else 1
    for i, name in enumerate(samples.embeddings):
        angles = _degrees(samples.embeddings[name], samples.centres[name], samples.labels)
        for side, values in zip(("own", "other"), angles, strict=True):
            counts, medians = _binned(values, samples.labels, groups)
            blocks[f"{side}{i}"] = counts.astype(kind)
            blocks[f"{side}Median{i}"] = medians.astype(np.float32)
    return View("angle_distributions", pack(_header(samples, by_class), **blocks))


def _degrees(points: Floats, centres: Floats, labels: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Both angles [T, P] in degrees, from blocks of samples, so that no [P, C] is held."""
    size = max(1, _COSINES_AT_ONCE // max(1, centres.shape[1]))
    parts = [
        angles_to_centres(points[:, start : start + size], centres, labels[start : start + size])[:2]
        for start in range(0, max(1, len(labels)), size)
    ]
    own, other = (np.rad2deg(np.concatenate(side, axis=1)) for side in zip(*parts, strict=True))
    return own, other


def _binned(values: Floats, labels: npt.NDArray[np.int64], groups: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Counts [T, groups, BINS] and medians [T, groups] of all samples (group 0) and of class k (group k + 1)."""
    counts = np.zeros((len(values), groups, BINS), dtype=np.int64)
    medians = np.full((len(values), groups), np.nan)
    for t, frame in enumerate(values):
        for g in range(groups):
            chosen = frame[np.isfinite(frame) & ((labels == g - 1) if g else True)]
            if len(chosen):
                bins = np.minimum((chosen * (BINS / 180)).astype(np.int64), BINS - 1)
                counts[t, g] = np.bincount(bins, minlength=BINS)
                medians[t, g] = np.median(chosen)
    return counts, medians


def _header(samples: Samples, by_class: bool) -> dict[str, Any]:
    runs, snapshots = list(samples.embeddings), len(samples.steps)
    centre = "the mean direction of its class" if samples.averaged else "the weight vector of its class"
    when = f" at {snapshots} epochs" if snapshots > 1 else ""
    return {
        "title": "Angles to the own centre and to the nearest other",
        "summary": (
            f"Distributions of the angles of {count(len(samples.labels), 'embedding')} of "
            f"{count(len(samples.names), 'class', 'classes')}{when}, {named_runs(runs)}."
        ),
        "caption": (
            f"A centre is {centre}. Where the two hills are apart, the nearest centre is the right one for every "
            "sample; a margin asks for a gap of its own width between them. All runs and epochs have one scale, the "
            "share of the samples in 2°. The overlap is the area under both hills. Small angles to the centres of "
            "known people say little of people whom the model has never seen."
        ),
        "steps": samples.steps,
        "classes": class_entries(samples.names),
        "byClass": by_class,
        "runs": [{"name": name} for name in runs],
        "notes": _notes(samples, by_class),
    }


def _notes(samples: Samples, by_class: bool) -> list[str]:
    notes, classes = [], len(samples.names)
    if samples.dropped:
        left_out = count(samples.dropped, "row")
        notes.append(f"{left_out} left out: NaN, infinite or zero in some epoch, so without a direction.")
    if not len(samples.labels):
        notes.append("No samples, so no angles to show.")
    elif classes == 1:
        notes.append("One class only: there is no other centre to be near to.")
    elif not by_class:
        notes.append(f"{count(classes)} classes over these epochs are too many to filter by: all samples are shown.")
    elif classes > MAX_COLOURED_CLASSES:
        notes.append(f"Choose one of {count(classes)} classes above, or see all of them together.")
    return notes

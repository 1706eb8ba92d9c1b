"""Angles of samples to their own class centre and to the nearest other one, and the margin between, by epoch."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.theme import MAX_COLOURED_CLASSES
from workbench.views.directions import angles_to_centres
from workbench.views.frames import Floats, Frames, Samples, collect
from workbench.views.linking import class_entries
from workbench.views.margin import Margin, checked_margins
from workbench.views.payload import pack
from workbench.views.text import count, named_runs
from workbench.views.view import View

MAX_RUNS = 4
BINS = 90  # of two degrees for angles, 0 to 180; of four for their differences, -180 to 180
SIDES = ("own", "other", "gap")
MAX_FILTERED_CLASSES = 200
MAX_CLASS_BYTES = 360_000  # what the playback of a report may weigh
_COSINES_AT_ONCE = 4_000_000


def angle_distributions(
    runs: Mapping[str, Frames],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    steps: Sequence[float] | None = None,
    margins: Mapping[str, Margin | None] | None = None,
) -> View:
    """Show how the angles to the own centre and to the nearest other centre are spread, runs side by side.

        own_i = angle(x_i, w_{y_i})        other_i = min_{c != y_i} angle(x_i, w_c)

    or the margin that each sample has, other_i - own_i: negative where a wrong centre is nearer.

    All samples are counted, in bins of 2 degrees from 0 to 180 (margins: of 4, from -180 to 180), in all dimensions.
    The medians are those of the angles, not of the bins; the overlap is the area under both densities,
    sum_b min(p_b, q_b), in [0, 1]. With the margin that a loss asks for goes the share of samples that keep it. The
    epoch and the class in focus are the page's, so that the sphere beside it shows the same.

    Args:
        runs: one to four named runs of the same P samples, T snapshots and C classes, as `hypersphere` takes them.
        labels: integers [P] in [0, C).
        names: C class names; the class numbers by default.
        steps: T increasing numbers under the slider, such as epochs; 0 to T - 1 by default.
        margins: what a run's loss asks for, by the run's name.

    Raises:
        ValueError: shapes do not agree, a label is out of range, or there are too many runs.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("angle_distributions", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    asked = checked_margins("angle_distributions", margins or {}, runs)
    samples = collect(runs, labels, names=names, steps=steps, owner="angle_distributions")
    T, classes = len(samples.steps), len(samples.names)
    sizes = np.bincount(samples.labels, minlength=classes)
    together = np.zeros_like(samples.labels)
    kind = _smallest(sizes)
    by_class = 1 < classes <= MAX_FILTERED_CLASSES and (
        len(runs) * len(SIDES) * T * BINS * classes * kind.itemsize <= MAX_CLASS_BYTES
    )
    groups, counted = (samples.labels, classes) if by_class else (together, 1)
    kind = kind if by_class else _smallest(np.array([len(samples.labels)]))

    blocks: dict[str, np.ndarray] = {"sizes": sizes.astype(np.int32)}
    for i, (name, margin) in enumerate(asked.items()):
        own, other = _angles(samples.embeddings[name], samples.centres[name], samples.labels)
        for side, values, low in (("own", own, 0), ("other", other, 0), ("gap", other - own, -180)):
            degrees = np.rad2deg(values)
            blocks[f"{side}{i}"] = _counts(degrees, groups, counted, low).astype(kind)
            blocks[f"{side}Median{i}"] = _by_group(np.median, degrees, groups, counted if by_class else 0)
        held = {"nearer": other > own} | ({"kept": margin.kept(own, other)} if margin not in (None, Margin()) else {})
        for what, which in held.items():
            shares = np.where(np.isfinite(other), which, np.nan)
            blocks[f"{what}{i}"] = _by_group(np.mean, shares, groups, counted if by_class else 0)
    return View("angle_distributions", pack(_header(samples, by_class, asked), **blocks))


def _smallest(counts: npt.NDArray[np.int64]) -> np.dtype[Any]:
    """The smallest type that holds these counts."""
    most = int(counts.max()) if len(counts) else 0
    return next(np.dtype(kind) for kind in ("uint8", "uint16", "uint32") if most <= np.iinfo(kind).max)


def _angles(points: Floats, centres: Floats, labels: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Both angles [T, P] in radians, from blocks of samples, so that no [P, C] is held."""
    size = max(1, _COSINES_AT_ONCE // max(1, centres.shape[1]))
    parts = [
        angles_to_centres(points[:, start : start + size], centres, labels[start : start + size])[:2]
        for start in range(0, max(1, len(labels)), size)
    ]
    own, other = (np.concatenate(side, axis=1) for side in zip(*parts, strict=True))
    return own, other


def _counts(values: Floats, groups: npt.NDArray[np.int64], counted: int, low: int) -> npt.NDArray[np.int64]:
    """Counts [T, groups, BINS] of degrees [T, P] in [low, 180]."""
    counts = np.zeros((len(values), counted, BINS), dtype=np.int64)
    for frame, into in zip(values, counts, strict=True):
        usable = np.isfinite(frame)
        bins = np.minimum(((frame[usable] - low) * (BINS / (180 - low))).astype(np.int64), BINS - 1)
        np.add.at(into, (groups[usable], bins), 1)
    return counts


def _by_group(
    of: Callable[[Floats], Any], values: Floats, groups: npt.NDArray[np.int64], counted: int
) -> npt.NDArray[np.float32]:
    """What a function makes of the finite values [T, P] of all samples, column 0, and of group k, column k + 1."""
    found = np.full((len(values), counted + 1), np.nan, dtype=np.float32)
    for frame, into in zip(values, found, strict=True):
        for g in range(counted + 1):
            chosen = frame[np.isfinite(frame) & ((groups == g - 1) if g else True)]
            into[g] = of(chosen) if len(chosen) else np.nan
    return found


def _header(samples: Samples, by_class: bool, margins: Mapping[str, Margin | None]) -> dict[str, Any]:
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
            "share of the samples in one bin. The overlap is the area under both hills. The margin of a sample is how "
            "much nearer its own centre is than the next; left of zero a wrong one is nearer. Small angles to the "
            "centres of known people say little of people whom the model has never seen."
        ),
        "steps": samples.steps,
        "classes": class_entries(samples.names),
        "byClass": by_class,
        "runs": [{"name": name, "asked": _asked_degrees(margin)} for name, margin in margins.items()],
        "notes": _notes(samples, by_class),
    }


def _asked_degrees(margin: Margin | None) -> float | None:
    """The margin as a difference of angles; None where it is none, or is not the same at every angle."""
    if margin is None or margin.factor != 1 or margin.cosine or not margin.angle_rad:
        return None
    return math.degrees(margin.angle_rad)


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

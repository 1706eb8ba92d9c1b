"""The unit sphere of one to four runs: where embeddings and class centres point, from epoch to epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.theme import MAX_COLOURED_CLASSES, class_styles
from workbench.views.directions import Picture, picture, turned_onto, viewpoint
from workbench.views.frames import Frames, Samples, collect
from workbench.views.payload import pack, quantise
from workbench.views.sampling import stratified
from workbench.views.sprites import sprite
from workbench.views.view import View

MAX_RUNS = 4
MAX_POINTS = 20_000


def hypersphere(
    runs: Mapping[str, Frames],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    thumbnails: npt.NDArray[np.uint8] | None = None,
    steps: Sequence[float] | None = None,
    points: int = 2000,
    seed: int = 0,
) -> View:
    """Show embeddings and class centres on the unit sphere, runs side by side with one camera and one epoch.

    With d = 3 this is the sphere itself. With d > 3 it is the projection on the three directions that hold most
    of the last snapshot, and says so; the angles it prints are always those of the full d dimensions. Runs after
    the first are rotated or reflected as a whole onto the first, which leaves every angle within a run.

    Args:
        runs: one to four named runs of the same P samples, T snapshots and C classes.
        labels: integers [P] in [0, C).
        names: C class names; the class numbers by default.
        thumbnails: uint8 [P, H, W] or [P, H, W, 3], shown beside the pointer.
        steps: T increasing numbers under the slider, such as epochs; 0 to T - 1 by default.
        points: show at most so many points, stratified by class; at most 20 000.
        seed: of the choice of points.

    Raises:
        ValueError: shapes do not agree, a label is out of range, or there are too many runs or points.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("hypersphere", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    if not 1 <= points <= MAX_POINTS:
        raise ValueError(bad_parameter("hypersphere", "points", f"an integer in [1, {MAX_POINTS}]", points))
    samples = collect(runs, labels, names=names, steps=steps)
    chosen = stratified(samples.labels, points, seed=seed)
    shown, rows = samples.labels[chosen], samples.rows[chosen]

    pictures: list[Picture] = []
    for name, embeddings in samples.embeddings.items():
        drawn = picture(embeddings[:, chosen], samples.centres[name], shown)
        pictures.append(turned_onto(pictures[0], drawn) if pictures else drawn)
    azimuth, elevation = viewpoint(pictures)
    header = {
        **_texts(samples, len(rows)),
        "samples": sha256(np.asarray(labels, dtype=np.int64).tobytes()).hexdigest()[:8],
        "steps": samples.steps,
        "classes": [
            {"name": name, **asdict(style)}
            for name, style in zip(samples.names, class_styles(len(samples.names)), strict=True)
        ],
        "camera": {"azimuth": round(azimuth, 2), "elevation": round(elevation, 2), "zoom": 1},
        "grey": len(samples.names) > MAX_COLOURED_CLASSES,
        "runs": [
            {"name": name, "badge": _badge(drawn, embeddings.shape[2])}
            for (name, embeddings), drawn in zip(samples.embeddings.items(), pictures, strict=True)
        ],
        "notes": _notes(samples, shown, seed),
        "thumbnails": _thumbnails(thumbnails, rows, samples),
    }
    return View(
        "hypersphere", pack(header, labels=shown.astype(np.int32), rows=rows.astype(np.int32), **_blocks(pictures))
    )


def _blocks(pictures: list[Picture]) -> dict[str, np.ndarray]:
    """Points and centres; angles too where the three drawn components do not give them."""
    blocks: dict[str, np.ndarray] = {}
    for i, drawn in enumerate(pictures):
        blocks[f"points{i}"] = quantise(drawn.points)
        blocks[f"centres{i}"] = quantise(drawn.centres)
        if drawn.share is not None:
            blocks[f"own{i}"] = drawn.own.astype(np.float32)
            blocks[f"rival{i}"] = drawn.rival.astype(np.float32)
            blocks[f"rivalClass{i}"] = drawn.rival_class.astype(np.int32)
    return blocks


def _thumbnails(
    images: npt.NDArray[np.uint8] | None, rows: npt.NDArray[np.int64], samples: Samples
) -> dict[str, Any] | None:
    if images is None or not len(rows):
        return None
    total = len(samples.labels) + samples.dropped
    shape_fits = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not shape_fits or len(images) != total:
        rule = f"a uint8 array [{total}, H, W] or [{total}, H, W, 3]"
        raise ValueError(bad_parameter("hypersphere", "thumbnails", rule, (images.dtype.name, images.shape)))
    return asdict(sprite(images[rows]))


def _texts(samples: Samples, shown: int) -> dict[str, str]:
    runs, classes, snapshots = list(samples.embeddings), len(samples.names), len(samples.steps)
    centre = "the mean direction of its class" if samples.averaged else "the weight vector of its class"
    when = f" at {snapshots} epochs" if snapshots > 1 else ""
    return {
        "title": "Embeddings on the unit sphere",
        "summary": (
            f"{_count(shown, 'embedding')} of {_count(classes, 'class', 'classes')} on the unit sphere{when}, "
            f"{'run' if len(runs) == 1 else 'runs'} {', '.join(runs)}."
        ),
        "caption": (
            f"Each mark is one embedding, each arrow {centre}; marks on the far side are faint. "
            "Angles are what the loss sees: read them from the rulers and the labels, since the picture shortens "
            "distances towards the rim. Where a class lies on the sphere has no meaning, only the angles between."
        ),
    }


def _badge(drawn: Picture, dimension: int) -> str:
    if drawn.share is None:
        return ""
    return f"3 of {dimension} dimensions: shows {100 * drawn.share:.0f} % of variance. Angles are not preserved."


def _notes(samples: Samples, shown: npt.NDArray[np.int64], seed: int) -> list[str]:
    """What a reader has to know about these points: sampling, what was left out, what cannot be shown."""
    notes = []
    total, classes = len(samples.labels), len(samples.names)
    if len(shown) < total:
        notes.append(f"Showing {_count(len(shown))} of {_count(total)}, stratified by class, seed {seed}.")
    if samples.dropped:
        left_out = _count(samples.dropped, "row")
        notes.append(f"{left_out} left out: NaN, infinite or zero in some epoch, so without a direction.")
    if not len(shown):
        notes.append("No points to show.")
    elif classes == 1:
        notes.append("One class only: there is no other centre to be near to.")
    elif classes > MAX_COLOURED_CLASSES:
        notes.append(f"{_count(classes)} classes are too many for colours: one in focus, the others grey.")
    if len(samples.embeddings) > 1 and len(shown):
        notes.append("Later runs are turned as a whole onto the first; no angle within a run changes.")
    return notes


def _count(n: int, singular: str = "", plural: str = "") -> str:
    """12 345 as people read it, with narrow spaces that do not break, and its noun."""
    number = f"{n:,}".replace(",", "\u202f")
    return f"{number} {singular if n == 1 else plural or singular + 's'}" if singular else number

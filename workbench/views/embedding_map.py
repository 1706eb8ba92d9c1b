"""Flat maps of embeddings: PCA and UMAP, with what they can and cannot show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, whole
from workbench.theme import MAX_COLOURED_CLASSES
from workbench.views.frames import Frames, collect
from workbench.views.linking import checked_thumbnails, class_entries, samples_key
from workbench.views.payload import pack, quantise
from workbench.views.sampling import stratified
from workbench.views.sprites import sprite
from workbench.views.text import NO_DISTANCES, count, named_runs
from workbench.views.view import View

MAX_RUNS = 4
MAX_POINTS = 5000
METHODS = {"pca": "PCA", "umap": "UMAP"}


def embedding_map(
    runs: Mapping[str, npt.ArrayLike],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    thumbnails: npt.NDArray[np.uint8] | None = None,
    methods: Sequence[str] = ("pca", "umap"),
    points: int = 2000,
    seed: int = 0,
    neighbours: int = 15,
    min_dist: float = 0.1,
) -> View:
    """Show embeddings of many dimensions in a plane, runs side by side, by PCA or UMAP.

    The maps are computed here, of the points that are shown, by `workbench.geometry.project`; each comes with its
    trustworthiness. Every run has its own axes: nothing can be read from a place on one map and the same on another.

    Args:
        runs: one to four named runs: embeddings [P, d], d >= 2, any norm, of the same P samples.
        labels: integers [P], 0 or more.
        names: class names; the class numbers by default.
        thumbnails: uint8 [P, H, W] or [P, H, W, 3], shown beside the pointer.
        methods: "pca", "umap" or both; the first is shown first. UMAP takes seconds, and needs ten samples: with
            fewer there is PCA alone.
        points: show at most so many points, stratified by class; at most 5000.
        seed: of the choice of points and of UMAP.
        neighbours: that UMAP and the trustworthiness look at, at least 2; 15.
        min_dist: how close UMAP may set two points, in [0, 1]; 0.1.

    Raises:
        ValueError: shapes do not agree, a label is out of range, or there are too many runs or points.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("embedding_map", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    if whole("embedding_map", "points", points, least=1) > MAX_POINTS:
        raise ValueError(bad_parameter("embedding_map", "points", f"a whole number in [1, {MAX_POINTS}]", points))
    if not methods or set(methods) - set(METHODS):
        rule = f"one or more of {', '.join(map(repr, METHODS))}"
        raise ValueError(bad_parameter("embedding_map", "methods", rule, list(methods)))
    from workbench.geometry.maps import FEWEST_FOR_UMAP, project  # here, because it brings torch

    frames = {name: Frames(_matrix(name, values)) for name, values in runs.items()}
    samples = collect(frames, labels, names=names, steps=None, owner="embedding_map")
    chosen = stratified(samples.labels, points, seed=seed)
    shown, rows = samples.labels[chosen], samples.rows[chosen]
    used = [method for method in dict.fromkeys(methods) if method == "pca" or len(shown) >= FEWEST_FOR_UMAP]
    used = (used or ["pca"]) if len(shown) else []
    too_few = f"UMAP needs at least {FEWEST_FOR_UMAP} points: PCA is shown." if set(methods) - set(used) else ""

    options: dict[str, Any] = {"seed": seed, "neighbours": neighbours, "min_dist": min_dist}
    blocks: dict[str, np.ndarray] = {}
    told: list[dict[str, Any]] = []
    for i, (name, embeddings) in enumerate(samples.embeddings.items()):
        maps = {method: project(embeddings[0, chosen], method=method, **options) for method in used}
        for method, drawn in maps.items():
            blocks[f"{method}{i}"] = quantise(_fitted(drawn.points))
        told.append({"name": name, "badges": {method: _badge(drawn) for method, drawn in maps.items()}})
    total = len(samples.labels) + samples.dropped
    if thumbnails is not None:
        checked_thumbnails("embedding_map", thumbnails, total)
    header = {
        **_texts(list(runs), len(shown), len(samples.names), used),
        "samples": samples_key(labels),
        "classes": class_entries(samples.names),
        "grey": len(samples.names) > MAX_COLOURED_CLASSES,
        "methods": [[method, METHODS[method]] for method in used],
        "runs": told,
        "notes": _notes(len(shown), len(samples.labels), samples.dropped, len(samples.names), seed, too_few),
        "thumbnails": asdict(sprite(thumbnails[rows])) if thumbnails is not None and len(rows) else None,
    }
    return View("embedding_map", pack(header, labels=shown.astype(np.int32), rows=rows.astype(np.int32), **blocks))


def _matrix(run: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        rule = "a float matrix [P, d] with d >= 2"
        raise ValueError(bad_parameter(f"the run {run!r}", "embeddings", rule, array.shape))
    return array


def _fitted(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Moved and scaled, both axes alike, so that the longer one fills [-1, 1]."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = float((high - low).max()) / 2
    fitted: npt.NDArray[np.float64] = (points - (low + high) / 2) / (reach or 1.0)
    return fitted


def _badge(drawn: Any) -> str:
    trust = "" if drawn.trustworthiness is None else f"Trustworthiness {drawn.trustworthiness:.3f}"
    if drawn.method == "pca":
        return f"{100 * drawn.explained:.0f} % of variance. {trust}{'.' if trust else ''}".strip()
    return f"{trust}{', ' if trust else ''}{drawn.neighbours} neighbours, seed {drawn.seed}."


def _texts(runs: list[str], shown: int, classes: int, methods: list[str]) -> dict[str, str]:
    ways = " and ".join(METHODS[method] for method in methods) or "no method"
    return {
        "title": "Map of the embeddings",
        "summary": (
            f"{count(shown, 'embedding')} of {count(classes, 'class', 'classes')} in a plane by {ways}, "
            f"{named_runs(runs)}."
        ),
        "caption": f"{NO_DISTANCES} Angles are on the sphere and in the distributions.",
    }


def _notes(shown: int, total: int, dropped: int, classes: int, seed: int, too_few: str) -> list[str]:
    notes = []
    if shown < total:
        notes.append(f"Showing {count(shown)} of {count(total)}, stratified by class, seed {seed}.")
    if dropped:
        notes.append(f"{count(dropped, 'row')} left out: NaN, infinite or zero, so without a direction.")
    if not shown:
        notes.append("No points to show.")
    elif too_few:
        notes.append(too_few)
    if shown and classes == 1:
        notes.append("One class only.")
    elif shown and classes > MAX_COLOURED_CLASSES:
        notes.append(f"{count(classes)} classes are too many for colours: one in focus, the others grey.")
    return notes

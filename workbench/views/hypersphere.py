"""The unit sphere of one to four runs: where embeddings and class centres point, from epoch to epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, one_of, whole
from workbench.theme import MAX_COLOURED_CLASSES
from workbench.views.density import bands, density
from workbench.views.directions import Picture, nearest_centres, picture, turned_onto, viewpoint
from workbench.views.frames import Frames, Samples, collect
from workbench.views.linking import checked_thumbnails, class_entries, samples_key
from workbench.views.mapping import mapped
from workbench.views.margin import Margin, checked_margins
from workbench.views.payload import pack, quantise
from workbench.views.sampling import stratified
from workbench.views.sphere_texts import badge, notes, texts
from workbench.views.sprites import sprite
from workbench.views.view import View

MAX_RUNS = 4
PROJECTIONS = ("pca", "map")
MAX_LIVE_POINTS = 50_000
MAX_PAGE_POINTS = 20_000
MAX_PAGE_MARKS = 300_000  # points times snapshots: 6 bytes each, 1.8 MB a run
MAX_THUMBNAILS = 3000
DENSITY_SAMPLE = 2000


def hypersphere(
    runs: Mapping[str, Frames],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    thumbnails: npt.NDArray[np.uint8] | None = None,
    steps: Sequence[float] | None = None,
    margins: Mapping[str, Margin | None] | None = None,
    projection: str = "pca",
    points: int = 2000,
    seed: int = 0,
) -> View:
    """Show embeddings and class centres on the unit sphere, runs side by side with one camera and one epoch.

    With d = 3 this is the sphere itself. With d > 3 it is the projection on the three directions that hold most
    of the last snapshot, or a map that keeps neighbours together, and says which; the angles it prints are always
    those of the full d dimensions. Runs after the first are rotated or reflected as a whole onto the first, which
    leaves every angle within a run.

    A map is made here of the points that are shown, by `workbench.geometry.sphere_maps`: each snapshot's begins from
    the one before. It comes with its trustworthiness. A class centre lies on it at the mean place of the 15 points
    nearest to it.

    How many points are shown, stratified by class and always said: as many as asked for, at most 20 000 and at most
    300 000 over all snapshots in a page, at most 50 000 in a running notebook. Who asks for more, and has more, gets
    a density instead: all samples counted on 5000 cells of equal area, with a sample of 2000 to pick from. A map
    has at most 20 000 points, and no density.

    The margin cap of the class in focus is the largest cap around its centre in which every sample keeps the margin
    to every other centre: theta up to the root of psi(theta) = cos(phi - theta), with phi the angle to the nearest
    other centre. For ArcFace (phi - m) / 2, for CosFace phi / 2 - asin(m / (2 sin(phi / 2))). Towards that centre it
    is the exact border, in other directions a sample outside it may still keep the margin. With d > 3 it is given in
    words and not drawn.

    Args:
        runs: one to four named runs of the same P samples, T snapshots and C classes.
        labels: integers [P] in [0, C).
        names: C class names; the class numbers by default.
        thumbnails: uint8 [P, H, W] or [P, H, W, 3], shown beside the pointer, for at most 3000 of the points.
        steps: T increasing numbers under the slider, such as epochs; 0 to T - 1 by default.
        margins: the margin of a run's loss, by the run's name; no cap for a run without.
        projection: with d > 3, "pca" for three principal components or "map"; a map of 2000 points takes about a
            third of a second for each snapshot of each run.
        points: how many points to show, at least 1.
        seed: of the choice of points, and of the map.

    Raises:
        ValueError: shapes do not agree, a label is out of range, another projection, or there are too many runs.
    """
    one_of("hypersphere", "projection", projection, PROJECTIONS)
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("hypersphere", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    whole("hypersphere", "points", points, least=1)
    asked = checked_margins("hypersphere", margins or {}, runs)
    samples = collect(runs, labels, names=names, steps=steps)
    maps = projection == "map" and any(one.shape[2] > 3 for one in samples.embeddings.values())
    wanted = min(points, len(samples.labels), MAX_PAGE_POINTS if maps else len(samples.labels))
    dense = wanted > MAX_LIVE_POINTS
    chosen = stratified(samples.labels, DENSITY_SAMPLE if dense else wanted, seed=seed)
    whole_picture = _draw(samples, chosen, seed if maps else None)
    fits = min(len(whole_picture.rows), MAX_PAGE_POINTS, max(1, MAX_PAGE_MARKS // len(samples.steps)))
    smaller = None
    if fits < len(whole_picture.rows):
        smaller = whole_picture.part(stratified(whole_picture.labels, fits, seed=seed))
    facts: dict[str, Any] = {"samples": samples_key(labels)}
    common = _distances(samples, whole_picture, asked)
    if dense:
        facts["density"], cells = _density(samples, whole_picture)
        common |= cells

    def payload(drawn: _Drawn) -> dict[str, Any]:
        tiles = _thumbnails(thumbnails, drawn.rows[:MAX_THUMBNAILS], samples)
        without = len(drawn.rows) - MAX_THUMBNAILS if tiles else 0
        most = facts["density"]["most"] if dense else None
        said = notes(samples, len(drawn.rows), seed, most=most, without_thumbnail=max(0, without))
        counted = len(samples.labels if dense else drawn.rows)
        words = texts(samples, counted, dense=dense, caps=any(asked.values()), maps=maps)
        header = {**words, **facts, **_header(samples, drawn, asked), "notes": said, "thumbnails": tiles}
        return pack(header, **_blocks(drawn), **common)

    return View("hypersphere", payload(whole_picture), page=payload(smaller) if smaller else None)


@dataclass(frozen=True)
class _Drawn:
    """Some of the samples, P' of them: their row numbers and labels int64 [P'], and the picture of each run."""

    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    pictures: list[Picture]

    def part(self, chosen: npt.NDArray[np.int64]) -> "_Drawn":
        pictures = [
            replace(
                one,
                points=one.points[:, chosen],
                own=one.own[:, chosen],
                rival=one.rival[:, chosen],
                rival_class=one.rival_class[:, chosen],
            )
            for one in self.pictures
        ]
        return _Drawn(self.rows[chosen], self.labels[chosen], pictures)


def _draw(samples: Samples, chosen: npt.NDArray[np.int64], seed: int | None) -> _Drawn:
    """By a map with this seed where there is one and the dimensions are more than three."""
    shown = samples.labels[chosen]
    pictures: list[Picture] = []
    for name, embeddings in samples.embeddings.items():
        given = embeddings[:, chosen], samples.centres[name], shown
        drawn = picture(*given) if seed is None or embeddings.shape[2] <= 3 else mapped(*given, chosen, seed=seed)
        pictures.append(turned_onto(pictures[0], drawn) if pictures else drawn)
    return _Drawn(samples.rows[chosen], shown, pictures)


def _header(samples: Samples, drawn: _Drawn, margins: Mapping[str, Margin | None]) -> dict[str, Any]:
    grey = len(samples.names) > MAX_COLOURED_CLASSES
    azimuth, elevation = viewpoint(drawn.pictures, focus=0 if grey else None)  # the page opens with the first in focus
    return {
        "steps": samples.steps,
        "classes": class_entries(samples.names),
        "camera": {"azimuth": round(azimuth, 2), "elevation": round(elevation, 2), "zoom": 1},
        "grey": grey,
        "runs": [
            {
                "name": name,
                "badge": badge(one, samples.embeddings[name].shape[2]),
                "margin": asdict(margin) if margin else None,
                "inside": one.share is not None,
            }
            for (name, margin), one in zip(margins.items(), drawn.pictures, strict=True)
        ],
    }


def _blocks(drawn: _Drawn) -> dict[str, np.ndarray]:
    """Points and centres; angles too where the three drawn components do not give them."""
    blocks: dict[str, np.ndarray] = {"labels": drawn.labels.astype(np.int32), "rows": drawn.rows.astype(np.int32)}
    for i, one in enumerate(drawn.pictures):
        blocks[f"points{i}"] = quantise(one.points)
        blocks[f"centres{i}"] = quantise(one.centres)
        if one.exact:
            continue
        blocks[f"own{i}"] = one.own.astype(np.float32)
        blocks[f"rival{i}"] = one.rival.astype(np.float32)
        blocks[f"rivalClass{i}"] = one.rival_class.astype(np.int32)
    return blocks


def _distances(samples: Samples, drawn: _Drawn, margins: Mapping[str, Margin | None]) -> dict[str, np.ndarray]:
    """How far each centre is from the nearest other, for runs with a margin whose picture does not tell."""
    blocks: dict[str, np.ndarray] = {}
    for i, ((name, margin), one) in enumerate(zip(margins.items(), drawn.pictures, strict=True)):
        if margin and not one.exact:
            angle, nearest = nearest_centres(samples.centres[name])
            blocks |= {f"apart{i}": angle.astype(np.float32), f"apartClass{i}": nearest.astype(np.int32)}
    return blocks


def _density(samples: Samples, drawn: _Drawn) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """All samples on the grid, each run turned as it is drawn."""
    blocks: dict[str, np.ndarray] = {}
    by_class, most = [], 0
    for i, (embeddings, one) in enumerate(zip(samples.embeddings.values(), drawn.pictures, strict=True)):
        counted = density(embeddings @ one.axes, samples.labels, len(samples.names))
        blocks |= {f"starts{i}": counted.starts, f"cells{i}": counted.cells, f"counts{i}": counted.counts}
        by_class.append(counted.by_class)
        most = max(most, counted.most)
    return {"columns": bands().tolist(), "byClass": by_class, "most": most}, blocks


def _thumbnails(
    images: npt.NDArray[np.uint8] | None, rows: npt.NDArray[np.int64], samples: Samples
) -> dict[str, Any] | None:
    if images is None or not len(rows):
        return None
    checked_thumbnails("hypersphere", images, len(samples.labels) + samples.dropped)
    return {**asdict(sprite(images[rows])), "count": len(rows)}

"""Embeddings of more than three dimensions on the sphere by a map of their neighbourhoods."""

import numpy as np
import numpy.typing as npt

from workbench.views.directions import Floats, Picture, angles_to_centres, normalise

Ints = npt.NDArray[np.int64]

NEAREST = 15  # embeddings that say where a centre lies on the map


def mapped(points: Floats, centres: Floats, labels: Ints, rows: Ints, *, seed: int) -> Picture:
    """Draw unit vectors [T, P, d] by `workbench.geometry.sphere_maps`, with their true angles.

    They are laid out in the order of their rows, so that anybody who maps the same samples gets the same map. A centre
    lies at the mean place of the 15 embeddings nearest to it; a zero vector stays none.
    """
    from workbench.geometry.sphere import sphere_maps  # here, because it brings torch

    order = rows.argsort()
    maps = sphere_maps(points[:, order], seed=seed) if len(rows) else []
    places = np.zeros((*points.shape[:2], 3))
    for place, one in zip(places, maps, strict=False):
        place[order] = one.points
    own, rival, rival_class = angles_to_centres(points, centres, labels)
    tips = np.stack([_placed(*frame) for frame in zip(centres, points, places, strict=True)])
    no_axes = np.zeros((points.shape[2], 3))
    return Picture(places, tips, own, rival, rival_class, share=None, axes=no_axes, maps=tuple(maps))


def _placed(centres: Floats, points: Floats, places: Floats) -> Floats:
    if not len(points):
        return np.zeros((len(centres), 3))
    count = min(NEAREST, len(points))
    nearest = np.argpartition(-(centres @ points.T), count - 1, axis=1)[:, :count]
    there = np.linalg.norm(centres, axis=1) > 0
    return normalise(np.where(there[:, None], places[nearest].mean(axis=1), 0))

"""From embeddings to points on the sphere that people see: normalised, turned alike, at most three dimensions."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from workbench.geometry.sphere import SphereMap

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """What is drawn of one run, and the angles that are true of it.

    Attributes:
        points: float64 [T, P, 3], unit vectors, or inside the unit ball where `share` is given.
        centres: float64 [T, C, 3], likewise; a zero vector is a class without a centre.
        own: float64 [T, P], angle to the own class centre in radians, before any projection; NaN without one.
        rival: float64 [T, P], angle to the nearest other centre in radians, NaN where there is none.
        rival_class: int64 [T, P], the class of that centre, 0 where there is none.
        share: the part of the squared length of the last frame's points that three directions hold; None when
            nothing was left out.
        axes: float64 [d, 3], what took the vectors of d dimensions to the three drawn; zeros for a map, which no
            projection makes.
        maps: of each frame, where the points come from a map of their neighbourhoods; None where they do not.
    """

    points: Floats
    centres: Floats
    own: Floats
    rival: Floats
    rival_class: npt.NDArray[np.int64]
    share: float | None
    axes: Floats
    maps: "tuple[SphereMap, ...] | None" = None

    @property
    def exact(self) -> bool:
        """Whether the angles in the picture are the true ones."""
        return self.share is None and self.maps is None


def normalise(vectors: Floats) -> Floats:
    """Divide by the Euclidean norm along the last axis; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def class_means(points: Floats, labels: npt.NDArray[np.int64], classes: int) -> Floats:
    """The direction of each class's mean, [T, C, d] from unit vectors [T, P, d]; zero for an empty class."""
    sums = np.zeros((points.shape[0], classes, points.shape[2]))
    for frame, total in zip(points, sums, strict=True):
        np.add.at(total, labels, frame)
    return normalise(sums)


def picture(points: Floats, centres: Floats, labels: npt.NDArray[np.int64]) -> Picture:
    """Draw unit vectors [T, P, d] and centres [T, C, d] in three dimensions, with their true angles.

    With d = 2 the circle lies in the plane z = 0. With d > 3 the three directions are those that hold most of
    the squared length of the last frame's points (its principal components about the origin, which stays).
    """
    own, rival, rival_class = angles_to_centres(points, centres, labels)
    share = None
    axes = np.eye(points.shape[2], 3)
    if points.shape[2] > 3:
        squared, directions = np.linalg.eigh(points[-1].T @ points[-1])
        share = float(squared[-3:].sum() / squared.sum()) if len(points[-1]) else 1.0
        axes = directions[:, :-4:-1]
    return Picture(points @ axes, centres @ axes, own, rival, rival_class, share, axes)


def nearest_centres(centres: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Of each centre [T, C, d] of length 1, the angle to the nearest other, [T, C] in radians, and its class.

    NaN and class 0 where a class has no centre, a zero vector, or no other has one.
    """
    T, C, _ = centres.shape
    angle, nearest = np.full((T, C), np.nan), np.zeros((T, C), dtype=np.int64)
    for t in range(T):
        present = np.flatnonzero(np.linalg.norm(centres[t], axis=-1) > 0)
        if len(present) < 2:
            continue
        among = centres[t, present]
        for start in range(0, len(present), 1024):
            rows = np.arange(start, min(start + 1024, len(present)))
            cosines = among[rows] @ among.T
            cosines[np.arange(len(rows)), rows] = -np.inf
            best = cosines.argmax(axis=1)
            nearest[t, present[rows]] = present[best]
            angle[t, present[rows]] = np.arccos(np.clip(cosines[np.arange(len(rows)), best], -1, 1))
    return angle, nearest


def angles_to_centres(
    points: Floats, centres: Floats, labels: npt.NDArray[np.int64]
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Angles [T, P] in radians to the own centre and to the nearest other, and the class of that one.

    NaN where there is no such centre: a zero vector is none.
    """
    T, P, _ = points.shape
    own, rival = np.full((T, P), np.nan), np.full((T, P), np.nan)
    rival_class = np.zeros((T, P), dtype=np.int64)
    rows = np.arange(P)
    for t in range(T if P else 0):
        present = np.linalg.norm(centres[t], axis=-1) > 0
        cosines = np.where(present, np.clip(points[t] @ centres[t].T, -1, 1), -np.inf)
        own[t] = _arccos(cosines[rows, labels])
        cosines[rows, labels] = -np.inf
        rival_class[t] = cosines.argmax(axis=1)
        rival[t] = _arccos(cosines[rows, rival_class[t]])
    return own, rival, rival_class


def _arccos(cosines: Floats) -> Floats:
    return np.arccos(np.where(np.isfinite(cosines), cosines, np.nan))


def viewpoint(pictures: list[Picture], *, focus: int | None = None) -> tuple[float, float]:
    """Azimuth and elevation in degrees from which most class centres of the last frames are well in sight.

    The best of 400 even directions up to 60 degrees of elevation; a centre counts in full from 30 degrees within
    the rim. A class in focus counts for as much as all others. A flat picture is looked at from straight above.
    """
    centres = np.concatenate([drawn.centres[-1] for drawn in pictures])
    if len(centres) and not centres[:, 2].any():
        return -90.0, 90.0
    height = np.sin(np.pi / 3) * (1 - 2 * (np.arange(400) + 0.5) / 400)
    azimuth = np.arange(400) * np.pi * (3 - 5**0.5)
    across = np.sqrt(1 - height**2)
    eyes = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), height], axis=1)
    seen = np.clip(eyes @ centres.T, 0, 0.5).sum(axis=1)
    if focus is not None:
        mine = normalise(np.stack([drawn.centres[-1][focus] for drawn in pictures]))
        seen += len(centres) / len(mine) * np.clip(eyes @ mine.T, 0, 0.5).sum(axis=1)
    best = int(seen.argmax())
    return (
        float(np.rad2deg(np.arctan2(eyes[best, 1], eyes[best, 0]))),
        float(np.rad2deg(np.arcsin(height[best]))),
    )


def turned_onto(reference: Picture, other: Picture) -> Picture:
    """Rotate or reflect one picture as a whole, so that its last centres lie nearest to the reference's.

    The orthogonal Procrustes problem (Schoenemann 1966): the Q that minimises |centres Q - reference|. One Q for
    all frames, so every angle within the run is what it was.
    """
    left, _, right = np.linalg.svd(other.centres[-1].T @ reference.centres[-1])
    turn = left @ right
    return replace(other, points=other.points @ turn, centres=other.centres @ turn, axes=other.axes @ turn)

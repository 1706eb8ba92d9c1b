"""Exercises of lesson 01: directions, angles, random vectors."""

import numpy as np
from numpy.typing import NDArray

from workbench.teach.exercises import Essay, Function, Numbers, Wrong

Vector = NDArray[np.float64]

_DIMS = np.array([3, 64, 512])


def _angle(u: Vector, v: Vector) -> float:
    return float(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def _pair(theta: float) -> tuple[Vector, Vector]:
    """Two unit vectors at this angle; their rounded dot product does not depend on the order of its sum."""
    return np.array([1.0, 0.0, 0.0]), np.array([np.cos(theta), np.sin(theta), 0.0])


_CASES = {
    "at 60°": (np.array([0.6, 0.8]), np.array([0.3 - 0.4 * np.sqrt(3), 0.4 + 0.3 * np.sqrt(3)])),
    "at 90°": _pair(np.pi / 2),
    "at 180°": _pair(np.pi),
    "at 0°": _pair(0.0),
    "at 0.000006°": _pair(1e-7),
    "at 0.06°": _pair(1e-3),
    "at 179.999994°": _pair(np.pi - 1e-7),
    "at 120°": _pair(2 * np.pi / 3),
}

EXERCISES = (
    Numbers(
        id="01.1",
        right=[2 / 3, 2 / 3],
        absolute=1e-3,
        says="The length of v stands in the dot product and in the norm, and cancels.",
        wrong=(
            Wrong(
                [10, 70], "Those are the dot products. The cosine is what is left when both lengths are divided out."
            ),
            Wrong([10 / 3, 70 / 3], "You forgot to divide by one of the norms, that of v."),
            Wrong([10 / 5, 70 / 35], "You forgot to divide by one of the norms, that of u."),
            Wrong([10 / 5, 70 / 5], "You divided by the norm of v as it was at first, and not by that of u."),
            Wrong([2 / 3, 14 / 3], "The second is above 1, which no cosine is. The longer v has another norm too."),
            Wrong([2 / 3, 2 / 21], "You divided by the new norm of v, but the dot product has grown as well."),
            Wrong(np.rad2deg(np.arccos([2 / 3] * 2)), "That is the angle in degrees. Its cosine is asked for."),
            Wrong(np.arccos([2 / 3] * 2), "That is the angle in radians. Its cosine is asked for."),
            Wrong(
                [10 / 225, 70 / 11025], "You divided by the squared norms: a norm is the root of the sum of squares."
            ),
        ),
    ),
    Numbers(
        id="01.2",
        right=1 / np.sqrt(_DIMS),
        relative=0.05,
        says="1/√d. For 512 dimensions that is 0.044: three deviations are 8° off the right angle.",
        wrong=(
            Wrong(1 / _DIMS, "That is the variance, 1/d. The standard deviation is its root."),
            Wrong(1 / np.sqrt(_DIMS - 1), "Nearly, for many dimensions. Measure it in 3."),
            Wrong([0, 0, 0], "0 is the mean of the cosines. How far do they spread around it?"),
            Wrong(
                np.rad2deg(1 / np.sqrt(_DIMS)), "A cosine has no unit. These are its deviations turned into degrees."
            ),
            Wrong(np.sqrt(_DIMS), "It is the other way round: the more dimensions, the less they spread."),
            Wrong([1 / np.sqrt(3)] * 3, "That is right in 3 dimensions. Look at the figure: the others are narrower."),
        ),
    ),
    Function(
        id="01.3",
        right=_angle,
        cases=_CASES,
        within=1e-12,
        says="Right at every angle: neither side of the triangle is where its own curve is flat.",
        wrong=(
            Wrong(
                lambda u, v: np.arccos(np.clip(u @ v, -1, 1)),
                "The arccosine loses half its digits near 0° and near 180°: look at a ten-millionth of a radian.",
            ),
            Wrong(
                lambda u, v: 2 * np.arcsin(np.minimum(np.linalg.norm(u - v) / 2, 1)),
                "Good near 0°. Near 180° the arcsine is as steep as the arccosine is near 0°.",
            ),
            Wrong(
                lambda u, v: np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)),
                "That is half the angle, as the triangle gives it.",
            ),
            Wrong(
                lambda u, v: 2 * np.arctan2(np.linalg.norm(u + v), np.linalg.norm(u - v)),
                "The two sides are the wrong way round: equal vectors come out at 180°.",
            ),
            Wrong(lambda u, v: np.rad2deg(_angle(u, v)), "Those are degrees. The exercise asks for radians."),
            Wrong(lambda u, v: np.linalg.norm(u - v), "That is the chord, the straight way from point to point."),
            Wrong(lambda u, v: u @ v, "That is the cosine."),
            Wrong(
                lambda u, v: 2 * np.arctan(np.linalg.norm(u - v) / np.maximum(np.linalg.norm(u + v), 1e-3)),
                "Good until close to 180°. What you keep from being 0 there is kept too large.",
            ),
        ),
    ),
    Essay(
        id="01.4",
        right=(
            "The embedding of that image is probably much longer than the others. A dot product is the cosine times "
            "both lengths, so the long one wins far too many searches, whatever it shows. A look at the norms of all "
            "embeddings makes sure of it. Normalise them all, so that cosines are compared; and find out why one was "
            "not, because whatever skipped the normalisation may skip more."
        ),
        points={
            "That vector is longer than the others": ("long", "norm", "length", "magnitude"),
            "Look at the norms of all embeddings": ("norms", "lengths", "histogram", "check the", "look at"),
            "Normalise, so that cosines are compared": ("normalis", "normaliz", "cosine", "divide", "dividing", "unit"),
        },
    ),
)

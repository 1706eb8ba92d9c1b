"""Exercises of lesson 13: neural collapse and the simplex."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from typing_extensions import override

from workbench.teach.exercises import Essay, Function, Number, Wrong


@dataclass(frozen=True, kw_only=True)
class _Directions(Function):
    """A function that returns directions as rows: compared are their inner products, which no turn changes."""

    @override
    def read(self, answer: Any) -> dict[str, np.ndarray | str]:
        return {name: _products(found) for name, found in super().read(answer).items()}


def _products(found: np.ndarray | str) -> np.ndarray | str:
    if isinstance(found, str):
        return found
    return found @ found.T if found.ndim == 2 else "TypeError: it returns no matrix"


def _simplex(classes: int) -> np.ndarray:
    rows = np.eye(classes) - 1 / classes
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _on_a_circle(classes: int) -> np.ndarray:
    angles = 2 * np.pi * np.arange(classes) / classes
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _one_against_all(classes: int) -> np.ndarray:
    rows = np.eye(classes - 1)
    last = -np.ones((1, classes - 1)) / np.sqrt(classes - 1)
    return np.concatenate([rows, last])


def _not_unit(classes: int) -> np.ndarray:
    rows: np.ndarray = np.eye(classes) - 1 / classes
    return rows


_orthogonal: Callable[[int], np.ndarray] = np.eye

EXERCISES = (
    Number(
        id="13.1",
        right=float(np.rad2deg(np.arccos(-1 / 4))),
        within=0.1,
        unit="°",
        says="The cosine is −1/4. With more classes it nears 0, and the angle 90°.",
        wrong=(
            Wrong(
                90.0, "Right angles are what five directions can have in five dimensions. They can be further apart."
            ),
            Wrong(72.0, "That is a fifth of a circle. A simplex of five classes does not lie in a plane."),
            Wrong(
                float(np.rad2deg(np.arccos(-1 / 3))),
                "That is the tetrahedron, of four classes.",
            ),
            Wrong(float(np.rad2deg(np.arccos(-1 / 5))), "The bound has C − 1 under the line, not C."),
            Wrong(float(np.arccos(-1 / 4)), "That is in radians. Degrees are asked for."),
            Wrong(-0.25, "That is the cosine. Which angle has it?"),
            Wrong(float(np.rad2deg(np.arccos(1 / 4))), "Look at the sign of the cosine."),
        ),
    ),
    _Directions(
        id="13.2",
        right=_simplex,
        cases={"for two classes": (2,), "for four classes": (4,), "for ten classes": (10,)},
        within=1e-6,
        says="The rows add up to nothing, so they lie in C − 1 dimensions, whatever number of columns they have.",
        wrong=(
            Wrong(
                _orthogonal,
                "These stand at right angles: a cosine of 0. What they have in common, their mean, is still in them.",
            ),
            Wrong(_not_unit, "The angles are right. The rows are shorter than 1."),
            Wrong(
                _on_a_circle,
                "On a circle, neighbours come closer and closer with more classes. Two dimensions are enough for three "
                "classes only.",
            ),
            Wrong(
                _one_against_all,
                "The last row is far from all others, but those are still at right angles to each other.",
            ),
        ),
    ),
    Number(
        id="13.3",
        right=90.0,
        within=0.5,
        unit="°",
        says="The corners of an octahedron. No six directions do better in three dimensions, though their simplex "
        "would have 101.5°, in five.",
        wrong=(
            Wrong(
                float(np.rad2deg(np.arccos(-1 / 5))),
                "That is the simplex of six classes, which needs five dimensions. The sphere has three.",
            ),
            Wrong(60.0, "That is a sixth of a circle. On the sphere there is more room: use the third dimension."),
            Wrong(180.0, "Each has one opposite, at 180°. How far is it to the nearest?"),
            Wrong(
                float(np.rad2deg(np.arccos(-1 / 3))),
                "That is four classes, the tetrahedron. Six have to be closer.",
            ),
        ),
    ),
    Essay(
        id="13.4",
        right=(
            "No: a simplex of C classes needs C − 1 dimensions, and 85 741 is far more than 512. Its centres would "
            "make an angle of 90.0007°, which is 90° for all purposes, and directions at random in 512 dimensions are "
            "already near 90°, with a standard deviation of about 2.5° (1/√512 as a cosine). So the mean angle between "
            "centres has nothing left to gain. What is left is the tail, the few rivals that come near each other, "
            "the spread within each class, and that both hold for people who were never seen in training."
        ),
        points={
            "It does not fit: C − 1 is more than d": ("no:", "not fit", "cannot", "more than 512", "too many"),
            "Its angle would be 90° and next to nothing more": ("90",),
            "Random directions are near 90° already": ("random", "2.5", "1/√512", "0.044"),
            "The near rivals and the spread within are what is left": ("rival", "nearest", "tail", "spread", "within"),
            "New people count, not the training classes": ("never seen", "new people", "unseen", "not trained"),
        },
    ),
)

"""Exercises of lesson 03: what a margin changes."""

import numpy as np

from workbench.teach.exercises import Essay, Function, Number, Wrong

_M = 0.5


def _arcface(theta: np.ndarray) -> np.ndarray:
    return np.where(theta <= np.pi - _M, np.cos(theta + _M), np.cos(theta) - _M * np.sin(_M))


def _sphereface(theta: np.ndarray) -> np.ndarray:
    k = np.minimum(np.floor(4 * theta / np.pi), 3)
    turned: np.ndarray = (-1) ** k * np.cos(4 * theta) - 2 * k
    return turned


def _without_steps(theta: np.ndarray) -> np.ndarray:
    turned: np.ndarray = (-1) ** np.floor(4 * theta / np.pi) * np.cos(4 * theta)
    return turned


_ANGLES = {
    "at 0°": 0.0,
    "at 20°": 20.0,
    "at 44°": 44.0,
    "at 46°": 46.0,
    "at 100°": 100.0,
    "at 151°": 151.0,
    "at 160°": 160.0,
    "at 180°": 180.0,
}
_CASES = {name: (np.deg2rad(np.array([degrees])),) for name, degrees in _ANGLES.items()}

EXERCISES = (
    Number(
        id="03.1",
        right=float(np.cos(np.pi / 3) - np.cos(np.pi / 3 + _M)),
        within=0.005,
        says="Both now take the same from a sample at 60°. At any other angle they differ.",
        wrong=(
            Wrong(1 - float(np.cos(_M)), "That is what the margin takes away at 0°. The sample stands at 60°."),
            Wrong(_M, "That is the angle itself. A cosine margin is a difference of cosines."),
            Wrong(
                float(np.cos(60) - np.cos(60 + _M)),
                "NumPy's cosine takes radians, and 60 is in degrees.",
            ),
            Wrong(
                float(np.cos(np.pi / 3 + _M)),
                "That is what is left of the similarity. How much has been taken away?",
            ),
        ),
    ),
    Function(
        id="03.2",
        right=_arcface,
        cases=_CASES,
        within=1e-6,
        says="It falls all the way, with a step down at π − m, and follows the formula before it.",
        wrong=(
            Wrong(lambda theta: np.cos(theta + _M), "It rises again at the end: look at 160°."),
            Wrong(
                lambda theta: np.cos(np.minimum(theta + _M, np.pi)),
                "It is level past π − m, so a sample there is not pulled at all. The exercise asks for it to fall.",
            ),
            Wrong(
                lambda theta: np.cos(theta) - _M * np.sin(_M),
                "That is the second half of it. Up to π − m it follows the formula.",
            ),
            Wrong(
                lambda theta: np.where(theta <= _M, np.cos(theta + _M), np.cos(theta) - _M * np.sin(_M)),
                "It changes over too early: at m instead of at π − m.",
            ),
        ),
    ),
    Function(
        id="03.3",
        right=_sphereface,
        cases=_CASES,
        within=1e-6,
        says="Each piece is turned over and set below the one before: (−1)ᵏ cos(4θ) − 2k on the k-th piece.",
        wrong=(
            Wrong(lambda theta: np.cos(4 * theta), "It rises from 45° on: look at 46° and 100°."),
            Wrong(
                _without_steps,
                "Each piece falls now, and at every joint it jumps back to 1: look at 46°. Each has to begin where the "
                "one before ended.",
            ),
            Wrong(
                lambda theta: np.cos(np.minimum(4 * theta, np.pi)),
                "It is level from 45° on, so a sample there is not pulled at all.",
            ),
        ),
    ),
    Essay(
        id="03.4",
        right=(
            "With m = 0.3 rad, 17°, the wedges fit into the 36° between neighbouring centres, and around each centre "
            "a zone of half-width (36° − 17°)/2, about 9°, is left where a sample has its margin. With m = 0.8 rad, "
            "46°, a wedge is wider than the space between the centres: no sample of any class can have its margin, the "
            "loss stays large and goes on pulling, and some classes are pushed into one another."
        ),
        points={
            "0.3 rad (17°) fits into 36°": ("fit", "17", "room", "enough space", "smaller than"),
            "0.8 rad (46°) does not fit": ("46", "no room", "not fit", "overlap", "larger than", "wider"),
            "So the loss cannot become small": ("loss", "never", "for ever", "forever", "cannot be satisfied"),
        },
    ),
)

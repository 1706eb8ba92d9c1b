"""Exercises of lesson 05: gradients by angle."""

import numpy as np
from numpy.typing import NDArray

from workbench.teach.exercises import Essay, Function, Number, Wrong

Angles = NDArray[np.float64]


def _doubt(target: Angles, s: float, rivals: int) -> Angles:
    left: Angles = 1 / (1 + np.exp(s * target) / rivals)
    return left


def _pull(theta: Angles, m: float, s: float, rivals: int) -> Angles:
    turned: Angles = s * _doubt(np.cos(theta) - m, s, rivals) * np.sin(theta)
    return turned


def _hardest(m: float, s: float, rivals: int) -> float:
    """The angle, in degrees, at which ArcFace pulls hardest."""
    theta = np.linspace(0, np.pi, 18_001)
    return float(np.rad2deg(theta[(_doubt(np.cos(theta + m), s, rivals) * np.sin(theta + m)).argmax()]))


_M = 0.5
_EVEN = float(np.arccos(np.log(9) / 64))  # p = 1/2 without a margin

_CASES = {
    f"at {degrees}°{where}": (np.deg2rad(np.array([float(degrees)])), m, s, rivals)
    for where, (m, s, rivals) in {
        "": (0.35, 16.0, 9),
        " with s = 64": (0.35, 64.0, 9),
        " without a margin": (0.0, 16.0, 9),
        " with 999 rivals": (0.2, 16.0, 999),
    }.items()
    for degrees in (1, 30, 60, 90, 150)
}

EXERCISES = (
    Number(
        id="05.1",
        right=_hardest(_M, 16.0, 9),
        within=2.0,
        unit="°",
        says="It is the place of no margin, 98.7°, moved by the 28.65° of the margin. Towards 0° the pull vanishes "
        "with the doubt.",
        wrong=(
            Wrong(float(np.deg2rad(_hardest(_M, 16.0, 9))), "That is in radians. Degrees are asked for."),
            Wrong(_hardest(0.0, 16.0, 9), "That is where softmax without a margin pulls hardest."),
            Wrong(180 - float(np.rad2deg(_M)), "There the pull turns round: it is 0."),
            Wrong(90 - float(np.rad2deg(_M)), "There the slope is largest. The doubt still grows beyond it."),
            Wrong(_hardest(_M, 16.0, 1), "That is with one rival. There are nine."),
            Wrong(_hardest(_M, 64.0, 9), "That is with s = 64. Here s is 16."),
            Wrong(180.0, "Past 151° the pull points away from the centre."),
        ),
    ),
    Function(
        id="05.2",
        right=_pull,
        cases=_CASES,
        within=1e-9,
        says="CosFace leaves the slope as it was, sin θ, and moves the doubt alone.",
        wrong=(
            Wrong(lambda *given: -_pull(*given), "The sign is turned: towards the centre the pull is positive here."),
            Wrong(lambda t, m, s, rivals: _pull(t, m, s, rivals) / s, "The factor s is missing."),
            Wrong(
                lambda t, m, s, rivals: s * (1 - _doubt(np.cos(t) - m, s, rivals)) * np.sin(t),
                "That has p in the place of 1 − p: it pulls those hardest that have learned most.",
            ),
            Wrong(
                lambda t, _, s, rivals: s * _doubt(np.cos(t), s, rivals) * np.sin(t),
                "The margin has no effect. It is in the doubt.",
            ),
            Wrong(
                lambda t, m, s, rivals: s * _doubt(np.cos(t + m), s, rivals) * np.sin(t + m),
                "That is ArcFace's pull: it adds m to the angle.",
            ),
            Wrong(
                lambda t, m, s, rivals: s * _doubt(np.cos(t) + m, s, rivals) * np.sin(t),
                "The margin helps the sample: it is subtracted from the cosine, not added.",
            ),
            Wrong(
                lambda t, m, s, _: s * _doubt(np.cos(t) - m, s, 1) * np.sin(t),
                "The number of rivals has no effect. Each adds e⁰ = 1 to the sum.",
            ),
            Wrong(
                lambda t, m, s, rivals: s * _doubt(np.cos(t) - m, s, rivals + 1) * np.sin(t),
                "There is one rival too many in the sum.",
            ),
            Wrong(
                lambda t, m, s, rivals: s * _doubt(np.cos(t) - m, s, rivals),
                "The slope is missing: that is the derivative by the cosine, not by the angle.",
            ),
            Wrong(
                lambda t, m, s, rivals: s * _doubt(np.cos(t) - m, s, rivals) * np.cos(t),
                "The derivative of a cosine is a sine.",
            ),
            Wrong(
                lambda t, m, s, rivals: s * _doubt(np.cos(t) - m, 1.0, rivals) * np.sin(t),
                "s belongs inside the doubt too.",
            ),
        ),
    ),
    Number(
        id="05.3",
        right=float(np.rad2deg(_EVEN - _M)),
        within=0.2,
        unit="°",
        says="cos(θ + m) = ln 9 / 64: nearly 90° − m. With s so large, the loss lets go a few degrees below it.",
        wrong=(
            Wrong(float(np.rad2deg(_EVEN)), "That is without the margin."),
            Wrong(float(np.rad2deg(_EVEN + _M)), "The margin moves it the other way: the sample has to come closer."),
            Wrong(float(_EVEN - _M), "That is in radians. Degrees are asked for."),
            Wrong(90 - float(np.rad2deg(_M)), "That is for one rival, or for s without end. There are nine."),
            Wrong(float(np.rad2deg(np.arccos(np.log(9) / 16) - _M)), "That is with s = 16. Here s is 64."),
            Wrong(float(np.rad2deg(np.arccos(np.log(9) / 64 + 0.35))), "That is CosFace, with m = 0.35."),
            Wrong(
                float(np.rad2deg(np.arccos(np.log(9) / 64 + _M))), "That takes m from the cosine. It adds to the angle."
            ),
        ),
    ),
    Essay(
        id="05.4",
        right=(
            "With m = 1 the formula cos(θ + m) turns round at 180° − 57° = 123°: a digit beyond has a slope of the "
            "wrong sign, is pushed to 180° and rests there, although its doubt is nearly 1. In three dimensions about "
            "a quarter of all directions are that far away, so many digits begin there. Remedies: go on linearly past "
            "π − m (beyond_pi), begin with a smaller margin and raise it, detach the margin from the gradient, or use "
            "more dimensions, where samples begin near 90°."
        ),
        points={
            "Past 180° − m the pull turns round": ("turn", "rises", "wrong sign", "wrong way", "123", "away"),
            "So the digits rest at 180°": ("rest", "stay", "stuck", "stall"),
            "Remedy: linear past π − m, or a detached gradient": ("linear", "detach", "beyond_pi"),
            "Remedy: a smaller margin at first, or more dimensions": ("smaller", "raise", "warm", "dimensions"),
        },
    ),
)

"""Exercises of lesson 06: margins that are drawn, and margins that adapt."""

import numpy as np

from workbench.teach.exercises import Essay, Function, Number, Wrong

_ANGLE = np.deg2rad(20)


def _elastic(noise: np.ndarray, m: float, sigma: float) -> np.ndarray:
    return m + sigma * np.asarray(noise)


def _paper(cosine: np.ndarray, draws: np.ndarray) -> np.ndarray:
    margins = np.empty_like(draws)
    margins[np.argsort(-cosine)] = np.sort(draws)
    return margins


def _released(cosine: np.ndarray, draws: np.ndarray) -> np.ndarray:
    gathered: np.ndarray = np.sort(draws)[np.argsort(-cosine)]
    return gathered


def _nearest_largest(cosine: np.ndarray, draws: np.ndarray) -> np.ndarray:
    margins = np.empty_like(draws)
    margins[np.argsort(cosine)] = np.sort(draws)
    return margins


_NOISE = np.array([0.3, -1.2, 2.1, -0.4, 0.0])
_COSINE = np.array([0.9, 0.1, 0.5, -0.2, 0.7])
_DRAWS = np.array([0.52, 0.44, 0.61, 0.49, 0.55])

EXERCISES = (
    Function(
        id="06.1",
        right=_elastic,
        cases={
            "for the published m and σ": (_NOISE, 0.5, 0.05),
            "with draws below zero": (_NOISE, 0.1, 0.3),
            "with σ = 0": (_NOISE, 0.5, 0.0),
        },
        says="Their mean is m and their standard deviation σ, and a few may be negative. With σ = 0 it is ArcFace.",
        wrong=(
            Wrong(
                lambda noise, m, sigma: np.maximum(m + sigma * noise, 0),
                "You changed the distribution: without negative draws the mean is larger than m. The paper's are not "
                "clipped.",
            ),
            Wrong(
                lambda noise, m, sigma: np.abs(m + sigma * noise),
                "You changed the distribution: a negative draw comes back as a positive one.",
            ),
            Wrong(
                lambda noise, m, sigma: m + sigma**2 * noise,
                "σ² is the variance. By what does a standard normal number have to be multiplied?",
            ),
            Wrong(
                lambda noise, m, sigma: np.full_like(noise, m + sigma * noise[0]),
                "All samples get the same draw. Each has its own.",
            ),
            Wrong(lambda noise, m, sigma: 0 * m + sigma * noise, "Their mean is 0. It should be m."),
            Wrong(lambda noise, m, sigma: m * (1 + sigma * noise), "σ is in radians, not a share of the margin."),
        ),
    ),
    Number(
        id="06.2",
        right=0.04779,
        within=0.004,
        says="About one in twenty, and clipping those would have moved the mean up. At the published σ it is nobody.",
        wrong=(
            Wrong(4.78, "That is in percent. The exercise asks for a share from 0 to 1."),
            Wrong(0.0, "That is what the published σ gives. Here it is six times as large."),
            Wrong(0.9522, "That is the share above zero."),
            Wrong(0.0956, "That counts the draws above 2m too. Only one end of the bell is below zero."),
        ),
    ),
    Number(
        id="06.3",
        right=float(64 * 0.05 * np.sin(_ANGLE + 0.5)),
        within=0.005,
        says="s σ sin(θ + m): the slope of the cosine at θ + m, times the noise of the angle, times the scale.",
        wrong=(
            Wrong(64 * 0.05, "That is the noise of ElasticFace-Cos. An angle goes through a cosine first."),
            Wrong(float(0.05 * np.sin(_ANGLE + 0.5)), "That is the noise of ψ. The logit is s ψ."),
            Wrong(
                float(64 * 0.05 * np.cos(_ANGLE + 0.5)),
                "You used the cosine itself. How much it changes with the angle is its slope.",
            ),
            Wrong(float(64 * 0.05 * np.sin(_ANGLE)), "The slope is taken where the sample stands after the margin."),
            Wrong(float(abs(64 * 0.05 * np.sin(20 + 0.5))), "NumPy's sine takes radians, and 20 is in degrees."),
        ),
    ),
    Function(
        id="06.4",
        right=_paper,
        cases={
            "for five samples": (_COSINE, _DRAWS),
            "for three samples": (np.array([0.2, 0.8, 0.5]), np.array([0.4, 0.6, 0.5])),
            "for one sample": (np.array([0.3]), np.array([0.5])),
        },
        says="A scatter: the place in the order says whose margin it is. Cosine and margin have rank correlation −1.",
        wrong=(
            Wrong(
                _released,
                "You gather where you should scatter, as the released code does: the order says which sample comes "
                "k-th, not which place sample i has. Try three samples on paper.",
            ),
            Wrong(_nearest_largest, "The nearest sample gets the largest margin. It should be the farthest."),
            Wrong(
                lambda cosine, draws: np.sort(draws)[np.argsort(cosine)],
                "You gather where you should scatter, and from the wrong end besides.",
            ),
            Wrong(
                lambda cosine, draws: 0 * cosine + np.sort(draws),
                "The margins are sorted, but the samples are not looked at.",
            ),
            Wrong(
                lambda cosine, draws: 0 * cosine + draws,
                "Each sample keeps its own draw. That is the variant without '+'.",
            ),
        ),
    ),
    Essay(
        id="06.5",
        right=(
            "In the released code margin and cosine are uncorrelated, because it gathers where it should scatter: hard "
            "samples do not get larger margins, so the result says nothing about that idea. And 0.05 points on one "
            "seed are within the noise between seeds: train both over several seeds, look at the paired differences "
            "and their interval, and run the paper's assignment too."
        ),
        points={
            "The released code does not give hard samples larger margins": (
                "uncorrelated",
                "gather",
                "scatter",
                "permut",
                "random",
                "not give",
            ),
            "One seed cannot tell": ("seed", "noise", "chance", "interval"),
            "What to run instead": ("paired", "several", "paper's assignment", "scatter it", "repeat"),
        },
    ),
)

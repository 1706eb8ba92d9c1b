"""Exercises of lesson 02: lengths, angles and the scale of softmax."""

import numpy as np
from numpy.typing import NDArray

from workbench.teach.exercises import Essay, Function, Number, Wrong

Rows = NDArray[np.float64]
Labels = NDArray[np.int64]


def _unit(rows: Rows) -> Rows:
    divided: Rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return divided


def _each(scores: Rows, labels: Labels) -> Rows:
    """The loss of each row."""
    shifted = scores - scores.max(1, keepdims=True)
    losses: Rows = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    return losses


def _loss(x: Rows, w: Rows, labels: Labels, s: float) -> float:
    return float(_each(s * _unit(x) @ _unit(w).T, labels).mean())


def _overflowing(x: Rows, w: Rows, labels: Labels, s: float) -> float:
    with np.errstate(all="ignore"):
        powers = np.exp(s * _unit(x) @ _unit(w).T)
        return float(-np.log(powers[np.arange(len(labels)), labels] / powers.sum(1)).mean())


def _without_the_own(x: Rows, w: Rows, labels: Labels, s: float) -> float:
    scores = s * _unit(x) @ _unit(w).T
    own = np.eye(len(w), dtype=bool)[labels]
    rivals = np.where(own, -np.inf, scores)
    top = rivals.max(1)
    return float((np.log(np.exp(rivals - top[:, None]).sum(1)) + top - scores[own]).mean())


_RNG = np.random.default_rng(2)
_X, _W, _Y = _RNG.normal(size=(6, 4)), 3 * _RNG.normal(size=(5, 4)), np.array([0, 1, 2, 3, 4, 0])
_CASES = {
    "on six features of five classes": (_X, _W, _Y, 16.0),
    "on features seven times as long": (7 * _X, _W, _Y, 16.0),
    "on weights of other lengths": (_X, _W * np.array([[1.0], [2.0], [0.5], [4.0], [0.1]]), _Y, 16.0),
    "at s = 1": (_X, _W, _Y, 1.0),
    "at s = 1000": (_X, _W, _Y, 1000.0),
    "on one feature": (_X[:1], _W, _Y[:1], 4.0),
}

EXERCISES = (
    Number(
        id="02.1",
        right=float(1 / (1 + np.exp(-4))),
        within=0.002,
        says="The score doubles, so the odds are squared: from 7.4 to 1 they become 54.6 to 1. Nothing turned.",
        wrong=(
            Wrong(float(2 / (1 + np.exp(-2))), "A probability is never above 1. It is the score that doubles."),
            Wrong(float(1 / (1 + np.exp(-2))), "That is before it grew. What becomes of the score of 2?"),
            Wrong(1.0, "Nearly. A softmax of finite scores never gives 1."),
            Wrong(float(np.exp(4)), "Those are the odds against the other class. As a probability?"),
            Wrong(float(1 / (1 + np.exp(-4.0 * np.sqrt(2)))), "Both scores grow in proportion to the length, once."),
            Wrong(float(np.log1p(np.exp(-4))), "That is the loss. Its probability is asked for."),
        ),
    ),
    Function(
        id="02.2",
        right=_loss,
        cases=_CASES,
        within=1e-9,
        says="It does not change with the length of a feature or of a weight, and it survives s = 1000.",
        wrong=(
            Wrong(_overflowing, "At small s it is right. At s = 1000 the exponential of a score is infinite."),
            Wrong(
                lambda x, w, labels, s: _each(s * x @ _unit(w).T, labels).mean(),
                "It changes when the features are made longer: they are not normalised.",
            ),
            Wrong(
                lambda x, w, labels, s: _each(s * _unit(x) @ w.T, labels).mean(),
                "It changes with the lengths of the weights: they are not normalised.",
            ),
            Wrong(
                lambda x, w, labels, s: _each(s * x @ w.T, labels).mean(),
                "That is plain softmax with a factor: neither features nor weights are normalised.",
            ),
            Wrong(
                lambda x, w, labels, _: _each(_unit(x) @ _unit(w).T, labels).mean(),
                "s has no effect. It multiplies every cosine.",
            ),
            Wrong(
                lambda x, w, labels, s: _each(s * _unit(x) @ _unit(w).T, labels).sum(),
                "That is the sum over the features. The mean is asked for.",
            ),
            Wrong(
                lambda x, w, labels, s: _each(s * _unit(x) @ _unit(w).T, labels),
                "That is one loss for each feature. Their mean is asked for.",
            ),
            Wrong(
                lambda x, w, labels, s: -_loss(x, w, labels, s),
                "The sign is turned: a loss is minus the logarithm of a probability.",
            ),
            Wrong(_without_the_own, "The own class is missing from the sum under the fraction."),
            Wrong(
                lambda x, w, labels, s: _each(s * _unit(x.T).T @ _unit(w.T), labels).mean(),
                "The lengths were taken down the columns. Each row is a vector.",
            ),
        ),
    ),
    Number(
        id="02.3",
        right=float(np.log(99 * 9) * 0.9),
        within=0.05,
        says="s (1 + 1/9) has to reach ln(99 · 9). With 10 000 classes it is 13.8, and centres that far apart do not "
        "exist in 512 dimensions: s has to be larger still.",
        wrong=(
            Wrong(
                float(np.log(99 * 9)), "That takes the rivals to be at 90°. They can be below: their cosine is −1/9."
            ),
            Wrong(float(np.log(99) * 0.9), "That is for one rival. There are nine, and they all stand in the sum."),
            Wrong(float(np.log(99 * 10) * 0.9), "Ten classes are nine rivals."),
            Wrong(float(np.log10(99 * 9) * 0.9), "That is a decimal logarithm. Softmax has the base e."),
            Wrong(
                float(np.log(99 * 9) / 2), "That puts all rivals opposite, at cosine −1. Only one could stand there."
            ),
            Wrong(float(np.log(99 * 9) * 9 / 8), "The sign of the rivals' cosine: 1 − (−1/9) is more than 1."),
            Wrong(float(np.log(9 / 0.99) * 0.9), "The odds of 0.99 are 0.99 / 0.01, not 1 / 0.99."),
        ),
    ),
    Number(
        id="02.4",
        right=float(np.log(1 + 9 * np.exp(-10 / 9))),
        within=0.01,
        says="No feature can have less, so the loss never rests. What training adds to it is small.",
        wrong=(
            Wrong(0.0, "That would take a probability of 1. How sure can it be with s = 1?"),
            Wrong(float(np.log(10)), "That is the loss when all ten cosines are equal. The best feature does better."),
            Wrong(float(np.log(1 + 9 * np.exp(-1))), "That takes the rivals to be at 90°. They can be below."),
            Wrong(float(1 / (1 + 9 * np.exp(-10 / 9))), "That is the probability. The loss is minus its logarithm."),
            Wrong(float(np.log(1 + np.exp(-10 / 9))), "That is with one rival. There are nine."),
            Wrong(float(np.log(1 + 9 * np.exp(-2))), "That puts all nine rivals opposite. Only one could stand there."),
        ),
    ),
    Essay(
        id="02.5",
        right=(
            "Lengths do carry something: features of digits that score wrong can be shorter, as the beginning of this "
            "lesson tells for this run. But plain softmax changes lengths to lower its loss and to tell classes apart, "
            "so a length is a mixture of quality, class and training. Verification compares angles, so the loss should "
            "train angles. Nor is anything thrown away: the feature still has its length after training, and it can be "
            "used as a quality apart from the identity, as MagFace does."
        ),
        points={
            "Right: lengths do carry something, such as quality": (
                "right",
                "carry",
                "say something",
                "quality",
                "wrong",
            ),
            "But the loss changes lengths for reasons of its own": ("lower", "loss", "mixture", "mixed", "grow"),
            "What is compared is the angle, so train the angle": ("angle", "cosine", "direction"),
            "The length is still there and can be used apart": ("still", "apart", "separate", "magface", "keep"),
        },
    ),
)

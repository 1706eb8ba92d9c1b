"""Exercises of lesson 14: margins under wrong labels and long tails."""

import numpy as np

from workbench.data import faces
from workbench.teach.exercises import Essay, Function, Number, Wrong


def _suspects(own: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    ranked: np.ndarray = np.argsort(other - own, kind="stable")[:k]
    return ranked


def _least_suspicious(own: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    ranked: np.ndarray = np.argsort(own - other, kind="stable")[:k]
    return ranked


def _farthest(own: np.ndarray, _other: np.ndarray, k: int) -> np.ndarray:
    ranked: np.ndarray = np.argsort(-own, kind="stable")[:k]
    return ranked


def _least_first(own: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    return _suspects(own, other, k)[::-1]


def _margins(own: np.ndarray, other: np.ndarray, k: int) -> np.ndarray:
    return np.sort(other - own)[:k]


def _case(seed: int, count: int, k: int) -> tuple[np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 1.6, count), rng.uniform(0.6, 1.6, count), k


_truth = faces.truth(identities=60, images=12, test_share=0.4, label_noise=0.5)
_wrong = int((_truth.given_labels != _truth.labels).sum())
_trained = int((~_truth.held_out).sum())

EXERCISES = (
    Number(
        id="14.1",
        right=0.49,
        within=0.005,
        says="Less than half of the genuine pairs are what they are said to be, though 70 % of the labels are right. "
        "Two wrong ones of the same label almost never show one person.",
        wrong=(
            Wrong(0.7, "That is one image. A pair is right only if both are."),
            Wrong(0.51, "That is how likely at least one is wrong."),
            Wrong(0.91, "That is how likely at least one is right. Both have to be."),
            Wrong(0.09, "That is how likely both are wrong."),
            Wrong(0.4, "Chances that are independent are multiplied, not subtracted one after the other."),
            Wrong(49.0, "In per cent. As a probability it lies between 0 and 1."),
        ),
    ),
    Function(
        id="14.2",
        right=_suspects,
        cases={
            "for 20 images and 5 suspects": _case(0, 20, 5),
            "for 9 images and 1 suspect": _case(1, 9, 1),
            "for 6 images and all of them": _case(2, 6, 6),
        },
        within=0,
        says="Those that are nearest to another person's centre and farthest from their own come first.",
        wrong=(
            Wrong(_least_suspicious, "Those are the images that fit best: their own centre is nearest by far."),
            Wrong(
                _farthest,
                "You look at the own centre alone. A blurred image is far from all centres; a wrong label is near "
                "another one.",
            ),
            Wrong(_least_first, "These are the right images. The most suspicious has to come first."),
            Wrong(_margins, "Those are the margins. The positions of the images are asked for."),
        ),
    ),
    Number(
        id="14.3",
        right=_wrong,
        within=0,
        says="Each image draws for itself, so the count is near half of them and not exactly half.",
        wrong=(
            Wrong(_trained / 2, "That is what is expected. Count those that were drawn."),
            Wrong(_wrong / _trained, "That is the share. Their number is asked for."),
            Wrong(_wrong / len(_truth), "That is a share, and of all images. The number of wrong labels is asked for."),
            Wrong(_trained - _wrong, "Those are the right labels of the training images."),
            Wrong(len(_truth) - _wrong, "Those are all the right labels. The wrong ones are asked for."),
            Wrong(len(_truth) / 2, "The people who are held out have right labels. And count, do not expect."),
        ),
    ),
    Essay(
        id="14.4",
        right=(
            "I hold out people whose labels I have checked by hand, and choose the margin on them, with several seeds "
            "and paired differences, beginning with a small one: on wrong labels a large margin goes on pulling to the "
            "wrong person. I train for a short time first, rank the images by their realised margin, and look at the "
            "lowest to remove or correct labels, then train again. I report the error on people who were used for "
            "none of this, and for those with few images by themselves, since the mean hides them. I would also try a "
            "loss with several centres for each person, by the same comparison."
        ),
        points={
            "Choose the margin on people who are held out, with right labels": (
                "hold out",
                "held out",
                "held-out",
                "validation",
            ),
            "Several seeds, paired differences": ("seed", "paired"),
            "Expect a smaller margin to do better, and test it": ("small", "smaller", "lower margin"),
            "Clean the labels with a half-trained network": ("rank", "realised", "remove", "correct", "clean"),
            "Report those with few images by themselves": ("few images", "tail", "by themselves", "separately"),
        },
    ),
)

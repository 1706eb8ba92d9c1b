"""Exercises of lesson 91: many classes."""

import math
from collections.abc import Sequence

import numpy as np

from workbench.teach.exercises import Essay, Function, Number, Wrong

Blocks = Sequence[np.ndarray]


def _lse(blocks: Blocks) -> float:
    every = np.concatenate(blocks)
    return float(every.max() + np.log(np.exp(every - every.max()).sum()))


def _plain(blocks: Blocks) -> float:
    with np.errstate(over="ignore", divide="ignore"):
        return float(np.log(sum(np.exp(block).sum() for block in blocks)))


def _first_peak(blocks: Blocks) -> float:
    with np.errstate(over="ignore", divide="ignore"):
        return float(blocks[0].max() + np.log(sum(np.exp(block - blocks[0].max()).sum() for block in blocks)))


def _added(blocks: Blocks) -> float:
    return sum(_lse([block]) for block in blocks)


def _largest(blocks: Blocks) -> float:
    return max(_lse([block]) for block in blocks)


def _peak(blocks: Blocks) -> float:
    return float(max(block.max() for block in blocks))


EXERCISES = (
    Number(
        id="91.1",
        right=102.4,
        within=0.5,
        unit="MB",
        says="256 × 100 000 numbers of four bytes. Softmax, its gradient and the margin each make another.",
        wrong=(
            Wrong(25.6, "That is how many million numbers. How many bytes has a float32?"),
            Wrong(51.2, "That is with two bytes for a number, half precision."),
            Wrong(204.8, "That is with eight bytes for a number. A float32 has four, or did you count D for N?"),
            Wrong(97.65625, "In units of 2²⁰ bytes. Asked for are 10⁶."),
            Wrong(0.1024, "In gigabytes. Asked for are megabytes."),
            Wrong(102_400_000.0, "In bytes. Asked for are megabytes."),
        ),
    ),
    Function(
        id="91.2",
        right=_lse,
        cases={
            "for two blocks of small numbers": ([np.array([0.0, 1.0]), np.array([2.0, -1.0])],),
            "for numbers around 1000": ([np.array([1000.0, 999.0]), np.array([1001.0])],),
            "for numbers around −1000": ([np.array([-1000.0]), np.array([-1001.0, -999.5])],),
            "where the largest number comes last": ([np.array([0.0]), np.array([3.0, -2.0]), np.array([1500.0])],),
            "for one block": ([np.array([0.3, -0.2, 0.1])],),
        },
        within=1e-9,
        says="A running maximum is all it takes: what was summed before is scaled down when a larger number comes.",
        wrong=(
            Wrong(_plain, "It is right for small numbers. e¹⁰⁰⁰ is infinite in float64, and e⁻¹⁰⁰⁰ is 0."),
            Wrong(
                _first_peak, "You shift by the largest number of the first block. A later block may hold a larger one."
            ),
            Wrong(_added, "You add the logarithms of the blocks. That is the logarithm of their product."),
            Wrong(_largest, "That is the largest block alone. The others are in the sum too."),
            Wrong(_peak, "That is the largest number. The log-sum-exp is a little above it."),
        ),
    ),
    Number(
        id="91.3",
        right=math.log(0.1),
        within=0.02,
        says="Whoever samples can add ln 10 to the sum, or let the loss be a little too small. The noise stays.",
        wrong=(
            Wrong(-math.log(0.1), "The size is right. Fewer terms make a smaller sum."),
            Wrong(-1.0, "That is the logarithm to the base 10. The sum is of powers of e."),
            Wrong(1.0, "That is the logarithm to the base 10, and fewer terms make a smaller sum."),
            Wrong(0.1, "That is the share. What does a tenth of the terms do to the logarithm of the sum?"),
            Wrong(math.log(0.9), "That is what a tenth less would do. Nine tenths are gone."),
        ),
    ),
    Essay(
        id="91.4",
        right=(
            "Weights, gradient and momentum are 3 × 4 × 10⁶ × 512 bytes, 6.1 GB: they fit. One matrix of scores is "
            "4 × 512 × 10⁶ bytes, 2 GB, and four of them 8.2 GB: together with the weights 14.3 GB, so that what is "
            "left of the 24 GB has to do for the network and its activations, which may be too little. I would stream "
            "the sum over blocks, which needs no matrix at the price of scoring twice. Beyond that, sampling a share "
            "of the classes or spreading the weights over several GPUs saves the weights too; sampling gives up near "
            "rivals that are not drawn."
        ),
        points={
            "Weights, gradient and momentum: about 6 GB": ("6.1", "6 gb", "6.14", "six"),
            "One matrix of scores: about 2 GB; four: about 8": ("2 gb", "2.0", "8.2", "8 gb", "two gb"),
            "The network and its activations need room too": ("network", "activation", "backbone"),
            "Stream the sum, and score twice": ("stream", "block"),
            "Sampling or several GPUs, and what that gives up": ("sampl", "several gpus", "rival", "shard"),
        },
    ),
)

"""Exercises of lesson 07: negatives from centres and from pairs."""

import numpy as np

from workbench.teach.exercises import Essay, Function, Number, Numbers, Wrong


def _lse(values: np.ndarray) -> float:
    return float(np.logaddexp.reduce(values)) if len(values) else -np.inf


def _negatives(unit: np.ndarray, labels: np.ndarray) -> np.ndarray:
    chosen: np.ndarray = (unit @ unit.T)[np.triu(labels[:, None] != labels, 1)]
    return chosen


def _pairs_lse(unit: np.ndarray, labels: np.ndarray, s: float) -> float:
    return _lse(s * _negatives(unit, labels))


def _every_pair(unit: np.ndarray, labels: np.ndarray, s: float) -> float:
    return _lse(s * (unit @ unit.T)[np.triu(np.ones((len(labels), len(labels)), dtype=bool), 1)])


def _twice(unit: np.ndarray, labels: np.ndarray, s: float) -> float:
    return _lse(s * (unit @ unit.T)[labels[:, None] != labels])


def _box(values: np.ndarray) -> tuple[float, float]:
    ordered = np.sort(values)
    return ordered[len(values) // 4], ordered[3 * len(values) // 4]


def _kept(values: np.ndarray, r: float) -> np.ndarray:
    low, high = _box(values)
    reach = r * (high - low)
    return np.sort(values[(values >= low - reach) & (values <= high + reach)])


def _interpolated(values: np.ndarray, r: float) -> np.ndarray:
    low, high = np.quantile(values, [0.25, 0.75])
    reach = r * (high - low)
    return np.sort(values[(values >= low - reach) & (values <= high + reach)])


def _without_ends(values: np.ndarray, r: float) -> np.ndarray:
    low, high = _box(values)
    reach = r * (high - low)
    return np.sort(values[(values > low - reach) & (values < high + reach)])


def _upper_alone(values: np.ndarray, r: float) -> np.ndarray:
    low, high = _box(values)
    return np.sort(values[values <= high + r * (high - low)])


def _deviations(values: np.ndarray, r: float) -> np.ndarray:
    return np.sort(values[np.abs(values - values.mean()) <= r * values.std()])


def _about_median(values: np.ndarray, r: float) -> np.ndarray:
    low, high = _box(values)
    return np.sort(values[np.abs(values - np.median(values)) <= r * (high - low)])


_UNIT = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-0.6, 0.8], [0.6, -0.8]])
_VALUES = np.array([-0.9, -0.3, -0.2, -0.1, 0.0, 0.05, 0.1, 0.2, 0.3, 0.95])

EXERCISES = (
    Numbers(
        id="07.1",
        right=[392, 28],
        says="B (C − 1) and B (B − 1) / 2. The first grows with the batch, the second with its square.",
        wrong=(
            Wrong([400, 28], "B · C includes the positives: each image has one centre of its own."),
            Wrong([392, 56], "Each pair is there twice. It counts once."),
            Wrong([392, 64], "That is every cell of the matrix, the images with themselves among them."),
            Wrong([392, 36], "That counts the images with themselves."),
            Wrong([49, 28], "That is the number of centres for one image. There are eight."),
            Wrong([392, 7], "That is the number of pairs of one image. UNPG takes all pairs of the batch."),
            Wrong([28, 392], "These are the right numbers the other way round."),
        ),
    ),
    Function(
        id="07.2",
        right=_pairs_lse,
        cases={
            "for five images of three people": (_UNIT, np.array([0, 0, 1, 1, 2]), 16.0),
            "for five people": (_UNIT, np.arange(5), 4.0),
            "for two images": (_UNIT[:2], np.array([0, 1]), 64.0),
            "at a scale of 1000": (_UNIT, np.array([0, 0, 1, 1, 2]), 1000.0),
            "without a negative pair": (_UNIT, np.zeros(5, dtype=int), 16.0),
        },
        says="One number for the whole batch, and minus infinity where there is none, so that it adds nothing.",
        wrong=(
            Wrong(_every_pair, "You count pairs of one person too. Those are no negatives."),
            Wrong(_twice, "You count each pair twice: (i, j) and (j, i). It is larger by log 2 than it should be."),
            Wrong(
                lambda unit, labels, s: s * _lse(_negatives(unit, labels)),
                "The scale belongs into the exponent, not in front of the logarithm.",
            ),
            Wrong(lambda unit, labels, s: 0 * s + _lse(_negatives(unit, labels)), "The scale is missing."),
            Wrong(
                lambda unit, labels, s: s * max(_negatives(unit, labels), default=-np.inf),
                "That is the hardest pair alone. All of them are in the sum.",
            ),
        ),
    ),
    Function(
        id="07.3",
        right=_kept,
        cases={
            "for ten values, r = 1.5": (_VALUES, 1.5),
            "for ten values, r = 1": (_VALUES, 1.0),
            "for r = 0": (_VALUES, 0.0),
            "for values that stand on the ends": (np.array([-0.25, 0.0, 0.25, 0.5, 0.75]), 1.0),
            "for one value": (np.array([0.3]), 1.5),
        },
        says="Quartiles without interpolation, both ends kept. Of one or two values nothing is cut.",
        wrong=(
            Wrong(_interpolated, "Your quartiles are interpolated. The released code takes elements of the values."),
            Wrong(_without_ends, "A value that stands on an end is kept. You cut it."),
            Wrong(_upper_alone, "You cut the hard side alone. The filter cuts the easiest pairs too."),
            Wrong(_deviations, "You measure in standard deviations about the mean. The box stands on quartiles."),
            Wrong(_about_median, "You reach out from the median. The reach begins at the quartiles."),
        ),
    ),
    Number(
        id="07.4",
        right=0.00349,
        within=0.0005,
        says="One in about 290. Of the 130 816 pairs of a batch of 512 that is some 457, the hardest ones.",
        wrong=(
            Wrong(0.00698, "That is both sides together. The exercise asks for the hard one."),
            Wrong(0.349, "That is in percent. The exercise asks for a share from 0 to 1."),
            Wrong(0.0215, "That is what r = 1 cuts."),
            Wrong(0.0668, "That is beyond 1.5 standard deviations. The reach is in interquartile ranges."),
            Wrong(0.25, "That is r = 0, where the middle half is kept."),
        ),
    ),
    Essay(
        id="07.5",
        right=(
            "The filter cuts the hardest pairs whether they are mistakes or not. With clean labels the hardest ones "
            "are the brothers and sisters, which are just the negatives that have to be learned, so I would expect it "
            "to do harm here. I would look at the pairs that it cuts, and train with r = 1.5 and without a filter over "
            "several seeds, and compare the errors on people who are new."
        ),
        points={
            "It cuts the hardest pairs, mistakes or not": ("hardest", "whether", "cannot tell", "upper"),
            "Here those are look-alikes, real negatives": ("brother", "sister", "sibling", "alike", "real"),
            "Look at what is cut, or train both and compare": ("compare", "seeds", "look at", "without a filter"),
        },
    ),
)

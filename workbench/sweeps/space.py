"""Where a search for tuned parameters looks: one range for each parameter of each loss, and the points drawn in it."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from workbench import losses
from workbench.checks import whole


class Range(NamedTuple):
    """What values of a parameter are tried: evenly between both ends, or evenly in their logarithm.

    Attributes:
        low: the least, in the parameter's own unit.
        high: the greatest.
        log: whether factors count and not differences; both ends are positive then.
    """

    low: float
    high: float
    log: bool = False

    def at(self, share: float) -> float:
        """Return the value at this share of the way from low to high, to two digits that count."""
        if self.log:
            return _rounded(math.exp(math.log(self.low) + share * math.log(self.high / self.low)))
        return _rounded(self.low + share * (self.high - self.low))


# Around 0.1, as in all four papers.
_LR = Range(0.02, 0.5, log=True)
# 64 is for 85 742 identities; among a few hundred the negatives cannot come as close.
_SCALE = Range(4, 64, log=True)
# Without normalised weights and features their lengths do the scale's work.
_FREE_SCALE = Range(0.25, 8, log=True)
_RADIANS = Range(0.1, 0.7)
_COSINE = Range(0.05, 0.5)

_ARC = {"scale": _SCALE, "margin": _RADIANS}
_COS = {"scale": _SCALE, "margin": _COSINE}
_OWN: dict[str, dict[str, Range]] = {
    "softmax": {"scale": _FREE_SCALE},
    "normface": {"scale": _SCALE},
    "sphereface": {"scale": _FREE_SCALE, "margin": Range(1.2, 4)},
    "cosface": _COS,
    "arcface": _ARC,
    "arcface-detached": _ARC,
    "combined": {"scale": _SCALE, "m2": Range(0.05, 0.5), "m3": Range(0.05, 0.4)},
    "elasticface-arc": _ARC,
    "elasticface-cos": _COS,
    "elasticface-arc+": _ARC,
    "elasticface-cos+": _COS,
    "adaface": _COS,
    "magface": {"scale": _SCALE, "low_margin": Range(0.05, 0.6), "length_weight": Range(1, 100, log=True)},
    "curricularface": _ARC,
    "subcenter-arcface": _ARC,
    "coreface": _ARC,
    "jcsc": _ARC,
    # 1 / temperature is a scale: 2 to 50.
    "supcon": {"temperature": Range(0.02, 0.5, log=True)},
    "circle": {"scale": Range(8, 160, log=True), "margin": Range(0.1, 0.6)},
    "multi-similarity": {"beta": Range(8, 80, log=True), "base": Range(0.1, 0.8)},
    "contrastive": {"negative_margin": Range(0.5, 1.4), "positive_margin": Range(0, 0.4)},
    "triplet": {"margin": Range(0.02, 0.6, log=True)},
}


def space(loss: str) -> dict[str, Range]:
    """Return the parameters that are tuned for a loss, each with its range: its own, and the learning rate `lr`.

    What is not named keeps its default. A loss with UNPG's pairs has the space of the loss below them.

    Raises:
        ValueError: If there is no such loss, or it has no space.
    """
    losses.parameters(loss)  # refuses a name that is none
    own = _OWN.get(loss, _OWN.get(loss.removeprefix("unpg-")))
    if own is None:
        raise ValueError(
            f"The loss {loss!r} has no search space. Add one in workbench/sweeps/space.py. Known: {', '.join(_OWN)}."
        )
    return {**own, "lr": _LR}


def draws(ranges: Mapping[str, Range], trials: int) -> list[dict[str, float]]:
    """Return what each trial changes of the recipe "small": the first nothing, the others points of Halton's sequence.

    Halton's points fill a space more evenly than random ones do, and are no matter of luck: losses with as many
    parameters are tried at the same points of the unit cube, and more trials begin with those of fewer.

    Args:
        ranges: what is tuned, see `space`.
        trials: how many, at least 1.
    """
    from scipy.stats import qmc  # takes two seconds to import

    further = whole("draws", "trials", trials, least=1) - 1
    sequence = qmc.Halton(len(ranges), scramble=False)
    sequence.fast_forward(1)  # its first point is the corner where all are lowest
    points = sequence.random(further)
    return [{}] + [
        {name: one.at(share) for (name, one), share in zip(ranges.items(), point, strict=True)}
        for point in points.tolist()
    ]


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")

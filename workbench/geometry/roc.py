"""All operating points at once: the receiver operating characteristic and the equal error rate."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from workbench.geometry.accepted import accepted, tar_left_out, thresholds
from workbench.geometry.intervals import Interval, cautious, jackknife, wilson
from workbench.geometry.pairs import PairCounts
from workbench.geometry.verification import LEAST_ERRORS, as_rate


@dataclass(frozen=True)
class EqualErrorRate:
    """Where FAR and FRR cross, between two edges of the grid.

    Attributes:
        value: The rate at the crossing, linearly interpolated.
        threshold: The threshold there; the middle where the two are equal over several edges.
        interval: 95 %, by the jackknife over groups of identities, no narrower than Wilson's of the rarer kind.
    """

    value: float
    threshold: float
    interval: Interval


@dataclass(frozen=True, eq=False)
class Roc:
    """All operating points, from accepting everything (threshold -1) to nothing (infinity).

    Attributes:
        threshold: [bins + 1], ascending.
        far: [bins + 1], descending from 1 to 0.
        tar: [bins + 1], the same.
        tar_low: Lower end of the 95 % interval of the TAR at that FAR, as of `tar_at_far`, [bins + 1].
        tar_high: Upper end, [bins + 1].
        eer: The equal error rate.
        genuine_total: Genuine pairs behind it.
        impostor_total: Impostor pairs behind it.
    """

    threshold: Float64[np.ndarray, " points"]
    far: Float64[np.ndarray, " points"]
    tar: Float64[np.ndarray, " points"]
    tar_low: Float64[np.ndarray, " points"]
    tar_high: Float64[np.ndarray, " points"]
    eer: EqualErrorRate
    genuine_total: int
    impostor_total: int

    @property
    def floor(self) -> float:
        """The smallest FAR that so many impostor pairs resolve, 10 / impostor pairs."""
        return LEAST_ERRORS / self.impostor_total


def roc(pairs: PairCounts) -> Roc:
    """The receiver operating characteristic: TAR against FAR over all thresholds, with a 95 % band."""
    genuine, impostor = accepted(pairs.genuine.counts), accepted(pairs.impostor.counts)
    far = impostor / impostor[0]
    left_out = tar_left_out(pairs, far)
    band = [as_rate(int(count), int(genuine[0]), left_out[:, k]).interval for k, count in enumerate(genuine)]
    low, high = np.array(band).T
    return Roc(
        threshold=thresholds(pairs),
        far=far,
        tar=genuine / genuine[0],
        tar_low=low,
        tar_high=high,
        eer=equal_error_rate(pairs),
        genuine_total=pairs.genuine.total,
        impostor_total=pairs.impostor.total,
    )


def equal_error_rate(pairs: PairCounts) -> EqualErrorRate:
    """The rate at which the shares of impostor pairs accepted and genuine pairs rejected are equal."""
    value, position = crossing(pairs.genuine.counts, pairs.impostor.counts)
    each_left_out = zip(pairs.genuine.without, pairs.impostor.without, strict=True)
    left_out = np.array([crossing(genuine, impostor)[0] for genuine, impostor in each_left_out])
    total = min(pairs.genuine.total, pairs.impostor.total)
    return EqualErrorRate(
        value=value,
        threshold=float(np.interp(position, np.arange(len(pairs.edges)), pairs.edges)),
        interval=cautious(jackknife(value, left_out), wilson(value * total, total)),
    )


def crossing(genuine: NDArray[Any], impostor: NDArray[Any]) -> tuple[float, float]:
    """The EER and its place on the axis of thresholds, in bins; NaN where a kind has no pairs."""
    if not genuine.sum() or not impostor.sum():
        return math.nan, math.nan
    far = accepted(impostor) / impostor.sum()
    frr = (genuine.sum() - accepted(genuine)) / genuine.sum()
    difference = frr - far  # ascends from -1 to 1
    above = int(np.searchsorted(difference, 0, side="left"))
    if difference[above] == 0:
        last = int(np.searchsorted(difference, 0, side="right")) - 1
        return float(far[above]), (above + last) / 2
    part = float(-difference[above - 1] / (difference[above] - difference[above - 1]))
    return float(far[above - 1] + part * (far[above] - far[above - 1])), above - 1 + part

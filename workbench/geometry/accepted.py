"""From counts on a grid to pairs accepted at each threshold, the arithmetic under every error rate."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from workbench.geometry.pairs import PairCounts


def thresholds(pairs: PairCounts) -> Float64[np.ndarray, " points"]:
    """The edges of the grid but the last, then infinity: 1 is inside the last bin, so nothing is known of `>= 1`."""
    return np.append(pairs.edges[:-1], math.inf)


def accepted(counts: NDArray[Any]) -> NDArray[Any]:
    """Pairs with a cosine at or above each threshold, [..., bins] -> [..., bins + 1]; first all, last none."""
    above = counts[..., ::-1].cumsum(-1)[..., ::-1]
    return np.concatenate([above, np.zeros_like(above[..., :1])], -1)


def lowest_threshold(
    accepted_impostors: Int64[np.ndarray, " points"], far: Float64[np.ndarray, " targets"]
) -> Int64[np.ndarray, " targets"]:
    """Index of the lowest threshold at which the accepted share of impostors is at most each `far`."""
    share = accepted_impostors / accepted_impostors[0]
    return len(share) - np.searchsorted(share[::-1], far, side="right")


def tar_left_out(pairs: PairCounts, far: Float64[np.ndarray, " targets"]) -> Float64[np.ndarray, "groups targets"]:
    """TAR at each FAR with each group of identities left out in turn; NaN where no pairs remain."""
    result = np.full((pairs.groups, len(far)), np.nan)
    for g in range(pairs.groups):
        genuine, impostor = accepted(pairs.genuine.without[g]), accepted(pairs.impostor.without[g])
        if genuine[0] and impostor[0]:
            result[g] = genuine[lowest_threshold(impostor, far)] / genuine[0]
    return result

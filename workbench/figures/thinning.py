"""A part of many points that still shows every class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def thinned(labels: NDArray[Any], most: int) -> NDArray[np.int64]:
    """Indices of at most about `most` points, evenly through each class and at least one of it."""
    if len(labels) <= most:
        return np.arange(len(labels))
    by_class = (np.flatnonzero(labels == c) for c in np.unique(labels))
    share = most / len(labels)
    return np.concatenate([c[np.linspace(0, len(c) - 1, max(int(len(c) * share), 1)).astype(int)] for c in by_class])

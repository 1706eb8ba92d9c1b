"""Which points are shown when not all can be."""

import numpy as np
import numpy.typing as npt


def stratified(labels: npt.NDArray[np.int64], count: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Choose `count` rows so that each class keeps its share, in an order that favours no class.

    Shares are rounded by largest remainder, and every class keeps at least one row where `count` allows it.

    Args:
        labels: int64 [P], 0 or more.
        count: how many rows; all of them when there are no more.
        seed: decides the rows and their order.

    Returns:
        Row numbers int64 [min(count, P)], shuffled.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    if count >= len(labels):
        return order
    sizes = np.bincount(labels)
    exact = count * sizes / len(labels)
    taken = np.floor(exact).astype(np.int64)
    if np.count_nonzero(sizes) <= count:
        taken = np.maximum(taken, sizes > 0)
    while taken.sum() > count:
        taken[np.where(taken > 1, taken - exact, -np.inf).argmax()] -= 1
    for i in (taken - exact).argsort(kind="stable")[: count - taken.sum()]:
        taken[i] += 1
    rank_in_class = np.empty(len(labels), dtype=np.int64)
    grouped = order[labels[order].argsort(kind="stable")]
    rank_in_class[grouped] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[rank_in_class[order] < taken[labels[order]]]

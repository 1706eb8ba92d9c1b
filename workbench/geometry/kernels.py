"""The loops of `mixed`, compiled by numba when they are first called; only `mixed` imports them, and late.

They hold no lock of Python, so that threads run them side by side, each with a `State` of its own.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])

# Sums may be reordered and products fused, or there would be no vector instructions. What `mixed` allows of rounding
# and `_TIE` hold for any order.
_ANY_ORDER = {"reassoc", "contract", "nsz"}
_TIE = 1e-12  # two float64 cosines of one pair, summed in two orders, differ by less

_TOGETHER = 512  # pairs that are computed again one after the other: by twos and threes each takes twice as long


def _compiled(**options: Any) -> Callable[[F], F]:
    def compiled(function: F) -> F:
        try:
            loop: F = numba.njit(nogil=True, error_model="numpy", cache=True, **options)(function)
        except RuntimeError:  # there is no place to write a cache
            loop = numba.njit(nogil=True, error_model="numpy", **options)(function)
        return loop

    return compiled


class Set(NamedTuple):
    """The samples, in an order in which each group, and in it each class, is one run.

    Attributes:
        rows: Each embedding times a power of two, of a length in [1, 2), [N, D].
        inverse: One over that length, [N].
        narrow: The same in float32, [N].
        end: Where the class of each row ends, [N].
        name: Index of each row among the embeddings as they were given, [N].
    """

    rows: NDArray[np.float32]
    inverse: NDArray[np.float64]
    narrow: NDArray[np.float32]
    end: NDArray[np.int64]
    name: NDArray[np.int64]


class State(NamedTuple):
    """What one thread has found; [0] is of genuine, [1] of impostor pairs.

    Attributes:
        counts: Pairs in each bin, [2, bins].
        touching: Pairs with at least one end in each group, [2, groups, bins].
        hard: Genuine cosines, and impostor cosines times -1, of the hardest pairs, ascending, [2, room].
        pairs: Their samples, the smaller index first, [2, room, 2].
        kept: How many they are, [2].
        extreme: The highest genuine and the lowest impostor cosine, [2].
        worst: The largest error of a float32 cosine, as a share of what was allowed, [1].
        ties: Rows of the pairs that lie on an edge as far as float64 can tell, [room, 2]; genuine ones from the front,
            impostor ones from the back.
        tied: How many they are, [2]; more than `ties` has room for, if need be.
    """

    counts: NDArray[np.int64]
    touching: NDArray[np.int64]
    hard: NDArray[np.float64]
    pairs: NDArray[np.int64]
    kept: NDArray[np.int64]
    extreme: NDArray[np.float64]
    worst: NDArray[np.float64]
    ties: NDArray[np.int64]
    tied: NDArray[np.int64]


class Bound(NamedTuple):
    """A float32 cosine c may be off by level + slope |c|."""

    level: float
    slope: float


@_compiled(fastmath=_ANY_ORDER)
def scale(rows: NDArray[np.float32], scaled: NDArray[np.float32], length: NDArray[np.float64]) -> None:
    """Multiply each row by a power of two that brings its length into [1, 2); 0, inf and NaN stay what they are."""
    for i in range(rows.shape[0]):
        square = 0.0
        for d in range(rows.shape[1]):
            square += np.float64(rows[i, d]) ** 2
        share, exponent = math.frexp(math.sqrt(square))
        length[i] = 2 * share
        power = math.ldexp(1.0, 1 - exponent)
        for d in range(rows.shape[1]):
            scaled[i, d] = rows[i, d] * power


@_compiled()
def tally_genuine(first: int, last: int, group: int, data: Set, state: State, moments: NDArray[np.float64]) -> None:
    """Add the genuine pairs whose earlier sample is one of rows [first, last), in float64.

    `moments` becomes their number, mean, sum of squared deviations and sum of exp(4 (cosine - 1)), [4].
    """
    # Into names, since reading a field counts a reference: in a loop that takes longer than the loop.
    rows, inverse, _, end, name = data
    counts, touching, hard, pairs, kept, extreme, _, ties, tied = state
    bins = counts.shape[1]
    total, pivot, one, two, gaussian = 0, 0.0, 0.0, 0.0, 0.0
    for i in range(first, last):
        for j in range(i + 1, end[i]):
            cosine = _cosine(rows, i, j, inverse[i] * inverse[j])
            if total == 0:
                pivot = cosine
            total += 1
            one += cosine - pivot
            two += (cosine - pivot) ** 2
            gaussian += np.exp(4 * (cosine - 1))
            extreme[0] = max(extreme[0], cosine)
            _keep(0, cosine, name[i], name[j], hard, pairs, kept)
            k = _bin(cosine, bins)
            if k < 0:
                _tie(0, i, j, ties, tied)
            else:
                counts[0, k] += 1
                touching[0, group, k] += 1
    _moments(total, pivot, one, two, gaussian, moments)


@_compiled()
def tally_impostors(
    score: NDArray[np.float32],
    first: int,
    start: int,
    groups: tuple[int, int],
    data: Set,
    bound: Bound,
    state: State,
    moments: NDArray[np.float64],
) -> None:
    """Add the impostor pairs of a block, products of rows first, first + 1, ... with rows start, start + 1, ...

    All these rows are of one group, and all those. A pair is computed again in float64 where `bound` lets its cosine
    lie beyond an edge, among the hardest or below the lowest. `moments` as of `tally_genuine`, of the float32 cosines.
    """
    inverse, narrow, end = data.inverse, data.narrow, data.end
    counts, touching, hard, kept, extreme = state.counts, state.touching, state.hard, state.kept, state.extreme
    bins, width = counts.shape[1], score.shape[1]
    half = bins / 2
    place = np.empty(width, np.uint32)
    again = np.empty((_TOGETHER + width, 2), np.int64)
    here = np.zeros(bins, np.uint32)
    half32, bins32 = np.float32(half), np.uint32(bins)
    near, slope = np.float32(0.5 - bound.level * half), np.float32(bound.slope)
    total, unsure, pivot, one, two, gaussian = 0, 0, np.float32(0), 0.0, 0.0, 0.0
    for i in range(first, first + score.shape[0]):
        begin = max(start, end[i])
        size = start + width - begin
        if size <= 0:
            continue
        row, column = i - first, begin - start
        scale = np.float32(inverse[i] * half)
        if total == 0:
            pivot = score[row, column] * narrow[begin] * scale
        total += size
        low, high = _bars(bound, half, hard, kept, extreme)
        sums = _places(
            score,
            row,
            np.uint64(column),
            size,
            narrow,
            np.uint64(begin),
            scale,
            half32,
            near,
            slope,
            low,
            high,
            pivot,
            place,
            bins32,
        )
        one += float(sums[0])
        two += float(sums[1])
        gaussian += float(sums[2])
        unsure = _count(place, size, here, bins32, i, begin, again, unsure)
        if unsure >= _TOGETHER:
            _impostors_again(again[:unsure], score, first, start, here, data, bound, state)
            unsure = 0
    _impostors_again(again[:unsure], score, first, start, here, data, bound, state)
    group, other = groups
    for k in range(bins):
        counts[1, k] += here[k]
        touching[1, group, k] += here[k]
        if other != group:
            touching[1, other, k] += here[k]
    _moments(total, pivot / half, one / half, two / half**2, gaussian * np.exp(-4.0), moments)


@_compiled()
def _impostors_again(
    again: NDArray[np.int64],
    score: NDArray[np.float32],
    first: int,
    start: int,
    here: NDArray[np.uint32],
    data: Set,
    bound: Bound,
    state: State,
) -> None:
    """Add pairs in float64, and see how far off their float32 cosines were."""
    rows, inverse, narrow, _, name = data
    _, _, hard, pairs, kept, extreme, worst, ties, tied = state
    bins = len(here)
    for q in range(len(again)):
        i, j = again[q, 0], again[q, 1]
        cosine = _cosine(rows, i, j, inverse[i] * inverse[j])
        # As `_places` has it, with its rounding.
        position = score[i - first, j - start] * narrow[j] * np.float32(inverse[i] * (bins / 2)) + np.float32(bins / 2)
        rough = position / (bins / 2) - 1
        worst[0] = max(worst[0], abs(rough - cosine) / (bound.level + bound.slope * abs(cosine)))
        extreme[1] = min(extreme[1], cosine)
        _keep(1, -cosine, name[i], name[j], hard, pairs, kept)
        k = _bin(cosine, bins)
        if k < 0:
            _tie(1, i, j, ties, tied)
        else:
            here[k] += np.uint32(1)


@_compiled(fastmath=_ANY_ORDER)
def _places(
    score: NDArray[np.float32],
    row: int,
    column: np.uint64,
    size: int,
    narrow: NDArray[np.float32],
    begin: np.uint64,
    scale: np.float32,
    half: np.float32,
    near: np.float32,
    slope: np.float32,
    low: np.float32,
    high: np.float32,
    pivot: np.float32,
    place: NDArray[np.uint32],
    again: np.uint32,
) -> tuple[np.float32, np.float32, np.float32]:
    """Find the bin of each cosine, or `again`; return sums of cosine - pivot, of its square, and of exp(4 cosine).

    Cosines, positions and the first two sums are in bins: times `half`.
    """
    eighth = np.float32(0.5) / half
    one, two, gaussian = np.float32(0), np.float32(0), np.float32(0)
    for j in range(size):
        at = np.uint64(j)  # unsigned, since a negative index would count from the end, and asking costs
        cosine = score[row, column + at] * narrow[begin + at] * scale
        position = cosine + half
        k = np.int32(position)
        off = abs(position - np.float32(k) - np.float32(0.5))
        # Whatever lies outside of the grid is at or beyond `low` and `high`.
        unsure = (off + slope * abs(cosine) > near) | (position <= low) | (position >= high)
        place[at] = again if unsure else np.uint32(k)
        one += cosine - pivot
        two += (cosine - pivot) * (cosine - pivot)
        x = cosine * eighth  # exp(8 x), |x| <= 1/2, by a series that is good to 1e-6 at its ends
        e = np.float32(1 / 720) + x * np.float32(1 / 5040)
        e = np.float32(1 / 24) + x * (np.float32(1 / 120) + x * e)
        e = np.float32(1) + x * (np.float32(1) + x * (np.float32(1 / 2) + x * (np.float32(1 / 6) + x * e)))
        e *= e
        e *= e
        e *= e
        gaussian += e
    return one, two, gaussian


@_compiled()
def _count(
    place: NDArray[np.uint32],
    size: int,
    here: NDArray[np.uint32],
    none: np.uint32,
    i: int,
    begin: int,
    again: NDArray[np.int64],
    unsure: int,
) -> int:
    """Count the bins of a row, and list the pairs that have none yet after the `unsure` that are listed."""
    for j in range(size):
        k = place[j]
        if k == none:
            again[unsure, 0] = i
            again[unsure, 1] = begin + j
            unsure += 1
        else:
            here[k] += np.uint32(1)
    return unsure


@_compiled()
def _bars(
    bound: Bound, half: float, hard: NDArray[np.float64], kept: NDArray[np.int64], extreme: NDArray[np.float64]
) -> tuple[np.float32, np.float32]:
    """Positions, in bins, from which on a pair may be the lowest, or among the hardest."""
    low, high = 2 * half, 0.0
    if extreme[1] <= 1:
        low = max(0.0, (extreme[1] + 1 + bound.level + bound.slope * abs(extreme[1])) * half)
    if kept[1] == hard.shape[1]:
        cosine = -hard[1, -1]
        high = min(2 * half, (cosine + 1 - bound.level - bound.slope * abs(cosine)) * half)
    return np.float32(low), np.float32(high)


@_compiled(fastmath=_ANY_ORDER)
def _cosine(rows: NDArray[np.float32], i: int, j: int, scale: float) -> float:
    dot = 0.0
    for d in range(rows.shape[1]):
        at = np.uint64(d)
        dot += np.float64(rows[i, at]) * np.float64(rows[j, at])
    return min(1.0, max(-1.0, dot * scale))


@_compiled()
def _bin(cosine: float, bins: int) -> int:
    """Bin of a float64 cosine, or -1 where an inner edge is too near to tell."""
    half = bins / 2
    position = (cosine + 1) * half
    k = min(int(position), bins - 1)
    beyond = position - k
    if (beyond < _TIE * half and k > 0) or (beyond > 1 - _TIE * half and k < bins - 1):
        return -1
    return k


@_compiled()
def _tie(kind: int, i: int, j: int, ties: NDArray[np.int64], tied: NDArray[np.int64]) -> None:
    at = tied[kind]
    tied[kind] += 1
    if tied[0] + tied[1] <= len(ties):
        if kind:
            at = len(ties) - 1 - at
        ties[at, 0] = i
        ties[at, 1] = j


@_compiled()
def _keep(
    kind: int,
    key: float,
    one: int,
    other: int,
    hard: NDArray[np.float64],
    pairs: NDArray[np.int64],
    kept: NDArray[np.int64],
) -> None:
    """Insert a pair among the hardest if it is one: by key, and of equal keys by its samples."""
    held, room = kept[kind], hard.shape[1]
    if held == room and key > hard[kind, held - 1]:
        return
    a, b = min(one, other), max(one, other)
    at = held
    while at > 0 and _before(key, a, b, hard[kind, at - 1], pairs[kind, at - 1, 0], pairs[kind, at - 1, 1]):
        at -= 1
    if at == room:
        return
    held = min(held + 1, room)
    for k in range(held - 1, at, -1):
        hard[kind, k] = hard[kind, k - 1]
        pairs[kind, k, 0] = pairs[kind, k - 1, 0]
        pairs[kind, k, 1] = pairs[kind, k - 1, 1]
    hard[kind, at] = key
    pairs[kind, at, 0] = a
    pairs[kind, at, 1] = b
    kept[kind] = held


@_compiled()
def _before(key: float, a: int, b: int, other: float, c: int, d: int) -> bool:
    return key < other or (key == other and (a < c or (a == c and b < d)))


@_compiled()
def _moments(total: int, pivot: float, one: float, two: float, gaussian: float, moments: NDArray[np.float64]) -> None:
    """From sums about a pivot that is near the mean: the textbook's E[x^2] - E[x]^2 loses all digits near 1."""
    moments[0] = total
    if total:
        moments[1] = pivot + one / total
        moments[2] = max(0.0, two - one**2 / total)
    moments[3] = gaussian

"""All pairs scored in float32, and again in float64 wherever that could change a count.

A product of float32 rows takes half the time of a float64 one, and what is then done with each cosine has to cost
little beside it. So each block of products is gone through once, by compiled loops (`kernels`), and each thread has
blocks of its own. Genuine pairs, which are few, are float64 from the start.

How far may a float32 cosine be off? A product of D terms is rounded D times, each time by at most u = 2^-24 of the sum
so far. If all roundings had one direction, that could be D u, 3e-5 at D = 512. But they are as good as independent,
and add up like sqrt(D) u (Higham and Mary 2019, SIAM Journal on Scientific Computing 41). What is allowed here is

    |error| <= u (5 + sqrt(D) / 8 + (3 + 2 sqrt(D)) |cosine|),

two to four times the largest error among 16 million pairs of Gaussian, low-rank, clustered, shifted, rectified or
binary features, and 1.7 times with tails as heavy as sinh(2 x) of a Gaussian x has. This is experience and no theorem,
so each pass tests it: a pair that is computed again shows its error, and if one is beyond half of what is allowed, the
set is scored in float64 altogether. These pairs are hundreds of thousands, chosen for lying near an edge, which has
nothing to do with how they were rounded.

So counts, extremes and hardest pairs are those of float64. Mean, variance and the Gaussian sum of impostor pairs are
sums of the float32 cosines, and as good as 1e-6 of themselves; where all cosines are so close together that they would
not be, the set is scored in float64 too.

A GPU is left to float64: those that have it in full multiply it as fast as float32, and telling which cosines to trust
takes as many passes over memory as scoring in float64.
"""

import math
import threading
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64
from torch import Tensor

from workbench.geometry.inputs import as_numpy, refuse_sizes, unit_rows
from workbench.geometry.tally import Tally, bins_of, merged
from workbench.threads import each

if TYPE_CHECKING:
    from workbench.geometry.kernels import State

LEAST = 4096  # samples; float64 is done with fewer before the compiler is even loaded
MOST_BINS = 1 << 16  # on a finer grid too many pairs would have to be computed again
_AT_ONCE = 1024  # rows that are copied or settled together
_ROOM = 4096  # pairs that lie on an edge, as far as float64 can tell; a set with more is full of ties
_LEAST_SPREAD = 256  # times what a cosine may be off; of narrower sets the variance would show rounding
_UNIT = 2.0**-24


@dataclass(frozen=True)
class Strip:
    """Some neighbouring rows of one group, and the later rows that they meet, in blocks with their groups."""

    group: int
    rows: slice
    columns: list[tuple[int, slice]]


def suits(rows: Float[Tensor, "N D"], bins: int) -> bool:
    """Whether `fill` applies and is worth it: float32 holds the rows, on the CPU, and there are enough of them."""
    narrow = rows.dtype in (torch.float16, torch.bfloat16, torch.float32)
    return narrow and rows.device.type == "cpu" and len(rows) >= LEAST and bins <= MOST_BINS


def fill(
    genuine: Tally,
    impostor: Tally,
    rows: Float[Tensor, "N D"],
    order: Int64[Tensor, " N"],
    labels: Int64[Tensor, " N"],
    group: Int64[Tensor, " N"],
    block: int,
) -> bool:
    """Add all pairs of a set to two empty tallies; False, and nothing added, if it cannot be scored in float32.

    Args:
        genuine: For the pairs of one label.
        impostor: For the others.
        rows: Embeddings as they were given, [N, D].
        order: Brings them into an order in which each group, and in it each label, is one run.
        labels: In that order.
        group: In that order, ascending from 0.
        block: Columns of a block at most.

    Raises:
        ValueError: A row that is not finite, or a row of zeros.
    """
    from workbench.geometry import kernels  # here, because it brings numba

    values, inverse = scaled(rows, order)
    end = ends(labels)
    data = kernels.Set(*(as_numpy(part) for part in (values, inverse, inverse.float(), end, order)))
    limit = kernels.Bound(*allowed(values.shape[1]))
    strips = cut(group, end, block)
    blocks = list(accumulate((len(strip.columns) for strip in strips), initial=0))
    own_moments, other_moments = np.zeros((len(strips), 4)), np.zeros((blocks[-1], 4))
    states: list[State] = []
    mine = threading.local()

    def work(at: int) -> None:
        if not all(map(_holds, states)):
            return
        if not hasattr(mine, "state"):
            mine.state = _nothing(genuine)
            mine.products = torch.empty(block**2)
            states.append(mine.state)
        strip = strips[at]
        first, last = strip.rows.start, strip.rows.stop
        kernels.tally_genuine(first, last, strip.group, data, mine.state, own_moments[at])
        for number, (other, columns) in enumerate(strip.columns, blocks[at]):
            shape = last - first, columns.stop - columns.start
            products = mine.products[: shape[0] * shape[1]].view(shape)
            torch.mm(values[strip.rows], values[columns].T, out=products)
            kernels.tally_impostors(
                as_numpy(products),
                first,
                columns.start,
                (strip.group, other),
                data,
                limit,
                mine.state,
                other_moments[number],
            )

    each(work, range(len(strips)))
    if not all(map(_holds, states)) or sum(int(state.tied.sum()) for state in states) > _ROOM:
        return False
    impostors = merged(torch.from_numpy(other_moments))
    if math.sqrt(impostors.variance) < _LEAST_SPREAD * (limit.level + limit.slope * abs(impostors.mean)):
        return False
    for kind, (tally, moments) in enumerate(((genuine, own_moments), (impostor, other_moments))):
        _collect(tally, kind, states, moments)
        _settle(tally, kind, states, values, group)
    return True


def allowed(dim: int) -> tuple[float, float]:
    """What a float32 cosine c of `dim` dimensions may be off by: level + slope |c|, as level and slope."""
    root = dim**0.5
    return _UNIT * (5 + root / 8), _UNIT * (3 + 2 * root)


def scaled(
    rows: Float[Tensor, "N D"], order: Int64[Tensor, " N"]
) -> tuple[Float32[Tensor, "N D"], Float64[Tensor, " N"]]:
    """Embeddings of at most 32 bits, in another order, as float32 rows of lengths in [1, 2), and 1 / length of each.

    Each row is multiplied by a power of two, so that nothing is rounded.

    Raises:
        ValueError: A row that is not finite, or a row of zeros.
    """
    from workbench.geometry import kernels

    values = torch.empty(rows.shape, dtype=torch.float32)
    length = torch.empty(len(rows), dtype=torch.float64)

    def scale(start: int) -> None:
        here = slice(start, start + _AT_ONCE)
        kernels.scale(as_numpy(rows[order[here]].float()), as_numpy(values[here]), as_numpy(length[here]))

    each(scale, range(0, len(rows), _AT_ONCE))
    given = torch.empty_like(length)
    given[order] = length
    refuse_sizes(given, "embeddings")
    return values, 1 / length


def ends(labels: Int64[Tensor, " N"]) -> Int64[Tensor, " N"]:
    """Where the run of equal labels that holds each place ends."""
    sizes = labels.unique_consecutive(return_counts=True)[1]
    end: Tensor = sizes.cumsum(0).repeat_interleave(sizes)
    return end


def cut(group: Int64[Tensor, " N"], end: Int64[Tensor, " N"], block: int) -> list[Strip]:
    """Strips that together hold every pair (i, j) with j >= end[i], most columns first."""
    chunks, strips = chunked(group, block), []
    for p, (g, rows) in enumerate(chunks):
        first = int(end[rows.start])
        later = [(other, slice(max(first, columns.start), columns.stop)) for other, columns in chunks[p:]]
        strips.append(Strip(g, rows, [(other, columns) for other, columns in later if columns.start < columns.stop]))
    return strips


def chunked(group: Int64[Tensor, " N"], at_most: int) -> list[tuple[int, slice]]:
    """Cut sorted samples into slices of about equal size, each within one group."""
    chunks, start = [], 0
    for g, size in enumerate(group.bincount().tolist()):
        count = -(-size // at_most)
        marks = [start + size * k // count for k in range(count + 1)]
        chunks += [(g, slice(*pair)) for pair in pairwise(marks)]
        start += size
    return chunks


def _nothing(tally: Tally) -> "State":
    from workbench.geometry.kernels import State

    groups, bins = tally.touching.shape
    kept = max(1, tally.keep)  # the hardest is also an extreme
    return State(
        counts=np.zeros((2, bins), np.int64),
        touching=np.zeros((2, groups, bins), np.int64),
        hard=np.zeros((2, kept)),
        pairs=np.zeros((2, kept, 2), np.int64),
        kept=np.zeros(2, np.int64),
        extreme=np.array([-np.inf, np.inf]),
        worst=np.zeros(1),
        ties=np.zeros((_ROOM, 2), np.int64),
        tied=np.zeros(2, np.int64),
    )


def _holds(state: "State") -> bool:
    """Whether float32 has been as exact as `allowed` says, and ties rare."""
    return bool(state.worst[0] <= 0.5 and state.tied.sum() <= _ROOM)


def _collect(tally: Tally, kind: int, states: list["State"], moments: Float64[np.ndarray, "blocks 4"]) -> None:
    """Put together what the threads found; sums run over blocks in their order, whoever computed them."""
    for state in states:
        tally.counts += torch.from_numpy(state.counts[kind])
        tally.touching += torch.from_numpy(state.touching[kind])
    tally.blocks.append(torch.from_numpy(moments[moments[:, 0] > 0]))

    key = np.concatenate([state.hard[kind, : state.kept[kind]] for state in states])
    first, second = np.concatenate([state.pairs[kind, : state.kept[kind]] for state in states]).T
    best = np.lexsort((second, first, key))
    cosine = -key[best] if kind else key[best]
    others = [float(state.extreme[kind]) for state in states]
    tally.lowest, tally.highest = (min(others), float(cosine[0])) if kind else (float(cosine[0]), max(others))
    kept = best[: tally.keep]
    hardest = first[kept], second[kept], cosine[: tally.keep]
    tally.hardest = torch.from_numpy(hardest[0]), torch.from_numpy(hardest[1]), torch.from_numpy(hardest[2])


def _settle(tally: Tally, kind: int, states: list["State"], values: Tensor, group: Tensor) -> None:
    """Bin the pairs that lie on an edge as the float64 pass does: a product of matrices rounds in its own order."""
    for state in states:
        count = int(state.tied[kind])
        ties = state.ties[len(state.ties) - count :] if kind else state.ties[:count]
        for part in torch.from_numpy(ties).split(_AT_ONCE):
            if not len(part):
                continue
            i, j = part.T
            cosine = (unit_rows(values[i]) @ unit_rows(values[j]).T).diagonal().clamp(-1, 1)
            for k, a, b in zip(
                bins_of(cosine, tally.edges).tolist(), group[i].tolist(), group[j].tolist(), strict=True
            ):
                tally.counts[k] += 1
                for g in {a, b}:
                    tally.touching[g, k] += 1

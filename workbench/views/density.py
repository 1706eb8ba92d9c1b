"""Where very many points lie on the sphere: counts on a grid of cells that all have the same area."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

CELLS = 5000
MAX_ENTRIES = 300_000


@dataclass(frozen=True)
class Density:
    """Counts per snapshot and group, without the empty cells.

    Attributes:
        starts: uint32 [T * G + 1]; the entries of snapshot t and group g are `starts[t * G + g]` to the next.
        cells: uint16 [E], cell numbers, ascending within a group.
        counts: uint32 [E], above 0.
        by_class: whether a group is a class (G = C); otherwise all points are one group (G = 1).
        most: the most points in one cell of one snapshot.
    """

    starts: npt.NDArray[np.uint32]
    cells: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint32]
    by_class: bool
    most: int


def bands(cells: int = CELLS) -> Ints:
    """How many cells each band of latitude has, from z = 1 to z = -1.

    Cell c of band b, after s cells of the bands before, is 1 - 2s/N > z > 1 - 2(s + n_b)/N by
    2 pi c/n_b < azimuth < 2 pi (c + 1)/n_b: 4 pi/N of the sphere, whatever the band. The bands are so many that
    cells are about as wide as they are high.
    """
    count = max(2, round(np.pi / (4 * np.pi / cells) ** 0.5))
    before = np.rint(cells * (1 - np.cos(np.pi * np.arange(count + 1) / count)) / 2).astype(np.int64)
    columns: Ints = np.diff(before)
    return columns


def cell_of(directions: npt.NDArray[np.float64], columns: Ints) -> Ints:
    """The cell of each direction [..., 3], of any length above 0; a zero vector is in the cell of (1, 0, 0)."""
    before = np.concatenate([[0], np.cumsum(columns)])
    total = int(before[-1])
    length = np.linalg.norm(directions, axis=-1)
    z = np.divide(directions[..., 2], length, out=np.zeros_like(length), where=length > 0)
    rank = np.clip(np.floor((1 - z) / 2 * total).astype(np.int64), 0, total - 1)
    band = np.searchsorted(before, rank, side="right") - 1
    turn = np.arctan2(directions[..., 1], directions[..., 0]) / (2 * np.pi) % 1
    column = np.minimum(np.floor(turn * columns[band]).astype(np.int64), columns[band] - 1)
    cells: Ints = before[band] + column
    return cells


def density(points: npt.NDArray[np.float64], labels: Ints, classes: int) -> Density:
    """Count points [T, P, 3] per cell and class; classes together where that takes more than `MAX_ENTRIES`."""
    columns = bands()
    apart = [_tally(frame, labels, classes, columns) for frame in points]
    by_class = sum(len(cells) for _, cells, _ in apart) <= MAX_ENTRIES
    if not by_class:
        apart = [_tally(frame, np.zeros_like(labels), 1, columns) for frame in points]
    sizes = np.concatenate([sizes for sizes, _, _ in apart])
    return Density(
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32),
        cells=np.concatenate([cells for _, cells, _ in apart]).astype(np.uint16),
        counts=np.concatenate([counts for _, _, counts in apart]).astype(np.uint32),
        by_class=by_class,
        most=max(
            (int(np.bincount(cells, weights=counts).max()) for _, cells, counts in apart if len(cells)), default=0
        ),
    )


def _tally(frame: npt.NDArray[np.float64], groups: Ints, count: int, columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Entries of each group, and their cells and counts in order."""
    total = int(columns.sum())
    keys, counts = np.unique(groups * total + cell_of(frame, columns), return_counts=True)
    return np.bincount(keys // total, minlength=count), keys % total, counts

import numpy as np
import pytest

from workbench.views import density as module


def directions(n: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def area(cell: int, columns: np.ndarray) -> float:
    """Of a cell, from its corners: azimuth width times the difference of z."""
    before = np.concatenate([[0], np.cumsum(columns)])
    band = np.searchsorted(before, cell, side="right") - 1
    top, bottom = (1 - 2 * before[band + i] / before[-1] for i in (0, 1))
    return 2 * np.pi / columns[band] * (top - bottom)


@pytest.mark.parametrize("cells", [12, 500, 5000])
def test_cells_have_the_same_area_and_are_about_square(cells: int) -> None:
    columns = module.bands(cells)
    assert columns.sum() == cells
    assert (columns > 0).all()
    np.testing.assert_array_equal(columns, columns[::-1])
    for cell in (0, cells // 3, cells // 2, cells - 1):
        assert area(cell, columns) == pytest.approx(4 * np.pi / cells)
    edge = (4 * np.pi / cells) ** 0.5
    assert len(columns) == round(np.pi / edge)
    assert columns.max() * edge == pytest.approx(2 * np.pi, rel=0.1)


def test_a_uniform_cloud_fills_the_cells_alike() -> None:
    columns = module.bands(50)
    counts = np.bincount(module.cell_of(directions(200_000), columns), minlength=50)
    expected = 200_000 / 50
    assert ((counts - expected) ** 2 / expected).sum() < 94  # chi squared, 49 degrees of freedom, p = 1e-4


def test_every_point_of_a_cell_is_within_its_borders() -> None:
    columns = module.bands()
    before = np.concatenate([[0], np.cumsum(columns)])
    points = directions(3000)
    for (x, y, z), cell in zip(points, module.cell_of(points, columns), strict=True):
        band = max(b for b in range(len(columns)) if before[b] <= cell)
        turn = np.arctan2(y, x) % (2 * np.pi)
        column = cell - before[band]
        assert 2 * np.pi * column / columns[band] <= turn < 2 * np.pi * (column + 1) / columns[band]
        assert 1 - 2 * before[band] / 5000 >= z > 1 - 2 * before[band + 1] / 5000


def test_length_does_not_matter_and_the_poles_have_cells() -> None:
    columns = module.bands()
    points = directions(100)
    np.testing.assert_array_equal(module.cell_of(0.3 * points, columns), module.cell_of(points, columns))
    before = np.concatenate([[0], np.cumsum(columns)])
    ends = module.cell_of(np.array([[0, 0, 1.0], [0, 0, -1], [1, 0, 0], [1, -1e-300, 0], [0, 0, 0]]), columns)
    assert ends[0] < columns[0]
    assert ends[1] >= 5000 - columns[-1]
    assert ends[2] == ends[4]
    assert ends[2] in before
    assert ends[3] == before[before.tolist().index(ends[2]) + 1] - 1  # the last cell of the band, not beyond


def test_no_point_is_lost() -> None:
    points, labels = np.stack([directions(4000), directions(4000, 1)]), np.arange(4000) % 7
    found = module.density(points, labels, 7)
    assert found.by_class
    dense = np.zeros((2, 7, 5000), dtype=int)
    for t in range(2):
        for k in range(7):
            part = slice(found.starts[t * 7 + k], found.starts[t * 7 + k + 1])
            dense[t, k, found.cells[part]] = found.counts[part]
    cells = module.cell_of(points, module.bands())
    for t in range(2):
        for k in range(7):
            np.testing.assert_array_equal(dense[t, k], np.bincount(cells[t, labels == k], minlength=5000))
    assert found.most == dense.sum(axis=1).max()


def test_too_many_entries_are_counted_without_their_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    points, labels = directions(4000)[None], np.arange(4000) % 1000
    apart = module.density(points, labels, 1000)
    assert apart.by_class
    monkeypatch.setattr(module, "MAX_ENTRIES", len(apart.cells))
    assert module.density(points, labels, 1000).by_class
    monkeypatch.setattr(module, "MAX_ENTRIES", len(apart.cells) - 1)
    together = module.density(points, labels, 1000)
    assert not together.by_class
    assert together.starts.tolist() == [0, len(together.cells)]
    assert together.counts.sum() == 4000
    assert together.most == apart.most

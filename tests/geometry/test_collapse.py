import math

import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters, rotation, simplex
from workbench.geometry import collapse


def brute(x, y, w=None):
    """The published formulas with D x D covariances and a pseudo-inverse, in NumPy."""
    u = (x / x.norm(dim=1, keepdim=True)).numpy()
    y = y.numpy()
    classes = np.unique(y)
    means = np.array([u[y == c].mean(0) for c in classes])
    m = means - means.mean(0)
    within = np.mean([np.cov(u[y == c].T, bias=True) for c in classes], axis=0)
    between = m.T @ m / len(classes)
    norms = np.linalg.norm(m, axis=1)
    cosine = (m / norms[:, None]) @ (m / norms[:, None]).T
    cosine = cosine[~np.eye(len(classes), dtype=bool)]
    result = [
        np.trace(within @ np.linalg.pinv(between, rcond=1e-10)) / len(classes),
        norms.std() / norms.mean(),
        cosine.std(),
        np.abs(cosine + 1 / (len(classes) - 1)).mean(),
    ]
    if w is not None:
        v = (w / w.norm(dim=1, keepdim=True)).numpy()[classes]
        result.append(np.linalg.norm(v / np.linalg.norm(v) - m / np.linalg.norm(m)))
        nearest = ((u[:, None] - means) ** 2).sum(-1).argmin(1)
        result.append(np.mean((u @ v.T).argmax(1) != nearest))
    return result


def values(measured):
    found = [measured.nc1, measured.nc2_norms, measured.nc2_angles, measured.nc2_simplex, measured.nc3, measured.nc4]
    return [value for value in found if value is not None]


@pytest.mark.parametrize("classes", [2, 3, 6, 12])
@pytest.mark.parametrize("dim", [2, 5, 20])
def test_against_covariances(classes, dim):
    x, y = clusters(150, classes, dim, seed=classes)
    w = torch.randn(classes + 2, dim, dtype=torch.float64)
    np.testing.assert_allclose(values(collapse(x, y)), brute(x, y), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values(collapse(x, y, w)), brute(x, y, w), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 4, 10])
def test_a_perfect_simplex_has_collapsed(classes):
    centres = simplex(classes, 12) @ rotation(12)
    measured = collapse(centres.repeat(3, 1), torch.arange(3 * classes) % classes, 5 * centres)
    assert values(measured) == pytest.approx([0] * 6, abs=1e-12)


def test_orthogonal_classes_are_a_simplex_about_their_mean():
    """Centring makes a simplex of any orthonormal set; the prototypes, not centred, still differ."""
    measured = collapse(torch.eye(4).repeat(2, 1), torch.arange(8) % 4, torch.eye(4))
    assert values(measured)[:4] == pytest.approx([0] * 4, abs=1e-7)
    # W / 2 and M / sqrt(3): the squared distance is 2 - 2 tr(W M^T) / (2 sqrt(3)) = 2 - sqrt(3).
    assert measured.nc3 == pytest.approx(math.sqrt(2 - math.sqrt(3)))
    assert measured.nc4 == 0


def test_unequal_norms_of_means():
    # Means at 1, -1 and 0.5 on a line: centred 5/6, -7/6, 1/3.
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.5, math.sqrt(0.75)], [0.5, -math.sqrt(0.75)]])
    norms = np.array([5, 7, 2]) / 6
    measured = collapse(x, torch.tensor([0, 1, 2, 2]))
    assert measured.nc2_norms == pytest.approx(norms.std() / norms.mean())
    assert measured.nc2_angles == pytest.approx(np.std([-1, 1, -1]))


def test_a_classifier_that_disagrees():
    x, y = torch.eye(2).repeat(4, 1), torch.arange(8) % 2
    assert collapse(x, y, torch.eye(2)).nc4 == 0
    assert collapse(x, y, torch.eye(2).flip(0)).nc4 == 1
    assert collapse(x, y, -torch.eye(2)).nc3 == pytest.approx(math.sqrt(2 + math.sqrt(2)))


def test_rotation_and_blocks_change_nothing(monkeypatch):
    import sys

    x, y = clusters(60, 7, 9)
    w, turn = torch.randn(7, 9, dtype=torch.float64), rotation(9)
    before = collapse(x, y, w)
    monkeypatch.setattr(sys.modules["workbench.geometry.collapse"], "_ROWS_AT_ONCE", 4)
    assert values(collapse(3 * x @ turn, y, w @ turn)) == pytest.approx(values(before), rel=1e-10)


def test_no_structure_at_all():
    measured = collapse(torch.ones(6, 3), torch.arange(6) % 2)
    assert measured.nc1 == math.inf or measured.nc1 > 1
    assert math.isnan(measured.nc2_norms)


def test_one_class():
    with pytest.raises(ValueError, match="give at least two, got one"):
        collapse(torch.ones(6, 3), torch.zeros(6, dtype=torch.int64))

import math

import numpy as np
import pytest
import torch

from workbench.protocols import flip_sum, pair_cosines


def test_flip_sum_adds_before_it_divides():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(5, 4)), 7 * rng.normal(size=(5, 4))
    expected = np.array([(a + b) / math.sqrt(sum((a + b) ** 2)) for a, b in zip(one, other, strict=True)])
    np.testing.assert_allclose(flip_sum(one, other), expected, atol=1e-15)
    half = flip_sum(torch.from_numpy(one).half(), torch.from_numpy(other).half())
    assert half.dtype == np.float64
    np.testing.assert_allclose(half, expected, atol=2e-3)


def test_flip_sum_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"'flipped' parameter of flip_sum must be of the shape .* \[2, 3\]"):
        flip_sum(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^Row 1 of the sums of both is all zeros\."):
        flip_sum(np.array([[1.0, 0], [1, 1]]), np.array([[1.0, 0], [-1, -1]]))
    with pytest.raises(ValueError, match=r"^Row 0 of the flipped holds NaN or infinity\."):
        flip_sum(np.ones((1, 2)), np.array([[np.nan, 1]]))
    with pytest.raises(ValueError, match=r"'embeddings' parameter of flip_sum must be a floating-point matrix"):
        flip_sum(np.ones((2, 2), dtype=int), np.ones((2, 2)))


def test_pair_cosines_pair_by_pair():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(30, 6)) * rng.uniform(0.1, 9, size=(30, 1))
    first, second = rng.integers(30, size=(2, 40_000))  # more than are multiplied at once
    cosine = pair_cosines(rows, first, torch.from_numpy(second))
    for k in (0, 1, 16383, 16384, 39_999):
        a, b = rows[first[k]], rows[second[k]]
        assert cosine[k] == pytest.approx(a @ b / math.sqrt((a @ a) * (b @ b)), abs=1e-14)
    assert np.abs(cosine).max() <= 1
    assert (cosine[first == second] > 1 - 1e-14).all()


def test_pair_cosines_refuses_what_is_no_row():
    with pytest.raises(ValueError, match=r"'second' parameter of pair_cosines must be in \[0, 3\).* Got 3 instead"):
        pair_cosines(np.eye(3), np.array([0]), np.array([3]))
    with pytest.raises(ValueError, match=r"'first' parameter of pair_cosines must be in \[0, 3\).* Got -1 instead"):
        pair_cosines(np.eye(3), np.array([-1]), np.array([1]))
    with pytest.raises(ValueError, match=r"'first' parameter of pair_cosines must be whole numbers \[P\]"):
        pair_cosines(np.eye(3), np.array([0.5]), np.array([1]))
    with pytest.raises(ValueError, match=r"^Each pair needs two rows: .* names 2 and 'second' 1\.$"):
        pair_cosines(np.eye(3), np.array([0, 1]), np.array([1]))

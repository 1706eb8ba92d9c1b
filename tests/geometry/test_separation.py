import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from tests.geometry.sets import all_pairs, clusters, counted, simplex
from workbench.geometry import (
    alignment,
    auc,
    gap,
    genuine_below,
    overlap,
    pair_counts,
    separation,
    uniformity,
)


@pytest.mark.parametrize("seed", range(5))
def test_against_all_pairs(seed):
    x, y = clusters(50, 5, 6, seed=seed)
    genuine, impostor = all_pairs(x, y)
    pairs = pair_counts(x, y)
    assert gap(pairs) == pytest.approx(genuine.min() - impostor.max(), abs=1e-14)
    unit = x / x.norm(dim=1, keepdim=True)
    squared = [float(((unit[i] - unit[j]) ** 2).sum()) for i in range(50) for j in range(i + 1, 50) if y[i] == y[j]]
    assert alignment(pairs) == pytest.approx(np.mean(squared), rel=1e-12)
    assert uniformity(pairs) == pytest.approx(float(torch.pdist(unit).pow(2).mul(-2).exp().mean().log()), rel=1e-12)


def test_a_gap_that_is_known():
    turned = torch.tensor([0.0, 0.2, 1.0, 1.4], dtype=torch.float64)
    x = torch.stack([turned.cos(), turned.sin()], 1)
    pairs = pair_counts(x, torch.tensor([0, 0, 1, 1]))
    assert gap(pairs) == pytest.approx(math.cos(0.4) - math.cos(0.8), abs=1e-15)
    assert gap(pair_counts(x, torch.tensor([0, 1, 0, 1]))) < 0


def test_overlap_of_what_is_apart_and_of_what_is_equal():
    rng = np.random.default_rng(0)
    assert overlap(counted(np.array([0.5, 0.6]), np.array([0.1, 0.2]), 4000)) == 0
    same = rng.normal(0, 0.1, 20_000)
    assert overlap(counted(same, same[::-1], 4000)) == pytest.approx(1)
    # Few pairs of the same density: 4000 bins would say nearly 0.
    assert overlap(counted(rng.normal(0, 0.1, 200), rng.normal(0, 0.1, 200), 4000)) > 0.7


@pytest.mark.parametrize("bins", [7, 100, 101, 250, 4000])
def test_overlap_of_two_normal_distributions(bins):
    rng = np.random.default_rng(1)
    pairs = counted(rng.normal(0.4, 0.2, 50_000).clip(-1, 1), rng.normal(0, 0.2, 50_000).clip(-1, 1), bins)
    expected = math.erfc(1 / math.sqrt(2))  # two tails beyond one standard deviation
    assert overlap(pairs) == pytest.approx(expected, abs=0.012 if bins > 7 else 0.1)


@pytest.mark.parametrize("seed", range(3))
def test_the_area_under_the_curve_is_that_of_scikit_learn(seed):
    x, y = clusters(60, 5, 6, seed=seed)
    genuine, impostor = all_pairs(x, y)
    truth = np.r_[np.ones(len(genuine)), np.zeros(len(impostor))]
    expected = roc_auc_score(truth, np.r_[genuine, impostor])
    assert auc(pair_counts(x, y)) == pytest.approx(expected, abs=2e-4), "ties are those inside a bin of 0.0005"
    assert separation(pair_counts(x, y)).auc == auc(pair_counts(x, y))


def test_the_area_where_the_kinds_are_apart_equal_or_the_wrong_way_round():
    low, high = np.array([0.1, 0.2]), np.array([0.5, 0.6, 0.7])
    assert auc(counted(high, low, 4000)) == 1
    assert auc(counted(low, high, 4000)) == 0
    assert auc(counted(high, high, 4000)) == pytest.approx(0.5)


def test_share_below_a_quantile():
    genuine, impostor = np.array([0.1, 0.5, 0.55, 0.9]), np.linspace(-1, 0.5, 20_001)
    below = genuine_below(counted(genuine, impostor, 4000))
    assert (below.count, below.total) == (1, 4)
    assert genuine_below(counted(genuine, np.linspace(-1, 0.05, 20_001), 4000)).count == 0
    with pytest.raises(ValueError, match="impostor pairs can tell"):
        genuine_below(counted(genuine, impostor[:5000], 4000))


def test_uniformity_of_the_uniform_distribution():
    """On S^2 the cosine is uniform on [-1, 1], so the mean potential is (1 - e^-8) / 8."""
    x = torch.randn(1500, 3, dtype=torch.float64)
    pairs = pair_counts(x, torch.arange(1500) // 2)
    assert uniformity(pairs) == pytest.approx(math.log((1 - math.exp(-8)) / 8), abs=0.02)
    wide = pair_counts(torch.randn(500, 2000), torch.arange(500) // 2)
    assert uniformity(wide) == pytest.approx(-4, abs=0.02)


def test_a_collapsed_simplex():
    x = simplex(4, 6).repeat(5, 1)
    all_of_it = separation(pair_counts(x, torch.arange(20) % 4))
    assert all_of_it.gap == pytest.approx(4 / 3)
    assert all_of_it.overlap == 0
    assert all_of_it.alignment == pytest.approx(0, abs=1e-14)
    assert all_of_it.below is None
    assert all_of_it.d_prime > 1e6

import math

import numpy as np
import pytest
import torch

from tests.geometry.sets import all_pairs, clusters, rotation
from workbench.geometry import pair_counts, tally


def grid_counts(cosine, edges):
    """Pairs per bin by comparing every cosine with every edge."""
    above = (cosine[:, None] >= edges[:-1]).sum(0)
    return above - np.append(above[1:], 0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("block", [3, 16, 1024])
def test_against_two_loops(seed, block):
    classes = [2, 3, 5, 30][seed % 4]
    x, y = clusters(45, classes, 4, seed=seed)
    genuine, impostor = all_pairs(x, y)
    pairs = pair_counts(x, y, bins=97, block=block)
    for measured, cosine in ((pairs.genuine, genuine), (pairs.impostor, impostor)):
        assert measured.total == len(cosine)
        assert np.array_equal(measured.counts, grid_counts(cosine, pairs.edges))
        assert measured.counts.dtype == np.int64
        assert measured.mean == pytest.approx(cosine.mean(), abs=1e-14)
        assert measured.variance == pytest.approx(cosine.var(), abs=1e-14)
        assert measured.lowest == pytest.approx(cosine.min(), abs=1e-15)
        assert measured.highest == pytest.approx(cosine.max(), abs=1e-15)
    np.testing.assert_allclose(pairs.genuine.hardest.cosine, np.sort(genuine)[:10], atol=1e-15)
    np.testing.assert_allclose(pairs.impostor.hardest.cosine, np.sort(impostor)[::-1][:10], atol=1e-15)
    everything = np.concatenate([genuine, impostor])
    assert pairs.gaussian == pytest.approx(np.exp(-2 * (2 - 2 * everything)).mean(), rel=1e-13)


@pytest.mark.parametrize("block", [4, 1024])
def test_hardest_pairs_name_their_samples(block):
    x, y = clusters(40, 6, 3, noise=1.0)
    unit = x / x.norm(dim=1, keepdim=True)
    pairs = pair_counts(x, y, block=block, hardest=5)
    for similarities, same in ((pairs.genuine, True), (pairs.impostor, False)):
        hardest = similarities.hardest
        assert len(hardest.cosine) == 5
        assert (hardest.first < hardest.second).all()
        assert ((y[hardest.first] == y[hardest.second]) == same).all()
        between = (unit[hardest.first] * unit[hardest.second]).sum(1)
        np.testing.assert_allclose(hardest.cosine, between.numpy(), atol=1e-15)
    assert (np.diff(pairs.genuine.hardest.cosine) >= 0).all()
    assert (np.diff(pairs.impostor.hardest.cosine) <= 0).all()


def test_fewer_pairs_than_asked_for_and_none():
    x, y = torch.eye(3), torch.tensor([0, 0, 1])
    assert len(pair_counts(x, y).genuine.hardest.cosine) == 1
    assert len(pair_counts(x, y).impostor.hardest.cosine) == 2
    assert len(pair_counts(x, y, hardest=0).impostor.hardest.cosine) == 0


def test_ties_lie_in_the_bin_that_starts_there():
    # Cosines 1, 0 and -1 exactly, on a grid that has edges at all three.
    x = torch.tensor([[1.0, 0], [1.0, 0], [0, 1.0], [-1.0, 0]])
    pairs = pair_counts(x, torch.tensor([0, 0, 1, 1]), bins=4)
    assert pairs.genuine.counts.tolist() == [0, 0, 1, 1]
    assert pairs.impostor.counts.tolist() == [2, 0, 2, 0]


@pytest.mark.parametrize("bins", [2, 3, 10, 97, 1000, 4000, 4096])
@pytest.mark.parametrize("bins_of", [tally.computed_bins, tally.searched_bins])
def test_bins_agree_with_the_edges_at_and_beside_every_edge(bins, bins_of):
    edges = (2 * torch.arange(bins + 1, dtype=torch.float64) - bins) / bins
    up = torch.nextafter(edges, torch.tensor(2.0, dtype=torch.float64))
    down = torch.nextafter(edges, torch.tensor(-2.0, dtype=torch.float64))
    cosine = torch.cat([edges, up, down])
    expected = (cosine.clamp(-1, 1)[:, None] >= edges[:-1]).sum(1) - 1
    assert torch.equal(bins_of(cosine, edges).long(), expected)


@pytest.mark.parametrize("groups", [1, 2, 4, 6, 20])
def test_counts_without_a_group_are_the_counts_of_the_rest(groups):
    x, y = clusters(60, 6, 4)
    pairs = pair_counts(x, y, bins=50, groups=groups, block=9)
    assert pairs.groups == min(groups, 6)
    sizes = y.bincount()
    by_size = sizes.argsort(descending=True, stable=True)
    for g in range(pairs.groups):
        left = torch.isin(y, by_size[g :: pairs.groups], invert=True)
        genuine, impostor = all_pairs(x[left], y[left])
        for measured, cosine in ((pairs.genuine, genuine), (pairs.impostor, impostor)):
            assert measured.without[g].sum() == len(cosine)
            assert np.array_equal(measured.without[g], grid_counts(cosine.reshape(-1), pairs.edges))


def test_variance_survives_collapse():
    # All genuine cosines are within 1e-9 of 1: the square of the mean and the mean of squares agree to 16 digits.
    theta = torch.linspace(0, 3e-5, 20, dtype=torch.float64)
    tight = torch.stack([theta.cos(), theta.sin()], 1)
    x = torch.cat([tight, tight.flip(1)])
    pairs = pair_counts(x, torch.arange(40) // 20, block=6)
    exact = [
        -2 * math.sin((theta[i] - theta[j]) / 2) ** 2 for i in range(20) for j in range(i + 1, 20)
    ]  # cos - 1, with all its digits
    assert pairs.genuine.variance == pytest.approx(np.var(exact), rel=1e-4)


def test_rotation_permutation_and_scale_change_nothing():
    x, y = clusters(80, 5, 6)
    shuffle = torch.randperm(80)
    before = pair_counts(x, y)
    for other in (pair_counts(x @ rotation(6), y), pair_counts(x[shuffle], y[shuffle]), pair_counts(7 * x, y)):
        for a, b in ((before.genuine, other.genuine), (before.impostor, other.impostor)):
            # A cosine may cross an edge by rounding, no more.
            assert np.abs((a.counts - b.counts).cumsum()).max() <= 1
            assert (a.mean, a.variance, a.lowest, a.highest) == pytest.approx(
                (b.mean, b.variance, b.lowest, b.highest), abs=1e-13
            )
            np.testing.assert_allclose(a.hardest.cosine, b.hardest.cosine, atol=1e-14)


def test_cosines_never_leave_the_grid():
    """A unit vector's product with itself is 1 give or take a rounding; here some are above."""
    x = torch.randn(300, 7, dtype=torch.float64)
    unit = x / x.norm(dim=1, keepdim=True)
    assert float((unit @ unit.T).max()) > 1
    pairs = pair_counts(torch.cat([x, x, -x]), torch.arange(900) % 600)
    assert pairs.genuine.total == 300
    assert pair_counts(torch.cat([x, x]), torch.arange(600) % 300).genuine.highest == 1
    assert pairs.impostor.highest == 1
    assert pairs.genuine.lowest == -1


@pytest.mark.parametrize(("name", "value"), [("bins", 1), ("bins", 10.0), ("block", 0), ("hardest", -1), ("groups", 0)])
def test_bad_parameters(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of pair_counts must be a whole number"):
        pair_counts(torch.eye(2), torch.tensor([0, 0]), **{name: value})


def test_counts_on_a_gpu_are_those_on_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("There is no CUDA device on this machine.")
    x, y = clusters(5000, 60, 32)
    here, there = pair_counts(x.float(), y), pair_counts(x.float().cuda(), y.cuda(), block=700)
    for a, b in ((here.genuine, there.genuine), (here.impostor, there.impostor)):
        assert np.abs((a.counts - b.counts).cumsum()).max() <= 1
        assert np.abs((a.without - b.without).cumsum(1)).max() <= 1
        assert (a.mean, a.variance, a.lowest, a.highest) == pytest.approx(
            (b.mean, b.variance, b.lowest, b.highest), rel=1e-5
        )
        np.testing.assert_allclose(a.hardest.cosine, b.hardest.cosine, atol=1e-14)

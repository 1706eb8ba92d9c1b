import math

import numpy as np
import pytest

from tests.geometry.sets import clusters, counted
from workbench.geometry import d_prime, pair_counts, rates, resolves, tar_at_far
from workbench.geometry.verification import jackknife_half_widths


def tied_scores(rng, count, low, high, bins):
    """Cosines of which most lie exactly on edges of the grid, some twice, and some in between."""
    on_edges = (2 * rng.integers(low, high, count) - bins) / bins
    return np.where(rng.random(count) < 0.7, on_edges, on_edges + rng.random(count) / bins)


def brute_tar_at_far(genuine, impostor, far, thresholds):
    """Best TAR of any threshold with FAR <= far, and the lowest such threshold, by trying each one."""
    best = None
    for t in sorted(thresholds, reverse=True):
        if np.mean(impostor >= t) <= far:
            best = (np.mean(genuine >= t), t, np.mean(impostor >= t))
    return best


@pytest.mark.parametrize("seed", range(200))
def test_tar_at_far_against_brute_force_with_ties(seed):
    rng = np.random.default_rng(seed)
    bins = int(rng.choice([10, 16, 50, 100]))
    genuine = tied_scores(rng, int(rng.integers(1, 60)), bins // 3, bins, bins)
    impostor = tied_scores(rng, int(rng.integers(10, 300)), 0, 3 * bins // 4, bins)
    pairs = counted(genuine, impostor, bins)
    # Half of the targets are rates that can be met exactly, where `<` and `<=` differ.
    accepted = int(rng.integers(10, len(impostor) + 1))
    far = accepted / len(impostor) if seed % 2 else float(rng.uniform(10 / len(impostor), 1))
    measured = tar_at_far(pairs, far)
    tar, threshold, achieved = brute_tar_at_far(genuine, impostor, far, [*pairs.edges[:-1], math.inf])
    assert measured.tar.value == tar
    assert measured.threshold == threshold
    assert measured.achieved.value == achieved <= far


@pytest.mark.parametrize("seed", range(20))
def test_rates_against_comparisons(seed):
    rng = np.random.default_rng(seed)
    genuine, impostor = tied_scores(rng, 40, 20, 60, 64), tied_scores(rng, 90, 0, 50, 64)
    pairs = counted(genuine, impostor, 64)
    for threshold in (*pairs.edges[:-1], math.inf):
        at = rates(pairs, threshold)
        assert at.threshold == threshold
        assert (at.far.count, at.far.total) == ((impostor >= threshold).sum(), 90)
        assert (at.tar.count, at.tar.total) == ((genuine >= threshold).sum(), 40)
        assert (at.frr.count, at.frr.total) == ((genuine < threshold).sum(), 40)
        for rate in (at.far, at.frr, at.tar):
            assert rate.interval.low <= rate.wilson.low <= rate.value <= rate.wilson.high <= rate.interval.high
        assert at.frr.wilson == pytest.approx((1 - at.tar.wilson.high, 1 - at.tar.wilson.low))


def test_thresholds_as_people_type_them():
    pairs = counted(np.array([0.3]), np.array([0.1]), 4000)
    for threshold in (0.3, 0.1 + 0.2, -1, 0, 0.9995, math.inf):
        assert rates(pairs, threshold).threshold == pytest.approx(threshold)
    assert rates(pairs, 0.1 + 0.2).tar.count == 1  # the edge 0.3, not the float just above it


@pytest.mark.parametrize("threshold", [0.30001, 1.0, -1.1, math.nan, -math.inf])
def test_thresholds_off_the_grid_are_refused(threshold):
    pairs = counted(np.array([0.3]), np.array([0.1]), 4000)
    with pytest.raises(ValueError, match=r"'threshold' .* an edge of the grid of 4000 bins .* The nearest is"):
        rates(pairs, threshold)


def test_what_a_far_needs():
    enough = counted(np.array([0.5]), np.linspace(-0.5, 0.5, 100_000), 4000)
    assert resolves(enough, 1e-4)
    assert not resolves(enough, 0.99e-4)
    few = counted(np.array([0.5]), np.linspace(-0.5, 0.5, 99_999), 4000)
    assert not resolves(few, 1e-4)
    with pytest.raises(ValueError, match=r"A FAR of 0.0001 is finer than 99999 impostor pairs can tell: 10 false"):
        tar_at_far(few, 1e-4)
    with pytest.raises(ValueError, match=r"at least 0.0001, or measure at least 10000000 impostor pairs\.$"):
        tar_at_far(few, 1e-6)
    with pytest.raises(ValueError, match=r"0 false accepts .* at least 0.0001\.$"):
        tar_at_far(few, 0)


@pytest.mark.parametrize("far", [-0.1, 1.1, math.nan, "1e-3"])
def test_a_far_is_a_rate(far):
    with pytest.raises(ValueError, match=r"'far' parameter of tar_at_far must be a number in \[0, 1\]"):
        tar_at_far(counted(np.array([0.5]), np.zeros(100), 10), far)


@pytest.mark.parametrize("total", range(10, 2000, 7))
def test_ten_errors_are_enough_however_they_round(total):
    assert resolves(counted(np.array([0.5]), np.zeros(total), 4), 10 / total)


def test_d_prime():
    genuine, impostor = np.array([0.5, 0.7]), np.array([-0.1, 0.3])
    pairs = counted(genuine, impostor, 10)
    assert d_prime(pairs) == pytest.approx(0.5 / math.sqrt((0.01 + 0.04) / 2))
    assert d_prime(counted(np.ones(2), np.zeros(2), 10)) == math.inf
    assert d_prime(counted(np.zeros(2), np.ones(2), 10)) == -math.inf
    assert d_prime(counted(np.ones(2), np.ones(2), 10)) == 0


def test_intervals_come_from_leaving_out_identities():
    # Every identity counts: the share accepted differs much between identities, so pairs alone are far too sure.
    x, y = clusters(400, 20, 8, noise=1.0)
    at = rates(pair_counts(x, y), 0.5)
    independent, groups = at.tar.wilson, at.tar.interval
    assert groups.high - groups.low > 2 * (independent.high - independent.low)
    alone = rates(pair_counts(x, y, groups=1), 0.5)
    assert alone.tar.interval == (0, 1)
    assert alone.tar.wilson == independent


def test_half_widths_are_the_jackknife_of_the_rates_at_every_threshold():
    genuine = np.array([-1.0, 0.3, 0.6, 0.9, 0.2, 0.7])
    pairs = counted(genuine, -genuine, bins=8, groups=3)
    half = jackknife_half_widths(pairs.genuine)
    assert half.shape == (9,)
    for k in range(8):
        left_out = np.array([(np.delete(genuine, [g, g + 3]) >= pairs.edges[k]).mean() for g in range(3)])
        assert half[k] == pytest.approx(4.302652729749462 * left_out.std() * np.sqrt(2))  # t of 2 degrees of freedom

import math

import numpy as np
import pytest

from tests.geometry.sets import clusters, counted
from workbench.geometry import equal_error_rate, pair_counts, rates, roc, tar_at_far


@pytest.mark.parametrize("seed", range(10))
def test_roc_is_every_rate(seed):
    rng = np.random.default_rng(seed)
    genuine, impostor = rng.normal(0.5, 0.2, 50).clip(-1, 1), rng.normal(0, 0.2, 200).clip(-1, 1)
    pairs = counted(genuine, impostor, 40)
    curve = roc(pairs)
    assert curve.threshold[-1] == math.inf
    assert (curve.far[0], curve.tar[0], curve.far[-1], curve.tar[-1]) == (1, 1, 0, 0)
    for k, threshold in enumerate(curve.threshold):
        at = rates(pairs, float(threshold))
        assert (curve.far[k], curve.tar[k]) == (at.far.value, at.tar.value)
    assert (curve.genuine_total, curve.impostor_total, curve.floor) == (50, 200, 0.05)


def test_band_is_the_interval_of_tar_at_far():
    x, y = clusters(300, 15, 6, noise=1.0)
    pairs = pair_counts(x, y, bins=200)
    curve = roc(pairs)
    # Of thresholds with one FAR, `tar_at_far` takes the lowest.
    resolved = [k for k in range(1, 201) if curve.floor <= curve.far[k] < curve.far[k - 1]]
    assert len(resolved) > 50
    for k in resolved[::5]:
        at = tar_at_far(pairs, float(curve.far[k]))
        assert at.threshold == curve.threshold[k]
        assert (curve.tar_low[k], curve.tar_high[k]) == at.tar.interval
    assert (curve.tar_low <= curve.tar).all()
    assert (curve.tar <= curve.tar_high).all()


@pytest.mark.parametrize("seed", range(30))
def test_eer_is_where_two_broken_lines_cross(seed):
    rng = np.random.default_rng(seed)
    genuine = rng.normal(0.4, 0.25, int(rng.integers(2, 80))).clip(-1, 1)
    impostor = rng.normal(0, 0.25, int(rng.integers(2, 80))).clip(-1, 1)
    pairs = counted(genuine, impostor, 32)
    measured = equal_error_rate(pairs)
    points = np.append(pairs.edges[:-1], 1.0)
    far = np.append([np.mean(impostor >= t) for t in points[:-1]], 0.0)
    frr = np.append([np.mean(genuine < t) for t in points[:-1]], 1.0)
    assert np.interp(measured.threshold, points, far) == pytest.approx(measured.value, abs=1e-12)
    assert np.interp(measured.threshold, points, frr) == pytest.approx(measured.value, abs=1e-12)
    assert measured.interval.low <= measured.value <= measured.interval.high


def test_eer_of_two_normal_distributions():
    rng = np.random.default_rng(0)
    pairs = counted(rng.normal(0.3, 0.1, 200_000), rng.normal(0, 0.1, 200_000), 4000)
    expected = 0.5 * math.erfc(1.5 / math.sqrt(2))  # both tails beyond 1.5 standard deviations
    measured = equal_error_rate(pairs)
    assert measured.value == pytest.approx(expected, abs=4 * math.sqrt(expected / 200_000))
    assert measured.threshold == pytest.approx(0.15, abs=0.002)


def test_eer_of_what_is_apart_lies_in_the_middle_of_the_gap():
    measured = equal_error_rate(counted(np.array([0.61, 0.9]), np.array([0.19, -0.5]), 10))
    assert measured.value == 0
    assert measured.threshold == pytest.approx(0.4)


def test_eer_of_the_wrong_way_round_and_of_all_alike():
    assert equal_error_rate(counted(np.array([-0.5]), np.array([0.5]), 10)).value == 1
    assert equal_error_rate(counted(np.zeros(3), np.zeros(5), 10)).value == 0.5


def test_equal_rates_of_unequal_counts_are_equal():
    # 1 of 10 and 10 of 100: in floats 1 - 0.9 is not 0.1.
    genuine = np.array([-0.5] + [0.7] * 9)
    impostor = np.array([0.1] * 10 + [-0.9] * 90)
    measured = equal_error_rate(counted(genuine, impostor, 10))
    assert measured.value == 0.1
    assert measured.threshold == pytest.approx((-0.4 + 0.0) / 2)


def test_two_identities_tell_nothing_of_others():
    x, y = clusters(30, 2, 4)
    assert equal_error_rate(pair_counts(x, y)).interval == (0, 1)

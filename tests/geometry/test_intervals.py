import math

import numpy as np
import pytest

from tests.geometry.sets import clusters
from workbench.geometry import jackknife, pair_counts, rates, wilson
from workbench.geometry.intervals import cautious, half_widths

Z = 1.959963984540054


@pytest.mark.parametrize(
    ("count", "total"), [(0, 1), (1, 1), (0, 50), (3, 50), (25, 50), (50, 50), (7, 10**9), (0.4, 3)]
)
def test_wilson_inverts_the_score_test(count, total):
    """The ends are the rates q for which |p - q| = z sqrt(q (1 - q) / n)."""
    p, (low, high) = count / total, wilson(count, total)
    assert 0 <= low <= p <= high <= 1
    for q in (low, high):
        assert abs(p - q) == pytest.approx(Z * math.sqrt(q * (1 - q) / total), rel=1e-6, abs=1e-12)
    assert high - low > 0


@pytest.mark.parametrize(("count", "total", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)])
def test_wilson_of_newcombe(count, total, low, high):
    """Newcombe 1998, Statistics in Medicine 17:857, table I, method 3."""
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("count", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_of_what_is_no_rate(count, total):
    with pytest.raises(ValueError, match="'count' parameter of wilson"):
        wilson(count, total)


def test_jackknife_of_a_mean_is_the_t_interval():
    """Leaving out one of G values in turn: the standard error of the mean, exactly."""
    values = np.array([0.2, 0.5, 0.4, 0.7, 0.6])
    left_out = (values.sum() - values) / 4
    half = 2.7764451051977987 * values.std(ddof=1) / math.sqrt(5)  # t of 4 degrees of freedom
    assert jackknife(float(values.mean()), left_out) == pytest.approx((0.48 - half, 0.48 + half))


def test_jackknife_stays_within_rates_and_knows_when_it_knows_nothing():
    assert jackknife(0.9, np.array([0.5, 0.9, 0.9]))[1] == 1
    assert jackknife(0.1, np.array([0.5, 0.1, 0.1]))[0] == 0
    assert jackknife(0.5, np.array([0.5])) == (0, 1)
    assert jackknife(0.5, np.array([0.5, math.nan, 0.5])) == (0, 1)
    assert jackknife(0.5, np.array([0.5, 0.5])) == (0.5, 0.5)


def test_cautious():
    assert cautious(wilson(5, 10), jackknife(0.5, np.array([0.5, 0.5]))) == wilson(5, 10)
    assert cautious(wilson(5, 10), jackknife(0.5, np.array([0.2, 0.9, 0.4]))) == (0, 1)


def test_the_jackknife_is_as_wide_as_the_scatter_of_other_people():
    """Draw other identities forty times: the rates scatter as the interval says, and more than Wilson's says."""
    rates_found, widths, independent = [], [], []
    for seed in range(40):
        x, y = clusters(150, 30, 16, noise=0.9, seed=seed)
        rate = rates(pair_counts(x, y), 0.4).tar
        rates_found.append(rate.value)
        widths.append(rate.interval.high - rate.interval.low)
        independent.append(rate.wilson.high - rate.wilson.low)
    scatter = 2 * 2.093 * np.std(rates_found)  # t of 19 degrees of freedom, both sides
    assert 0.85 * scatter < np.mean(widths) < 1.5 * scatter
    assert np.mean(independent) < 0.75 * scatter


def test_half_widths_are_those_of_the_jackknife_at_every_point():
    left_out = np.random.default_rng(0).uniform(0.4, 0.6, (6, 4))
    left_out[2, 3] = math.nan
    half = half_widths(left_out)
    for k in range(3):
        assert jackknife(0.5, left_out[:, k]) == pytest.approx((0.5 - half[k], 0.5 + half[k]))
    assert half[3] == math.inf
    assert (half_widths(left_out[:1]) == math.inf).all()

import numpy as np
import pytest
from scipy.special import ndtri

from tests.figures import data
from tests.geometry.sets import clusters
from workbench import figures, geometry, protocols


def parts(figure, run):
    """Band, curve and, if it is drawn, the point of equal errors."""
    return [trace for trace in figure.data if trace.legendgroup == run]


def test_both_axes_are_quantiles_of_the_normal_distribution():
    given = data.roc(genuine=3_000)
    _, curve, point = parts(figures.det({"a": given}), "a")
    assert len(curve.x) > 20
    np.testing.assert_allclose(curve.x, ndtri(curve.customdata[:, 0]), atol=1e-9)
    np.testing.assert_allclose(curve.y, ndtri(curve.customdata[:, 1]), atol=1e-9)
    known = {(float(f), float(1 - t)) for f, t in zip(given.far, given.tar, strict=True)}
    assert {(float(f), float(r)) for f, r in curve.customdata} <= known
    assert point.x[0] == point.y[0] == pytest.approx(ndtri(given.eer.value))


def test_normal_scores_of_one_spread_give_a_line_of_slope_minus_one():
    curve = parts(figures.det({"a": data.roc(genuine=200_000, impostor=200_000, apart=0.3)}), "a")[1]
    slope, height = np.polyfit(curve.x, curve.y, 1)
    assert slope == pytest.approx(-1, abs=0.03)
    assert height == pytest.approx(-0.3 / 0.15, abs=0.05)  # minus d'
    assert np.abs(np.polyval([slope, height], curve.x) - curve.y).max() < 0.1


def test_nothing_is_drawn_that_the_pairs_do_not_resolve():
    given = data.roc(2_000, genuine=300)
    figure = figures.det({"a": given})
    far, frr = parts(figure, "a")[1].customdata.T
    assert far.min() >= 10 / 2_000
    assert frr.min() >= 10 / 300 - 1e-9
    assert max(far.max(), frr.max()) <= 0.5
    assert figure.layout.xaxis.range[0] == pytest.approx(ndtri(far.min()))
    assert figure.layout.xaxis.range[1] == 0
    assert figure.layout.yaxis.range[0] == pytest.approx(ndtri(frr.min()))


def test_points_are_few_and_spread_over_both_axes():
    curve = parts(figures.det({"a": data.roc(100_000, genuine=100_000, apart=0.3)}), "a")[1]
    assert 60 <= len(curve.x) <= 120
    assert np.abs(np.diff(curve.x)).max() < 0.1
    assert np.abs(np.diff(curve.y)).max() < 0.1


def test_the_band_is_a_closed_outline_within_what_a_quantile_can_show():
    given = data.roc(apart=0.4)
    given.tar_high = np.ones_like(given.tar)
    band, curve, _ = parts(figures.det({"a": given}), "a")
    n = len(curve.x)
    np.testing.assert_array_equal(band.x[:n], curve.x)
    np.testing.assert_array_equal(band.x[n:], curve.x[::-1])
    assert np.isfinite(band.y).all()
    assert (np.array(band.y[:n]) < curve.y).all()
    assert (np.array(band.y[n:]) >= curve.y[::-1]).all()
    assert band.fill == "toself"


def test_axes_are_labelled_with_rates():
    figure = figures.det({"a": data.roc(apart=0.4)})
    shown = dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))
    assert shown["1%"] == pytest.approx(ndtri(0.01))
    assert shown["40%"] == pytest.approx(ndtri(0.4))
    assert "60%" not in shown


def test_small_errors_get_a_short_axis_and_large_ones_a_long_one():
    good = data.roc(100_000, genuine=3_000, apart=1.0)
    good.tar_low = good.tar - 1e-3
    assert figures.det({"a": good}).layout.yaxis.range[1] == pytest.approx(ndtri(0.1))
    assert figures.det({"a": data.roc(apart=0.0)}).layout.yaxis.range[1] == pytest.approx(ndtri(0.99))


def test_every_number_has_its_interval_and_its_pairs():
    given = data.roc()
    given.eer = data.SimpleNamespace(value=0.0344, interval=(0.0327, 0.0361))
    figure = figures.det({"a": given})
    expected = "a: EER 3.44\u202f% [3.27, 3.61], from 300\u202fgenuine pairs and 20\u202f000\u202fimpostor pairs."
    assert figure.layout.meta["summary"] == expected
    assert parts(figure, "a")[1].name == "a, EER 3.44\u202f% [3.27, 3.61]"


def test_too_few_errors_is_a_state_with_a_sentence():
    given = data.roc(apart=5.0)
    figure = figures.det({"a": given})
    assert not parts(figure, "a")
    assert "leave too few errors to draw" in figure.layout.meta["summary"]
    assert figure.layout.annotations[0].text == "too few errors to draw a curve"
    both = figures.det({"a": given, "b": data.roc()})
    assert not both.layout.annotations
    assert len(parts(both, "b")) == 2  # its equal error rate is lower than what is drawn


def test_it_takes_what_geometry_and_protocols_give():
    x, y = clusters(300, 20, 8, noise=1.0)
    rng = np.random.default_rng(0)
    i, j = rng.integers(300, size=(2, 20_000))
    listed = protocols.verify(protocols.pair_cosines(x, i, j), (y[i] == y[j]).numpy(), fars=(0.1,))
    figure = figures.det({"all": geometry.roc(geometry.pair_counts(x, y)), "listed": listed.roc})
    roc = figures.roc({"listed": listed.roc})
    for run in ("all", "listed"):
        assert len(parts(figure, run)) == 3
    assert f"{100 * listed.eer.value:.3g}" in roc.layout.meta["summary"]

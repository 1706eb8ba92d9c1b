import math

import numpy as np
import pytest

from tests.figures import data
from workbench import figures


def parts(figure, run):
    """Band, curve and, if it is drawn, the point of equal errors."""
    return [trace for trace in figure.data if trace.legendgroup == run]


def test_the_curve_is_made_of_operating_points():
    given = data.roc()
    _, curve, point = parts(figures.roc({"a": given}), "a")
    assert len(curve.x) <= 120
    known = {(float(f), float(t)) for f, t in zip(given.far, given.tar, strict=True)}
    assert {(float(f), float(t)) for f, t in zip(curve.x, curve.y, strict=True)} <= known
    for f, t in zip(curve.x, curve.y, strict=True):
        assert t == given.tar[given.far <= f].max()  # the most that this FAR allows
    assert (point.x[0], point.y[0]) == (given.eer.value, 1 - given.eer.value)


def test_nothing_is_drawn_that_the_pairs_do_not_resolve():
    fine, coarse = data.roc(100_000), data.roc(2_000)
    figure = figures.roc({"fine": fine, "coarse": coarse})
    assert min(parts(figure, "fine")[1].x) == pytest.approx(1e-4, rel=0.2)
    # The lowest threshold with a FAR of at most the floor may be below it, by one step of the grid.
    assert min(parts(figure, "coarse")[1].x) >= coarse.far[coarse.far <= coarse.floor].max()
    assert figure.layout.xaxis.range == pytest.approx((-4, 0))
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.yaxis.range[0] == 0
    assert figure.layout.yaxis.range[1] >= 1


def test_the_band_is_a_closed_outline():
    given = data.roc()
    band, curve, _ = parts(figures.roc({"a": given}), "a")
    n = len(curve.x)
    np.testing.assert_array_equal(band.x[:n], curve.x)
    np.testing.assert_array_equal(band.x[n:], curve.x[::-1])
    assert (band.y[:n] <= curve.y).all()
    assert (band.y[n:] >= curve.y[::-1]).all()
    assert band.fill == "toself"


def test_every_number_has_its_interval():
    given = data.roc()
    given.eer = data.SimpleNamespace(value=0.0144, interval=(0.0127, 0.0161))
    figure = figures.roc({"a": given})
    assert "a: EER 1.44\u202f% [1.27, 1.61]" in figure.layout.meta["summary"]
    assert parts(figure, "a")[1].name == "a, EER 1.44\u202f% [1.27, 1.61]"
    assert "at FAR 0.0005, the smallest that 20\u202f000\u202fimpostor pairs resolve" in figure.layout.meta["summary"]


def test_an_eer_below_what_is_drawn_is_said_and_not_drawn():
    given = data.roc(apart=1.0)
    given.eer = data.SimpleNamespace(value=0.0, interval=(0.0, 0.001))
    figure = figures.roc({"a": given})
    assert len(parts(figure, "a")) == 2
    assert "EER 0\u202f% [0, 0.1]" in figure.layout.meta["summary"]


def test_a_handful_of_pairs():
    figure = figures.roc({"a": data.roc(impostor=5)})
    assert "5\u202fimpostor pairs resolve no FAR" in figure.layout.meta["summary"]
    assert figure.layout.xaxis.range == pytest.approx((-1, 0))
    assert all(math.isfinite(x) for trace in figure.data for x in trace.x)


def test_a_curve_that_falls_to_zero_at_once():
    given = data.roc()
    given.far, given.tar = np.array([1.0, 0.5, 0.0]), np.array([1.0, 0.9, 0.4])
    given.tar_low = given.tar_high = given.tar
    curve = parts(figures.roc({"a": given}), "a")[1]
    assert sorted(zip(curve.x, curve.y, strict=True)) == [(0.5, 0.9), (1, 1)]

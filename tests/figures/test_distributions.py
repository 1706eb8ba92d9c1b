"""Angles, margins and pairs: what is drawn is the histogram of what was given."""

import numpy as np
import pytest

from tests.figures import data
from workbench import figures
from workbench.figures.rows import beside

DEGREES = np.arange(0, 181, 2)


def test_angles_are_their_histograms():
    given = data.angles()
    figure = figures.angle_distributions({"a": given})
    for trace, values in zip(figure.data, (given.own, given.other), strict=True):
        np.testing.assert_array_equal(trace.x, DEGREES)
        expected = np.histogram(np.degrees(values), DEGREES)[0] / 500
        np.testing.assert_allclose(trace.y[:-1], expected)
        assert trace.y[-1] == trace.y[-2]
        assert trace.line.shape == "hv"
    assert [(line.x0, line.x1) for line in figure.layout.shapes] == [
        pytest.approx((np.median(np.degrees(v)),) * 2) for v in (given.own, given.other)
    ]
    assert figure.layout.xaxis.range == (0, 180)
    assert figure.layout.yaxis.range[0] == 0
    assert f"{np.median(np.degrees(given.own)):.1f}°" in figure.layout.meta["summary"]


def test_each_run_has_its_row_on_the_same_axes():
    figure = figures.angle_distributions({"a": data.angles(), "b": data.angles(own=10, seed=1)})
    assert [trace.yaxis for trace in figure.data] == ["y", "y", "y2", "y2"]
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range
    assert {"<b>a</b>", "<b>b</b>"} <= {a.text for a in figure.layout.annotations}


def test_angles_at_the_ends_count():
    ends = data.SimpleNamespace(own=np.array([0.0, np.pi + 1e-15]), other=np.array([np.pi, np.pi]))
    own, other = figures.angle_distributions({"a": ends}).data
    assert (own.y[0], own.y[-2], other.y[-2]) == (0.5, 0.5, 1)


def test_angles_that_do_not_fit():
    with pytest.raises(ValueError, match="a: 2 angles to the own centre and 1 to the nearest other"):
        figures.angle_distributions({"a": data.SimpleNamespace(own=np.ones(2), other=np.ones(1))})
    with pytest.raises(ValueError, match=r"a, angle to the own centre: 1 of 3 values are not finite, the first at 1\."):
        figures.angle_distributions({"a": data.SimpleNamespace(own=np.array([1, np.nan, 1]), other=np.ones(3))})
    empty = figures.angle_distributions({"a": data.SimpleNamespace(own=np.zeros(0), other=np.zeros(0))})
    assert "no samples" in empty.layout.meta["caption"]


def test_realised_margins_are_differences():
    given = data.angles(own=50, other=60)
    figure = figures.realised_margins({"angles": given, "array": given.margin})
    edges = np.arange(-180, 181, 2)
    expected = np.histogram(np.degrees(given.margin), edges)[0] / 500
    for trace in figure.data:
        np.testing.assert_allclose(trace.y[:-1], expected)
    wrong = 100 * (given.own > given.other).mean()
    assert 5 < wrong < 30
    assert f"{wrong:.1f}" in figure.layout.meta["summary"]
    assert figure.layout.xaxis.range == (-180, 180)
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 0
    with pytest.raises(ValueError, match="a, margin realised: 1 of 1 values are not finite"):
        figures.realised_margins({"a": [np.inf]})


def test_margins_of_three_kinds():
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.5, 0.05, 1000)
    figure = figures.margins({"softmax": None, "arcface": 0.5, "constant": np.full(9, 0.3), "elastic": drawn})
    none, fixed, constant, elastic = figure.data
    top = figure.layout.yaxis.range[1]
    for line, degrees in ((none, 0), (fixed, np.degrees(0.5)), (constant, np.degrees(0.3))):
        np.testing.assert_allclose(line.x, [degrees] * 2)
        assert tuple(line.y) == (0, top)
        assert line.fill == "none"
    np.testing.assert_allclose(elastic.x, np.arange(0, 90.1, 0.5))
    np.testing.assert_allclose(elastic.y[:-1], np.histogram(np.degrees(drawn), elastic.x)[0] / 1000)
    assert figure.layout.xaxis.range == (0, 90)
    assert figure.layout.yaxis.title.text == "share per 0.5°"
    summary = figure.layout.meta["summary"]
    assert "softmax: 0°, no margin" in summary
    assert "arcface: 28.6° for all" in summary
    assert f"elastic: {np.degrees(drawn.mean()):.1f}° ± {np.degrees(drawn.std()):.2f}°" in summary


def test_margins_in_cosines_have_their_own_panel():
    given = {"arcface": 0.5, "cosface": np.array([0.35, 0.4])}
    figure = figures.margins(given, unit={"cosface": "cosine"})
    assert [trace.xaxis for trace in figure.data] == ["x", "x2"]
    assert figure.layout.xaxis2.range == (0, 1)
    both = figures.margins(given, unit="cosine")
    assert [trace.xaxis for trace in both.data] == ["x", "x"]
    assert "0.5 for all" in both.layout.meta["summary"]
    with pytest.raises(ValueError, match=r"'unit' parameter of margins must be one of 'rad', 'cosine'\. Got 'angle'"):
        figures.margins(given, unit="angle")


def test_axes_grow_to_hold_a_margin_and_never_shrink():
    wide = figures.margins({"a": np.radians([-12.0, 5.0, 131.0])}).layout.xaxis.range
    assert wide == (-20, 140)
    assert figures.margins({"a": np.radians([5.0, 6.0])}).layout.xaxis.range == (0, 90)
    assert len(figures.margins({"a": np.radians([-1e4, 1e4])}).data[0].x) <= 361


@pytest.mark.parametrize("bins", [4000, 200, 300, 7])
def test_pairs_are_their_counts(bins):
    given = data.pairs(bins=bins)
    figure = figures.pair_similarity({"a": given})
    for trace, kind in zip(figure.data, (given.genuine, given.impostor), strict=True):
        assert len(trace.x) == min(bins, 200) + 1
        assert set(np.round(trace.x, 12)) <= set(np.round(given.edges, 12))
        counts = [
            kind.counts[(given.edges[:-1] >= low) & (given.edges[:-1] < high)].sum()
            for low, high in zip(trace.x, trace.x[1:], strict=False)
        ]
        np.testing.assert_array_equal(trace.customdata[:-1], counts)
        np.testing.assert_allclose(trace.y[:-1], np.array(counts) / kind.counts.sum())
    assert figure.layout.xaxis.range == (-1, 1)
    assert figure.layout.yaxis.range[0] == 0


def test_logarithmic_pairs_show_a_single_pair():
    given = data.pairs()
    genuine, impostor = figures.pair_similarity({"a": given}, log=True).data
    assert figures.pair_similarity({"a": given}, log=True).layout.yaxis.type == "log"
    assert impostor.y.min() < 1 / 20_000  # an empty cell lies below a single pair
    assert (impostor.y > 0).all()
    assert genuine.y[genuine.customdata == 1].min() > impostor.y.min()


@pytest.mark.parametrize(("apart", "words"), [(0.3, "no gap, −"), (1.0, "gap 0.")])
def test_the_bracket_spans_the_gap(apart, words):
    given = data.pairs(genuine=3, impostor=50, apart=apart)
    figure = figures.pair_similarity({"a": given})
    ends = sorted((given.genuine.lowest, given.impostor.highest))
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == tuple(ends)
    gap = given.genuine.lowest - given.impostor.highest
    assert (gap > 0) == words.startswith("gap")
    assert words in figure.layout.meta["summary"]


def test_pairs_of_one_kind_and_of_none():
    assert "pairs of one kind only" in figures.pair_similarity({"a": data.pairs(genuine=0)}).layout.meta["summary"]
    none = figures.pair_similarity({"a": data.pairs(genuine=0, impostor=0)})
    assert "no pairs" in none.layout.meta["caption"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (30, 90, ("right", "left")),
        (90, 30, ("left", "right")),
        (50, 50, ("right", "left")),
        (30, 120, ("center", "center")),
        (5, 120, ("left", "center")),
        (60, 175, ("center", "right")),
    ],
)
def test_labels_of_two_peaks_are_clear_of_each_other(first, second, expected):
    assert tuple(anchor for anchor, _ in beside(first, second, 0, 180)) == expected


def test_labels_of_two_peaks_at_an_end_are_at_two_heights():
    assert beside(5, 20, 0, 180) == [("left", 17), ("left", 0)]
    assert beside(160, 175, 0, 180) == [("right", 0), ("right", 17)]

"""Curves of anything, their bands, lines of reference and axes."""

import math

import numpy as np
import pytest

from workbench import figures

WORDS = {"title": "t", "x": "x", "y": "y", "caption": "c."}


def lines(curves, **options):
    return figures.lines(curves, **{**WORDS, "x": "α (°)", "y": "cos α"}, **options)


def test_a_curve_is_what_was_given():
    figure = lines({"a": ([0, 1, 2], [1.0, np.nan, 3.0]), "b": ([0, 1], [0, 1])})
    assert list(figure.data[0].y)[::2] == [1, 3]
    assert np.isnan(figure.data[0].y[1])
    assert [trace.mode for trace in figure.data] == ["lines", "lines"]
    assert figure.layout.showlegend
    assert figure.layout.xaxis.title.text == "α (°)"
    assert figure.layout.meta["summary"] == "a: 1.00 at 0 to 3.00 at 2.00. b: 0 at 0 to 1.00 at 1.00."


def test_one_curve_needs_no_legend_and_one_point_is_a_mark():
    figure = lines({"a": ([1], [2])})
    assert not figure.layout.showlegend
    assert figure.data[0].mode == "lines+markers"
    assert "nothing known" in lines({"a": ([1], [np.nan])}).layout.meta["summary"]


def test_bands_lines_of_reference_and_logarithms():
    figure = lines(
        {"a": ([1, 10], [1, 2])},
        bands={"a": ([0, 1], [2, 3])},
        log="x",
        levels={"top": 2},
        marks={"m": 5},
        markers=True,
    )
    band, curve = figure.data
    assert list(band.y) == [0, 1, 3, 2]
    assert curve.mode == "lines+markers"
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", None)
    assert [note.text for note in figure.layout.annotations] == ["top", "m"]
    assert [shape.line.dash for shape in figure.layout.shapes] == ["dot", "dot"]


def test_long_curves_are_thinned():
    x = np.linspace(0, 1, 100_000)
    assert 400 <= len(lines({"a": (x, x)}).data[0].x) <= 600


def test_what_does_not_fit_is_refused():
    with pytest.raises(
        ValueError, match=r"'curves' parameter of lines must be x and y of one length for 'a'\. Got \(2, 1\)"
    ):
        lines({"a": ([1, 2], [1])})
    with pytest.raises(ValueError, match=r"'bands' parameter of lines must be bands of the curves a. Got 'b'"):
        lines({"a": ([1], [1])}, bands={"b": ([1], [1])})
    assert "no curves" in lines({}).layout.meta["summary"]


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [
        ((0.25, 8), ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50"]),
        ((1000, 5000), ["1000", "2000", "5000", "10000", "20000", "50000"]),
    ],
)
def test_a_short_logarithmic_axis_has_ticks_at_1_2_and_5(ends, ticks):
    axis = figures.lines({"a": (ends, (1, 2))}, log="x", **WORDS).layout.xaxis
    assert list(axis.ticktext) == ticks
    assert [f"{value:g}" for value in axis.tickvals] == ticks


@pytest.mark.parametrize(("decades", "step"), [(4, 1), (9, 1), (10, 2), (16, 2), (20, 3)])
def test_a_long_logarithmic_axis_has_at_most_ten_ticks(decades, step):
    axis = figures.lines({"a": ((1, 2), (1.0, 10.0**-decades))}, log="y", **WORDS).layout.yaxis
    assert (axis.dtick, axis.tickvals) == (step, None)


def test_what_is_not_positive_does_not_stretch_a_logarithmic_axis():
    axis = figures.lines({"a": ((0.0, -1.0, np.nan, 1.0, 5.0), range(5))}, log="x", **WORDS).layout.xaxis
    assert list(axis.ticktext) == ["1", "2", "5", "10", "20", "50"]
    assert figures.lines({"a": ((0.0, -1.0), (1, 2))}, log="x", **WORDS).layout.xaxis.type == "log"


@pytest.mark.parametrize(("log", "x", "y"), [("", 100.0, 1000.0), ("x", 2.0, 1000.0), ("xy", 2.0, 3.0)])
def test_labels_stand_at_their_lines(log: str, x: float, y: float) -> None:
    """On a logarithmic axis plotly places lines by their value and labels by its logarithm."""
    curve = {"a": ([1, 10, 1000], [1, 10, 1e4])}
    figure = figures.lines(curve, log=log, levels={"high": 1000.0}, marks={"right": 100.0}, **WORDS)
    high, right = figure.layout.annotations
    assert (high.text, high.y) == ("high", pytest.approx(y))
    assert (right.text, right.x) == ("right", pytest.approx(x))
    assert [(shape.y0, shape.x0) for shape in figure.layout.shapes] == [(1000.0, 0), (0, 100.0)]


@pytest.mark.parametrize(
    ("up", "log", "anchor"),
    [
        ([1, 5, 9], "", "left"),  # the curve ends at the level, on the right
        ([9, 5, 1], "", "right"),
        ([9, 5, math.nan], "", "right"),
        ([1, 4, 600], "y", "right"),  # 9 / 1 is less than 600 / 9, though nearer in numbers
        ([0, 4, 600], "y", "right"),  # 0 has no place on that axis
    ],
)
def test_the_label_of_a_level_stands_where_no_curve_ends(up: list[float], log: str, anchor: str) -> None:
    figure = figures.lines({"a": ([1, 2, 3], up)}, log=log, levels={"nine": 9.0}, **WORDS)
    (note,) = figure.layout.annotations
    assert (note.xanchor, note.x) == (anchor, {"left": 0, "right": 1}[anchor])


@pytest.mark.parametrize(
    ("across", "markers", "log", "tick"),
    [
        ([0, 1, 2], True, "", 1),
        ([0, 1, 2], False, "", None),
        ([0, 1, 2.5], True, "", None),
        ([0, 10, 40], True, "", None),
        ([0, 1, np.nan], True, "", None),
        ([], True, "", None),
    ],
)
def test_a_few_whole_numbers_have_a_tick_each(across: list[float], markers: bool, log: str, tick: int | None) -> None:
    figure = figures.lines({"a": (across, across)} if across else {}, markers=markers, log=log, **WORDS)
    assert figure.layout.xaxis.dtick == tick

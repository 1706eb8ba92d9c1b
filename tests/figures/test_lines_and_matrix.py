import numpy as np
import pytest

from workbench import figures

WORDS = {"title": "t", "x": "x", "y": "y", "caption": "c."}


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


def test_a_matrix_says_what_its_values_are():
    figure = figures.similarity_matrix([[3.0, -1.0]], title="t", caption="c.", measure="dot product")
    assert figure.data[0].colorbar.title.text == "dot product"
    assert figure.layout.meta["summary"] == "1 by 2 dot products, from −1.00 to 3.00."
    plain = figures.similarity_matrix([[1.0]], title="t", caption="c.")
    assert plain.data[0].colorbar.title.text == "cosine"

"""Figures of anything: curves, intervals, matrices."""

import numpy as np
import pytest

from workbench import figures
from workbench.figures.frame import untitled

WORDS = {"title": "Title", "caption": "Read it."}


def lines(curves, **options):
    return figures.lines(curves, x="α (°)", y="cos α", **WORDS, **options)


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


def test_a_row_shows_its_values_their_mean_and_the_interval():
    figure = figures.intervals({"a": ([1.0, 3.0], 0.5, 3.5)}, x="points", reference=0, zero="no difference", **WORDS)
    line, dots, mean = figure.data
    assert (list(line.x), list(dots.x), list(mean.x)) == ([0.5, 3.5], [1, 3], [2])
    assert figure.layout.annotations[0].text == "no difference"
    assert figure.layout.meta["summary"] == "a: 2.00 [0.5, 3.50] from 2."
    with pytest.raises(ValueError, match="rows with at least one value each"):
        figures.intervals({"a": ([], 0, 1)}, x="points", **WORDS)
    assert "nothing to compare" in figures.intervals({}, x="points", **WORDS).layout.meta["summary"]


def test_a_matrix_shows_its_cells_by_name():
    figure = figures.similarity_matrix([[1.0, np.nan], [0.5, 1.0]], rows=["a", "b"], columns=["c", "d"], **WORDS)
    (heat,) = figure.data
    assert heat.z == ([1.0, None], [0.5, 1.0])
    assert (heat.zmin, heat.zmax) == (-1, 1)
    assert heat.customdata[0][1] == "a and d"
    assert figure.layout.meta["summary"] == "2 by 2 cosines, from 0.5 to 1.00."
    with pytest.raises(ValueError, match=r"a matrix of at most 60 rows and columns. Got \(61, 1\)"):
        figures.similarity_matrix(np.zeros((61, 1)), **WORDS)
    with pytest.raises(ValueError, match=r"rows and columns' parameter .* must be of lengths \(1, 2\). Got \(1, 3\)"):
        figures.similarity_matrix(np.zeros((1, 2)), columns="abc", **WORDS)


def test_the_words_of_an_axis_fit_a_narrow_page():
    words = "percentage points; to the left of 0 the drawn margin makes fewer errors"
    figure = figures.intervals({"a − b": ([0.0, 1.0], -1.0, 2.0)}, title="t", x=words, caption="c.")
    lines = figure.layout.xaxis.title.text.split("<br>")
    assert " ".join(lines) == words
    assert max(map(len, lines)) <= 36
    short = figures.intervals({"a − b": ([0.0, 1.0], -1.0, 2.0)}, title="t", x="points", caption="c.")
    assert short.layout.xaxis.title.text == "points"


def test_a_place_that_shows_the_title_gets_a_figure_without_it_and_its_room():
    figure = figures.intervals({"a": ([0.0], -1.0, 1.0)}, title="Seed <i> by seed", x="x", caption="c.")
    assert figure.layout.title.text == "Seed &lt;i&gt; by seed"
    shown = untitled(figure.layout.to_plotly_json())
    assert "title" not in shown
    assert (shown["height"], shown["margin"]["t"], shown["legend"]["y"]) == (174, 40, 1)
    assert untitled({"title": {"text": "somebody's"}, "meta": {"title": "t"}}) == {"meta": {"title": "t"}}

"""The words around a figure."""

from workbench import figures
from workbench.figures.frame import untitled


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

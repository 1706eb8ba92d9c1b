"""Values with the interval of their mean, row by row."""

import pytest

from workbench import figures

WORDS = {"title": "Title", "caption": "Read it."}


def test_a_row_shows_its_values_their_mean_and_the_interval():
    figure = figures.intervals({"a": ([1.0, 3.0], 0.5, 3.5)}, x="points", reference=0, zero="no difference", **WORDS)
    line, dots, mean = figure.data
    assert (list(line.x), list(dots.x), list(mean.x)) == ([0.5, 3.5], [1, 3], [2])
    assert figure.layout.annotations[0].text == "no difference"
    assert figure.layout.meta["summary"] == "a: 2.00 [0.5, 3.50] from 2."
    with pytest.raises(ValueError, match="rows with at least one value each"):
        figures.intervals({"a": ([], 0, 1)}, x="points", **WORDS)
    assert "nothing to compare" in figures.intervals({}, x="points", **WORDS).layout.meta["summary"]

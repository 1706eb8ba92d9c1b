"""Where the labels of reference lines stand, and ticks at whole numbers."""

import numpy as np
import pytest

from workbench import figures

WORDS = {"title": "t", "x": "x", "y": "y", "caption": "c."}


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

"""Matrices, cell by cell."""

import numpy as np
import pytest

from workbench import figures

WORDS = {"title": "Title", "caption": "Read it."}


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


def test_a_matrix_says_what_its_values_are():
    figure = figures.similarity_matrix([[3.0, -1.0]], title="t", caption="c.", measure="dot product")
    assert figure.data[0].colorbar.title.text == "dot product"
    assert figure.layout.meta["summary"] == "1 by 2 dot products, from −1.00 to 3.00."
    plain = figures.similarity_matrix([[1.0]], title="t", caption="c.")
    assert plain.data[0].colorbar.title.text == "cosine"

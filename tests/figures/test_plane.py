import numpy as np
import pytest

from workbench import figures

RNG = np.random.default_rng(0)
WORDS = {"title": "t", "caption": "c."}


def traces(figure, mode):
    return [trace for trace in figure.data if trace.mode == mode]


def test_points_keep_their_lengths_and_classes():
    points, labels = 5 * RNG.normal(size=(60, 2)), np.arange(60) % 3
    figure = figures.plane(points, labels, names=["x", "y", "<b>z"], **WORDS)
    clouds = traces(figure, "markers")
    assert [trace.name for trace in clouds] == ["x", "y", "&lt;b&gt;z"]
    for c, trace in enumerate(clouds):
        np.testing.assert_array_equal(np.stack([trace.x, trace.y], 1), points[labels == c])
    assert len({(trace.marker.color, trace.marker.symbol) for trace in clouds}) == 3
    assert figure.layout.yaxis.scaleanchor == "x"
    assert (figure.layout.meta["title"], figure.layout.meta["caption"]) == ("t", "c.")


def test_arrows_begin_at_their_points():
    points, push = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))
    (lines,) = traces(figures.plane(points, np.zeros(6, dtype=int), arrows=push, **WORDS), "lines")
    drawn = np.stack([lines.x, lines.y], 1).reshape(6, 3, 2)
    np.testing.assert_array_equal(drawn[:, 0], points)
    np.testing.assert_allclose(drawn[:, 1], points + push)
    assert np.isnan(drawn[:, 2]).all()


def test_centres_are_drawn_as_long_as_they_are():
    figure = figures.plane(RNG.normal(size=(4, 2)), np.arange(4) % 2, centres=[[3.0, 0], [0, -2.0]], **WORDS)
    ends = [(trace.x[1], trace.y[1]) for trace in traces(figure, "lines+text")]
    assert ends == [(3, 0), (0, -2)]


def test_many_points_are_thinned_by_class_and_it_is_said():
    labels = np.concatenate([np.zeros(9_999, dtype=int), [1]])
    figure = figures.plane(RNG.normal(size=(10_000, 2)), labels, **WORDS)
    assert [len(trace.x) for trace in traces(figure, "markers")] == [1999, 1]
    assert figure.layout.meta["caption"].endswith("2\u202f000 of them are drawn, of each class the same share.")


def test_nothing_to_show():
    figure = figures.plane(np.zeros((0, 2)), np.zeros(0, dtype=int), **WORDS)
    assert figure.layout.annotations[0].text == "There are no embeddings, so the plane is empty."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"embeddings": np.zeros((2, 3))}, r"The 'embeddings' parameter of plane must be a matrix \[N, 2\]\."),
        ({"embeddings": [[0, 1], [np.nan, 0]]}, r"Row 1 of the embeddings is not finite\."),
        ({"labels": [0, -1]}, r"The 'labels' parameter of plane must be 2 whole numbers from 0\."),
        ({"arrows": np.zeros((3, 2))}, r"The 'arrows' parameter of plane must be one for each of 2 embeddings\."),
        ({"names": ["a"]}, r"The 'names' parameter of plane must be one for each of 2 classes\."),
    ],
)
def test_errors_say_what_was_wrong(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        figures.plane(**{"embeddings": np.ones((2, 2)), "labels": [0, 1], **WORDS, **change})

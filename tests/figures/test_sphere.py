import numpy as np
import pytest

from workbench import figures, theme

RNG = np.random.default_rng(0)


def cloud(figure, name):
    return next(trace for trace in figure.data if trace.name == name and trace.mode == "markers")


def test_points_lie_on_the_sphere_and_keep_their_class():
    points, labels = 5 * RNG.normal(size=(60, 3)), np.arange(60) % 3
    figure = figures.hypersphere(points, labels, names=["x", "y", "z"])
    for c, name in enumerate("xyz"):
        trace = cloud(figure, name)
        drawn = np.stack([trace.x, trace.y, trace.z], 1)
        expected = points[labels == c] / np.linalg.norm(points[labels == c], axis=1, keepdims=True)
        np.testing.assert_allclose(drawn, expected)
    assert figure.layout.showlegend


def test_classes_differ_in_colour_and_in_glyph():
    figure = figures.hypersphere(RNG.normal(size=(16, 3)), np.arange(16) % 8)
    clouds = [trace for trace in figure.data if trace.mode == "markers"]
    assert len({trace.marker.color for trace in clouds}) == len({trace.marker.symbol for trace in clouds}) == 8


def test_centres_are_lines_with_direct_labels():
    figure = figures.hypersphere(RNG.normal(size=(10, 3)), np.arange(10) % 2, 3 * np.eye(3), ["x", "y", "absent"])
    lines = [trace for trace in figure.data if trace.mode == "lines+text"]
    assert [trace.text[1] for trace in lines] == ["x", "y", "absent"]
    assert (lines[0].x[0], lines[0].x[1] > 1, lines[0].y[1]) == (0, True, 0)
    assert not figure.layout.showlegend


def test_many_points_are_thinned_by_class_and_it_is_said():
    labels = np.concatenate([np.zeros(9_999, dtype=int), [1]])
    figure = figures.hypersphere(RNG.normal(size=(10_000, 3)), labels)
    assert len(cloud(figure, "1").x) == 1
    assert 1_990 <= len(cloud(figure, "0").x) <= 2_000
    drawn = len(cloud(figure, "0").x) + 1
    assert f"{drawn:,} of 10,000".replace(",", "\u202f") in figure.layout.meta["caption"]


def test_more_classes_than_colours():
    classes = theme.MAX_COLOURED_CLASSES + 1
    figure = figures.hypersphere(RNG.normal(size=(classes, 3)), np.arange(classes))
    assert not figure.layout.showlegend
    assert len({trace.marker.color for trace in figure.data if trace.mode == "markers"}) == 2


def test_one_point_and_none():
    assert cloud(figures.hypersphere([[0, 0, 2.0]], [0]), "0").z[0] == 1
    assert "the sphere is empty" in figures.hypersphere(np.zeros((0, 3)), np.zeros(0, dtype=int)).layout.meta["caption"]


@pytest.mark.parametrize(
    ("points", "labels", "sentence"),
    [
        (np.ones((4, 5)), [0] * 4, r"'embeddings' .* a matrix \[N, 3\]\. Got \(4, 5\) instead\. Project"),
        (np.ones(3), [0], r"'embeddings' .* Got \(3,\)"),
        (np.ones((2, 3)), [0], r"'labels' .* 2 whole numbers from 0\. Got \(1,\)"),
        (np.ones((2, 3)), [0.5, 1], r"'labels' .* whole numbers"),
        (np.ones((2, 3)), [0, -1], r"'labels' .* whole numbers from 0"),
        ([[1.0, 0, 0], [0, np.nan, 0]], [0, 0], r"Row 1 of the embeddings is not finite or all zeros"),
        ([[0.0, 0, 0]], [0], r"Row 0 of the embeddings"),
    ],
)
def test_bad_input(points, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        figures.hypersphere(points, labels)


def test_names_and_centres_must_fit():
    with pytest.raises(ValueError, match=r"'names' .* one for each of 3 classes\. Got 2"):
        figures.hypersphere(np.ones((1, 3)), [2], names=["a", "b"])
    with pytest.raises(ValueError, match="'centres'"):
        figures.hypersphere(np.ones((1, 3)), [0], np.ones((1, 2)))

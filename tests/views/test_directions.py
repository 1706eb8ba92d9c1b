import numpy as np
import pytest

from workbench.views import directions as d


def frames(T: int, N: int, dim: int, seed: int = 0) -> np.ndarray:
    return d.normalise(np.random.default_rng(seed).normal(size=(T, N, dim)))


@pytest.mark.parametrize("dim", [2, 3, 7])
def test_angles_are_those_of_all_dimensions(dim: int) -> None:
    points, centres = frames(2, 30, dim), frames(2, 4, dim, seed=1)
    labels = np.arange(30) % 4
    drawn = d.picture(points, centres, labels)
    for t in range(2):
        for i in range(30):
            angles = np.arccos(np.clip(centres[t] @ points[t, i], -1, 1))
            others = np.delete(np.arange(4), labels[i])
            assert drawn.own[t, i] == pytest.approx(angles[labels[i]])
            assert drawn.rival[t, i] == pytest.approx(angles[others].min())
            assert drawn.rival_class[t, i] == others[angles[others].argmin()]


def test_a_circle_lies_in_a_plane_and_a_sphere_is_itself() -> None:
    points, centres = frames(1, 5, 2), frames(1, 2, 2, seed=1)
    drawn = d.picture(points, centres, np.zeros(5, dtype=int))
    np.testing.assert_array_equal(drawn.points, np.pad(points, [(0, 0), (0, 0), (0, 1)]))
    assert drawn.share is None
    assert d.viewpoint([drawn]) == (-90.0, 90.0)
    points = frames(1, 5, 3)
    np.testing.assert_array_equal(d.picture(points, points[:, :2], np.zeros(5, dtype=int)).points, points)


def test_a_projection_keeps_most_of_the_last_frame_and_says_how_much() -> None:
    points = frames(2, 400, 6) * [3, 2, 1, 0.1, 0.1, 0.1]
    points = d.normalise(points)
    drawn = d.picture(points, points[:, :3], np.zeros(400, dtype=int))
    squared = np.linalg.svd(points[-1], compute_uv=False) ** 2
    assert drawn.share == pytest.approx(squared[:3].sum() / squared.sum())
    kept = np.linalg.norm(drawn.points[-1], axis=1)
    assert (kept**2).mean() == pytest.approx(drawn.share)
    assert (kept <= 1 + 1e-12).all()


def test_turning_undoes_a_rotation_and_keeps_angles() -> None:
    points, centres = frames(2, 20, 3), frames(2, 6, 3, seed=1)
    labels = np.arange(20) % 6
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    reference, other = d.picture(points, centres, labels), d.picture(points @ turn, centres @ turn, labels)
    turned = d.turned_onto(reference, other)
    np.testing.assert_allclose(turned.points, points, atol=1e-12)
    np.testing.assert_allclose(turned.centres, centres, atol=1e-12)
    np.testing.assert_allclose(turned.own, reference.own, atol=1e-7)


def test_class_means_and_classes_without_points() -> None:
    points = np.array([[[1.0, 0, 0], [0, 1, 0], [0, 0, -1]]])
    means = d.class_means(points, np.array([0, 0, 2]), 4)
    np.testing.assert_allclose(means[0], [[0.5**0.5, 0.5**0.5, 0], [0, 0, 0], [0, 0, -1], [0, 0, 0]])
    drawn = d.picture(points, means, np.array([0, 0, 1]))
    assert np.isnan(drawn.own[0, 2])
    assert set(drawn.rival_class[0]) <= {0, 2}


def test_one_class_has_no_rival() -> None:
    points = frames(1, 4, 3)
    assert np.isnan(d.picture(points, points[:, :1], np.zeros(4, dtype=int)).rival).all()


def test_the_viewpoint_sees_the_centres() -> None:
    towards = np.array([0.3, -0.8, 0.2])
    centres = d.normalise(towards + 0.2 * np.random.default_rng(0).normal(size=(1, 5, 3)))
    azimuth, elevation = np.deg2rad(d.viewpoint([d.picture(centres, centres, np.arange(5))]))
    eye = [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    assert (centres[0] @ eye > 0.5).all()


@pytest.mark.parametrize("focus", range(40))
def test_the_viewpoint_has_the_class_in_focus_before_it(focus: int) -> None:
    centres = d.normalise(frames(1, 40, 3))
    azimuth, elevation = np.deg2rad(d.viewpoint([d.picture(centres, centres, np.arange(40))], focus=focus))
    eye = [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    assert centres[0, focus] @ eye > 0.45


def test_the_nearest_centre_is_that_of_all_dimensions() -> None:
    centres = frames(2, 1500, 5)
    centres[:, 7] = 0
    angle, nearest = d.nearest_centres(centres)
    assert np.isnan(angle[:, 7]).all()
    for t in range(2):
        for k in (0, 6, 8, 1023, 1024, 1499):
            angles = np.arccos(np.clip(centres[t] @ centres[t, k], -1, 1))
            angles[[k, 7]] = np.inf
            assert nearest[t, k] == angles.argmin()
            assert angle[t, k] == pytest.approx(angles.min())


def test_a_lonely_centre_has_no_nearest() -> None:
    centres = np.zeros((1, 3, 4))
    centres[0, 1, 0] = 1
    assert np.isnan(d.nearest_centres(centres)[0]).all()


@pytest.mark.parametrize("dim", [2, 3, 6])
def test_axes_take_vectors_to_the_picture(dim: int) -> None:
    points, centres = frames(2, 20, dim), frames(2, 5, dim, seed=1)
    reference = d.picture(points, centres, np.arange(20) % 5)
    other = d.turned_onto(reference, d.picture(points[:, ::-1], centres, np.arange(20) % 5))
    np.testing.assert_allclose(points @ reference.axes, reference.points, atol=1e-12)
    np.testing.assert_allclose(points[:, ::-1] @ other.axes, other.points, atol=1e-12)

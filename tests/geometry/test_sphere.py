import itertools
import math

import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters, rotation
from workbench import geometry
from workbench.geometry import sphere
from workbench.geometry.inputs import unit_rows
from workbench.geometry.neighbours import neighbour_graph
from workbench.geometry.sphere import sphere_map


def turned_by(one, other):
    """Mean angle between two maps, point by point."""
    return np.arccos(np.clip((one * other).sum(axis=1), -1, 1)).mean()


def nearest_angle(points):
    cosine = points @ points.T
    np.fill_diagonal(cosine, -1)
    return np.arccos(np.clip(cosine.max(axis=1), -1, 1))


def test_points_lie_on_the_sphere_and_neighbours_stay_together():
    from sklearn.manifold import trustworthiness

    x, y = clusters(300, 12, 16, noise=0.3)
    found = sphere_map(x, seed=3, neighbours=8)
    np.testing.assert_allclose(np.linalg.norm(found.points, axis=1), 1, atol=1e-12)
    assert found.points.shape == (300, 3)
    cosine = found.points @ found.points.T
    np.fill_diagonal(cosine, -1)
    assert (y.numpy()[cosine.argmax(axis=1)] == y.numpy()).mean() > 0.97
    judged = trustworthiness(unit_rows(x).numpy(), found.points, n_neighbors=8, metric="cosine")
    assert found.trustworthiness == pytest.approx(judged, abs=1e-12)
    assert judged > 0.96
    assert (found.seed, found.neighbours) == (3, 8)


def test_a_map_begins_where_the_principal_components_about_the_mean_point():
    from sklearn.decomposition import PCA

    unit = unit_rows(clusters(80, 5, 9)[0] + 4).numpy()
    theirs = PCA(3, svd_solver="full").fit_transform(unit)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(sphere._principal_directions(unit)), np.abs(theirs), atol=1e-10)


def test_a_map_is_more_trustworthy_than_three_principal_directions():
    x, _ = clusters(400, 20, 24, noise=0.3)
    start = sphere._principal_directions(unit_rows(x).numpy())
    assert sphere_map(x).trustworthiness > geometry.maps.trust(unit_rows(x).numpy(), start, 15, 0)[1] + 0.05


def test_a_seed_gives_the_same_bits_and_all_threads_compute():
    before = torch.get_num_threads()
    x, _ = clusters(400, 5, 12)
    try:
        torch.set_num_threads(2)
        one, two, other = (sphere_map(x, seed=seed).points for seed in (4, 4, 5))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("n", [40, 200])
def test_one_round_moves_each_point_along_the_gradient(n, monkeypatch):
    """The forces of the docstring by autograd, with all points or those that are drawn."""
    monkeypatch.setattr(sphere, "_ROUNDS", 1)
    x, _ = clusters(n, 4, 10)
    unit = unit_rows(x)
    graph = neighbour_graph(unit, 6)
    start = sphere._principal_directions(unit.numpy())
    moved = sphere._layout(start, graph, 0.1, 9, near=False)

    a, b = sphere._curve((4 * math.pi / n) ** 0.25, 0.1)
    there = torch.from_numpy(start)
    weight = torch.zeros(n, n, dtype=torch.float64)
    weight[graph.first, graph.second] = weight[graph.second, graph.first] = graph.weight
    draws = torch.arange(n)
    if n > 128:
        draws = torch.randint(n, (1, 128), generator=sphere.generator(9, "map"))[0]
    points = there.clone().requires_grad_()

    def odds(others):
        """A d^(2b), with the distance held up from below as in the layout."""
        squared = (points[:, None] - others).square().sum(-1)
        return a * squared.clamp(min=4 * math.pi / n / 100) ** b

    near, far = odds(there), odds(there[draws])
    pull = -(2 * weight / weight.sum(1, keepdim=True) * torch.log1p(near)).sum()
    push = (5 / len(draws) * (far / (1 + far)).log()).sum()
    (force,) = torch.autograd.grad(pull + push, points)
    close = (there[:, None] - there).square().sum(-1).fill_diagonal_(4).amin(1) < 4 * math.pi / n / 100
    force -= (force * there).sum(1, keepdim=True) * there
    wanted = torch.nn.functional.normalize(there + force / a)
    np.testing.assert_allclose(moved[~close], wanted[~close], atol=1e-6)
    assert close.sum() < n / 2
    assert turned_by(moved, start) > 0.01


def test_points_that_nearly_touch_do_not_leap_apart(monkeypatch):
    monkeypatch.setattr(sphere, "_ROUNDS", 1)
    x, _ = clusters(40, 4, 10)
    x[1] = x[0]
    start = sphere._principal_directions(unit_rows(x).numpy())
    start[1] = start[0] + 2e-3 * np.cross(start[0], [0, 0, 1])
    moved = sphere._layout(start, neighbour_graph(unit_rows(x), 6), None, 0, near=False)
    assert np.linalg.norm(moved[0] - moved[1]) < 0.2


def test_the_curve_is_near_one_up_to_the_smallest_distance_and_falls_from_there():
    for spread in (1.5, 0.45, 0.2, 0.06):
        for share in (0, 0.1, 0.5, 1):
            a, b = sphere._curve(spread, share * spread)
            angle = np.linspace(0, min(3 * spread, math.pi), 50)[1:]
            wanted = np.where(angle < share * spread, 1, np.exp(share - angle / spread))
            q = 1 / (1 + a * (2 * np.sin(angle / 2)) ** (2 * b))
            assert np.abs(q - wanted).max() < 0.15


def test_a_larger_smallest_distance_sets_neighbours_farther_apart():
    x, _ = clusters(600, 6, 12, noise=0.1)
    median = [np.median(nearest_angle(sphere_map(x, min_dist=distance).points)) for distance in (0, 0.15, 0.5)]
    assert median[0] < 0.7 * median[1] < 0.9 * median[2]


def test_a_map_stays_near_where_it_begins():
    x, _ = clusters(300, 6, 16)
    first = sphere_map(x).points
    later = x + 0.02 * torch.randn_like(x)
    begun, anew = sphere_map(later, init=5 * first).points, sphere_map(later, seed=1).points
    assert turned_by(begun, first) < 0.3 * turned_by(anew, first)


def test_a_map_is_turned_as_a_whole_onto_another():
    x, _ = clusters(80, 4, 12)
    alone = sphere_map(x).points
    goal = alone @ rotation(3, seed=2).numpy()
    np.testing.assert_allclose(sphere_map(x, align=goal).points, goal, atol=1e-9)
    goal[10:] = np.nan
    points = sphere_map(x, align=goal).points
    np.testing.assert_allclose(points[:10], goal[:10], atol=1e-9)
    np.testing.assert_allclose(points @ points.T, alone @ alone.T, atol=1e-9)


def test_maps_through_training_stand_still_where_features_do():
    x, y = clusters(200, 5, 16, noise=0.6)
    centres = torch.stack([x[y == c].mean(0) for c in range(5)])
    frames = torch.stack([(1 - t) * x + t * centres[y] for t in (0, 0.1, 0.2, 0.3)])
    through = geometry.sphere_maps(frames)
    alone = [sphere_map(frame, seed=3 * t) for t, frame in enumerate(frames)]
    moves = [
        np.mean([turned_by(one.points, other.points) for one, other in itertools.pairwise(maps)])
        for maps in (through, alone)
    ]
    assert moves[0] < 0.4 * moves[1]
    assert min(one.trustworthiness for one in through) > min(one.trustworthiness for one in alone) - 0.02
    assert np.array_equal(through[0].points, alone[0].points)


@pytest.mark.parametrize("dim", [2, 3])
def test_directions_of_three_dimensions_are_their_own_map(dim):
    x, _ = clusters(50, 3, dim)
    found = sphere_map(x, init=torch.ones(50, 3))
    np.testing.assert_allclose(found.points[:, :dim], unit_rows(x), atol=1e-12)
    assert (found.points[:, dim:] == 0).all()
    assert found.trustworthiness == pytest.approx(1)


@pytest.mark.parametrize("n", range(1, 7))
def test_a_handful_of_samples_has_a_map(n):
    x, _ = clusters(n, 1, 8)
    for given in ({}, {"init": torch.eye(3)[torch.arange(n) % 3]}, {"align": torch.eye(3)[torch.arange(n) % 3]}):
        found = sphere_map(x, **given)
        np.testing.assert_allclose(np.linalg.norm(found.points, axis=1), 1, atol=1e-12)
        assert found.neighbours == (n - 1) // 2
        assert (found.trustworthiness is None) == (n < 3)


def test_one_sample_stays_where_it_begins():
    np.testing.assert_allclose(sphere_map(torch.ones(1, 5), init=torch.tensor([[0, 2.0, 0]])).points, [[0, 1, 0]])


def test_the_same_point_over_and_over_is_one_place():
    found = sphere_map(torch.ones(30, 6))
    assert np.ptp(found.points, axis=0).max() < 1e-6


def test_copies_lie_together():
    x, _ = clusters(60, 4, 10)
    points = sphere_map(torch.cat([x, x])).points
    assert np.median((points[:60] * points[60:]).sum(axis=1)) > math.cos(0.15)


def test_a_narrow_cone_takes_the_whole_sphere():
    x, _ = clusters(400, 20, 16, noise=0.2)
    cone = unit_rows(x) + 10 * torch.eye(16, dtype=torch.float64)[0]
    assert np.linalg.norm(sphere_map(cone).points.mean(axis=0)) < 0.3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": -1}, r"'seed' parameter of sphere_map must be a whole number of at least 0. Got -1"),
        ({"neighbours": 1}, "'neighbours' parameter of sphere_map must be a whole number of at least 2. Got 1"),
        ({"min_dist": 2}, r"'min_dist' parameter of sphere_map must be a number in \[0, 1\]. Got 2 instead"),
        ({"init": torch.ones(9, 2)}, r"'init' .* for each of the 9 embeddings, \[9, 3\]. Got \(9, 2\) instead"),
        ({"align": torch.ones(8, 3)}, r"'align' .* must be a place on the sphere for each of the 9 .* Got \(8, 3\)"),
        ({"init": torch.zeros(9, 3)}, r"Row 0 \(and 8 others\) of the init is all zeros"),
        ({"init": torch.full((9, 3), math.nan)}, r"Row 0 \(and 8 others\) of the init holds NaN or infinity"),
        ({"align": torch.full((9, 3), math.nan)}, "'align' .* must be the place of at least one sample. Got 'NaN al"),
    ],
)
def test_errors_say_what_to_give(given, message):
    with pytest.raises(ValueError, match=message):
        sphere_map(torch.eye(9), **given)


def test_embeddings_need_a_direction():
    with pytest.raises(ValueError, match=r"must be a matrix \[N, D\] with D at least 2. Got \(4, 1\)"):
        sphere_map(torch.ones(4, 1))
    with pytest.raises(ValueError, match=r"Row 0 .* of the embeddings is all zeros"):
        sphere_map(torch.zeros(4, 5))

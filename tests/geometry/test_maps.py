import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters, rotation
from workbench import geometry
from workbench.geometry import maps


def unit(x):
    return (x / x.norm(dim=1, keepdim=True)).numpy()


def test_pca_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    x, _ = clusters(80, 5, 7)
    theirs = PCA(2, svd_solver="full")
    points = theirs.fit_transform(unit(x))
    ours = geometry.project(x)
    np.testing.assert_allclose(np.abs(ours.points), np.abs(points), atol=1e-12)
    assert ours.explained == pytest.approx(theirs.explained_variance_ratio_.sum(), rel=1e-12)
    assert (ours.method, ours.neighbours) == ("pca", 15)


def test_a_turned_set_has_the_same_picture():
    x, _ = clusters(60, 4, 5)
    before, after = geometry.project(x), geometry.project(3 * x @ rotation(5))
    np.testing.assert_allclose(np.abs(before.points), np.abs(after.points), atol=1e-12)
    assert before.trustworthiness == pytest.approx(after.trustworthiness, abs=1e-12)


def trust(near, flat, k):
    """Venna and Kaski 2001 by its definition: how far intruders on the map are ranked in truth."""
    n = len(flat)
    distance = 1 - near @ near.T
    np.fill_diagonal(distance, -1)
    rank = distance.argsort(axis=1).argsort(axis=1)
    on_map = np.linalg.norm(flat[:, None] - flat, axis=-1)
    np.fill_diagonal(on_map, np.inf)
    nearest = on_map.argsort(axis=1)[:, :k]
    penalty = sum(max(0, rank[i, j] - k) for i in range(n) for j in nearest[i])
    return 1 - 2 * penalty / (n * k * (2 * n - 3 * k - 1))


@pytest.mark.parametrize(("samples", "neighbours", "looked_at"), [(50, 5, 5), (50, 15, 15), (20, 15, 9), (3, 15, 1)])
def test_trustworthiness_by_its_definition(samples, neighbours, looked_at):
    x, _ = clusters(samples, 3, 8)
    found = geometry.project(x, neighbours=neighbours)
    assert found.neighbours == looked_at
    assert found.trustworthiness == pytest.approx(trust(unit(x), found.points, looked_at), abs=1e-12)


def test_two_dimensional_directions_keep_their_neighbours():
    theta = 3 * torch.rand(40, dtype=torch.float64)
    found = geometry.project(torch.stack([theta.cos(), theta.sin()], 1))
    assert (found.explained, found.trustworthiness) == pytest.approx((1, 1))


def test_few_samples_have_no_neighbourhoods():
    for n, number in ((1, None), (2, None)):
        found = geometry.project(torch.ones(n, 3))
        assert (found.trustworthiness, found.neighbours, found.explained) == (number, 0, 1)
        assert (found.points == 0).all()


def test_large_sets_are_judged_by_a_seeded_part(monkeypatch):
    x, _ = clusters(120, 4, 6)
    in_full = geometry.project(x).trustworthiness
    monkeypatch.setattr(maps, "_TRUST_AT_MOST", 60)
    found = [geometry.project(x, seed=seed).trustworthiness for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert found[0] == pytest.approx(in_full, abs=0.15)


def test_umap_keeps_clusters_apart_and_repeats_itself():
    x, y = clusters(60, 3, 8, noise=0.05)
    one, two = (geometry.project(x, method="umap", seed=3, neighbours=8) for _ in range(2))
    assert np.array_equal(one.points, two.points)
    assert one.explained is None
    assert (one.method, one.seed, one.neighbours) == ("umap", 3, 8)
    distance = np.linalg.norm(one.points[:, None] - one.points, axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert (y[distance.argmin(axis=1)] == y).all()
    assert one.trustworthiness > 0.8


def test_umap_is_asked_for_cosines_of_unit_vectors_and_one_thread(monkeypatch):
    asked = {}

    class UMAP:
        def __init__(self, **options):
            asked.update(options)

        def fit_transform(self, x):
            asked["norms"] = np.linalg.norm(x, axis=1)
            return x[:, :2].astype(np.float32)

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=UMAP))
    x, _ = clusters(10, 2, 4)
    found = geometry.project(x, method="umap", seed=7)
    np.testing.assert_allclose(asked.pop("norms"), 1)
    assert asked == {"n_neighbors": 9, "min_dist": 0.1, "metric": "cosine", "random_state": 7, "n_jobs": 1}
    geometry.project(x, method="umap", min_dist=0.5)
    assert asked["min_dist"] == 0.5
    assert found.points.dtype == np.float64


def test_umap_leaves_torch_the_threads_it_had():
    before = torch.get_num_threads()
    x, _ = clusters(20, 2, 4)
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            geometry.project(x, method="umap")
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)


def test_errors_say_what_to_give():
    with pytest.raises(ValueError) as error:
        geometry.project(torch.eye(9), method="umap")
    assert str(error.value) == (
        "The 'embeddings' parameter of project must be at least 10 samples for UMAP. Got 9 instead. Use method='pca'."
    )
    with pytest.raises(ValueError, match=r"'method' parameter of project must be one of 'pca', 'umap'\. Got 'tsne'"):
        geometry.project(torch.eye(9), method="tsne")
    with pytest.raises(ValueError, match=r"must be a matrix \[N, D\] with D at least 2. Got \(4, 1\)"):
        geometry.project(torch.ones(4, 1))
    with pytest.raises(ValueError, match="'neighbours' parameter of project must be a whole number of at least 2"):
        geometry.project(torch.eye(9), neighbours=1)
    with pytest.raises(
        ValueError, match=r"'min_dist' parameter of project must be a number in \[0, 1\]. Got 2 instead"
    ):
        geometry.project(torch.eye(9), min_dist=2)
    with pytest.raises(ValueError, match=r"Row 0 \(and 3 others\) of the embeddings is all zeros"):
        geometry.project(torch.zeros(4, 3))

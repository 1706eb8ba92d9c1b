import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters
from workbench.geometry import neighbours
from workbench.geometry.inputs import unit_rows
from workbench.geometry.neighbours import Graph, neighbour_graph


def matrix(graph: Graph, n: int) -> np.ndarray:
    dense = np.zeros((n, n))
    dense[graph.first, graph.second] = graph.weight
    dense[graph.second, graph.first] += graph.weight.numpy()
    return dense


@pytest.mark.filterwarnings("ignore")  # of umap-learn's import
@pytest.mark.parametrize("k", [2, 5, 15])
def test_the_graph_is_umaps(k):
    """Its own code, given the same neighbours: it counts a sample as the first of them."""
    from umap.umap_ import fuzzy_simplicial_set

    x, _ = clusters(60, 4, 9)
    unit = unit_rows(x)
    unit[7] = unit[3]  # a copy: the nearest other one is the first that counts
    distance = (1 - unit @ unit.T).clamp_(min=0)
    distance.fill_diagonal_(-1)
    near = distance.topk(k + 1, largest=False)
    near.values[:, 0] = 0
    theirs, *_ = fuzzy_simplicial_set(
        unit.numpy(), k, None, "cosine", knn_indices=near.indices.numpy(), knn_dists=near.values.numpy()
    )
    torch.set_num_threads(1)  # numba, which umap computes with, sets it when it first compiles
    ours = matrix(neighbour_graph(unit, k), 60)
    np.testing.assert_allclose(ours, theirs.toarray(), atol=2e-5)
    assert (np.count_nonzero(ours, axis=1) >= k).all()


def test_blocks_make_no_difference(monkeypatch):
    unit = unit_rows(clusters(50, 3, 6)[0])
    whole = neighbour_graph(unit, 7)
    monkeypatch.setattr(neighbours, "_COSINES_AT_ONCE", 120)
    parts = neighbour_graph(unit, 7)
    assert torch.equal(whole.first, parts.first)
    assert torch.equal(whole.second, parts.second)
    np.testing.assert_allclose(whole.weight, parts.weight, rtol=1e-12)


def test_sums_are_products_with_the_matrix():
    graph = neighbour_graph(unit_rows(clusters(40, 3, 6)[0]), 5)
    values, factors = torch.randn(40, 3, dtype=torch.float64), torch.rand(len(graph.weight), dtype=torch.float64)
    dense = np.zeros((40, 40))
    dense[graph.first, graph.second] = dense[graph.second, graph.first] = factors
    np.testing.assert_allclose(graph.sums(factors, values), dense @ values.numpy(), atol=1e-12)


def test_copies_are_linked_in_full():
    graph = neighbour_graph(unit_rows(torch.ones(6, 4)), 3)
    assert torch.equal(graph.weight, torch.ones(len(graph.weight), dtype=torch.float64))


def test_two_samples_are_each_others_neighbour():
    graph = neighbour_graph(unit_rows(torch.eye(2, 5)), 1)
    assert (graph.first.tolist(), graph.second.tolist(), graph.weight.tolist()) == ([0], [1], [1])


def test_near_ties_are_told_apart_no_finer_than_umap_does():
    """Its sigma is at least a thousandth of the mean distance."""
    found = neighbours._memberships(torch.tensor([[0.5, 0.5002]], dtype=torch.float64))
    np.testing.assert_allclose(found, [[1, np.exp(-0.0002 / 0.0005001)]], rtol=1e-9)

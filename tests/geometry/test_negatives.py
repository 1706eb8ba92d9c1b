import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters, rotation, simplex
from tests.geometry.test_pairs import grid_counts
from workbench.geometry import class_negatives, pair_counts


def by_hand(x, y, w):
    """Cosines of every sample with every centre but its own, by two loops."""
    unit = (x / x.norm(dim=1, keepdim=True)).numpy()
    centres = (w / w.norm(dim=1, keepdim=True)).numpy()
    return np.array([a @ c for a, own in zip(unit, y.tolist(), strict=True) for k, c in enumerate(centres) if k != own])


@pytest.mark.parametrize("block", [1, 3, 16, 1024])
@pytest.mark.parametrize("classes", [2, 5, 23])
def test_against_two_loops(classes, block):
    x, y = clusters(45, min(classes, 20), 4, seed=classes)  # with 23 centres, three have no sample
    w = torch.randn(classes, 4, dtype=torch.float64)
    cosine = by_hand(x, y, w)
    measured = class_negatives(x, y, w, bins=97, block=block)
    assert measured.total == len(cosine) == 45 * (classes - 1)
    assert measured.counts.dtype == np.int64
    assert np.array_equal(measured.counts, grid_counts(cosine, measured.edges))
    assert measured.mean == pytest.approx(cosine.mean(), abs=1e-14)
    assert measured.variance == pytest.approx(cosine.var(), abs=1e-14)
    assert measured.highest == pytest.approx(cosine.max(), abs=1e-15)


def test_collapsed_on_a_simplex_all_are_at_one_cosine():
    w = simplex(5, 6)
    y = torch.arange(20) % 5
    measured = class_negatives(3 * w[y], y, w, bins=10)
    assert measured.counts.tolist() == [0, 0, 0, 80, 0, 0, 0, 0, 0, 0]
    assert (measured.mean, measured.highest) == pytest.approx((-0.25, -0.25))
    assert measured.variance < 1e-30


def test_of_one_sample_for_each_class_at_its_centre_they_are_the_pairs_counted_twice():
    w = torch.randn(12, 5, dtype=torch.float64)
    y = torch.arange(12)
    x, labels = torch.cat([w, w[:1]]), torch.cat([y, y[:1]])  # one genuine pair, which `pair_counts` asks for
    pairs, extra = pair_counts(x, labels), class_negatives(w[:1], y[:1], w)
    twice = class_negatives(w, y, w).counts + 2 * extra.counts
    assert np.array_equal(twice, 2 * pairs.impostor.counts)


def test_rotation_order_and_scale_change_nothing():
    x, y = clusters(60, 6, 5)
    w = torch.randn(6, 5, dtype=torch.float64)
    before = class_negatives(x, y, w)
    turn, shuffle = rotation(5), torch.randperm(60)
    for after in (class_negatives(x @ turn, y, w @ turn), class_negatives(7 * x[shuffle], y[shuffle], 0.1 * w)):
        assert np.abs((before.counts - after.counts).cumsum()).max() <= 1
        assert before.mean == pytest.approx(after.mean, abs=1e-13)


def test_one_class_has_no_negatives():
    with pytest.raises(ValueError) as error:
        class_negatives(torch.eye(2), torch.tensor([0, 0]), torch.ones(1, 2))
    assert str(error.value) == (
        "There is no class negative: one class has no other centre. Give at least two prototypes."
    )


def test_labels_must_have_a_prototype():
    with pytest.raises(
        ValueError, match=r"'labels' parameter of geometry must be in \[0, 2\), a row of the prototypes"
    ):
        class_negatives(torch.eye(2), torch.tensor([0, 2]), torch.eye(2))


@pytest.mark.parametrize(("name", "value"), [("bins", 1), ("block", 0)])
def test_bad_parameters(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of class_negatives must be a whole number"):
        class_negatives(torch.eye(2), torch.tensor([0, 1]), torch.eye(2), **{name: value})

import math
import sys

import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters, rotation
from workbench.geometry import angle_between, angles


def brute(embeddings, labels, centres, names):
    """Own angle, other angle and rival of each sample, by arccosine in float64."""
    rows = []
    for x, label in zip(embeddings.numpy(), labels.tolist(), strict=True):
        cosine = [float(x @ w / np.linalg.norm(x) / np.linalg.norm(w)) for w in centres.numpy()]
        theta = [math.acos(max(-1.0, min(1.0, c))) for c in cosine]
        rival = min((c for c in range(len(names)) if names[c] != label), key=lambda c: theta[c])
        rows.append((theta[names.index(label)], theta[rival], names[rival]))
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("seed", range(5))
def test_against_arccosines_with_prototypes(seed):
    x, y = clusters(60, 7, 5, seed=seed)
    centres = torch.randn(9, 5, dtype=torch.float64)
    measured = angles(x, y, centres)
    own, other, rival = brute(x, y, centres, list(range(9)))
    np.testing.assert_allclose(measured.own, own, atol=1e-12)
    np.testing.assert_allclose(measured.other, other, atol=1e-12)
    assert np.array_equal(measured.rival, rival)
    np.testing.assert_allclose(measured.margin, other - own, atol=1e-12)
    assert measured.centres == "prototypes"


def test_class_means_stand_in_and_labels_may_be_any_numbers():
    x, y = clusters(60, 5, 4)
    names = [-7, 3, 10, 11, 400]
    labels = torch.tensor(names)[y]
    unit = x / x.norm(dim=1, keepdim=True)
    means = torch.stack([unit[labels == name].mean(0) for name in names])
    measured = angles(x, labels)
    own, other, rival = brute(x, labels, means, names)
    np.testing.assert_allclose(measured.own, own, atol=1e-12)
    np.testing.assert_allclose(measured.other, other, atol=1e-12)
    assert np.array_equal(measured.rival, rival)
    assert measured.centres == "class means"


def test_blocks_do_not_show(monkeypatch):
    x, y = clusters(50, 11, 4)
    centres = torch.randn(11, 4, dtype=torch.float64)
    whole = angles(x, y, centres)
    module = sys.modules["workbench.geometry.angles"]  # the name in the package is the function
    monkeypatch.setattr(module, "_CLASSES_AT_ONCE", 3)
    monkeypatch.setattr(module, "_SAMPLES_AT_ONCE", 7)
    parts = angles(x, y, centres)
    np.testing.assert_allclose(parts.own, whole.own, atol=1e-14)
    np.testing.assert_allclose(parts.other, whole.other, atol=1e-14)
    assert np.array_equal(parts.rival, whole.rival)


@pytest.mark.parametrize("theta", [0.0, 1e-15, 1e-9, 1e-7, 1e-3, 1.0, math.pi / 2, 3.0, math.pi - 1e-9, math.pi])
def test_angles_keep_their_digits_where_the_arccosine_loses_them(theta):
    u = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    v = torch.tensor([[math.cos(theta), math.sin(theta), 0.0]], dtype=torch.float64)
    assert float(angle_between(u, v)) == pytest.approx(theta, rel=1e-12, abs=1e-15)


def test_two_centres_closer_than_float32_can_tell():
    embeddings = torch.tensor([[1.0, 0.0], [math.cos(1.0), math.sin(1.0)]], dtype=torch.float64)
    turned = [0.0, 1.0, -2e-4, 1e-4]
    centres = torch.tensor([[math.cos(t), math.sin(t)] for t in turned], dtype=torch.float64)
    measured = angles(embeddings, torch.tensor([0, 1]), centres)
    assert measured.rival[0] == 3
    assert measured.other[0] == pytest.approx(1e-4, rel=1e-9)


def test_a_misclassified_sample_has_a_negative_margin():
    centres = torch.eye(3, dtype=torch.float64)
    embeddings = torch.tensor([[1.0, 0.0, 0.0], [math.cos(0.3), math.sin(0.3), 0.0]], dtype=torch.float64)
    measured = angles(embeddings, torch.tensor([0, 1]), centres)
    np.testing.assert_allclose(measured.margin, [math.pi / 2, 0.3 - (math.pi / 2 - 0.3)], atol=1e-14)
    assert measured.rival[1] == 0


def test_rotation_and_permutation_change_nothing():
    x, y = clusters(40, 4, 6)
    centres = torch.randn(4, 6, dtype=torch.float64)
    turn, shuffle = rotation(6), torch.randperm(40)
    before, turned = angles(x, y, centres), angles(x @ turn, y, centres @ turn)
    shuffled = angles(x[shuffle], y[shuffle], centres)
    np.testing.assert_allclose(turned.margin, before.margin, atol=1e-13)
    np.testing.assert_allclose(shuffled.margin, before.margin[shuffle.numpy()], atol=1e-14)


def test_one_prototype_has_no_other():
    with pytest.raises(ValueError, match="at least two classes, got one"):
        angles(torch.ones(2, 3), torch.zeros(2, dtype=torch.int64), torch.ones(1, 3))

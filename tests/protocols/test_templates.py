import math

import numpy as np
import pytest
import torch

from workbench.protocols import pool_templates


def naive(rows, templates, media, *, normalise=False, weights=None):
    """Template by template, medium by medium, image by image."""
    pooled = {}
    for template in sorted({*templates.tolist()}):
        total = np.zeros(rows.shape[1])
        for medium in {*media[templates == template].tolist()}:
            frames = []
            for i in np.flatnonzero((templates == template) & (media == medium)):
                x = rows[i].astype(float)
                x = x / math.sqrt(sum(x**2)) if normalise else x
                frames.append(x if weights is None else weights[i] * x)
            total += np.mean(frames, 0)
        pooled[template] = total / math.sqrt(sum(total**2))
    return pooled


def images(seed=0, count=400):
    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(count, 6)) * rng.uniform(0.2, 30, size=(count, 1))).astype(np.float32)
    return rows, rng.integers(3, 40, size=count) * 7, rng.integers(5, size=count), rng.uniform(0, 1, count)


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_pooling_against_loops(normalise, weighted):
    rows, templates, media, weights = images()
    weights = weights if weighted else None
    pooled = pool_templates(rows, templates, media, normalise=normalise, weights=weights)
    expected = naive(rows, templates, media, normalise=normalise, weights=weights)
    assert pooled.ids.tolist() == list(expected)
    np.testing.assert_allclose(pooled.vectors, list(expected.values()), atol=1e-12)


def test_a_long_video_counts_no_more_than_a_photograph():
    rows = np.array([[1.0, 0], [0, 1], [0, 1], [0, 1]])
    pooled = pool_templates(rows, np.zeros(4, int), np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(pooled.vectors, [[math.sqrt(0.5)] * 2], atol=1e-15)


def test_order_blocks_and_holders_do_not_matter(monkeypatch):
    rows, templates, media, weights = images(1)
    one = pool_templates(rows, templates, media, weights=weights)
    monkeypatch.setattr("workbench.protocols.templates._ROWS_AT_ONCE", 7)
    order = np.random.default_rng(0).permutation(len(rows))
    given = (torch.from_numpy(a[order]) for a in (rows, templates, media))
    other = pool_templates(*given, weights=torch.from_numpy(weights[order]))
    np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-12)


def test_rows_of_ids():
    pooled = pool_templates(np.eye(3), np.array([30, 10, 20]), np.zeros(3, int))
    assert pooled.rows(np.array([20, 20, 10])).tolist() == [1, 1, 0]
    for unknown in (15, 5, 31):
        with pytest.raises(ValueError, match=rf"^There is no template {unknown} among the 3 that were pooled\.$"):
            pooled.rows(np.array([10, unknown]))


def test_what_is_refused():
    ones = np.ones(2, int)
    with pytest.raises(ValueError) as error:
        pool_templates(np.array([[1.0, 2], [-1, -2]]), np.array([8, 8]), np.array([0, 1]))
    assert str(error.value) == (
        "Template 8 sums to zero and has no direction: its embeddings cancel out, or have no weight."
    )
    with pytest.raises(
        ValueError, match=r"^Row 1 of the embeddings is all zeros\. A zero vector has no direction: drop"
    ):
        pool_templates(np.array([[1.0, 2], [0, 0]]), ones, ones, normalise=True)
    with pytest.raises(ValueError, match=r"^Row 0 of the embeddings holds NaN or infinity\."):
        pool_templates(np.array([[np.inf, 2], [0, 0]]), ones, ones)
    with pytest.raises(
        ValueError, match=r"'media' parameter of pool_templates must be whole numbers \[2\], one for each"
    ):
        pool_templates(np.eye(2), ones, np.ones(3, int))
    with pytest.raises(ValueError, match=r"'weights' .* must be a finite number of at least 0 for each of the 2 embed"):
        pool_templates(np.eye(2), ones, ones, weights=np.array([1.0, -1]))
    with pytest.raises(ValueError, match=r"'normalise' parameter of pool_templates must be True or False"):
        pool_templates(np.eye(2), ones, ones, normalise="no")

import numpy as np
import pytest

from workbench import geometry, views
from workbench.views.pair_similarity import coarsen
from workbench.views.payload import unpack


@pytest.mark.parametrize(
    ("bins", "merged"), [(2, 2), (2000, 2000), (2001, 667), (4000, 2000), (6000, 2000), (10007, 10007)]
)
def test_merging_loses_no_pair(bins: int, merged: int) -> None:
    counts = np.random.default_rng(0).integers(0, 1000, bins).astype(float)
    coarse = coarsen(counts)
    assert coarse.shape == (merged,)
    edges = np.arange(0, merged + 1) * bins // merged
    np.testing.assert_array_equal(np.cumsum(coarse), np.cumsum(counts)[edges[1:] - 1])


def test_counts_are_exact() -> None:
    genuine = np.array([0, 2**52, 3])
    impostor = np.array([7, 0, 2**40 + 1])
    _, blocks = unpack(views.pair_similarity({"a": views.PairHistograms(genuine, impostor)}).payload)
    assert blocks["genuine0"].tolist() == genuine.tolist()
    assert blocks["impostor0"].tolist() == impostor.tolist()


def test_takes_measured_pairs() -> None:
    rng = np.random.default_rng(0)
    pairs = geometry.pair_counts(rng.normal(size=(40, 8)), np.arange(40) % 4, bins=200)
    _, blocks = unpack(views.pair_similarity({"a": pairs}).payload)
    assert blocks["genuine0"].tolist() == pairs.genuine.counts.tolist()
    assert blocks["impostor0"].sum() == pairs.impostor.total


def test_the_caption_warns() -> None:
    ones = np.ones(4, dtype=np.int64)
    view = views.pair_similarity({"a": views.PairHistograms(ones, ones), "b": views.PairHistograms(ones, ones)})
    assert "pairs share images, so the true uncertainty is larger" in view.caption
    assert view.summary.endswith("runs a, b.")


@pytest.mark.parametrize("bad", [[1, -1], [0.5, 1], [np.nan, 1], [[1, 1]], [1, 1, 1], [2**53, 0]])
def test_errors_name_the_run(bad: list[float]) -> None:
    ones = np.ones(2, dtype=np.int64)
    with pytest.raises(ValueError, match="'impostor' parameter of the run 'mine' must be"):
        views.pair_similarity({"mine": views.PairHistograms(ones, np.array(bad))})


def test_no_run() -> None:
    with pytest.raises(ValueError, match="a mapping of at least one run"):
        views.pair_similarity({})

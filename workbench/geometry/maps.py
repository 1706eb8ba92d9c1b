"""Flat maps of embeddings, and how far their neighbourhoods can be trusted."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from workbench.checks import bad_parameter, number, one_of, whole
from workbench.geometry.inputs import Array, as_numpy, unit_rows

METHODS = ("pca", "umap")
NEIGHBOURS = 15  # umap-learn's default
MIN_DIST = 0.1  # umap-learn's default
FEWEST_FOR_UMAP = 10
_TRUST_AT_MOST = 3000  # samples; the number needs all their distances, N x N


@dataclass(frozen=True, eq=False)
class Map:
    """Embeddings laid out in a plane.

    Attributes:
        points: Where each sample lies, [N, 2]. A map of PCA has the scale of the unit sphere, one of UMAP has none.
        method: "pca" or "umap".
        seed: Of the layout; PCA has no chance in it.
        neighbours: How many nearest neighbours `trustworthiness` (and UMAP) look at.
        trustworthiness: In [0, 1], 1 where all neighbours on the map are neighbours by angle too (Venna and Kaski
            2001); None below 4 samples, which have no neighbourhoods to compare.
        explained: Share of the variance of the unit vectors that the two axes hold, in [0, 1]; None for UMAP.
    """

    points: Float64[np.ndarray, "N 2"]
    method: str
    seed: int
    neighbours: int
    trustworthiness: float | None
    explained: float | None


def project(
    embeddings: Array,
    *,
    method: str = "pca",
    seed: int = 0,
    neighbours: int = NEIGHBOURS,
    min_dist: float = MIN_DIST,
) -> Map:
    """Lay out the directions of embeddings in a plane.

    PCA turns the unit vectors about their mean and drops all but the two directions of largest variance: distances
    on the map are never longer than the true ones. UMAP (McInnes, Healy and Melville 2018, arXiv 1802.03426) by
    cosine distance keeps neighbourhoods and nothing else: sizes of clusters and distances between them mean nothing.

    Args:
        embeddings: [N, D], D at least 2, any norm but zero.
        method: "pca" or "umap".
        seed: Makes UMAP repeatable on one machine, and chooses the samples behind `trustworthiness` above 3000.
        neighbours: Nearest neighbours, at least 2; 15 by default, as in umap-learn. Less where there are fewer samples.
        min_dist: How close UMAP may set two points, in [0, 1] of its unit of length; 0.1 by default, as in umap-learn.
            PCA does not use it.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, another method, a parameter out of its
            range, or fewer than 10 samples for UMAP.
    """
    one_of("project", "method", method, METHODS)
    seed = whole("project", "seed", seed, least=0)
    neighbours = whole("project", "neighbours", neighbours, least=2)
    min_dist = number("project", "min_dist", min_dist, low=0, high=1)
    unit: np.ndarray = as_numpy(unit_rows(embeddings))
    if unit.shape[1] < 2:
        raise ValueError(bad_parameter("project", "embeddings", "a matrix [N, D] with D at least 2", unit.shape))
    explained = None
    if method == "pca":
        points, explained = principal(unit, 2)
    else:
        points = _umap(unit, seed, min(neighbours, len(unit) - 1), min_dist)
    looked_at, trustworthy = trust(unit, points, neighbours, seed)
    return Map(points, method, seed, looked_at, trustworthy, explained)


def principal(unit: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """Coordinates about the mean along the `count` directions of largest variance, and the share that they hold."""
    centred = unit - unit.mean(axis=0)
    variance, directions = np.linalg.eigh(centred.T @ centred)
    axes = directions[:, : -count - 1 : -1]
    # An axis has no sign of its own; this one is the same on every machine.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(count)])
    whole_variance = float(variance.sum())
    share = min(float(variance[-count:].sum()) / whole_variance, 1.0) if whole_variance > 1e-12 else 1.0
    return centred @ axes, share


def _umap(unit: np.ndarray, seed: int, neighbours: int, min_dist: float) -> np.ndarray:
    if len(unit) < FEWEST_FOR_UMAP:
        rule = f"at least {FEWEST_FOR_UMAP} samples for UMAP"
        raise ValueError(bad_parameter("project", "embeddings", rule, len(unit), hint="Use method='pca'."))
    threads = torch.get_num_threads()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries to each other
            from umap import UMAP  # here, because it takes seconds to import

            mapper = UMAP(n_neighbors=neighbours, min_dist=min_dist, metric="cosine", random_state=seed, n_jobs=1)
            return np.asarray(mapper.fit_transform(unit), dtype=np.float64)
    finally:
        torch.set_num_threads(threads)  # numba, which UMAP computes with, sets it, and the bits of a run depend on it


def trust(unit: np.ndarray, points: np.ndarray, neighbours: int, seed: int) -> tuple[int, float | None]:
    """How many neighbours are looked at, fewer than half the samples, and the trustworthiness; None where it is none.

    Above 3000 samples it is that of so many of them, chosen by the seed.
    """
    if len(unit) > _TRUST_AT_MOST:
        chosen = np.random.default_rng(seed).choice(len(unit), _TRUST_AT_MOST, replace=False)
        unit, points = unit[chosen], points[chosen]
    looked_at = min(neighbours, (len(unit) - 1) // 2)
    if looked_at < 1:
        return 0, None
    from sklearn.manifold import trustworthiness  # here, because it takes longer to import than all of geometry

    return looked_at, float(trustworthiness(unit, points, n_neighbors=looked_at, metric="cosine"))

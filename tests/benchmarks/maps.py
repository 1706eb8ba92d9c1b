"""The map on the sphere beside umap-learn's own, 5000 features in 128 dimensions, and how still it stands in training.

The rival is `UMAP(output_metric="haversine", metric="cosine")`, with a seed and without in turn. It compiles its
optimiser anew at each call; here it may keep what a small first call compiled, so that none of its time is compiling.
Both maps are judged by scikit-learn, on all samples. `python -m tests.benchmarks.maps 0 1 2` takes these seeds.
"""

import functools
import itertools
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from tests.benchmarks.harness import Row, table
from workbench import geometry
from workbench.config import RunConfig
from workbench.training import Trainer

N, D, CLASSES = 5000, 128, 100
NEIGHBOURS = 15
Draw = Callable[[np.random.Generator], np.ndarray]


def _unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def _classes(noise: float) -> Draw:
    """Classes around random centres; `noise` is its length beside a centre's."""
    return lambda rng: _unit(
        _unit(rng.normal(size=(CLASSES, D)))[np.arange(N) % CLASSES] + noise / D**0.5 * rng.normal(size=(N, D))
    )


def _long_tail(rng: np.random.Generator) -> np.ndarray:
    """Few large classes and many small ones, each as wide as it happens to be."""
    share = 1 / np.arange(1, CLASSES + 1)
    label = rng.choice(CLASSES, N, p=share / share.sum())
    width = rng.uniform(0.3, 1.5, CLASSES)[label, None]
    return _unit(_unit(rng.normal(size=(CLASSES, D)))[label] + width / D**0.5 * rng.normal(size=(N, D)))


def _surface(rng: np.random.Generator) -> np.ndarray:
    """No classes: a curved surface of five dimensions, and a little noise."""
    inside = _unit(rng.normal(size=(N, 6)))
    return _unit(np.tanh(1.5 * inside @ rng.normal(size=(6, D))) + 0.05 * rng.normal(size=(N, D)))


SETS = {
    "100 tight classes": _classes(0.5),
    "100 broad classes": _classes(2.0),
    "a long tail of classes": _long_tail,
    "a surface": _surface,
}


def _umap(features: np.ndarray, seed: int | None, **options: int) -> np.ndarray:
    from umap import UMAP

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mapper = UMAP(
            n_neighbors=NEIGHBOURS, metric="cosine", output_metric="haversine", random_state=seed, n_jobs=-1, **options
        )
        polar, azimuth = mapper.fit_transform(features).T.astype(np.float64)
    return np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=1)


def _trust(features: np.ndarray, points: np.ndarray) -> float:
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(features, points, n_neighbors=NEIGHBOURS, metric="cosine"))


def _beside_umap(seeds: tuple[int, ...]) -> list[Row]:
    import numba
    import umap.layouts

    seconds: dict[str, list[float]] = {"umap": [], "ours": []}
    lost: dict[str, float] = {}
    trust: dict[str, tuple[float, float]] = {}
    with patch.object(umap.layouts, "numba", SimpleNamespace(njit=functools.cache(numba.njit))):
        for seed in (None, 0):  # 4097 samples is where it begins to search neighbours by descent
            _umap(_classes(1.0)(np.random.default_rng(0))[:4097], seed, n_epochs=11)
        for turn, (name, seed) in enumerate((name, seed) for seed in seeds for name in SETS):
            features = SETS[name](np.random.default_rng(seed))
            rivals = {
                "umap": lambda x=features, s=seed if turn % 2 else None: _umap(x, s),
                "ours": lambda x=features, s=seed: geometry.sphere_map(x, seed=s).points,
            }
            found = {}
            for rival, make in rivals.items():
                started = time.perf_counter()
                points = make()
                seconds[rival].append(time.perf_counter() - started)
                found[rival] = _trust(features, points)
            trust.setdefault(name, (found["umap"], found["ours"]))
            lost[name] = max(lost.get(name, -1.0), found["umap"] - found["ours"])
    theirs, ours = min(seconds["umap"]), statistics.median(seconds["ours"])
    return [
        Row("map on the sphere: time / fastest UMAP with haversine", ours / theirs, "x", 0.1),
        Row("map on the sphere, with its trustworthiness", ours, "s"),
        Row("UMAP with haversine, compiled before", theirs, "s"),
        *(Row(f"{name}: trustworthiness lost to UMAP ({trust[name][0]:.3f})", lost[name], "", 0) for name in SETS),
    ]


def _moved(maps: list[np.ndarray]) -> float:
    """Mean angle in degrees that a point moves from one map to the next."""
    cosines = [(one * other).sum(axis=1).clip(-1, 1) for one, other in itertools.pairwise(maps)]
    return float(np.rad2deg(np.arccos(cosines).mean()))


def _through_training() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        frames = Trainer(RunConfig(loss="arcface", model="mlp", dim=64), folder).fit().snapshots().embeddings
    alone = [geometry.sphere_map(features) for features in frames]
    turned = [alone[0]]
    for features in frames[1:]:
        turned.append(geometry.sphere_map(features, align=turned[-1].points))
    begun = geometry.sphere_maps(frames)
    move = {kind: _moved([one.points for one in maps]) for kind, maps in (("a", alone), ("t", turned), ("b", begun))}
    trust = [float(np.mean([one.trustworthiness for one in maps])) for maps in (alone, begun)]
    return [
        Row("map from epoch to epoch: move of a point / by itself", move["b"] / move["a"], "x", 0.2),
        Row("map from epoch to epoch: move of a point", move["b"], "°"),
        Row("each epoch by itself, only turned", move["t"], "°"),
        Row("each epoch by itself", move["a"], "°"),
        Row("map from epoch to epoch: trustworthiness lost", trust[0] - trust[1], "", 0.005),
    ]


def rows(seeds: tuple[int, ...] = (0,)) -> list[Row]:
    return _beside_umap(seeds) + _through_training()


if __name__ == "__main__":
    measured = rows(tuple(map(int, sys.argv[1:])) or (0,))
    print(table(measured))
    sys.exit(0 if all(row.holds for row in measured) else 1)

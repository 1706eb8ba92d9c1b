import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from workbench import geometry, views
from workbench.views.payload import dequantise, unpack


@pytest.fixture
def fake_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last two columns as they are, without the seconds that UMAP takes; `tests/geometry` has the real one."""
    maker = SimpleNamespace(fit_transform=lambda x: 10 * x[:, -2:])
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=lambda **options: maker))


def cloud(P: int = 60, d: int = 6, C: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(seed).normal(size=(P, d)), np.arange(P) % C


@pytest.mark.usefixtures("fake_umap")
def test_points_are_the_projected_ones_to_one_scale() -> None:
    x, labels = cloud()
    header, blocks = unpack(views.embedding_map({"a": x}, labels, seed=3).payload)
    assert header["methods"] == [["pca", "PCA"], ["umap", "UMAP"]]
    for method in ("pca", "umap"):
        places = geometry.project(x[blocks["rows"]], method=method, seed=3).points
        shown = dequantise(blocks[f"{method}0"])
        assert np.abs(shown).max() == 1
        assert np.ptp(shown, axis=0).max() == 2
        scale = np.ptp(places, axis=0).max() / 2
        np.testing.assert_allclose(shown - shown.mean(axis=0), (places - places.mean(axis=0)) / scale, atol=4e-5)
    np.testing.assert_array_equal(blocks["labels"], labels[blocks["rows"]])


@pytest.mark.usefixtures("fake_umap")
def test_badges_and_the_standing_caption() -> None:
    x, labels = cloud()
    view = views.embedding_map({"a": x}, labels, seed=3)
    header, blocks = unpack(view.payload)
    pca, umap = (geometry.project(x[blocks["rows"]], method=method, seed=3) for method in ("pca", "umap"))
    assert header["runs"][0]["badges"] == {
        "pca": f"{100 * pca.explained:.0f} % of variance. Trustworthiness {pca.trustworthiness:.3f}.",
        "umap": f"Trustworthiness {umap.trustworthiness:.3f}, 15 neighbours, seed 3.",
    }
    assert view.caption.startswith("Distances between clusters are not meaningful")


def test_umap_is_asked_for_these_neighbours_and_this_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    maker = SimpleNamespace(fit_transform=lambda x: x[:, :2])
    fake = SimpleNamespace(UMAP=lambda **options: asked.update(options) or maker)
    monkeypatch.setitem(sys.modules, "umap", fake)
    x, labels = cloud()
    header, _ = unpack(views.embedding_map({"a": x}, labels, seed=3, neighbours=5, min_dist=0.5).payload)
    assert (asked["n_neighbors"], asked["min_dist"], asked["random_state"]) == (5, 0.5, 3)
    assert header["runs"][0]["badges"]["umap"].endswith("5 neighbours, seed 3.")
    views.embedding_map({"a": x}, labels)
    assert (asked["n_neighbors"], asked["min_dist"], asked["random_state"]) == (15, 0.1, 0)


def test_sampling_is_stated_and_stratified() -> None:
    x, labels = cloud(400, 3, 10)
    header, blocks = unpack(views.embedding_map({"a": x}, labels, methods=["pca"], points=100, seed=4).payload)
    assert header["notes"] == ["Showing 100 of 400, stratified by class, seed 4."]
    assert np.bincount(blocks["labels"]).tolist() == [10] * 10


def test_the_sphere_and_the_map_choose_the_same_points() -> None:
    x, labels = cloud(400, 3, 10)
    _, of_map = unpack(views.embedding_map({"a": x}, labels, methods=["pca"], points=100, seed=4).payload)
    _, of_sphere = unpack(views.hypersphere({"a": views.Frames(x)}, labels, points=100, seed=4).payload)
    assert of_map["rows"].tolist() == of_sphere["rows"].tolist()


def test_states_have_sentences() -> None:
    x, labels = cloud(9, 3, 2)
    broken, broken_labels = cloud(12, 3, 2)
    broken[3] = 0
    many, many_labels = cloud(402, 3, 201)
    cases: list[tuple[Any, Any, list[str], list[str]]] = [
        (np.zeros((0, 3)), [], ["pca", "umap"], ["No points to show."]),
        (x, labels, ["pca", "umap"], ["UMAP needs at least 10 points: PCA is shown."]),
        (x, labels, ["umap"], ["UMAP needs at least 10 points: PCA is shown."]),
        (x, labels * 0, ["pca"], ["One class only."]),
        (broken, broken_labels, ["pca"], ["1 row left out: NaN, infinite or zero, so without a direction."]),
        (many, many_labels, ["pca"], ["201 classes are too many for colours: one in focus, the others grey."]),
    ]
    for values, its_labels, methods, notes in cases:
        header, blocks = unpack(views.embedding_map({"a": values}, its_labels, methods=methods).payload)
        assert header["notes"] == notes
        assert ("pca0" in blocks) == (len(values) > 0)
        assert "umap0" not in blocks


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"runs": {}}, "The 'runs' parameter of embedding_map must be a mapping of 1 to 4 runs. Got 0 instead."),
        (
            {"points": 5001},
            "The 'points' parameter of embedding_map must be a whole number in [1, 5000]. Got 5001 instead.",
        ),
        (
            {"methods": ["tsne"]},
            "The 'methods' parameter of embedding_map must be one or more of 'pca', 'umap'. Got ['tsne'] instead.",
        ),
        (
            {"runs": {"a": np.ones(4)}},
            "The 'embeddings' parameter of the run 'a' must be a float matrix [P, d] with d >= 2. Got (4,) instead.",
        ),
        (
            {"names": ["x"]},
            (
                "The 'labels' parameter of embedding_map must be integers in [0, 1), the number of classes. "
                "Got [0, 2] instead."
            ),
        ),
        (
            {"thumbnails": np.zeros((3, 8, 8), np.uint8)},
            (
                "The 'thumbnails' parameter of embedding_map must be a uint8 array [4, H, W] or [4, H, W, 3]. "
                "Got ('uint8', (3, 8, 8)) instead."
            ),
        ),
    ],
)
def test_errors_say_what_to_give(change: dict[str, Any], sentence: str) -> None:
    options = {"runs": {"a": np.ones((4, 3))}, "methods": ["pca"], **change}
    with pytest.raises(ValueError) as error:
        views.embedding_map(options.pop("runs"), [0, 1, 2, 0], **options)
    assert str(error.value) == sentence

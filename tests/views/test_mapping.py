from importlib import import_module
from typing import Any

import numpy as np
import pytest

from tests.views.test_hypersphere import cloud
from workbench import geometry, views
from workbench.views.directions import normalise
from workbench.views.mapping import mapped
from workbench.views.payload import dequantise, unpack


def classes(T: int, P: int, d: int, C: int) -> tuple[views.Frames, np.ndarray]:
    """Classes that tighten around their centres."""
    rng = np.random.default_rng(0)
    centres, labels = normalise(rng.normal(size=(C, d))), np.arange(P) % C
    spread = np.linspace(0.3, 0.1, T)[:, None, None]
    return views.Frames(centres[labels] + spread * rng.normal(size=(T, P, d)), np.repeat(centres[None], T, 0)), labels


def test_points_are_those_of_the_maps_and_angles_those_of_all_dimensions() -> None:
    run, labels = classes(2, 90, 12, 5)
    header, blocks = unpack(views.hypersphere({"a": run}, labels, projection="map", seed=4).payload)
    maps, rows = geometry.sphere_maps(run.embeddings, seed=4), blocks["rows"]
    np.testing.assert_allclose(dequantise(blocks["points0"]), [one.points[rows] for one in maps], atol=2e-5)
    unit = normalise(run.embeddings[:, rows])
    true = np.arccos(np.clip((unit * normalise(run.centres)[:, blocks["labels"]]).sum(-1), -1, 1))
    np.testing.assert_allclose(blocks["own0"], true, atol=1e-5)
    assert header["runs"][0]["inside"] is False
    first, last = (one.trustworthiness for one in maps)
    assert header["runs"][0]["badge"] == (
        f"Map of 12 dimensions. Trustworthiness {last:.3f} at the end, {min(first, last):.3f} at least, 15 neighbours, "
        "seed 4. Distances between clusters mean nothing."
    )


def test_the_caption_of_a_map_says_that_distances_mean_nothing() -> None:
    run, labels = classes(1, 60, 12, 3)
    flat = views.embedding_map({"a": run.embeddings[0]}, labels, methods=["pca"]).caption
    standing = flat.removesuffix(" Angles are on the sphere and in the distributions.")
    assert standing.startswith("Distances between clusters are not meaningful")
    asked = {"a": views.Margin(angle_rad=0.3)}
    assert standing in views.hypersphere({"a": run}, labels, projection="map", margins=asked).caption
    assert "Hatched" not in views.hypersphere({"a": run}, labels, projection="map", margins=asked).caption
    assert standing not in views.hypersphere({"a": run}, labels).caption


def test_one_snapshot_has_one_trustworthiness_and_a_handful_has_none() -> None:
    run, labels = classes(1, 60, 12, 3)
    badge = unpack(views.hypersphere({"a": run}, labels, projection="map").payload)[0]["runs"][0]["badge"]
    assert badge.startswith("Map of 12 dimensions. Trustworthiness 0.")
    assert ", 15 neighbours, seed 0. Distances" in badge
    assert "at the end" not in badge
    run, labels = classes(1, 2, 12, 2)
    badge = unpack(views.hypersphere({"a": run}, labels, projection="map").payload)[0]["runs"][0]["badge"]
    assert badge == "Map of 12 dimensions. Distances between clusters mean nothing."


def test_a_centre_lies_where_its_nearest_embeddings_lie() -> None:
    run, labels = classes(2, 100, 12, 5)
    points, centres = normalise(run.embeddings), normalise(run.centres)
    centres[:, 3] = 0
    drawn = mapped(points, centres, labels, np.arange(100)[::-1], seed=0)
    for k in (0, 1, 2, 4):
        nearest = (points[1] @ centres[1, k]).argsort()[-15:]
        np.testing.assert_allclose(drawn.centres[1, k], normalise(drawn.points[1, nearest].mean(0)), atol=1e-12)
        assert (drawn.points[1, labels == k] @ drawn.centres[1, k]).min() > 0.5
    assert not drawn.centres[:, 3].any()


def test_three_dimensions_need_no_map() -> None:
    run, labels = cloud(2, 40, 3, 4)
    assert (
        views.hypersphere({"a": run}, labels, projection="map").payload == views.hypersphere({"a": run}, labels).payload
    )


def test_a_run_of_three_dimensions_beside_a_map_is_shown_as_it_is() -> None:
    run, labels = cloud(1, 40, 3, 4)
    deep, _ = classes(1, 40, 12, 4)
    header, blocks = unpack(views.hypersphere({"a": run, "b": deep}, labels, projection="map").payload)
    assert header["runs"][0]["badge"] == ""
    assert header["runs"][1]["badge"].startswith("Map of 12 dimensions.")
    np.testing.assert_allclose(dequantise(blocks["points0"]), normalise(run.embeddings[:, blocks["rows"]]), atol=2e-5)


def test_a_map_without_points_is_empty() -> None:
    header, blocks = unpack(views.hypersphere({"a": views.Frames(np.zeros((1, 0, 8)))}, [], projection="map").payload)
    assert blocks["points0"].shape == (1, 0, 3)
    assert "No points to show." in header["notes"]


def test_a_map_is_of_a_sample_and_never_a_density(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("workbench.views.hypersphere")  # whose name the function has taken
    monkeypatch.setattr(module, "MAX_PAGE_POINTS", 50)
    monkeypatch.setattr(module, "MAX_LIVE_POINTS", 70)
    run, labels = classes(1, 100, 8, 4)
    view = views.hypersphere({"a": run}, labels, projection="map", points=100)
    header, blocks = unpack(view.payload)
    assert blocks["points0"].shape == (1, 50, 3)
    assert "density" not in header
    assert header["notes"][0] == "Showing 50 of 100, stratified by class, seed 0."
    assert view.page is view.payload


def test_another_projection_is_refused() -> None:
    run, labels = cloud(1, 10, 5, 2)
    given: Any = "umap"
    with pytest.raises(ValueError, match=r"'projection' parameter of hypersphere must be one of 'pca', 'map'. Got 'um"):
        views.hypersphere({"a": run}, labels, projection=given)

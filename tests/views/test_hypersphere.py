import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from workbench import views
from workbench.views.payload import QUANTISATION_ERROR_RAD, dequantise, unpack

FIND = "Type a name under Focus to find a class."
ONE_EPOCH = "One epoch only: there is nothing to play."


def cloud(T: int, P: int, d: int, C: int, seed: int = 0) -> tuple[views.Frames, np.ndarray]:
    rng = np.random.default_rng(seed)
    return views.Frames(3 * rng.normal(size=(T, P, d)), rng.normal(size=(T, C, d))), np.arange(P) % C


def test_points_and_centres_are_the_given_directions() -> None:
    run, labels = cloud(3, 40, 3, 4)
    header, blocks = unpack(views.hypersphere({"a": run}, labels, steps=[1, 5, 9]).payload)
    for block, given in (("points0", run.embeddings[:, blocks["rows"]]), ("centres0", run.centres)):
        shown = dequantise(blocks[block])
        cosines = (shown * given).sum(-1) / np.linalg.norm(shown, axis=-1) / np.linalg.norm(given, axis=-1)
        assert np.arccos(np.clip(cosines, -1, 1)).max() < QUANTISATION_ERROR_RAD
    np.testing.assert_array_equal(blocks["labels"], labels[blocks["rows"]])
    assert header["steps"] == [1, 5, 9]
    assert "own0" not in blocks


def test_sampling_is_stated_and_stratified() -> None:
    run, labels = cloud(1, 3000, 3, 10)
    header, blocks = unpack(views.hypersphere({"a": run}, labels, points=1200, seed=4).payload)
    assert header["notes"] == ["Showing 1\u202f200 of 3\u202f000, stratified by class, seed 4.", ONE_EPOCH]
    assert np.bincount(blocks["labels"]).tolist() == [120] * 10
    assert unpack(views.hypersphere({"a": run}, labels, points=3000).payload)[0]["notes"] == [ONE_EPOCH]


def test_rows_without_a_direction_are_dropped_and_said() -> None:
    run, labels = cloud(2, 12, 3, 3)
    run.embeddings[0, 2] = 0
    run.embeddings[1, 5, 1] = np.nan
    run.embeddings[1, 7, 0] = np.inf
    header, blocks = unpack(views.hypersphere({"a": run}, labels).payload)
    assert sorted(blocks["rows"]) == [0, 1, 3, 4, 6, 8, 9, 10, 11]
    assert header["notes"] == ["3 rows left out: NaN, infinite or zero in some epoch, so without a direction."]


def test_more_dimensions_are_projected_with_a_badge_and_true_angles() -> None:
    run, labels = cloud(2, 50, 16, 5)
    header, blocks = unpack(views.hypersphere({"a": run}, labels).payload)
    shown = np.linalg.norm(dequantise(blocks["points0"][-1]), axis=1)
    share = round(100 * float((shown**2).mean()))
    assert header["runs"][0]["badge"] == f"3 of 16 dimensions: shows {share} % of variance. Angles are not preserved."
    unit = run.embeddings / np.linalg.norm(run.embeddings, axis=-1, keepdims=True)
    centre = run.centres / np.linalg.norm(run.centres, axis=-1, keepdims=True)
    angles = np.arccos(unit[1, blocks["rows"]] @ centre[1].T)
    np.testing.assert_allclose(blocks["own0"][1], angles[np.arange(50), blocks["labels"]], rtol=1e-6)


def test_states_have_sentences() -> None:
    one, labels = cloud(1, 5, 3, 1)
    many, many_labels = cloud(1, 300, 3, 201)
    cases: list[tuple[Any, Any, str]] = [
        (views.Frames(np.zeros((1, 0, 3))), [], "No points to show."),
        (one, labels, "One class only: there is no other centre to be near to."),
        (
            many,
            many_labels,
            f"201 classes are too many for colours: one in focus, the others grey. {FIND}",
        ),
        (many, many_labels, ONE_EPOCH),
    ]
    for run, its_labels, sentence in cases:
        assert sentence in unpack(views.hypersphere({"a": run}, its_labels).payload)[0]["notes"]


def test_centres_default_to_class_means() -> None:
    run, labels = cloud(1, 40, 3, 4)
    view = views.hypersphere({"a": views.Frames(run.embeddings)}, labels, points=10)
    unit = run.embeddings[0] / np.linalg.norm(run.embeddings[0], axis=1, keepdims=True)
    mean = unit[labels == 2].mean(axis=0)
    np.testing.assert_allclose(
        dequantise(unpack(view.payload)[1]["centres0"][0, 2]), mean / np.linalg.norm(mean), atol=1e-4
    )
    assert "mean direction of its class" in view.caption


def test_thumbnails_follow_their_rows() -> None:
    run, labels = cloud(1, 9, 3, 3)
    grey = np.repeat(np.arange(9, dtype=np.uint8) * 20, 64).reshape(9, 8, 8)
    for images, size, tolerance in ((grey, 8, 0), (np.repeat(grey[..., None], 3, axis=3), 32, 2)):
        header, blocks = unpack(views.hypersphere({"a": run}, labels, points=6, thumbnails=images).payload)
        tiles = header["thumbnails"]
        assert (tiles["columns"], tiles["rows"], tiles["width"], tiles["height"]) == (3, 2, size, size)
        sheet = Image.open(io.BytesIO(base64.b64decode(tiles["uri"].split(",")[1]))).convert("L")
        for i, row in enumerate(blocks["rows"]):
            seen = sheet.getpixel((i % 3 * size + size // 2, i // 3 * size + size // 2))
            assert abs(seen - 20 * row) <= tolerance


def test_runs_are_turned_onto_the_first() -> None:
    run, labels = cloud(2, 30, 3, 6)
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    other = views.Frames(run.embeddings @ turn, run.centres @ turn)
    _, blocks = unpack(views.hypersphere({"a": run, "b": other}, labels).payload)
    assert np.abs(blocks["points0"].astype(int) - blocks["points1"]).max() <= 1


def test_a_page_holds_less_than_a_notebook() -> None:
    run, labels = cloud(1, 30_000, 3, 10)
    view = views.hypersphere({"a": run}, labels, points=30_000)
    live, page = (unpack(p) for p in (view.payload, view.page))
    assert live[1]["points0"].shape == (1, 30_000, 3)
    assert page[1]["points0"].shape == (1, 20_000, 3)
    assert live[0]["notes"] == [ONE_EPOCH]
    assert "Showing 20\u202f000 of 30\u202f000, stratified by class, seed 0." in page[0]["notes"]
    assert np.bincount(page[1]["labels"]).tolist() == [2000] * 10
    where = {row: i for i, row in enumerate(live[1]["rows"])}
    same = [where[row] for row in page[1]["rows"]]
    np.testing.assert_array_equal(page[1]["points0"], live[1]["points0"][:, same])
    np.testing.assert_array_equal(page[1]["labels"], labels[page[1]["rows"]])
    assert "20\u202f000 embeddings" in view.html()


def test_a_page_holds_no_more_than_300_000_marks_in_all() -> None:
    run, labels = cloud(100, 4000, 3, 4)
    view = views.hypersphere({"a": run}, labels, points=4000)
    assert unpack(view.payload)[1]["points0"].shape == (100, 4000, 3)
    assert unpack(view.page)[1]["points0"].shape == (100, 3000, 3)


def test_a_page_of_a_projection_keeps_its_angles() -> None:
    run, labels = cloud(1, 21_000, 5, 3)
    view = views.hypersphere({"a": run}, labels, points=21_000)
    live, page = unpack(view.payload)[1], unpack(view.page)[1]
    where = {row: i for i, row in enumerate(live["rows"])}
    same = [where[row] for row in page["rows"]]
    for block in ("own0", "rival0", "rivalClass0"):
        np.testing.assert_array_equal(page[block], live[block][:, same])


def test_above_50_000_all_are_counted_and_a_sample_is_drawn() -> None:
    run, labels = cloud(2, 50_001, 3, 4)
    run.embeddings[0, 5] = np.nan
    assert "density" not in unpack(views.hypersphere({"a": run}, labels, points=50_001).payload)[0]  # one row is lost
    run.embeddings[0, 5] = 1
    view = views.hypersphere({"a": run}, labels, points=50_001, seed=3)
    header, blocks = unpack(view.payload)
    assert view.page is view.payload
    assert blocks["points0"].shape == (2, 2000, 3)
    assert blocks["counts0"].sum() == 2 * 50_001
    most = header["density"]["most"]
    assert header["notes"] == [
        f"All 50\u202f001 are counted, on 5\u202f000 cells of equal area; {most} in the fullest.",
        "Points to pick, rulers and tables are of a sample of 2\u202f000, stratified by class, seed 3.",
    ]
    assert header["summary"].startswith("50\u202f001 embeddings of 4 classes")
    assert "The stronger a cell's colour, the more embeddings are in it" in header["caption"]


def test_the_density_is_turned_as_the_points_are() -> None:
    run, labels = cloud(1, 50_001, 3, 4)
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    other = views.Frames(run.embeddings @ turn, run.centres @ turn)
    _, blocks = unpack(views.hypersphere({"a": run, "b": other}, labels, points=10**9).payload)
    dense = np.zeros((2, 5000), dtype=int)
    for i in range(2):
        np.add.at(dense[i], blocks[f"cells{i}"], blocks[f"counts{i}"])
    assert np.abs(dense[0] - dense[1]).sum() < 10  # points on a border may fall on either side


def test_margins_travel_with_their_runs() -> None:
    run, labels = cloud(2, 50, 3, 5)
    deep, _ = cloud(2, 50, 8, 5)
    asked = {"b": views.Margin(angle_rad=0.5)}
    header, blocks = unpack(views.hypersphere({"a": run, "b": run}, labels, margins=asked).payload)
    assert [one["margin"] for one in header["runs"]] == [None, {"factor": 1.0, "angle_rad": 0.5, "cosine": 0.0}]
    assert "margin cap" in header["caption"]
    assert not any(name.startswith("apart") for name in blocks)
    _, blocks = unpack(views.hypersphere({"a": deep, "b": deep}, labels, margins=asked).payload)
    assert {name for name in blocks if name.startswith("apart")} == {"apart1", "apartClass1"}
    centres = deep.centres[1] / np.linalg.norm(deep.centres[1], axis=1, keepdims=True)
    cosines = centres[2] @ centres.T
    cosines[2] = -1
    assert blocks["apartClass1"][1, 2] == cosines.argmax()
    assert blocks["apart1"][1, 2] == pytest.approx(np.arccos(cosines.max()))
    assert "margin cap" not in views.hypersphere({"a": run}, labels).caption


def test_thumbnails_are_at_most_3000() -> None:
    run, labels = cloud(1, 3200, 3, 2)
    images = np.zeros((3200, 2, 2), np.uint8)
    header, _ = unpack(views.hypersphere({"a": run}, labels, points=3200, thumbnails=images).payload)
    assert header["thumbnails"]["count"] == 3000
    assert "Thumbnails for 3\u202f000 of the 3\u202f200 points." in header["notes"]
    header, _ = unpack(views.hypersphere({"a": run}, labels, points=10, thumbnails=images).payload)
    assert header["thumbnails"]["count"] == 10
    assert not any(note.startswith("Thumbnails") for note in header["notes"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": {}}, "'runs' parameter of hypersphere must be a mapping of 1 to 4 runs. Got 0"),
        ({"points": 0}, "'points' parameter of hypersphere must be a whole number of at least 1. Got 0"),
        ({"points": 2.5}, "'points' parameter of hypersphere must be a whole number of at least 1. Got 2.5"),
        ({"margins": {"b": views.Margin()}}, r"'margins' .* must be margins of the runs a. Got \['b'\] instead"),
        ({"margins": {"a": 0.5}}, r"'margins' .* a Margin, such as Margin\(angle_rad=0.5\), or None for each run"),
        ({"labels": [0, 1, 2]}, "'embeddings' parameter of the run 'a' must be .* one row for each of 3 labels"),
        ({"labels": [0, 1, 2, 4]}, r"'labels' .* must be integers in \[0, 3\), the number of classes. Got \[0, 4\]"),
        ({"labels": [0, 1, 2, -1]}, "'labels' parameter"),
        ({"names": ["x"]}, r"'centres' parameter of the run 'a' must be an array of shape \(2, 1, 3\)"),
        ({"steps": [3, 2]}, r"'steps' .* must be 2 increasing numbers. Got \[3, 2\]"),
        ({"steps": [1]}, "'steps' .* must be 2 increasing numbers"),
        ({"runs": {"a": views.Frames(np.ones((2, 4, 1)))}}, "'embeddings' .* d >= 2"),
        ({"thumbnails": np.zeros((3, 8, 8), np.uint8)}, r"'thumbnails' .* uint8 array \[4, H, W\]"),
        ({"thumbnails": np.zeros((4, 8, 8))}, "Got .'float64'"),
    ],
)
def test_errors_say_what_to_give(change: dict[str, Any], message: str) -> None:
    run, _ = cloud(2, 4, 3, 3)
    given = {"runs": {"a": run}, "labels": [0, 1, 2, 0], **change}
    with pytest.raises(ValueError, match=message):
        views.hypersphere(given.pop("runs"), given.pop("labels"), **given)

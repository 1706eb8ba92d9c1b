from typing import Any

import numpy as np
import pytest

from workbench import views
from workbench.views.payload import QUANTISATION_ERROR_RAD, dequantise, unpack


def ring(T: int, P: int, C: int, seed: int = 0) -> tuple[views.Frames, np.ndarray]:
    rng = np.random.default_rng(seed)
    return views.Frames(3 * rng.normal(size=(T, P, 2)), rng.normal(size=(T, C, 2))), np.arange(P) % C


def test_points_and_centres_are_the_given_directions_in_the_plane() -> None:
    run, labels = ring(3, 40, 4)
    header, blocks = unpack(views.circle({"a": run}, labels, steps=[1, 5, 9], m2=0.3).payload)
    for block, given in (("points0", run.embeddings[:, blocks["rows"]]), ("centres0", run.centres)):
        shown = dequantise(blocks[block])
        assert not shown[..., 2].any()
        turned = np.arctan2(shown[..., 1], shown[..., 0]) - np.arctan2(given[..., 1], given[..., 0])
        assert np.abs(np.angle(np.exp(1j * turned))).max() < QUANTISATION_ERROR_RAD
    np.testing.assert_array_equal(blocks["labels"], labels[blocks["rows"]])
    assert header["steps"] == [1, 5, 9]
    assert {name: control["value"] for name, control in header["margins"].items()} == {"m2": 0.3, "m3": 0.35, "s": 64}


def test_runs_are_turned_onto_the_first_and_stay_in_the_plane() -> None:
    run, labels = ring(2, 30, 6)
    c, s = np.cos(2.0), np.sin(2.0)
    mirrored = np.array([[c, s], [s, -c]])
    other = views.Frames(run.embeddings @ mirrored, run.centres @ mirrored)
    _, blocks = unpack(views.circle({"a": run, "b": other}, labels).payload)
    assert np.abs(blocks["points0"].astype(int) - blocks["points1"]).max() <= 1
    assert not blocks["centres1"][..., 2].any()


def test_the_samples_are_those_of_a_sphere_of_the_same_labels() -> None:
    run, labels = ring(1, 12, 3)
    sphere = views.hypersphere({"a": run}, labels)
    assert views.circle({"a": run}, labels).payload["header"]["samples"] == sphere.payload["header"]["samples"]


def test_states_have_sentences() -> None:
    one, labels = ring(1, 5, 1)
    many, many_labels = ring(1, 402, 201)
    broken, broken_labels = ring(2, 6, 3)
    broken.embeddings[1, 2] = np.nan
    cases: list[tuple[Any, Any, dict[str, Any], str]] = [
        (views.Frames(np.zeros((1, 0, 2))), [], {}, "No points to show."),
        (one, labels, {}, "One class only: there is no other centre, so there is no boundary and no margin."),
        (many, many_labels, {}, "201 classes are too many for colours: one in focus, the others grey."),
        (many, many_labels, {"points": 201}, "Showing 201 of 402, stratified by class, seed 0."),
        (broken, broken_labels, {}, "1 row left out: NaN, infinite or zero in some epoch, so without a direction."),
    ]
    for run, its_labels, options, sentence in cases:
        assert sentence in unpack(views.circle({"a": run}, its_labels, **options).payload)[0]["notes"]


def test_more_dimensions_are_sent_to_the_sphere() -> None:
    with pytest.raises(ValueError) as error:
        views.circle({"mine": views.Frames(np.ones((2, 4, 3)))}, [0, 1, 0, 1])
    assert str(error.value) == (
        "The 'embeddings' parameter of the run 'mine' must be of dimension d = 2. Got (2, 4, 3) instead. More "
        "dimensions do not fit on a circle: `views.hypersphere` shows them and keeps the angles true."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": {}}, "'runs' parameter of circle must be a mapping of 1 to 4 runs. Got 0"),
        ({"points": 0}, "'points' parameter of circle must be an integer in .1, 20000.. Got 0"),
        ({"labels": [0, 1, 2, 4]}, r"'labels' parameter of circle must be integers in \[0, 3\)"),
        ({"steps": [3, 2]}, r"'steps' parameter of circle must be 2 increasing numbers. Got \[3, 2\]"),
        ({"m2": 28.6}, r"'m2' parameter of circle must be a number in \[0, 1.57\]. Got 28.6 instead. It is an angle"),
        ({"m3": -0.1}, r"'m3' parameter of circle must be a number in \[0, 1\]"),
        ({"s": 0}, r"'s' parameter of circle must be a number in \[1, 128\]"),
        ({"runs": {"a": views.Frames(np.ones((2, 4, 1)))}}, "'embeddings' .* d >= 2"),
    ],
)
def test_errors_say_what_to_give(change: dict[str, Any], message: str) -> None:
    run, _ = ring(2, 4, 3)
    given = {"runs": {"a": run}, "labels": [0, 1, 2, 0], **change}
    with pytest.raises(ValueError, match=message):
        views.circle(given.pop("runs"), given.pop("labels"), **given)

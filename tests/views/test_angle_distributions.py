from importlib import import_module
from typing import Any

import numpy as np
import pytest

from workbench import geometry, views
from workbench.views.payload import unpack

module = import_module("workbench.views.angle_distributions")  # the package has the function under this name


def cloud(T: int, P: int, d: int, C: int, seed: int = 0) -> tuple[views.Frames, np.ndarray]:
    rng = np.random.default_rng(seed)
    return views.Frames(3 * rng.normal(size=(T, P, d)), rng.normal(size=(T, C, d))), np.arange(P) % C


@pytest.mark.parametrize("d", [2, 3, 16])
def test_counts_and_medians_are_those_of_the_measured_angles(d: int) -> None:
    run, labels = cloud(3, 60, d, 4)
    header, blocks = unpack(views.angle_distributions({"a": run}, labels, steps=[1, 2, 5]).payload)
    assert (header["steps"], header["byClass"], blocks["sizes"].tolist()) == ([1, 2, 5], True, [15] * 4)
    for t in range(3):
        measured = geometry.angles(run.embeddings[t], labels, run.centres[t])
        for side, angles in (("own", measured.own), ("other", measured.other)):
            for group in range(5):
                chosen = np.rad2deg(angles[labels == group - 1] if group else angles)
                expected, _ = np.histogram(chosen, 90, (0, 180))
                assert blocks[f"{side}0"][t, group].tolist() == expected.tolist()
                assert blocks[f"{side}Median0"][t, group] == pytest.approx(np.median(chosen), rel=1e-6)


def test_blocks_of_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run, labels = cloud(2, 50, 5, 7)
    whole = views.angle_distributions({"a": run}, labels).payload
    monkeypatch.setattr(module, "_COSINES_AT_ONCE", 60)
    assert views.angle_distributions({"a": run}, labels).payload == whole


def test_the_ends_are_inside() -> None:
    run = views.Frames(np.array([[1.0, 0], [-1, 0]]), np.array([[1.0, 0], [1, 0]]))
    _, blocks = unpack(views.angle_distributions({"a": run}, [0, 1]).payload)
    assert np.flatnonzero(blocks["own0"][0, 0]).tolist() == [0, 89]


def test_many_classes_are_counted_together_and_it_is_said() -> None:
    run, labels = cloud(1, 402, 3, 201)
    header, blocks = unpack(views.angle_distributions({"a": run}, labels).payload)
    assert header["byClass"] is False
    assert blocks["own0"].shape == (1, 1, 90)
    assert header["notes"] == [
        "201 classes over these epochs are too many to filter by: all samples are shown.",
    ]
    run, labels = cloud(1, 80, 3, 40)
    assert unpack(views.angle_distributions({"a": run}, labels).payload)[0]["notes"] == [
        "Choose one of 40 classes above, or see all of them together."
    ]


def test_a_long_run_of_many_classes_keeps_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    run, labels = cloud(4, 30, 3, 10)
    monkeypatch.setattr(module, "MAX_CLASS_BYTES", 2 * 2 * 4 * 90 * 10 * 2)
    assert unpack(views.angle_distributions({"a": run, "b": run}, labels).payload)[0]["byClass"] is True
    monkeypatch.setattr(module, "MAX_CLASS_BYTES", 2 * 2 * 4 * 90 * 10 * 2 - 1)
    header, blocks = unpack(views.angle_distributions({"a": run, "b": run}, labels).payload)
    assert header["byClass"] is False
    assert blocks["other1"].shape == (4, 1, 90)


def test_states_have_sentences() -> None:
    one, labels = cloud(1, 5, 3, 1)
    broken, broken_labels = cloud(1, 6, 3, 2)
    broken.embeddings[0, 3] = np.nan
    cases: list[tuple[Any, Any, str]] = [
        (views.Frames(np.zeros((1, 0, 3))), [], "No samples, so no angles to show."),
        (one, labels, "One class only: there is no other centre to be near to."),
        (broken, broken_labels, "1 row left out: NaN, infinite or zero in some epoch, so without a direction."),
    ]
    for run, its_labels, sentence in cases:
        header, blocks = unpack(views.angle_distributions({"a": run}, its_labels).payload)
        assert header["notes"][0] == sentence
    assert blocks["own0"][0, 0].sum() == 5
    _, blocks = unpack(views.angle_distributions({"a": one}, labels).payload)
    assert blocks["other0"].sum() == 0
    assert np.isnan(blocks["otherMedian0"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": {}}, "'runs' parameter of angle_distributions must be a mapping of 1 to 4 runs. Got 0"),
        ({"labels": [0, 1, 2, 4]}, r"'labels' parameter of angle_distributions must be integers in \[0, 3\)"),
        ({"steps": [3, 2]}, r"'steps' parameter of angle_distributions must be 2 increasing numbers"),
    ],
)
def test_errors_say_what_to_give(change: dict[str, Any], message: str) -> None:
    run, _ = cloud(2, 4, 3, 3)
    given = {"runs": {"a": run}, "labels": [0, 1, 2, 0], **change}
    with pytest.raises(ValueError, match=message):
        views.angle_distributions(given.pop("runs"), given.pop("labels"), **given)

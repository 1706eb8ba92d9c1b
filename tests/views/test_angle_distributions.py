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
        for side, angles, low in (
            ("own", measured.own, 0),
            ("other", measured.other, 0),
            ("gap", measured.margin, -180),
        ):
            for group in range(5):
                chosen = np.rad2deg(angles[labels == group - 1] if group else angles)
                if group:
                    expected, _ = np.histogram(chosen, 90, (low, 180))
                    assert blocks[f"{side}0"][t, group - 1].tolist() == expected.tolist()
                assert blocks[f"{side}Median0"][t, group] == pytest.approx(np.median(chosen), rel=1e-5)


@pytest.mark.parametrize(
    ("margin", "psi", "asked"),
    [
        (views.Margin(angle_rad=0.4), lambda own: np.cos(np.minimum(own + 0.4, np.pi)), np.rad2deg(0.4)),
        (views.Margin(cosine=0.3), lambda own: np.cos(own) - 0.3, None),
        (views.Margin(factor=2), lambda own: np.where(2 * own > np.pi, -3, np.cos(2 * own)), None),
    ],
)
def test_a_margin_is_kept_where_psi_is_not_below_the_nearest_other_cosine(
    margin: views.Margin, psi: Any, asked: float | None
) -> None:
    run, labels = cloud(2, 200, 3, 4)
    margins = {"a": margin, "b": views.Margin()}
    header, blocks = unpack(views.angle_distributions({"a": run, "b": run, "c": run}, labels, margins=margins).payload)
    assert [one["asked"] for one in header["runs"]] == [pytest.approx(asked), None, None]
    assert not {"kept1", "kept2"} & blocks.keys()  # without a margin there is none to keep
    for t in range(2):
        measured = geometry.angles(run.embeddings[t], labels, run.centres[t])
        kept = psi(measured.own) >= np.cos(measured.other)
        nearer = measured.margin > 0
        for group in range(5):
            mine = labels == group - 1 if group else labels >= 0
            assert blocks["kept0"][t, group] == pytest.approx(kept[mine].mean(), rel=1e-6)
            assert blocks["nearer0"][t, group] == pytest.approx(nearer[mine].mean(), rel=1e-6)
        assert 0 < kept.mean() <= nearer.mean()


def test_blocks_of_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run, labels = cloud(2, 50, 5, 7)
    whole = views.angle_distributions({"a": run}, labels).payload
    monkeypatch.setattr(module, "_COSINES_AT_ONCE", 60)
    assert views.angle_distributions({"a": run}, labels).payload == whole


def test_the_ends_are_inside() -> None:
    run = views.Frames(np.array([[1.0, 0], [-1, 0]]), np.array([[1.0, 0], [1, 0]]))
    _, blocks = unpack(views.angle_distributions({"a": run}, [0, 1]).payload)
    assert np.argwhere(blocks["own0"][0]).tolist() == [[0, 0], [1, 89]]
    opposite = views.Frames(np.array([[1.0, 0], [1, 0]]), np.array([[1.0, 0], [-1, 0]]))
    _, blocks = unpack(views.angle_distributions({"a": opposite}, [0, 1]).payload)
    assert np.argwhere(blocks["gap0"][0]).tolist() == [[0, 89], [1, 0]]


def test_counts_are_as_small_as_they_can_be() -> None:
    for size, kind in ((255, "uint8"), (256, "uint16")):
        run, labels = cloud(1, 2 * size, 3, 2)
        _, blocks = unpack(views.angle_distributions({"a": run}, labels).payload)
        assert blocks["own0"].dtype == kind
        assert blocks["own0"].sum() == 2 * size


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
    monkeypatch.setattr(module, "MAX_CLASS_BYTES", 2 * 3 * 4 * 90 * 10)
    assert unpack(views.angle_distributions({"a": run, "b": run}, labels).payload)[0]["byClass"] is True
    monkeypatch.setattr(module, "MAX_CLASS_BYTES", 2 * 3 * 4 * 90 * 10 - 1)
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
    assert blocks["own0"][0].sum() == 5
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

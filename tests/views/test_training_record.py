from typing import Any

import numpy as np
import pytest

from workbench import views
from workbench.views.payload import unpack

RECORDS = [
    {"epoch": 1, "loss": 5.0, "accuracy": 0.25, "angle": np.pi / 2, "grad_norm": 3.0, "step": 9},
    {"epoch": 2, "loss": float("nan"), "accuracy": 0.5, "angle": np.pi / 4, "grad_norm": 2.0, "norm": 4.0},
]


def test_numbers_come_in_the_units_of_the_screen() -> None:
    header, blocks = unpack(views.training_record({"a": RECORDS}).payload)
    assert [(m["key"], m["unit"], m["low"], m["high"]) for m in header["metrics"]] == [
        ("loss", "", 0, None),
        ("accuracy", " %", 0, 100),
        ("angle", "°", 0, 180),
        ("grad_norm", "", 0, None),
        ("norm", "", 0, None),
    ]
    assert blocks["epoch0"].tolist() == [1, 2]
    assert blocks["accuracy0"].tolist() == [25, 50]
    assert blocks["angle0"].tolist() == pytest.approx([90, 45])
    np.testing.assert_array_equal(blocks["loss0"], [5, np.nan])
    np.testing.assert_array_equal(blocks["norm0"], [np.nan, 4])
    assert header["epochs"] == 2
    assert header["progress"] is None


def test_runs_keep_their_own_epochs() -> None:
    header, blocks = unpack(views.training_record({"a": RECORDS, "b": RECORDS[:1]}, epochs=40).payload)
    assert (blocks["epoch0"].tolist(), blocks["epoch1"].tolist()) == ([1, 2], [1])
    assert header["epochs"] == 40
    assert [run["name"] for run in header["runs"]] == ["a", "b"]
    assert len({(run["colour"], run["dash"]) for run in header["runs"]}) == 2


def test_margins_are_counted_in_degrees_or_as_cosines() -> None:
    drawn = np.random.default_rng(0).normal(0.5, 0.05, 1000)
    header, blocks = unpack(
        views.training_record(
            {"a": RECORDS, "b": RECORDS, "c": RECORDS},
            margins={"a": drawn, "b": np.full((3, 4), 0.35), "c": None},
            unit={"b": "cosine"},
        ).payload
    )
    a, b, c = header["margins"]
    assert (a["unit"], a["fixed"], a["count"]) == ("°", False, 1000)
    assert (a["mean"], a["std"]) == pytest.approx((np.rad2deg(drawn.mean()), np.rad2deg(drawn.std())))
    assert blocks["margins0"].tolist() == np.histogram(drawn, 60)[0].tolist()
    assert (b["unit"], b["fixed"], b["mean"]) == ("", True, pytest.approx(0.35))
    assert c is None
    assert {"margins1", "margins2"} & set(blocks) == set()


def test_long_trainings_are_thinned_and_say_so() -> None:
    records = [{"epoch": epoch, "loss": epoch} for epoch in range(1, 1101)]
    header, blocks = unpack(views.training_record({"a": records}).payload)
    assert len(blocks["epoch0"]) <= 501
    assert (blocks["epoch0"][0], blocks["epoch0"][-1]) == (1, 1100)
    assert set(np.diff(blocks["epoch0"])[:-1]) == {3}
    assert header["notes"] == [f"a: {len(blocks['epoch0'])} of 1100 epochs are drawn."]
    assert unpack(views.training_record({"a": records[:500]}).payload)[0]["notes"] == []


def test_states_have_sentences() -> None:
    view = views.training_record({"a": []}, epochs=10, progress=views.Progress("ready", "Not begun.", 0, 90))
    header, blocks = unpack(view.payload)
    assert header["notes"] == ["No epoch is finished, so there are no curves yet."]
    assert header["epochs"] == 10
    assert header["progress"] == {"state": "ready", "sentence": "Not begun.", "done": 0, "total": 90}
    assert view.summary == "Training record: no numbers yet; epochs done: a 0."
    assert blocks["epoch0"].shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": {}}, "'runs' parameter of training_record must be a mapping of 1 to 4 runs. Got 0"),
        (
            {"runs": {"a": [{"loss": 1}]}},
            r"'records' parameter of the run 'a' must be .* 'epoch', increasing. Got \[None\]",
        ),
        ({"runs": {"a": [{"epoch": 2}, {"epoch": 2}]}}, r"increasing. Got \[2, 2\]"),
        ({"margins": {"b": [1]}}, "There is no run 'b'"),
        ({"margins": {"a": [np.nan]}}, "'margins' parameter of the run 'a' must be finite numbers"),
        ({"margins": {"a": [1]}, "unit": "deg"}, "'unit' parameter of training_record must be one of 'rad', 'cosine'"),
    ],
)
def test_errors_say_what_to_give(change: dict[str, Any], message: str) -> None:
    given = {"runs": {"a": RECORDS}, **change}
    with pytest.raises(ValueError, match=message):
        views.training_record(given.pop("runs"), **given)

import math

import numpy as np
import pytest

from tests.figures import data
from workbench import figures


def test_curves_are_the_records():
    records = data.records()
    figure = figures.training_curves({"a": records})
    loss, accuracy, angle, lr = figure.data
    for trace, key in ((loss, "loss"), (accuracy, "accuracy"), (lr, "lr")):
        assert list(trace.x) == list(range(1, 11))
        np.testing.assert_allclose(np.array(trace.y, dtype=float), [record[key] for record in records])
    np.testing.assert_allclose(np.array(angle.y, dtype=float), np.degrees([record["angle"] for record in records]))
    assert figure.layout.yaxis2.range[0] == 0
    assert figure.layout.yaxis3.range == (0, 180)
    assert figure.layout.xaxis.range[0] == 0
    assert (
        "a, epoch 10: loss 1.00, accuracy in training 91.0\u202f%, mean own angle 8.59°"
        in figure.layout.meta["summary"]
    )


def test_only_what_was_recorded_has_a_panel():
    figure = figures.training_curves({"a": [{"epoch": 1, "lr": 0.1}, {"epoch": 2, "lr": 0.1}]})
    assert len(figure.data) == 1
    assert "learning rate 0.1" in figure.layout.meta["summary"]


def test_runs_share_a_legend_and_a_lone_run_needs_none():
    two = figures.training_curves({"a": data.records(), "b": data.records(5)})
    assert two.layout.showlegend
    assert [trace.name for trace in two.data if trace.showlegend] == ["a", "b"]
    assert not figures.training_curves({"a": data.records()}).layout.showlegend


def test_what_is_not_a_number_is_a_hole_and_is_said():
    records = data.records(4)
    records[2]["loss"], records[3]["loss"] = math.nan, None
    figure = figures.training_curves({"a": records})
    assert list(figure.data[0].y) == [10, 5, None, None]
    assert "The loss is not a number in epoch 3." in figure.layout.meta["summary"]
    assert "NaN" not in figure.to_json()


def test_numbers_of_numpy_are_numbers():
    figure = figures.training_curves({"a": [{"epoch": e, "loss": np.float32(e)} for e in (1, 2)]})
    assert list(figure.data[0].y) == [1, 2]


def test_one_epoch_is_a_mark_and_ticks_are_whole():
    figure = figures.training_curves({"a": data.records(1)})
    assert figure.data[0].mode == "lines+markers"
    assert figure.layout.xaxis.dtick == 1
    assert figures.training_curves({"a": data.records(300)}).layout.xaxis.dtick == 50
    assert figures.training_curves({"a": [{"epoch": 0, "loss": 1.0}]}).layout.xaxis.range[1] > 0


def test_many_epochs_are_thinned_and_it_is_said():
    figure = figures.training_curves({"a": data.records(500)})
    assert len(figure.data[0].x) <= 121
    assert (figure.data[0].x[0], figure.data[0].x[-1]) == (1, 500)
    assert "One epoch in 5 is drawn, and the last." in figure.layout.meta["caption"]
    assert "is drawn" not in figures.training_curves({"a": data.records(100)}).layout.meta["caption"]


def test_no_epoch_yet():
    assert "nothing to show yet" in figures.training_curves({"a": []}).layout.meta["caption"]
    started = figures.training_curves({"a": [], "b": data.records(3)})
    assert "a: no epoch is finished." in started.layout.meta["summary"]
    with pytest.raises(ValueError, match="a: each record needs an 'epoch'"):
        figures.training_curves({"a": [{"loss": 1.0}]})

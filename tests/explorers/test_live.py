"""The training that a notebook shows: buttons, what streams into the views, and what a saved notebook holds."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.small import config, contents, greys, trainer
from workbench import environment, explorers, views
from workbench.config import RunConfig
from workbench.explorers import Training
from workbench.explorers.stream import LiveSphere
from workbench.views.payload import dequantise, unpack

CHANCE = {"dropout": 0.3, "flip": True, "loss": "elasticface-arc"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


def watched(folder: Path, **changes: Any) -> Training:
    return explorers.training(config(**changes), folder=folder, images=greys())


def settled(training: Training) -> str:
    """Wait until the thread waits, or is over, and has told so."""
    training.wait(60)
    thread = training._session._thread
    if training.state != "paused" and thread is not None:
        thread.join(60)
    return training.state


def press(training: Training, name: str) -> str:
    training.controls[name].click()
    return settled(training)


def buttons(training: Training) -> dict[str, tuple[str, bool]]:
    """Each button's text, and whether it can be pressed."""
    found = {name: training.controls[name] for name in ("play", "step", "stop", "again")}
    return {name: (button.description, not button.disabled) for name, button in found.items()}


def record(training: Training) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the page's record shows."""
    return unpack(training._record.widget.payload)


def test_buttons_follow_the_state(tmp_path: Path) -> None:
    training = watched(tmp_path / "run", epochs=3)
    can, cannot = True, False
    assert buttons(training) == {
        "play": ("Start", can), "step": ("Step by", can), "stop": ("Stop", cannot), "again": ("Start over", cannot),
    }  # fmt: skip
    assert training.controls["unit"].options == ("epoch", "step")
    assert press(training, "step") == "paused"
    paused = {"play": ("Resume", can), "step": ("Step by", can), "stop": ("Stop", can), "again": ("Start over", cannot)}
    assert buttons(training) == paused
    assert training.epochs == len(training.records) == 1
    training.controls["unit"].value = "step"
    assert press(training, "step") == "paused"
    assert record(training)[0]["progress"]["sentence"] == "Paused in epoch 2 of 3, after step 1 of 2."
    assert press(training, "stop") == "stopped"
    assert buttons(training) == paused | {"stop": ("Stop", cannot), "again": ("Start over", can)}
    assert press(training, "play") == "finished"
    assert buttons(training) == {
        "play": ("Start", cannot), "step": ("Step by", cannot), "stop": ("Stop", cannot), "again": ("Start over", can),
    }  # fmt: skip
    trainer(tmp_path / "whole", epochs=3).fit()
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_the_same_button_pauses(tmp_path: Path) -> None:
    training = watched(tmp_path, epochs=2000)
    training.controls["play"].click()
    assert buttons(training)["play"] == ("Pause", True)
    assert buttons(training)["stop"] == ("Stop", True)
    assert press(training, "play") == "paused"
    assert buttons(training)["play"] == ("Resume", True)
    assert press(training, "stop") == "stopped"


def test_the_record_grows_with_margins_and_what_the_probe_images_tell(tmp_path: Path) -> None:
    training = watched(tmp_path, loss="elasticface-arc", std=0.05)
    header, blocks = record(training)
    assert header["progress"]["state"] == "ready"
    assert blocks["epoch0"].tolist() == [0]
    assert header["margins"] == [None]
    training.start()
    assert settled(training) == "finished"
    header, blocks = record(training)
    assert blocks["epoch0"].tolist() == [0, 1, 2, 3]
    assert [metric["key"] for metric in header["metrics"]] == [
        "loss", "accuracy", "angle", "grad_norm", "norm", "alignment", "uniformity", "lr",
    ]  # fmt: skip
    assert np.isnan(blocks["loss0"][0])
    assert blocks["loss0"][1:].tolist() == [r["loss"] for r in training.run.records()]
    assert blocks["angle0"][3] == pytest.approx(np.rad2deg(training.run.records()[-1]["angle"]))
    norms = np.linalg.norm(training.run.snapshots().embeddings, axis=2).mean(axis=1)
    np.testing.assert_allclose(blocks["norm0"], norms, rtol=1e-6)
    margins = np.rad2deg(training.run.margins().astype(np.float64))
    told = header["margins"][0]
    assert (told["mean"], told["std"], told["count"]) == pytest.approx((margins.mean(), margins.std(), 32))
    assert header["progress"] == {
        "state": "finished",
        "sentence": f"Finished: 3 epochs, in {tmp_path}.",
        "done": 6,
        "total": 6,
    }


@pytest.mark.parametrize("changes", [{}, {"dim": 5}, {"held_out": "classes", "share": 0.5}])
def test_the_sphere_grows_into_that_of_the_run(tmp_path: Path, changes: dict[str, Any]) -> None:
    training = watched(tmp_path, **changes)
    seen: list[dict[str, Any]] = []
    sphere = training._sphere
    sphere.widget.observe(lambda change: seen.append(change.new), names="moment")
    while training.state != "finished":
        training.step("step")
        settled(training)
    shots = training.run.snapshots()
    header, blocks = unpack(sphere.widget.payload)
    assert header["live"]
    assert header["steps"] == shots.epochs.tolist() == [0, 1, 2, 3]
    assert sphere.widget.moment == {}, "nothing is shown in passing when it is over"
    size = training._trainer.steps_per_epoch
    shown_at = [moment["step"] for moment in seen if moment]
    assert shown_at == sorted(shown_at)
    assert {round(step * size) for step in shown_at} == set(range(1, 3 * size + 1)), "a pause always looks"
    unit = shots.embeddings / np.linalg.norm(shots.embeddings, axis=2, keepdims=True)
    shown = dequantise(blocks["points0"])
    if "own0" in blocks:
        final = unpack(views.hypersphere({"a": views.Frames(shots.embeddings, shots.centres)}, shots.labels).payload)[1]
        for name in ("own0", "rival0"):
            np.testing.assert_allclose(blocks[name], final[name], atol=1e-5)
        lengths = np.linalg.norm(dequantise(final["points0"][-1]), axis=1)
        np.testing.assert_allclose(np.linalg.norm(shown[-1], axis=1), lengths, atol=1e-3)
        assert header["runs"][0]["badge"].startswith("3 of 5 dimensions: shows ")
    else:
        np.testing.assert_allclose(shown, unit[:, blocks["rows"]], atol=1e-4)


def test_a_moment_is_what_the_learner_sees(tmp_path: Path) -> None:
    training = watched(tmp_path)
    training.step("step")
    settled(training)
    moment = training._sphere.widget.moment
    assert moment["step"] == 0.5
    _, blocks = unpack({"header": {}, "blocks": moment["blocks"]})
    rows = unpack(training._sphere.widget.payload)[1]["rows"]
    seen = training._trainer.snapshot()["embeddings"][rows]
    np.testing.assert_allclose(
        dequantise(blocks["points0"][0]), seen / np.linalg.norm(seen, axis=1, keepdims=True), atol=1e-4
    )
    training.stop()
    settled(training)


def test_a_projection_does_not_jump_from_one_moment_to_the_next() -> None:
    rng = np.random.default_rng(0)
    shot = {"embeddings": rng.normal(size=(40, 6)), "labels": np.arange(40) % 4, "centres": rng.normal(size=(4, 6))}
    sphere = LiveSphere("a", [0], [shot], names=list("abcd"), thumbnails=None)
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    sphere.show(1, shot | {"embeddings": shot["embeddings"] @ turn, "centres": shot["centres"] @ turn})
    before = unpack(sphere.widget.payload)[1]["points0"][0].astype(int)
    after = unpack({"header": {}, "blocks": sphere.widget.moment["blocks"]})[1]["points0"][0]
    assert np.abs(before - after).max() < 40, "the same picture, though all dimensions were turned"


def test_a_point_without_a_direction_leaves_the_picture_as_it_was() -> None:
    rng = np.random.default_rng(0)
    shot = {"embeddings": rng.normal(size=(8, 3)), "labels": np.arange(8) % 2, "centres": rng.normal(size=(2, 3))}
    sphere = LiveSphere("a", [0], [shot], names=list("ab"), thumbnails=None)
    lost = shot["embeddings"].copy()
    lost[3] = np.nan
    sphere.show(1, shot | {"embeddings": lost})
    sphere.keep(1, shot | {"embeddings": lost})
    sphere.settle()
    assert sphere.widget.moment == {}
    assert unpack(sphere.widget.payload)[0]["steps"] == [0]


def test_a_run_that_was_begun_is_shown_as_far_as_it_came(tmp_path: Path) -> None:
    first = watched(tmp_path, **CHANCE)
    first.step()
    settled(first)
    first.stop()
    settled(first)
    again = watched(tmp_path, **CHANCE)
    assert again.state == "ready"
    assert buttons(again)["play"] == ("Resume", True)
    assert buttons(again)["again"] == ("Start over", True)
    assert unpack(again._sphere.widget.payload)[0]["steps"] == [0, 1]
    assert record(again)[1]["epoch0"].tolist() == [0, 1]
    again.start()
    assert settled(again) == "finished"
    trainer(tmp_path / "whole", **CHANCE).fit()
    assert contents(tmp_path / "whole") == {k: v for k, v in contents(tmp_path).items() if not k.startswith("whole")}


def test_start_over_leaves_the_old_run_alone(tmp_path: Path) -> None:
    training = watched(tmp_path / "run")
    training.start()
    settled(training)
    before = contents(tmp_path / "run")
    (tmp_path / "run-2").mkdir()
    press(training, "again")
    assert (training.state, training.folder, training.epochs) == ("ready", tmp_path / "run-3", 0)
    assert list(training._stage.children) == [training._sphere.widget, training._record.widget]
    training.start()
    assert settled(training) == "finished"
    assert contents(tmp_path / "run-3") == contents(tmp_path / "run") == before


def test_errors_are_shown_where_people_look(tmp_path: Path) -> None:
    training = watched(tmp_path, lr=1e38, warmup=0.0)
    assert press(training, "play") == "failed"
    progress = record(training)[0]["progress"]
    assert (progress["state"], progress["sentence"]) == ("failed", str(training.error))
    assert "a smaller learning rate" in progress["sentence"]
    assert buttons(training)["play"] == ("Resume", True)


def test_a_finished_training_is_explored(tmp_path: Path) -> None:
    training = watched(tmp_path)
    with pytest.raises(ValueError, match="is not a run folder"):
        training.run  # noqa: B018
    training.start()
    settled(training)
    assert {"hypersphere", "pair_similarity", "training_record"} <= set(training.explore().views)


def test_a_saved_notebook_holds_a_page_that_needs_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = watched(tmp_path)
    training.step()
    settled(training)
    bundle = training._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == "<training of elasticface-arc, paused: Paused after epoch 1 of 3.>"
    assert training._sphere.view.html() in bundle["text/html"]
    assert "live" not in training._sphere.view.payload["header"]
    assert "Paused after epoch 1 of 3." in bundle["text/html"]
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert training._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert training.widget.children[1] is training._stage
    training.stop()
    settled(training)


def test_the_folder_is_that_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    training = explorers.training("arcface", epochs=1, model="mlp", device="cpu")
    named = RunConfig(loss="arcface", epochs=1, model="mlp", device="cpu").folder_name()
    assert training.folder == Path("reports") / named
    assert not list(tmp_path.iterdir()), "nothing is written before it starts"


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        ("arcfase", {}, "There is no loss 'arcfase'. Did you mean 'arcface'"),
        ("arcface", {"epoch": 3}, "There is no parameter 'epoch'. Did you mean 'epochs'"),
        (RunConfig(), {"epochs": 3}, "given either as a RunConfig or one by one. Got both: a RunConfig and epochs."),
        ("arcface", {"batch_size": 5000}, "'batch_size' parameter must be at most"),
    ],
)
def test_wrong_parameters_are_told_at_once(
    tmp_path: Path, loss: str | RunConfig, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        explorers.training(loss, folder=tmp_path, **parameters)


def test_importing_explorers_is_light() -> None:
    code = "import sys, workbench.explorers; print({'anywidget', 'ipywidgets', 'torch', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
    with pytest.raises(AttributeError, match=r"module 'workbench.explorers' has no attribute 'train'\. It has "):
        explorers.train  # noqa: B018

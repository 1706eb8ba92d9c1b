"""Headline numbers, against the same numbers worked out another way."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from tests.small import greys, on_digits, trainer
from workbench.evaluation import Evaluation, evaluate, measure
from workbench.learner import Learner
from workbench.runs import Run
from workbench.training import Trainer
from workbench.views import Margin


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A run that is good but not perfect, so that no number is 0 or 1."""
    trained = on_digits(tmp_path_factory.mktemp("run"), loss="cosface", batch_size=128, lr=0.05)
    return evaluate(trained.fit())


def unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pairs(evaluated: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of every pair, and whether it is genuine."""
    rows = unit(evaluated.embeddings)
    first, second = np.triu_indices(len(rows), 1)
    labels = evaluated.images.labels.numpy()
    return (rows[first] * rows[second]).sum(1), labels[first] == labels[second]


def test_embeddings_are_those_of_the_last_checkpoint_on_the_held_out_images(evaluated: Evaluation) -> None:
    trained = Trainer(evaluated.run.config, evaluated.run.folder, progress=False)
    assert evaluated.images.digest() == trained.images.held_out.digest()
    snapshot = evaluated.run.snapshots()
    assert np.allclose(evaluated.embeddings[snapshot.indices], snapshot.embeddings[-1], atol=1e-5)
    assert np.array_equal(evaluated.centres, snapshot.centres[-1])


def test_accuracy_is_the_share_whose_own_centre_is_nearest_by_angle(evaluated: Evaluation) -> None:
    right = (unit(evaluated.embeddings) @ unit(evaluated.centres).T).argmax(1) == evaluated.images.labels.numpy()
    found = evaluated.headline()["accuracy"]
    assert 0.5 < found["value"] < 1
    assert (found["count"], found["total"]) == (right.sum(), 539)
    assert found["value"] == right.mean()
    # Wilson's interval: the p with |p - found| = z sqrt(p (1 - p) / n).
    for end in (found["low"], found["high"]):
        assert abs(end - right.mean()) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / 539), rel=1e-5)


def test_what_the_loss_asks_for_is_that_of_the_run(evaluated: Evaluation) -> None:
    assert evaluated.margin == Margin(cosine=0.35)


def test_directions_are_the_weights_or_else_the_means(evaluated: Evaluation) -> None:
    assert np.allclose(evaluated.directions(), unit(evaluated.centres), atol=1e-12)
    rows = unit(evaluated.embeddings)
    labels = np.where(evaluated.labels == 3, 4, evaluated.labels)  # nobody is left in class 3
    found = measure(evaluated.embeddings, labels).directions()
    for c in range(10):
        expected = np.zeros(3) if c == 3 else unit(rows[labels == c].mean(0, keepdims=True))[0]
        assert np.allclose(found[c], expected, atol=1e-6)


def test_the_equal_error_rate_is_that_of_all_pairs(evaluated: Evaluation) -> None:
    cosine, genuine = pairs(evaluated)
    far, tar, threshold = roc_curve(genuine, cosine, drop_intermediate=False)
    expected = far[np.abs(far - (1 - tar)).argmin()]
    found = evaluated.headline()["eer"]
    # The grid of thresholds has steps of 0.0005: within one step lies the truth.
    near = np.abs(cosine - threshold[np.abs(far - (1 - tar)).argmin()]) < 0.0005
    resolution = max(near[genuine].mean(), near[~genuine].mean())
    assert resolution < 0.01
    assert found["value"] == pytest.approx(expected, abs=resolution)
    assert found["low"] < found["value"] < found["high"]


def test_tar_at_far_is_that_of_all_pairs(evaluated: Evaluation) -> None:
    cosine, genuine = pairs(evaluated)
    found = evaluated.headline()["tar_at_far"]
    assert [tar["far"] for tar in found] == [0.1, 0.01, 0.001, 0.0001], "130 730 impostor pairs resolve 1e-4"
    for tar in found:
        threshold = math.inf if tar["threshold"] is None else tar["threshold"]
        below = min(threshold, 1) - 0.0005
        assert (cosine[~genuine] >= threshold).mean() <= tar["far"] < (cosine[~genuine] >= below).mean()
        assert (tar["count"], tar["total"]) == ((cosine[genuine] >= threshold).sum(), genuine.sum())
        assert tar["low"] <= tar["value"] <= tar["high"]


def test_the_other_numbers(evaluated: Evaluation) -> None:
    cosine, genuine = pairs(evaluated)
    found = evaluated.headline()
    rows, centres = unit(evaluated.embeddings), unit(evaluated.centres)
    own = np.arccos((rows * centres[evaluated.images.labels.numpy()]).sum(1))
    assert found["angle_to_own_centre_median"] == pytest.approx(np.median(own), rel=1e-6)
    difference = cosine[genuine].mean() - cosine[~genuine].mean()
    spread = math.sqrt((cosine[genuine].var() + cosine[~genuine].var()) / 2)
    assert found["d_prime"] == pytest.approx(difference / spread, rel=1e-6)
    assert found["gap"] == pytest.approx(cosine[genuine].min() - cosine[~genuine].max(), abs=1e-9)
    assert found["held_out"] == {
        "by": "images",
        "images": 539,
        "classes": 10,
        "genuine_pairs": genuine.sum(),
        "impostor_pairs": (~genuine).sum(),
    }
    assert found["checkpoint"] == "the last epoch, fixed before training"


def test_the_area_under_the_curve_is_that_of_all_pairs(evaluated: Evaluation) -> None:
    cosine, genuine = pairs(evaluated)
    assert evaluated.headline()["auc"] == pytest.approx(roc_auc_score(genuine, cosine), abs=2e-4)


def test_rank_1_is_the_share_whose_nearest_first_image_is_of_their_class(evaluated: Evaluation) -> None:
    rows, labels = unit(evaluated.embeddings), evaluated.images.labels.numpy()
    first = np.array([int(np.flatnonzero(labels == c)[0]) for c in range(10)])
    probes = np.setdiff1d(np.arange(539), first)
    right = (rows[probes] @ rows[first].T).argmax(1) == labels[probes]
    found = evaluated.headline()["rank_1"]
    assert 0.5 < found["value"] < 1
    assert (found["count"], found["total"]) == (right.sum(), 529)
    assert found["low"] < found["value"] < found["high"]


@pytest.mark.parametrize(
    ("loss", "unit"), [("arcface", "rad"), ("elasticface-cos", "cosine"), ("softmax", None), ("sphereface", None)]
)
def test_margins_are_those_of_the_run_where_they_have_a_unit(tmp_path: Path, loss: str, unit: str | None) -> None:
    found = evaluate(trainer(tmp_path, loss=loss).fit(), images=greys())
    if unit is None:
        assert found.margins is None
    else:
        assert np.array_equal(found.margins, found.run.margins())
        assert found.margin_unit == unit


def test_the_file_holds_the_headline_as_strict_json(evaluated: Evaluation) -> None:
    text = (evaluated.run.folder / "evaluation.json").read_text()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert json.loads(text, parse_constant=refuse) == evaluated.headline()


def test_evaluating_again_gives_the_same_bytes_and_leaves_the_run_as_it_was(
    evaluated: Evaluation, tmp_path: Path
) -> None:
    folder = evaluated.run.folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    state = torch.get_rng_state()
    evaluate(Run.load(folder))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert torch.equal(torch.get_rng_state(), state)


def test_whole_classes_held_out_have_no_centres_and_no_accuracy(tmp_path: Path) -> None:
    found = evaluate(on_digits(tmp_path, held_out="classes").fit())
    assert found.margin is None  # the loss has never seen the centres of these classes
    numbers = json.loads((tmp_path / "evaluation.json").read_text())
    assert found.centres is None
    assert found.accuracy is None
    assert numbers["accuracy"] is None
    assert numbers["held_out"]["by"] == "classes"
    assert numbers["held_out"]["classes"] == 3
    assert 0 <= numbers["eer"]["value"] <= 1
    assert found.run.snapshots().centres is None


def test_an_unfinished_run_has_no_headline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers would not be those of the epoch that was fixed before training."""
    trained = trainer(tmp_path, epochs=3, loss="softmax")
    monkeypatch.setattr(trained, "_train_epoch", _stop_after(trained, 2))
    with pytest.raises(KeyboardInterrupt):
        trained.fit()
    with pytest.raises(ValueError) as error:
        evaluate(Run.load(tmp_path), images=greys())
    assert str(error.value) == (
        f"The run {tmp_path} is not finished: 2 of 3 epochs done. Train it to its end first, with its own parameters."
    )
    assert not (tmp_path / "evaluation.json").exists()


def _stop_after(trained: Trainer, epochs: int) -> Any:
    train = trained._train_epoch

    def stopping(epoch: int, *arguments: Any) -> Any:
        if epoch > epochs:
            raise KeyboardInterrupt
        return train(epoch, *arguments)

    return stopping


def test_images_that_were_given_to_train_must_be_given_again(tmp_path: Path) -> None:
    run = trainer(tmp_path).fit()
    with pytest.raises(ValueError, match="was trained on other images"):
        evaluate(run)
    assert evaluate(run, images=greys()).headline()["held_out"]["images"] == 16


def test_held_out_images_without_a_pair_are_told(tmp_path: Path) -> None:
    images = greys(24)
    run = trainer(tmp_path, images=images, batch_size=8, share=0.1).fit()  # one image of each class
    with pytest.raises(ValueError, match="genuine"):
        evaluate(run, images=images)


def test_numbers_without_an_end_become_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Perfectly separated classes have an infinite d'; JSON has no infinity."""
    run = trainer(tmp_path).fit()
    monkeypatch.setattr(Learner, "embed", lambda self, images: torch.eye(4)[images.labels])
    monkeypatch.setattr(Learner, "centres", lambda self: torch.eye(4))
    found = evaluate(run, images=greys()).headline()
    assert found["d_prime"] is None
    assert found["eer"]["value"] == 0
    assert found["accuracy"]["value"] == 1
    assert json.loads((tmp_path / "evaluation.json").read_text()) == found

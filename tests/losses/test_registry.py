"""Losses by name."""

import doctest
import functools
import inspect
import types

import pytest

from workbench import losses
from workbench.losses import registry

PARAMETERS = {
    "softmax": {"scale": 1.0, "bias": False},
    "normface": {"scale": 64.0},
    "sphereface": {"scale": 1.0, "margin": 4.0, "plain": 0.0},
    "cosface": {"scale": 64.0, "margin": 0.35},
    "arcface": {"scale": 64.0, "margin": 0.5, "gradient": "exact", "beyond_pi": "formula"},
    "arcface-detached": {"scale": 64.0, "margin": 0.5, "gradient": "detached", "beyond_pi": "formula"},
    "combined": {"scale": 64.0, "m1": 1.0, "m2": 0.3, "m3": 0.2, "gradient": "exact"},
    "elasticface-arc": {"scale": 64.0, "margin": 0.5, "std": 0.05, "plus": False, "assignment": "paper"},
    "elasticface-cos": {"scale": 64.0, "margin": 0.35, "std": 0.05, "plus": False, "assignment": "paper"},
    "elasticface-arc+": {"scale": 64.0, "margin": 0.5, "std": 0.0175, "plus": True, "assignment": "paper"},
    "elasticface-cos+": {"scale": 64.0, "margin": 0.35, "std": 0.025, "plus": True, "assignment": "paper"},
    "adaface": {"scale": 64.0, "margin": 0.4, "h": 0.333, "momentum": 0.01},
    "magface": {
        "scale": 64.0,
        "low_margin": 0.45,
        "high_margin": 0.8,
        "low_length": 10.0,
        "high_length": 110.0,
        "length_weight": 35.0,
        "easy_margin": True,
    },
    "curricularface": {"scale": 64.0, "margin": 0.5, "momentum": 0.01},
    "subcenter-arcface": {"scale": 64.0, "margin": 0.5, "centres": 3, "beyond_pi": "formula"},
    "coreface": {
        "scale": 64.0,
        "margin": 0.5,
        "contrast_weight": 0.05,
        "protocol": "n",
        "mask": "zero",
        "momentum": 0.99,
        "initial_margin": 0.0,
        "margin_updates": "once",
    },
    "jcsc": {
        "scale": 64.0,
        "margin": 0.5,
        "guidance": 0.1,
        "hardness": "cosine",
        "low_margin": 0.0,
        "high_margin": 1.0,
        "temperature": 0.1,
        "momentum": 0.9,
        "cluster_weight": 1.0,
        "align_weight": 1.0,
        "start": "features",
    },
}
PARAMETERS |= {
    "supcon": {"temperature": 0.1, "average": "nonzero"},
    "circle": {"scale": 80.0, "margin": 0.4, "average": "nonzero"},
    "multi-similarity": {"alpha": 2.0, "beta": 50.0, "base": 0.5, "mining": None},
    "contrastive": {"positive_margin": 0.0, "negative_margin": 1.0, "average": "nonzero", "squared": False},
    "triplet": {"margin": 0.05, "squared": False, "triplets": "all", "average": "nonzero"},
}
for base in ("arcface", "cosface", "magface"):
    PARAMETERS[f"unpg-{base}"] = {**PARAMETERS[base], "whisker": 1.5}


def test_names_and_parameters() -> None:
    assert {name: losses.parameters(name) for name in losses.names()} == PARAMETERS


@pytest.mark.parametrize("name", losses.names())
def test_creates_with_the_parameters_it_tells(name: str) -> None:
    head = losses.create(name, 4, 3)
    assert isinstance(head, losses.Loss)
    for parameter, default in losses.parameters(name).items():
        assert f"{parameter}={default!r}" in repr(head)
    assert repr(losses.create(name, dim=4, classes=3, **losses.parameters(name))) == repr(head)


def test_options_reach_the_loss() -> None:
    head = losses.create("elasticface-arc+", 4, 3, margin=0.3, std=0.1, plus=False, scale=30, assignment="released")
    options = (head.margin, head.std, head.plus, head.scale, head.assignment)
    assert options == (0.3, 0.1, False, 30.0, "released")


@pytest.mark.parametrize("function", [losses.parameters, losses.describe, lambda name: losses.create(name, 4, 3)])
def test_unknown_names(function: types.FunctionType) -> None:
    known = ", ".join(sorted(losses.names()))
    with pytest.raises(ValueError) as error:
        function("arcfase")
    assert str(error.value).startswith("There is no loss 'arcfase'. Did you mean 'arcface' or '")
    assert str(error.value).endswith(f"'? Known: {known}.")
    with pytest.raises(ValueError) as error:
        function("zzz")
    assert str(error.value) == f"There is no loss 'zzz'. Known: {known}."


def test_unknown_options() -> None:
    with pytest.raises(ValueError) as error:
        losses.create("normface", 4, 3, margin=0.5)
    assert str(error.value) == "There is no parameter of the loss 'normface' named 'margin'. Known: scale."


def test_no_loss_takes_positional_options() -> None:
    for loss in registry._LOSSES.values():
        kinds = [parameter.kind for parameter in inspect.signature(loss).parameters.values()]
        assert kinds[:2] == [inspect.Parameter.POSITIONAL_OR_KEYWORD] * 2
        assert set(kinds[2:]) == {inspect.Parameter.KEYWORD_ONLY}


def test_pairs_join_classes_alone() -> None:
    assert losses.create("unpg-adaface", 4, 3).pair_negatives.whisker == 1.5
    with pytest.raises(ValueError) as error:
        losses.create("unpg-supcon", 4, 3)
    assert str(error.value).startswith("There is no loss 'unpg-supcon'. Did you mean 'supcon'")
    assert str(error.value).endswith(". UNPG adds pairs to a loss of classes; this one has no classes.")


def test_every_exported_loss_has_a_name() -> None:
    exported = {value for value in vars(losses).values() if inspect.isclass(value) and issubclass(value, losses.Loss)}
    classes = {loss.func if isinstance(loss, functools.partial) else loss for loss in registry._LOSSES.values()}
    assert exported - {losses.Loss, losses.Head, losses.PairLoss} == classes


def test_exports() -> None:
    assert sorted(set(losses.__all__)) == sorted(losses.__all__)
    public = {
        name
        for name, value in vars(losses).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert public | {"margins"} == set(losses.__all__)


def test_examples() -> None:
    failed, tried = doctest.testmod(registry)
    assert failed == 0
    assert tried > 0

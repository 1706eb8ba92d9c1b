"""Weights from files: whatever wraps them, and nothing that is not theirs."""

import argparse
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from workbench import models


def model(seed: int = 1) -> models.Backbone:
    """A small network with statistics that are not those it began with."""
    torch.manual_seed(seed)
    made = models.create("mlp", 3, width=4).train()
    made(torch.rand(8, 1, 8, 8))
    return made


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    states = first.state_dict(), second.state_dict()
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def renamed(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in state.items()}


HEAD = {"head.kernel": torch.ones(3, 4), "fc.weight": torch.ones(4, 3)}
FORMS: dict[str, Any] = {
    "plain": lambda state: state,
    "wrapped": lambda state: {"epoch": 3, "state_dict": state, "optimizer": {"state": {0: {"step": torch.ones(1)}}}},
    "in model": lambda state: {"model": state},
    "in parallel": lambda state: renamed(state, "module."),
    "Lightning": lambda state: {"state_dict": renamed(state, "model.") | HEAD, "global_step": 7},
    "deep": lambda state: {"state_dict": renamed(state, "features.module.") | renamed(HEAD, "module.")},
    "backbone": lambda state: renamed(state, "backbone.") | HEAD,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt"])
def test_weights_are_found_in_whatever_wraps_them(form: str, suffix: str, tmp_path: Path) -> None:
    there, here = model(), model(2)
    torch.save(FORMS[form](there.state_dict()), tmp_path / f"weights{suffix}")
    assert not same(here, there)
    models.load_weights(here, tmp_path / f"weights{suffix}")
    assert same(here, there)


@pytest.mark.parametrize("prefix", ["", "model."])
def test_safetensors_and_the_older_form_are_read_too(prefix: str, tmp_path: Path) -> None:
    there, state = model(), renamed(model().state_dict(), prefix)
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "b.pth", _use_new_zipfile_serialization=False)
    for name in ("a.safetensors", "b.pth"):
        here = model(2)
        models.load_weights(here, str(tmp_path / name))
        assert same(here, there)


def test_counters_may_be_missing_and_halves_become_whole(tmp_path: Path) -> None:
    there, here = model(), model(2)
    counted = {name: value for name, value in here.state_dict().items() if "num_batches" in name}
    assert counted
    half = {name: value.half() for name, value in there.state_dict().items() if name not in counted}
    torch.save(half, tmp_path / "old.pth")
    models.load_weights(here, tmp_path / "old.pth")
    for name, value in here.state_dict().items():
        if name in counted:
            assert torch.equal(value, counted[name])
        else:
            assert value.dtype == torch.float32
            assert torch.equal(value, half[name].float())


class Harmful:
    """What would leave a file behind if a pickle were executed."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def test_code_in_a_file_is_never_executed(tmp_path: Path) -> None:
    mark, path, here = tmp_path / "executed", tmp_path / "harmful.pth", model()
    before = model()
    pickle.loads(pickle.dumps(Harmful(mark)))
    assert mark.exists(), "otherwise nothing is shown"
    mark.unlink()
    torch.save({"state_dict": here.state_dict(), "more": Harmful(mark)}, path)
    with pytest.raises(ValueError) as error:
        models.load_weights(here, path)
    assert str(error.value) == (
        f"{path} holds {os.system.__module__}.system beside its tensors, and code in a file of weights is never "
        f"executed. Save the weights alone where you trust it, by torch.save(model.state_dict(), path) or as "
        f".safetensors."
    )
    for protocol in (0, 2, 4):
        path.write_bytes(pickle.dumps(Harmful(mark), protocol=protocol))
        with pytest.raises(ValueError):
            models.load_weights(here, path)
    assert not mark.exists()
    assert same(here, before)


@pytest.mark.parametrize("kind", ["a whole model", "settings"])
def test_other_objects_are_refused_by_their_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    settings = {"state_dict": model().state_dict(), "hyper_parameters": argparse.Namespace(a=1)}
    torch.save(model() if kind == "a whole model" else settings, path)
    name = "workbench.models.small.SmallBackbone" if kind == "a whole model" else "argparse.Namespace"
    with pytest.raises(ValueError) as error:
        models.load_weights(model(), path)
    assert str(error.value).startswith(f"{path} holds {name} beside its tensors, and code ")


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
@pytest.mark.parametrize("form", ["archive", "older", "safetensors", "text"])
def test_damaged_files(form: str, share: float, tmp_path: Path) -> None:
    path, here = tmp_path / f"weights.{'safetensors' if form == 'safetensors' else 'pth'}", model()
    if form == "safetensors":
        save_file(here.state_dict(), path)
    elif form == "text":
        path.write_text("<!DOCTYPE html><title>404 Not Found</title>")
    else:
        torch.save(here.state_dict(), path, _use_new_zipfile_serialization=form == "archive")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError) as error:
        models.load_weights(here, path)
    if form == "safetensors":
        assert str(error.value).startswith(f"{path} cannot be read as safetensors (")
        assert str(error.value).endswith("). Fetch or save it again.")
    else:
        assert str(error.value) == (
            f"{path} cannot be read as weights: it is damaged, or torch.save did not write it. Fetch or save it again."
        )


def _without(state: dict[str, Tensor], *names: str) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name not in names}


OTHERS = "The weights of {path} are not those of this SmallBackbone: it"
SHAPES = "The weights of {path} have other shapes than this SmallBackbone"
CREATE = "Create the model that they were trained for."
BODY = ("body.1.weight", "body.2.weight", "body.2.bias", "body.2.running_mean")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda state: _without(state, "project.weight"), f"{OTHERS} lacks project.weight. {CREATE}"),
        (
            lambda state: _without(state, *BODY),
            f"{OTHERS} lacks body.1.weight, body.2.weight, body.2.bias and 1 more. {CREATE}",
        ),
        (lambda state: state | {"extra": torch.ones(1)}, f"{OTHERS} has extra too many. {CREATE}"),
        (
            lambda state: _without(state, "body.1.weight") | {"stem.weight": torch.ones(1)},
            f"{OTHERS} lacks body.1.weight and has stem.weight too many. {CREATE}",
        ),
        (
            lambda state: state | {"project.weight": torch.ones(2, 4)},
            f"{SHAPES}: project.weight [2, 4] instead of [3, 4]. Create the model with their width and image shape.",
        ),
        (
            lambda state: {"epoch": 3},
            "{path} holds no weights: there is no tensor with a name in it. Give a state dict.",
        ),
        (
            lambda state: [torch.ones(1)],
            "{path} holds no weights: there is no tensor with a name in it. Give a state dict.",
        ),
    ],
)
def test_other_weights_change_nothing(content: Any, sentence: str, tmp_path: Path) -> None:
    path, here, before = tmp_path / "weights.pth", model(2), model(2)
    torch.save(content(model().state_dict()), path)
    with pytest.raises(ValueError) as error:
        models.load_weights(here, path)
    assert str(error.value) == sentence.format(path=path)
    assert same(here, before)


@pytest.mark.parametrize("place", ["nowhere.pth", "."])
def test_a_file_that_is_not_there(place: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        models.load_weights(model(), tmp_path / place)
    assert str(error.value) == f"There is no file {tmp_path / place} to read weights from."

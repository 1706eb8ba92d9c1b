"""ONNX files: the same embeddings in another program, for any number of images."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from workbench import models

SHAPES = {"convnet": (1, 8, 8), "mlp": (1, 8, 8), "iresnet18": (3, 32, 32), "mobilefacenet": (3, 32, 32)}


def model(name: str) -> models.Backbone:
    """A network that has seen some images, so that its statistics are not those it began with."""
    made = models.create(name, 8, shape=SHAPES[name], dropout=0.3).train()
    for module in made.modules():
        if hasattr(module, "momentum"):
            module.momentum = 1.0
    made(torch.rand(8, *SHAPES[name]) * 2 - 1)
    return made


@pytest.mark.parametrize("name", SHAPES)
def test_onnx_runtime_gives_the_same_embeddings(name: str, tmp_path: Path) -> None:
    made, path = model(name), tmp_path / "deep" / "model.onnx"
    before = {key: value.clone() for key, value in made.state_dict().items()}
    models.export_onnx(made, path, shape=SHAPES[name])
    assert made.training
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (images,), (embeddings,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.shape) == ("images", ["batch", *SHAPES[name]])
    assert (embeddings.name, embeddings.shape) == ("embeddings", ["batch", 8])
    made.eval()
    for count in (1, 5):
        batch = torch.rand(count, *SHAPES[name]) * 2 - 1
        with torch.no_grad():
            expected = made(batch).numpy()
        given = session.run(None, {"images": batch.numpy()})[0]
        assert np.abs(given - expected).max() <= 1e-5 * np.abs(expected).max()


def test_the_file_tells_nothing_of_this_machine_and_nothing_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    models.export_onnx(model("mlp"), tmp_path / "model.onnx", shape=SHAPES["mlp"])
    content = (tmp_path / "model.onnx").read_bytes()
    for place in (str(Path(models.__file__).parents[2]), sys.prefix, "stack_trace", ".py"):
        assert place.encode() not in content
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_network_that_overflows_is_not_exported(tmp_path: Path) -> None:
    made, path = model("mlp"), tmp_path / "model.onnx"
    path.write_text("what was there before")
    with torch.no_grad():
        made.project.weight[0, 0] = torch.inf
    with pytest.raises(ValueError) as error:
        models.export_onnx(made, path, shape=SHAPES["mlp"])
    assert str(error.value) == (
        "The model gives embeddings that are not finite, and is not exported. Train it or load weights first: the "
        "first weights of a deep network overflow in evaluation mode."
    )
    assert path.read_text() == "what was there before"


def test_a_file_that_gives_other_embeddings_does_not_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("what was there before")
    run = models.export._run
    monkeypatch.setattr(models.export, "_run", lambda *arguments: 1.5 * run(*arguments))
    with pytest.raises(ValueError) as error:
        models.export_onnx(model("mlp"), path, shape=SHAPES["mlp"])
    assert str(error.value) == (
        f"{path} was not written: ONNX Runtime's embeddings differ from the model's by 0.5 of their size. Please "
        f"report it."
    )
    assert path.read_text() == "what was there before"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("package", ["onnxruntime", "onnxscript"])
def test_without_the_extra(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError) as error:
        models.export_onnx(models.create("mlp", 3), tmp_path / "model.onnx", shape=(1, 8, 8))
    assert str(error.value) == (
        f"Export to ONNX needs the package {package}, which is not installed. Install it with: pip install "
        f"'hypersphere-workbench[onnx]'."
    )

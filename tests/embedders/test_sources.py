"""Where networks come from: runs without their images, files of weights, and a published network on real faces."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.embedders.networks import pixels
from tests.small import greys, trainer
from workbench import embedders, models
from workbench.training import Trainer


@pytest.fixture
def run(tmp_path: Path) -> Path:
    trainer(tmp_path / "run", model="convnet").fit()
    return tmp_path / "run"


def test_a_run_is_embedded_without_its_images(run: Path) -> None:
    images = greys(20, seed=1)
    before = torch.get_rng_state()
    embedder = embedders.load(run)
    assert torch.equal(torch.get_rng_state(), before)
    assert embedder.shape == (1, 4, 4)
    expected = Trainer.restored(embedders.sources.Run.load(run), images=greys()).learner.embed(images).numpy()
    assert np.array_equal(embedder.embed(images.images, batch_size=512), expected)
    assert np.allclose(embedder.embed(images.images, batch_size=7), expected, atol=1e-5)
    config = json.loads((run / "run.json").read_text())["config"]
    assert embedder.facts == {
        "source": "run",
        "kind": "run",
        "model": "convnet",
        "dim": 3,
        "epoch": 3,
        "config": config,
        "shape": [1, 4, 4],
        "mean": [0.5],
        "std": [0.5],
        "channels": "rgb",
    }


def test_a_run_of_before_images_were_noted(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    assert record["data"].pop("shape") == [1, 4, 4]
    now = embedders.load(run)
    with pytest.raises(ValueError) as error:
        embedders.load(run, shape=(1, 8, 8))
    assert str(error.value) == f"The run {run} was trained on images of shape [1, 4, 4]. Leave 'shape' out."
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(ValueError) as error:
        embedders.load(run)
    assert str(error.value) == (
        f"The run {run} was begun by a version that did not note the shape of its images. Give 'shape', (channels, "
        f"height, width) of the images it was trained on."
    )
    images = greys().images
    assert np.array_equal(embedders.load(run, shape=(1, 4, 4)).embed(images), now.embed(images))
    with pytest.raises(ValueError) as error:
        embedders.load(run, shape=(1, 8, 8))
    assert str(error.value).startswith(f"The weights of the run {run} ")


def test_a_run_that_is_not_finished(run: Path) -> None:
    state = run / "checkpoint" / "state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "epoch": 2}))
    with pytest.raises(ValueError) as error:
        embedders.load(run)
    assert str(error.value).startswith(f"The run {run} is not finished: 2 of 3 epochs done.")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_need_the_name_of_their_network(suffix: str, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    model, path = models.create("mlp", 5, shape=(1, 4, 4)).eval(), tmp_path / f"weights{suffix}"
    (torch.save if suffix == ".pth" else save_file)(model.state_dict(), path)
    before = torch.get_rng_state()
    embedder = embedders.load(path, model="mlp", dim=5, shape=(1, 4, 4), device="cpu", scaling="unit")
    assert torch.equal(torch.get_rng_state(), before)
    images = greys().images
    with torch.no_grad():
        assert np.allclose(embedder.embed(images), model(images / 255).numpy(), atol=1e-5)
    assert embedder.facts == {
        "source": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "kind": "weights",
        "model": "mlp",
        "dim": 5,
        "shape": [1, 4, 4],
        "mean": [0.0],
        "std": [1.0],
        "channels": "rgb",
    }
    with pytest.raises(ValueError) as error:
        embedders.load(path)
    assert str(error.value) == (
        f"{path} does not say which network its weights are for. Give 'model', one of {', '.join(models.names())}."
    )
    with pytest.raises(ValueError) as error:
        embedders.load(path, model="mlp", shape=(1, 4, 4))
    assert "project.weight [5, 128] instead of [512, 128]" in str(error.value)


def test_facts_of_an_onnx_network(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", (1, 3, 2, 2))
    assert embedders.load(path, scaling="imagenet", channels="bgr").facts == {
        "source": "a.onnx",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "kind": "onnx",
        "output": "embeddings",
        "shape": [3, 2, 2],
        "channels": "bgr",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }


def test_an_exported_backbone_is_itself(tmp_path: Path) -> None:
    model = models.create("convnet", 6, shape=(1, 8, 8)).train()
    model(torch.rand(16, 1, 8, 8))
    models.export_onnx(model, tmp_path / "a.onnx", shape=(1, 8, 8))
    torch.save(model.state_dict(), tmp_path / "a.pth")
    images = torch.randint(0, 256, (9, 1, 8, 8), dtype=torch.uint8)
    weights = embedders.load(tmp_path / "a.pth", model="convnet", dim=6, shape=(1, 8, 8), device="cpu")
    assert np.allclose(embedders.load(tmp_path / "a.onnx").embed(images), weights.embed(images), atol=1e-5)


NOT_FOR = "parameter of embedders.load is not for"


@pytest.mark.parametrize(
    "option",
    [
        *({"output": "x"}, {"threads": 1}, {"size": 4}, {"model": "mlp"}, {"dim": 3}),
        *({"scaling": "unit"}, {"mean": 0.5, "std": 0.5}, {"channels": "bgr"}),
    ],
)
def test_options_that_mean_nothing_to_a_run(run: Path, option: dict[str, object]) -> None:
    with pytest.raises(ValueError) as error:
        embedders.load(run, **option)
    assert str(error.value) == f"The '{next(iter(option))}' {NOT_FOR} a run. Leave it out."


@pytest.mark.parametrize(
    ("name", "option", "kind"),
    [
        ("a.onnx", {"model": "mlp"}, "an ONNX network"),
        ("a.onnx", {"dim": 3}, "an ONNX network"),
        ("a.onnx", {"shape": (3, 2, 2)}, "an ONNX network"),
        ("a.onnx", {"device": "cpu"}, "an ONNX network"),
        ("a.pth", {"output": "x"}, "a file of weights"),
        ("a.pth", {"threads": 1}, "a file of weights"),
        ("a.pth", {"size": 4}, "a file of weights"),
    ],
)
def test_options_that_mean_nothing_to_a_file(name: str, option: dict[str, object], kind: str, tmp_path: Path) -> None:
    pixels(tmp_path / name)
    with pytest.raises(ValueError) as error:
        embedders.load(tmp_path / name, **option)
    assert str(error.value) == f"The '{next(iter(option))}' {NOT_FOR} {kind}. Leave it out."


def test_sources_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "faces.npz").write_bytes(b"")
    cases = {
        "faces.npz": "{} is neither an ONNX network (.onnx) nor a run's folder nor a file of weights (.pth, .pt, "
        ".ckpt, .safetensors).",
        "nowhere.onnx": "There is no {} to load a network from.",
        "": "{} is not a run folder: it has no run.json.",
    }
    for name, sentence in cases.items():
        with pytest.raises(ValueError) as error:
            embedders.load(tmp_path / name)
        assert str(error.value) == sentence.format(tmp_path / name)


def test_a_published_network_gives_the_published_embeddings(shared: Path) -> None:
    with np.load(shared / "data/lfw/lfw_mobilefacenet_128d.npz", allow_pickle=False) as known:
        rows = {str(name): row for name, row in zip(known["u"], known["E"].astype(np.float32), strict=True)}
    crops, expected = [], []
    with tarfile.open(shared / "data/lfw/lfw_112x112.tar.gz") as archive:
        for member in archive:
            if member.isfile() and (name := member.name.removeprefix("lfw_112x112/")) in rows:
                file = archive.extractfile(member)
                assert file is not None
                crops.append(np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB")).transpose(2, 0, 1))
                expected.append(rows[name])
                if len(crops) == 40:
                    break
    images = np.stack(crops)
    path = shared / "data/models/MobileFaceNet.onnx"

    def agreement(**options: object) -> float:
        embeddings = embedders.load(path, threads=1, **options).embed(images)
        directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
        return float((directions * np.stack(expected)).sum(1).min())

    assert agreement(scaling="imagenet") > 0.9999
    assert agreement(scaling="imagenet", channels="bgr") < 0.99, "the order of channels is not lost on it"
    assert agreement(scaling="insightface") < 0.999, "nor is the scaling"

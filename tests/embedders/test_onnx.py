"""ONNX networks of every make: layouts, fixed batches, types, outputs."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto

from tests.embedders.networks import pixels
from workbench import embedders

IMAGES = torch.arange(7 * 3 * 2 * 2, dtype=torch.uint8).view(7, 3, 2, 2)
FLAT = IMAGES.flatten(1).float().numpy()


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        (("N", 3, 2, 2), (0, -1)),
        (("N", "C", "H", "W"), (0, -1)),
        ((None, 3, None, None), (0, -1)),
        ((1, 3, 2, 2), (1, -1)),  # as PyTorch's view(x.size(0), -1) is exported
        ((3, 3, 2, 2), (3, 12)),
        (("N", 3, 2, 2), (0, -1, 1, 1)),
        ((1, 3, 2, 2), (1, 12, 1, 1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_every_image_is_embedded_once_and_in_its_order(
    shape: tuple[int | str, ...], target: tuple[int, ...], batch_size: int, tmp_path: Path
) -> None:
    embedder = embedders.load(pixels(tmp_path / "a.onnx", shape, target=target), scaling="none")
    embeddings = embedder.embed(IMAGES, batch_size=batch_size)
    assert embeddings.dtype == np.float32
    assert np.array_equal(embeddings, FLAT)


@pytest.mark.parametrize("shape", [("N", 2, 2, 3), (1, 2, 2, 3), ("N", 2, 2, 1)])
def test_channels_may_come_last(shape: tuple[int | str, ...], tmp_path: Path) -> None:
    embedder = embedders.load(pixels(tmp_path / "a.onnx", shape), scaling="none")
    assert embedder.shape == (shape[3], 2, 2)
    images = IMAGES[:, : shape[3]]
    expected = images.permute(0, 2, 3, 1).flatten(1).float().numpy()
    assert np.array_equal(embedder.embed(images), expected)


@pytest.mark.parametrize("shape", [(1, 3, 112, 3), (1, 1, 2, 3), ("N", 1, 3, 3)])
def test_channels_come_first_where_both_would_do(shape: tuple[int | str, ...], tmp_path: Path) -> None:
    assert embedders.load(pixels(tmp_path / "a.onnx", shape)).shape == shape[1:]


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_other_floating_point_numbers(kind: int, tmp_path: Path) -> None:
    embedder = embedders.load(pixels(tmp_path / "a.onnx", kind=kind), scaling="none", threads=1)
    assert embedder.embed(IMAGES).dtype == np.float32
    assert np.array_equal(embedder.embed(IMAGES), FLAT)


def test_an_output_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", factors={"norm": 2.0, "embedding": 3.0})
    assert np.array_equal(embedders.load(path, scaling="none", output="embedding").embed(IMAGES), 3 * FLAT)
    assert embedders.load(path, output="norm").facts["output"] == "norm"
    with pytest.raises(ValueError) as error:
        embedders.load(path)
    assert str(error.value) == (
        f"{path} has several outputs: norm [any, 12], embedding [any, 12]. Choose one with 'output'."
    )
    with pytest.raises(ValueError) as error:
        embedders.load(path, output="embeddings")
    assert str(error.value) == (
        f"There is no output of {path} named 'embeddings'. Did you mean 'embedding'? Known: embedding, norm."
    )


def test_an_output_that_is_no_embedding(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", target=(-1,))
    with pytest.raises(ValueError) as error:
        embedders.load(path).embed(IMAGES)
    assert str(error.value) == (
        f"The output 'embeddings' of {path} must be [N, D] for N images. Got [84] for 7 instead."
    )


@pytest.mark.parametrize(
    ("shape", "kind", "seen"),
    [
        (("N", 12), TensorProto.FLOAT, "images [any, 12] tensor(float)"),
        (("N", 3, 2, 2), TensorProto.INT32, "images [any, 3, 2, 2] tensor(int32)"),
    ],
)
def test_inputs_that_are_no_images(shape: tuple[int | str, ...], kind: int, seen: str, tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", shape, kind=kind)
    with pytest.raises(ValueError) as error:
        embedders.load(path)
    assert str(error.value) == (
        f"{path} must have one input of images, [N, C, H, W] or [N, H, W, C] of floating point numbers. It has {seen}."
    )


def test_images_that_the_graph_cannot_take(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", ("N", 3, "H", "W"), target=(0, 12))
    embedder = embedders.load(path)
    assert embedder.embed(IMAGES).shape == (7, 12)
    with pytest.raises(ValueError) as error:
        embedder.embed(torch.zeros(2, 3, 4, 4, dtype=torch.uint8))
    assert str(error.value).startswith(f"{path} cannot be run on images of 3 x 4 x 4 (channels x height x width): ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["nothing", "half", "text"])
def test_files_that_are_no_networks(content: str, tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx")
    whole = path.read_bytes()
    path.write_bytes({"nothing": b"", "half": whole[: len(whole) // 2], "text": b"404: Not Found"}[content])
    with pytest.raises(ValueError) as error:
        embedders.load(path)
    assert str(error.value).startswith(f"{path} cannot be opened as an ONNX network (")
    assert str(error.value).endswith("). Fetch or export it again.")
    assert "\n" not in str(error.value)


def test_without_onnx_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError) as error:
        embedders.load(pixels(tmp_path / "a.onnx"))
    assert str(error.value) == (
        "An ONNX network needs the package onnxruntime, which is not installed. Install it with: pip install "
        "'hypersphere-workbench[onnx]'."
    )


def test_threads(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx")
    with pytest.raises(ValueError) as error:
        embedders.load(path, threads=0)
    assert str(error.value) == (
        "The 'threads' parameter of embedders.load must be a whole number of at least 1. Got 0 instead."
    )

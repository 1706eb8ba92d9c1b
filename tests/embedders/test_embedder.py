"""Embedding: batches, mirrors, sizes, and images that do not fit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.embedders.networks import pixels
from workbench import embedders
from workbench.embedders import Embedder

IMAGES = torch.arange(7 * 3 * 2 * 2, dtype=torch.uint8).view(7, 3, 2, 2)


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    return embedders.load(pixels(tmp_path / "a.onnx", ("N", 3, 2, 2)), scaling="none")


class OnDisk:
    """Images that are read when they are asked for."""

    def __init__(self, images: Tensor) -> None:
        self.images = images
        self.asked: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: slice) -> np.ndarray:
        self.asked.append((index.start, index.stop))
        return self.images[index].numpy()


def test_images_are_asked_for_batch_by_batch(embedder: Embedder) -> None:
    images = OnDisk(IMAGES)
    assert np.array_equal(embedder.embed(images, batch_size=3), IMAGES.flatten(1).numpy())
    assert images.asked == [(0, 3), (3, 6), (6, 9)]
    assert np.array_equal(embedder.embed(IMAGES.numpy()), IMAGES.flatten(1).numpy())


def test_mirrors_are_added(embedder: Embedder) -> None:
    plain, mirrored = embedder.embed(IMAGES), embedder.embed(IMAGES.flip(3))
    assert not np.array_equal(plain, mirrored)
    assert np.array_equal(embedder.embed(IMAGES, flip="sum"), plain + mirrored)
    assert np.array_equal(embedder.embed(IMAGES, flip="none"), plain)


def test_images_become_what_the_network_takes(embedder: Embedder) -> None:
    grey = torch.full((2, 1, 8, 10), 77, dtype=torch.uint8)
    assert np.allclose(embedder.embed(grey), np.full((2, 12), 77), atol=1e-3)
    assert embedder.shape == (3, 2, 2)


def test_a_network_that_takes_any_size_gets_the_one_asked_for(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", ("N", 3, "H", "W"))
    flat = torch.full((2, 3, 8, 10), 77, dtype=torch.uint8)
    assert embedders.load(path).shape == (3, None, None)
    assert embedders.load(path).embed(flat).shape == (2, 240)
    for size, width in ((4, 48), ((2, 5), 30)):
        assert embedders.load(path, size=size).embed(flat).shape == (2, width)
    assert embedders.load(path, size=(2, 5)).facts["shape"] == [3, 2, 5]


def test_a_progress_bar_only_if_asked_for(embedder: Embedder, capsys: pytest.CaptureFixture[str]) -> None:
    embedder.embed(IMAGES)
    assert capsys.readouterr().err == ""
    embedder.embed(IMAGES, progress=True)
    assert "7/7" in capsys.readouterr().err


def test_a_size_that_the_network_does_not_take(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", (1, 3, 112, "W"))
    assert embedders.load(path, size=(112, 96)).shape == (3, 112, 96)
    with pytest.raises(ValueError) as error:
        embedders.load(path, size=128)
    assert str(error.value) == (
        "The network takes images of 112 x any (height x width), not of 128 x 128. Leave 'size' out: images are "
        "stretched to what the network takes."
    )


def test_three_numbers_for_a_grey_network(tmp_path: Path) -> None:
    path = pixels(tmp_path / "a.onnx", (1, 1, 2, 2))
    with pytest.raises(ValueError) as error:
        embedders.load(path, scaling="imagenet")
    assert str(error.value) == "The network takes grey images, so mean and std must be one number each."


def test_the_first_embedding_that_is_not_finite_is_named(tmp_path: Path) -> None:
    embedder = embedders.load(pixels(tmp_path / "a.onnx", factors={"embeddings": 3e38}), scaling="none")
    images = torch.zeros(9, 3, 2, 2, dtype=torch.uint8)
    images[5:7] = 2
    with pytest.raises(ValueError) as error:
        embedder.embed(images, batch_size=4)
    assert str(error.value) == (
        "The embedding of image 5 is not finite. Look at the scaling ('mean', 'std') and at the weights of the network."
    )


UINT8 = "The 'images' parameter of Embedder.embed must be uint8 [N, C, H, W]. Got"


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        (IMAGES[:0], {}, "There are no images to embed."),
        (IMAGES.float(), {}, f"{UINT8} 'torch.float32 [7, 3, 2, 2]' instead."),
        (IMAGES[:, 0], {}, f"{UINT8} 'torch.uint8 [7, 2, 2]' instead."),
        (
            IMAGES,
            {"flip": "mean"},
            "The 'flip' parameter of Embedder.embed must be one of 'none', 'sum'. Got 'mean' instead.",
        ),
        (
            IMAGES,
            {"batch_size": 0},
            "The 'batch_size' parameter of Embedder.embed must be a whole number of at least 1. Got 0 instead.",
        ),
    ],
)
def test_errors_say_what_to_do(embedder: Embedder, images: Tensor, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        embedder.embed(images, **options)
    assert str(error.value) == sentence

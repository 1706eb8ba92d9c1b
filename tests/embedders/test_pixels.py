"""Scaling, channels and size: as written down, and as Pillow does it."""

import numpy as np
import pytest
import torch
from PIL import Image

from workbench import data
from workbench.embedders import SCALINGS, Pixels
from workbench.embedders.pixels import pixels_of

RAMP = torch.arange(2 * 3 * 8 * 16, dtype=torch.int64).remainder(256).to(torch.uint8).view(2, 3, 8, 16)


def test_insightface_is_bit_for_bit_what_training_does() -> None:
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(Pixels(*SCALINGS["insightface"]).prepare(every), data.to_float(every))
    assert Pixels() == Pixels(*SCALINGS["insightface"])
    assert torch.equal(Pixels(*SCALINGS["none"]).prepare(every), every.float())


@pytest.mark.parametrize(
    ("options", "mean", "std"),
    [
        ({}, [0.5] * 3, [0.5] * 3),
        ({"scaling": "insightface"}, [0.5] * 3, [0.5] * 3),
        ({"scaling": "imagenet"}, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ({"scaling": "unit"}, [0] * 3, [1] * 3),
        ({"scaling": "none"}, [0] * 3, [1 / 255] * 3),
        ({"mean": 0.5, "std": 128 / 255}, [0.5] * 3, [128 / 255] * 3),
        ({"mean": (0.1, 0.2, 0.3), "std": [1, 2, 3]}, [0.1, 0.2, 0.3], [1, 2, 3]),
    ],
)
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_each_channel_is_scaled_by_its_own_numbers(
    options: dict[str, object], mean: list[float], std: list[float], channels: str
) -> None:
    given = {"scaling": None, "mean": None, "std": None, **options}
    prepared = pixels_of(**given, channels=channels).prepare(RAMP)
    for colour in range(3):
        expected = (RAMP[:, colour].double() / 255 - mean[colour]) / std[colour]
        at = colour if channels == "rgb" else 2 - colour
        assert torch.allclose(prepared[:, at].double(), expected, rtol=1e-5, atol=1e-5)
    assert prepared.dtype == torch.float32


def test_grey_becomes_colour_and_colour_grey_as_in_pillow() -> None:
    plain = Pixels(*SCALINGS["none"])
    coloured = plain.prepare(RAMP[:, :1], channels=3)
    assert torch.equal(coloured, RAMP[:, :1].float().expand(2, 3, 8, 16))
    grey = plain.prepare(RAMP, channels=1)
    for image, own in zip(RAMP, grey, strict=True):
        pillow = np.asarray(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L"))
        assert np.abs(own[0].numpy() - pillow).max() <= 0.51, "Pillow rounds to whole numbers"
    assert torch.equal(plain.prepare(RAMP, channels=3), RAMP.float())
    assert torch.equal(plain.prepare(RAMP[:, :2], channels=2), RAMP[:, :2].float())


@pytest.mark.parametrize("size", [(8, 16), (4, 16), (3, 5), (12, 20), (1, 1)])
def test_sizes_are_stretched_as_in_pillow(size: tuple[int, int]) -> None:
    prepared = Pixels(*SCALINGS["none"]).prepare(RAMP, size=size)
    assert prepared.shape == (2, 3, *size)
    for image, own in zip(RAMP.flatten(0, 1), prepared.flatten(0, 1), strict=True):
        pillow = Image.fromarray(image.float().numpy()).resize(size[::-1], Image.Resampling.BILINEAR)
        assert np.abs(own.numpy() - np.asarray(pillow)).max() <= 2e-3


def test_images_are_left_as_they_are() -> None:
    before = RAMP.clone()
    Pixels().prepare(RAMP, channels=1, size=(4, 4))
    assert torch.equal(RAMP, before)


@pytest.mark.parametrize(
    ("given", "wanted", "sentence"),
    [
        (4, 3, "Images of 4 channels cannot be given to a network for 3."),
        (2, 1, "Images of 2 channels cannot be given to a network for 1."),
        (3, 2, "Images of 3 channels cannot be given to a network for 2."),
    ],
)
def test_other_channels(given: int, wanted: int, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        Pixels().prepare(torch.zeros(1, given, 4, 4, dtype=torch.uint8), channels=wanted)
    rest = "Grey (1) and colour (3) are changed into one another; leave out others, such as transparency."
    assert str(error.value) == f"{sentence} {rest}"


def test_three_numbers_for_grey_images() -> None:
    with pytest.raises(ValueError) as error:
        Pixels(*SCALINGS["imagenet"]).prepare(RAMP[:, :1])
    assert str(error.value) == (
        "A mean or std of 3 numbers does not fit images of 1 channel. Give one number for grey networks."
    )


KNOWN = "Known: imagenet, insightface, none, unit."
BOTH = "Give either 'scaling' or both 'mean' and 'std', in units of x / 255."
NUMBERS = "must be one number or three, for red, green and blue. Got (0.5, 0.5) instead."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mean": 0.5}, BOTH),
        ({"std": 0.5}, BOTH),
        ({"mean": 0.5, "std": 0.5, "scaling": "unit"}, BOTH),
        ({"scaling": "unit", "std": 0.5}, BOTH),
        ({"mean": (0.5, 0.5), "std": 1}, f"The 'mean' parameter of embedders.load {NUMBERS}"),
        (
            {"mean": 0.5, "std": 0},
            "The 'std' parameter of embedders.load must be above 0. Got 0 instead.",
        ),
        (
            {"mean": "0.5", "std": 1},
            "The 'mean' parameter of embedders.load must be a number in (-inf, inf). Got '0.5' instead.",
        ),
        (
            {"channels": "RGB"},
            "The 'channels' parameter of embedders.load must be one of 'rgb', 'bgr'. Got 'RGB' instead.",
        ),
        (
            {"scaling": "image-net"},
            f"There is no scaling 'image-net'. Did you mean 'imagenet'? {KNOWN} Or give 'mean' and 'std'.",
        ),
    ],
)
def test_errors_say_what_to_do(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        pixels_of(**{"scaling": None, "mean": None, "std": None, "channels": "rgb", **options})
    assert str(error.value) == sentence

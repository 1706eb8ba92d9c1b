"""How images become what a network was trained on: channels, size, scaling, and the order of red and blue."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from workbench.checks import bad_parameter, number, one_of, unknown_name

# Mean and std of a scaling, in units of x / 255 and in the order red, green, blue.
SCALINGS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # To [-1, 1]. InsightFace recognition/arcface_torch at 04a433f154de; AdaFace, ElasticFace and this workbench alike.
    "insightface": ((0.5,), (0.5,)),
    # Of ImageNet's training images, as torchvision's models and many after them take it.
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    # To [0, 1].
    "unit": ((0.0,), (1.0,)),
    # 0 to 255 as they are, for networks that scale inside, as those that came from MXNet do.
    "none": ((0.0,), (1 / 255,)),
}
# ITU-R BT.601, as Pillow's "L" and OpenCV's grey.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Pixels:
    """What a network wants of its images: y = (x / 255 - mean) / std, on channels in its order.

    Attributes:
        mean: one number, or one for each of red, green and blue, in units of x / 255.
        std: the same; above 0.
        channels: "rgb" or "bgr", the order that the network was trained with; `mean` and `std` stay red first.
    """

    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    channels: str = "rgb"

    def prepare(
        self,
        images: UInt8[Tensor, "batch channels height width"],
        *,
        channels: int | None = None,
        size: tuple[int, int] | None = None,
    ) -> Float[Tensor, "batch wanted rows columns"]:
        """Return images as the network wants them.

        Grey images become three equal channels where colour is wanted; colour becomes grey by 0.299 R + 0.587 G +
        0.114 B. Other sizes are stretched, bilinear with antialiasing: faces must have been cropped and aligned as
        the network was trained, for nothing here looks for them.

        Args:
            images: red first where they have colour.
            channels: how many the network wants, 1 or 3; those that the images have if None.
            size: height and width that it wants; those of the images if None.

        Raises:
            ValueError: If the images have channels that cannot become those wanted.
        """
        pixels = _with_channels(images.float(), images.shape[1] if channels is None else channels)
        if size is not None and tuple(pixels.shape[2:]) != size:
            pixels = torch.nn.functional.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)
        mean, std = torch.tensor(self.mean, dtype=torch.float64), torch.tensor(self.std, dtype=torch.float64)
        if max(len(mean), len(std)) > pixels.shape[1]:
            raise ValueError(
                f"A mean or std of {max(len(mean), len(std))} numbers does not fit images of {pixels.shape[1]} "
                f"channel. Give one number for grey networks."
            )
        # Divided first, so that to [-1, 1] is bit for bit what training does, and 0 to 255 stays as it is.
        pixels = pixels.div_((255 * std).float().view(-1, 1, 1)).sub_((mean / std).float().view(-1, 1, 1))
        return pixels.flip(1) if self.channels == "bgr" else pixels


def pixels_of(
    scaling: str | None, mean: float | Sequence[float] | None, std: float | Sequence[float] | None, channels: str
) -> Pixels:
    """Return the pixels that these options of `embedders.load` describe.

    Raises:
        ValueError: If an option is unknown or out of its range, or both a scaling and numbers are given.
    """
    owner = "embedders.load"
    one_of(owner, "channels", channels, ("rgb", "bgr"))
    if mean is None and std is None:
        name = "insightface" if scaling is None else scaling
        if name not in SCALINGS:
            raise ValueError(unknown_name("scaling", name, SCALINGS, hint="Or give 'mean' and 'std'."))
        return Pixels(*SCALINGS[name], channels)
    if scaling is not None or mean is None or std is None:
        raise ValueError("Give either 'scaling' or both 'mean' and 'std', in units of x / 255.")
    means, stds = _numbers(owner, "mean", mean), _numbers(owner, "std", std)
    if min(stds) <= 0:
        raise ValueError(bad_parameter(owner, "std", "above 0", std))
    return Pixels(means, stds, channels)


def _numbers(owner: str, name: str, value: float | Sequence[float]) -> tuple[float, ...]:
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if len(values) not in (1, 3):
        raise ValueError(bad_parameter(owner, name, "one number or three, for red, green and blue", value))
    return tuple(number(owner, name, each) for each in values)


def _with_channels(pixels: Tensor, wanted: int) -> Tensor:
    given = pixels.shape[1]
    if given == wanted:
        return pixels
    if (given, wanted) == (1, 3):
        return pixels.repeat(1, 3, 1, 1)
    if (given, wanted) == (3, 1):
        luma = torch.tensor(_LUMA, device=pixels.device).view(1, 3, 1, 1)
        return (pixels * luma).sum(1, keepdim=True)
    raise ValueError(
        f"Images of {given} channels cannot be given to a network for {wanted}. Grey (1) and colour (3) are changed "
        f"into one another; leave out others, such as transparency."
    )

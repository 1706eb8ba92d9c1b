"""From an identity vector to what a person looks like."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

# What the K numbers of an identity vector mean, and the range each covers. Lengths are in halves of the image, so 1 is
# from the middle to the edge; places on the head are in its own half-width and half-height. A standard normal number
# becomes a uniform one, so that the extremes are as common as the middle and 200 people have room.
TRAITS: dict[str, tuple[float, float]] = {
    "head_width": (0.50, 0.64),
    "head_height": (0.70, 0.84),
    "jaw_taper": (0.08, 0.42),
    "jaw_square": (-0.05, 0.45),
    "ear_size": (0.75, 1.35),
    "eye_distance": (0.36, 0.50),
    "eye_height": (-0.14, 0.02),
    "eye_width": (0.112, 0.172),
    "eye_opening": (0.040, 0.080),
    "eye_tilt": (-0.22, 0.26),
    "iris_color": (0.0, 1.0),
    "brow_height": (0.105, 0.185),
    "brow_width": (0.13, 0.19),
    "brow_thickness": (0.018, 0.06),
    "brow_tilt": (-0.30, 0.30),
    "brow_arch": (0.0, 0.06),
    "nose_length": (0.24, 0.42),
    "nose_width": (0.070, 0.135),
    "nose_relief": (0.4, 1.2),
    "mouth_height": (0.46, 0.58),
    "mouth_width": (0.13, 0.24),
    "lip_upper": (0.012, 0.055),
    "lip_lower": (0.020, 0.070),
    "lip_color": (0.0, 1.0),
    "skin_tone": (0.0, 1.0),
    "skin_hue": (-1.0, 1.0),
    "cheeks": (0.0, 1.0),
    "hair_tone": (0.0, 1.0),
    "hair_hue": (0.0, 1.0),
    "hair_line": (0.0, 1.0),
    "hair_volume": (0.03, 0.24),
    "hair_length": (0.0, 1.0),
    "hair_parting": (-0.30, 0.30),
    "hair_strands": (2.0, 7.0),
    "beard": (0.0, 1.0),
    "glasses": (0.0, 1.0),
    "mole_x": (-0.6, 0.6),
    "mole_y": (-0.3, 0.75),
}

# Anchors from light to dark, RGB 0 to 255; between them colours are mixed.
_SKIN = ((246, 214, 194), (236, 194, 164), (217, 172, 134), (176, 126, 90), (126, 84, 58), (78, 52, 40))
_HAIR = ((228, 196, 138), (182, 138, 84), (120, 82, 52), (74, 50, 36), (40, 30, 26), (20, 18, 18))
_IRIS = ((118, 160, 190), (126, 144, 136), (108, 128, 76), (122, 88, 48), (84, 54, 32), (52, 34, 24))

Look = dict[str, Tensor]


class Chosen(dict[str, Tensor]):
    """The rows of some images or people, of what is asked for only: most painters use few of eighty tensors."""

    def __init__(self, every: dict[str, Tensor], rows: Int[Tensor, " chosen"]) -> None:
        super().__init__()
        self._every, self._rows = every, rows

    def __missing__(self, name: str) -> Tensor:
        self[name] = self._every[name][self._rows]
        return self[name]


def look(vectors: Float[Tensor, "images traits"]) -> Look:
    """Return the traits of identity vectors by name, float32 [B, 1, 1], and their colours, [B, 3, 1, 1].

    The colours are `skin`, `hair`, `iris` and `lips`. Light hair and light eyes are rarer with dark skin.
    """
    shares = torch.special.ndtr(vectors.double()).unbind(1)
    traits = {n: s * (high - low) + low for (n, (low, high)), s in zip(TRAITS.items(), shares, strict=True)}
    tone = traits["skin_tone"]
    skin = _mixed(_SKIN, tone)
    skin = skin + traits["skin_hue"][:, None] * torch.tensor((7.0, -2.0, -9.0), dtype=torch.double)
    hair = _mixed(_HAIR, 1 - (1 - traits["hair_tone"]) * (1 - 0.8 * tone))
    red = (traits["hair_hue"] - 0.75).clamp(min=0)[:, None] * 4
    hair = hair * (1 + red * torch.tensor((0.35, -0.15, -0.35), dtype=torch.double))
    grey = (0.16 - traits["hair_hue"]).clamp(min=0)[:, None] / 0.16
    hair = hair + grey * 0.8 * (torch.tensor((178.0, 176.0, 174.0), dtype=torch.double) - hair)
    lips = skin * torch.tensor((0.92, 0.66, 0.66), dtype=torch.double)
    lips = lips + traits["lip_color"][:, None] ** 2 * 0.65 * (torch.tensor((168.0, 44.0, 58.0)).double() - lips)
    colors = {"skin": skin, "hair": hair, "iris": _mixed(_IRIS, 1 - (1 - traits["iris_color"]) * (1 - 0.9 * tone))}
    colors["lips"] = lips
    return {name: value.float()[:, None, None] for name, value in traits.items()} | {
        name: value.clamp(0, 255).float()[:, :, None, None] for name, value in colors.items()
    }


def _mixed(anchors: tuple[tuple[int, int, int], ...], place: Tensor) -> Tensor:
    """Return colours [B, 3] at places in [0, 1] of a scale of anchors."""
    table = torch.tensor(anchors, dtype=torch.double)
    place = place * (len(anchors) - 1)
    below = place.floor().clamp(max=len(anchors) - 2)
    return table[below.long()] + (place - below)[:, None] * (table[below.long() + 1] - table[below.long()])

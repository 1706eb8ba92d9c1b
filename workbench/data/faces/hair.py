"""Hair, beard, and what surrounds the head: backdrop, neck and clothes."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from workbench.data.faces.head import Head, Nuisance, coat, tint
from workbench.data.faces.sdf import Plane, box, cover, ellipse, paint, root, wave
from workbench.data.faces.traits import Look

_SHORT, _SHAVEN = 0.55, 0.75  # below these values of the traits

Canvas = Float[Tensor, "images 3 height width"]


def backdrop(head: Head, nuisance: Nuisance) -> Canvas:
    """Return the canvas with a plain backdrop that gets lighter towards one side."""
    light = tint(nuisance) * 255
    slope = head.beside * nuisance["backdrop_slope_x"] + head.down * nuisance["backdrop_slope_y"]
    return (slope[:, None] + _color(nuisance, "backdrop")).clamp_(0.02, 1).mul_(light)


def _color(nuisance: Nuisance, what: str) -> Float[Tensor, "images 3 1 1"]:
    light, warmth, green = (nuisance[f"{what}_{name}"] for name in ("light", "warmth", "green"))
    return torch.stack([light + warmth, light + green, light - warmth], dim=1).clamp_(0, 1)


def has_long_hair(look: Look) -> Bool[Tensor, "images 1 1"]:
    """Return whose hair hangs behind the neck."""
    return look["hair_length"] > _SHORT


def hair_behind(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head) -> None:
    """Paint the hair that hangs behind the neck: half an ellipse that goes on straight down to its length."""
    length = (look["hair_length"] - _SHORT) * 3.2
    out = 1 + _volume(look, nuisance) * 1.1
    straight = (head.across / out).square_().add_((head.along / out).clamp(max=0).square_()).sub_(1).mul_(0.5)
    distance = torch.maximum(straight, head.along - length)
    share = cover(distance.mul_(look["head_width"]), pixel=1.5 * head.surface.pixel)
    coat(canvas, look["hair"] * 0.75, nuisance, head.surface.lit * 0.5, share)


def body(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head) -> None:
    """Paint neck and clothes, which stay upright, onto the lower half."""
    half = canvas.shape[2] // 2
    lower, beside, down = canvas[:, :, half:], head.beside, head.down[:, half:]
    width = look["head_width"] * nuisance["scale"]
    pixel = head.surface.pixel
    neck = box(beside, down - 0.75, width=0.62 * width, height=1.0, corner=0.0)
    coat(lower, look["skin"] * 0.8, nuisance, 0.5 * head.surface.inside[:, half:], cover(neck, pixel=pixel))
    shoulders = ellipse(beside, down - 1.35, width=1.05, height=0.55)
    paint(lower, _color(nuisance, "clothes") * tint(nuisance) * 235, cover(shoulders.mul_(0.55), pixel=pixel))


def hair(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head) -> None:
    """Paint the hair on the head: a cap a little larger than it, in front of a plane that cuts the head.

    The plane runs from the forehead over the ears to the nape, tilted to one side by the parting; long hair also
    covers what is far from the middle of the face.
    """
    line, length = look["hair_line"], look["hair_length"]
    strand = wave(head.surface.x.abs().mul_(look["hair_strands"]).add_(head.surface.z * 1.5))
    # Of one in eight the hair has gone from all but the sides, of the others the line is anywhere from low to high.
    bald = (line > 0.875).float()
    volume = _volume(look, nuisance) * (1 - 0.8 * bald)
    front = -0.50 - 0.36 * line - 0.25 * bald
    slant = 0.62
    curtain = 0.06 + (length - 0.45).clamp(min=0) * 1.15 - 0.1 * bald
    height = (
        (head.surface.y * -1).add_(head.surface.z * -slant).add_(head.surface.x * (look["hair_parting"] * (1 - bald)))
    )
    height.add_(head.surface.x.square().mul_(curtain)).sub_(-front - slant * root(1 - front * front))
    height.add_(strand * 0.022)
    height.sub_((-0.35 - head.surface.y).clamp_(min=0).mul_(4 * bald))
    out = 1 + volume
    lifted = head.along / out + 0.5 * volume / out
    cap = ellipse(head.across, lifted, width=out, height=1.0)
    share = cover(height.mul_(-look["head_height"]), pixel=1.5 * head.surface.pixel)
    share *= cover(cap.mul_(look["head_width"]), pixel=1.3 * head.surface.pixel)
    coat(canvas, look["hair"], nuisance, strand.mul_(0.22).add_(0.95).mul_(head.surface.lit), share)


def _volume(look: Look, nuisance: Nuisance) -> Plane:
    return look["hair_volume"] * (1 + 0.35 * nuisance["hair_change"])


def has_beard(look: Look) -> Bool[Tensor, "images 1 1"]:
    """Return who has a beard: every fourth person."""
    return look["beard"] > _SHAVEN


def beard(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head) -> None:
    """Paint a beard, stubble to full, below a line that rises towards the ears."""
    thick = ((look["beard"] - _SHAVEN) / (1 - _SHAVEN)).clamp(max=0.9)
    distance = 0.46 - head.surface.y - 0.42 * head.surface.x.square()
    mouth = ellipse(
        head.surface.x * look["head_width"],
        (head.surface.y - look["mouth_height"]) * look["head_height"],
        width=look["mouth_width"] * 1.05,
        height=0.085,
    )
    share = (
        cover(torch.maximum(distance, mouth.mul_(-0.1)), pixel=0.06 + 2 * head.surface.pixel)
        * head.surface.inside
        * thick
    )
    coat(canvas, look["hair"] * 0.9, nuisance, head.surface.lit, share)

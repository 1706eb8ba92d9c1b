"""Cheeks, moles, ears, nose and mouth."""

import torch
from jaxtyping import Bool
from torch import Tensor

from workbench.data.faces.hair import Canvas
from workbench.data.faces.head import Head, Nuisance, Surface, coat, tint
from workbench.data.faces.sdf import Plane, arch, cover, darken, ellipse, paint, ring
from workbench.data.faces.traits import Look
from workbench.data.faces.window import Area, Place, window

_FLUSH = 0.24  # share of green and blue that the reddest cheeks swallow
_THROAT = (70.0, 24.0, 26.0)
_TEETH = (232.0, 228.0, 218.0)


def complexion(canvas: Canvas, look: Look, skin: Surface) -> None:
    """Redden the cheeks and draw the ear that a turned head shows."""
    cheek = ellipse(skin.x.abs().sub_(0.47), skin.y - 0.26, width=0.30, height=0.19)
    share = cheek.mul_(-1.2).clamp_(0, 1).mul_(look["cheeks"] * 0.45 * _FLUSH).mul_(skin.front())
    darken(canvas[:, 1:], share)
    size = look["ear_size"]
    ear = ellipse(skin.z + 0.12, skin.y - 0.04, width=0.15 * size, height=0.2 * size).mul_(0.17)
    behind = (0.4 - skin.z).mul_(4).clamp_(0, 1).mul_(skin.inside).mul_(0.30)
    darken(canvas, cover(ring(ear, thickness=0.02), pixel=skin.pixel).mul_(behind))


def has_mole(look: Look) -> Bool[Tensor, "images 1 1"]:
    """Return who has a mole: every third person."""
    return look["mole_x"] > 0.2


def mole_area(look: Look) -> Area:
    """Return where the mole is."""
    width, height = look["head_width"], look["head_height"]
    x, y = look["mole_x"], look["mole_y"]
    return Area((x - 0.06) * width, (x + 0.06) * width, (y - 0.06) * height, (y + 0.06) * height)


def mole(canvas: Canvas, look: Look, _nuisance: Nuisance, head: Head, place: Place) -> None:
    """Paint a mole."""
    with window(canvas, head, place) as (part, skin):
        spot = ellipse(skin.x - look["mole_x"], skin.y - look["mole_y"], width=0.045, height=0.04).mul_(0.03)
        darken(part, cover(spot, pixel=skin.pixel).mul_(skin.front()).mul_(0.75))


def nose_area(look: Look, nuisance: Nuisance) -> Area:
    """Return where the nose is: it stands out, so pose shifts it more than what lies around it."""
    top = look["eye_height"] * look["head_height"]
    lean, drop = _nose_shift(look, nuisance)
    reach = 1.75 * look["nose_width"]
    return Area(
        lean.clamp(max=0) - reach,
        lean.clamp(min=0) + reach,
        top + drop.clamp(max=0) - 0.04,
        top + look["nose_length"] + drop.clamp(min=0) + 0.09,
    )


def _nose_shift(look: Look, nuisance: Nuisance) -> tuple[Plane, Plane]:
    """Return how far the tip of the nose is moved sideways and down."""
    return nuisance["yaw_sin"] * 0.16 * look["nose_relief"], nuisance["pitch_sin"] * 0.10


def nose(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head, place: Place) -> None:
    """Shade the nose, on which light falls from one side."""
    length, width = look["nose_length"], look["nose_width"]
    top = look["eye_height"] * look["head_height"]
    lean, drop = _nose_shift(look, nuisance)
    with window(canvas, head, place) as (part, skin):
        y = (skin.y * look["head_height"]).sub_(top + drop)
        rise = (y / length).clamp_(0, 1)
        x = (skin.x * look["head_width"]).sub_(rise * lean)
        front = skin.front()
        _ridge(part, look, nuisance, x, y, rise, front)
        below = ellipse(x, y - (length + 0.025), width=width * 1.25, height=0.05).mul_(-0.56).clamp_(0, 0.35)
        side = x.abs()
        wing = ellipse(side - width * 0.95, y - (length - 0.03), width=width * 0.28, height=0.055).mul_(0.04)
        hole = ellipse(side - width * 0.5, y - (length + 0.005), width=width * 0.34, height=0.020).mul_(0.028)
        outer = (side - width * 0.95).mul_(60).clamp_(0, 0.30)
        dark = torch.maximum(below, cover(ring(wing, thickness=0.012), pixel=skin.pixel).mul_(outer))
        dark = torch.maximum(dark, cover(hole, pixel=skin.pixel).mul_(0.65))
        darken(part, dark.mul_(front))
        tip = ellipse(x, y - length * 0.84, width=width * 0.4, height=0.04).mul_(-1.2).clamp_(0, 1)
        paint(part, tint(nuisance) * 255, tip.mul_(front).mul_(skin.lit).mul_(0.20))


def _ridge(canvas: Canvas, look: Look, nuisance: Nuisance, x: Plane, y: Plane, rise: Plane, front: Plane) -> None:
    """Lighten the ridge and its side to the light, and darken the other one and the one turned away."""
    ridge = x / (rise * 0.65).add_(0.35).mul_(look["nose_width"])
    bump = arch(ridge, width=1.69).clamp_(min=0).square_()
    ends = (y * 9).add_(0.2).clamp_(0, 1).mul_((look["nose_length"] + 0.05 - y).mul_(12).clamp_(0, 1)).mul_(front)
    side = nuisance["light_azimuth_sin"] * nuisance["contrast"] * 0.84 - nuisance["yaw_sin"] * 0.42
    relief = ridge.mul_(side).add_(0.07).mul_(bump).mul_(ends).mul_(look["nose_relief"])
    canvas.mul_(relief.add_(1)[:, None])


def mouth_area(look: Look, nuisance: Nuisance) -> Area:
    """Return where the mouth is."""
    width, gap = _mouth_size(look, nuisance)
    middle = look["mouth_height"] * look["head_height"]
    lift = 0.035 * nuisance["smile"].abs()
    return Area(
        -width * 1.05,
        width * 1.05,
        middle - lift - 1.15 * look["lip_upper"] - 0.4 * gap - 0.02,
        middle + lift + 1.15 * look["lip_lower"] + gap + 0.09,
    )


def _mouth_size(look: Look, nuisance: Nuisance) -> tuple[Plane, Plane]:
    """Return half the width of the mouth, which a smile spreads, and how far it is open."""
    return look["mouth_width"] * (1 + 0.18 * nuisance["smile"]), 0.075 * nuisance["mouth_open"]


def mouth(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head, place: Place) -> None:
    """Paint lips, the line between them or the open mouth with teeth; a smile lifts and spreads the corners."""
    width, gap = _mouth_size(look, nuisance)
    middle = look["mouth_height"] * look["head_height"]
    with window(canvas, head, place) as (part, skin):
        x, y = skin.x * look["head_width"], skin.y * look["head_height"] - middle
        front, bow = skin.front(), arch(x, width=width)
        y.sub_((bow - 0.5).mul_(0.065 * nuisance["smile"]))
        _lips(part, look, nuisance, skin, x.abs(), y, bow, width=width, gap=gap)
        shadow = ellipse(x, y - (look["lip_lower"] + gap + 0.05), width=width * 0.6, height=0.035)
        darken(part, shadow.mul_(-0.26).clamp_(0, 0.22).mul_(front))


def _lips(
    canvas: Canvas,
    look: Look,
    nuisance: Nuisance,
    skin: Surface,
    side: Plane,
    y: Plane,
    bow: Plane,
    *,
    width: Plane,
    gap: Plane,
) -> None:
    front, pixel, light = skin.front(), skin.pixel, tint(nuisance)
    dip = (side * (-4 / width)).add_(1).clamp_(min=0).mul_(0.3 * look["lip_upper"])
    top = (bow * (1.15 * look["lip_upper"] + 0.35 * gap)).sub_(dip)
    bottom = bow * (1.15 * look["lip_lower"] + 0.65 * gap)
    beyond = side - width  # between two parabolas alone the corners would run out in hairs without end
    lips = torch.maximum(torch.maximum(top.add_(y).neg_(), y - bottom), beyond)
    coat(canvas, look["lips"], nuisance, skin.lit, cover(lips, pixel=pixel).mul_(front))
    opening = torch.maximum((bow * (0.35 * gap)).add_(y).neg_(), y - bow * (0.65 * gap))
    opening = torch.maximum(opening, beyond)
    inside = cover(opening, pixel=pixel).mul_(front).mul_((gap * 60).clamp(max=1))
    paint(canvas, light * torch.tensor(_THROAT)[:, None, None], inside)
    teeth = cover(torch.maximum(opening, y - (0.1 * gap - 0.004)), pixel=pixel).mul_(inside)
    paint(canvas, light * torch.tensor(_TEETH)[:, None, None], teeth.mul_(0.9))
    line = cover(torch.maximum(ring(y, thickness=0.020), beyond), pixel=pixel)
    darken(canvas, line.mul_(front).mul_(inside.mul_(-0.6).add_(0.6)))

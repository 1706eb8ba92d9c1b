"""Eyes, brows and glasses. All are drawn once, for |x|: the left side mirrors the right one."""

import torch
from jaxtyping import Bool
from torch import Tensor

from workbench.data.faces.hair import Canvas
from workbench.data.faces.head import Head, Nuisance, Surface, coat, tint
from workbench.data.faces.sdf import Plane, arch, box, cover, darken, ellipse, paint, ring
from workbench.data.faces.traits import Look
from workbench.data.faces.window import Area, Place, window

_IRIS = 0.056  # radius; grown people differ little in it
_NO_GLASSES = 0.7  # below this value of the trait
_WHITE = (238.0, 234.0, 230.0)


def eyes_area(look: Look) -> Area:
    """Return where eyes and brows are."""
    middle = look["eye_height"] * look["head_height"]
    top = look["brow_height"] + look["brow_thickness"] + look["brow_arch"] + 0.05
    top = top + (look["brow_tilt"] * look["brow_width"]).abs()
    outer = torch.maximum(1.2 * look["eye_width"], look["brow_width"] + 0.02)
    outer = look["eye_distance"] * look["head_width"] + torch.maximum(outer, 1.5 * look["eye_width"])
    return Area(-outer, outer, middle - top, middle + 0.15)


def eyes(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head, place: Place) -> None:
    """Paint the eyes and the brows."""
    with window(canvas, head, place) as (part, skin):
        ex = (skin.x * look["head_width"]).abs_().sub_(look["eye_distance"] * look["head_width"])
        ey = (skin.y - look["eye_height"]).mul_(look["head_height"])
        front = skin.front()
        _eye(part, look, nuisance, skin, ex, ey, front)
        _brow(part, look, nuisance, skin, ex, ey, front)


def _eye(canvas: Canvas, look: Look, nuisance: Nuisance, skin: Surface, ex: Plane, ey: Plane, front: Plane) -> None:
    """Paint socket, white, iris with pupil and glint, lids and lashes."""
    width, pixel = look["eye_width"], skin.pixel
    opening = look["eye_opening"] * nuisance["eyes_open"]
    socket = ellipse(ex, ey + 0.01, width=width * 1.5, height=0.115).mul_(-0.9).clamp_(0, 1)
    darken(canvas, socket.mul_(front).mul_(0.30))
    ey = ey + ex * look["eye_tilt"]
    bow = arch(ex, width=width)
    upper, lower = (bow * opening).add_(ey), (bow * (0.62 * opening)).sub_(ey)
    white = torch.maximum(torch.minimum(upper, lower).neg_(), ex.abs().sub_(width))
    open_share = cover(white, pixel=pixel).mul_(front)
    dim = skin.lit * 0.8
    coat(canvas, torch.tensor(_WHITE)[None, :, None, None], nuisance, dim, open_share)
    side = skin.x.sign()  # both eyes look the same way, so the fold is undone
    ix, iy = ex - side * (0.35 * width * nuisance["gaze_x"]), ey + (0.006 - 0.4 * opening * nuisance["gaze_y"])
    from_iris = ix.square().add_(iy.square())
    iris = (from_iris - _IRIS**2).mul_(0.5 / _IRIS)
    coat(canvas, look["iris"], nuisance, dim, cover(iris, pixel=pixel).mul_(open_share))
    pupil = from_iris.sub_((0.48 * _IRIS) ** 2).mul_(0.5 / (0.48 * _IRIS))
    ends = (arch(ex, width=width * 1.15) * 4).clamp_(0, 1).mul_(front)
    lines = cover(ring(upper, thickness=0.026), pixel=pixel).mul_(0.85)
    lines = torch.maximum(lines, cover(ring(upper + 0.045, thickness=0.016), pixel=pixel).mul_(0.30))
    lines = torch.maximum(lines, cover(ring(lower, thickness=0.014), pixel=pixel).mul_(0.35)).mul_(ends)
    darken(canvas, torch.maximum(lines, cover(pupil, pixel=pixel).mul_(open_share)).mul_(0.92))
    glint = ellipse(ix - side * (0.02 * nuisance["light_azimuth_sin"]), iy + 0.02, width=0.017, height=0.017).mul_(
        0.017
    )
    paint(canvas, tint(nuisance) * 250, cover(glint, pixel=pixel).mul_(open_share).mul_(0.8))


def _brow(canvas: Canvas, look: Look, nuisance: Nuisance, skin: Surface, ex: Plane, ey: Plane, front: Plane) -> None:
    """Paint the brow: arched, tilted, thinner towards the temple, in a darker colour of the hair."""
    width = look["brow_width"]
    line = ey + (look["brow_height"] + 0.03 * nuisance["brow_raise"])
    line.add_(ex * look["brow_tilt"]).add_(arch(ex, width=width).mul_(look["brow_arch"]))
    thickness = (ex * (-0.22 / width)).add_(0.5).mul_(look["brow_thickness"])
    distance = torch.maximum(line.abs_().sub_(thickness), ex.abs().sub_(width))
    share = cover(distance, pixel=1.3 * skin.pixel).mul_(front).mul_(0.85)
    coat(canvas, look["hair"] * 0.62, nuisance, skin.lit, share)


def wears_glasses(look: Look, nuisance: Nuisance) -> Bool[Tensor, "images 1 1"]:
    """Return who wears glasses: three in ten do, and take them off in some images."""
    return (look["glasses"] > _NO_GLASSES) & (nuisance["glasses_off"] < 0.8)


def glasses_area(look: Look) -> Area:
    """Return where glasses are: they reach to the ears."""
    middle = look["eye_height"] * look["head_height"]
    return Area(-look["head_width"], look["head_width"], middle - 0.14, middle + 0.16)


def glasses(canvas: Canvas, look: Look, nuisance: Nuisance, head: Head, place: Place) -> None:
    """Paint glasses, from small and round to wide and square."""
    kind = ((look["glasses"] - _NO_GLASSES) / (1 - _NO_GLASSES)).clamp(0, 1)
    eye_x = look["eye_distance"] * look["head_width"]
    width, height = 0.135 + 0.04 * kind, 0.12 - 0.02 * kind
    with window(canvas, head, place) as (part, skin):
        x = (skin.x * look["head_width"]).abs_()
        y = (skin.y - look["eye_height"]).mul_(look["head_height"])
        lens = box(x - eye_x, y - 0.01, width=width, height=height, corner=height * (1 - 0.7 * kind))
        # Bridge and temples are one bar that the lenses interrupt.
        bar = torch.maximum((y + 0.025).abs_().sub_(0.012), -lens)
        frame = torch.minimum(ring(lens, thickness=0.022 + 0.012 * kind), bar)
        front, pixel = skin.front(), skin.pixel
        paint(part, torch.full((1, 3, 1, 1), 225.0), cover(lens, pixel=pixel).mul_(front).mul_(0.12))
        paint(part, (kind * 50 + 16)[:, None] * tint(nuisance), cover(frame, pixel=pixel).mul_(front).mul_(0.92))

"""The head: an ellipsoid that turns, and for each pixel the point of it that is seen there.

Features are drawn on this surface, so pose moves, foreshortens and hides them as it does on a real head.
"""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int
from torch import Tensor

from workbench.data.faces.sdf import Plane, cover, ellipse, root
from workbench.data.faces.traits import Look

Nuisance = dict[str, Tensor]  # [B, 1, 1] each; of angles there are also `NAME_cos` and `NAME_sin`
HEAD_DOWN = 0.06  # the head's middle lies this much below the image's, to leave room for hair


@dataclass(frozen=True, eq=False)
class Surface:
    """The points of a block of heads that are seen at the pixels of the images or of a window.

    Attributes:
        x, y, z: point on the unit sphere that the ellipsoid is made of: x to the right of the image, y down, z out of
            the face. Beside the head it is near the nearest point of the outline.
        lit: cosine between surface and light, 0 where it is turned away.
        inside: share of the pixel that is head.
        pixel: width of a pixel on a head of scale 1, [B, 1, 1].
    """

    x: Plane
    y: Plane
    z: Plane
    lit: Plane
    inside: Plane
    pixel: Plane

    def front(self) -> Plane:
        """Return `inside`, faded out where the surface belongs to the back of the head."""
        return (self.z * 6).clamp_(0, 1).mul_(self.inside)

    def select(self, rows: Int[Tensor, " chosen"]) -> "Surface":
        """Return the surfaces of some images."""
        return Surface(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class Head:
    """A block of heads in pose and light.

    Attributes:
        surface: what is seen at each pixel.
        beside, down: place from the middle of the head in halves of the image, level with it: for body and backdrop.
        across, along: place in the rolled image, in half-widths and half-heights of the head.
    """

    surface: Surface
    beside: Plane
    down: Plane
    across: Plane
    along: Plane

    def select(self, rows: Int[Tensor, " chosen"]) -> "Head":
        """Return the heads of some images."""
        planes = (self.beside, self.down, self.across, self.along)
        return Head(self.surface.select(rows), *(plane[rows] for plane in planes))


def head(look: Look, nuisance: Nuisance, size: int) -> Head:
    """Return the heads of a block in an image of this size."""
    grid = (torch.arange(size) * 2 + (1 - size)) / size  # symmetric to the last bit: mirrored heads are mirrored
    beside = grid[None, None] - nuisance["shift_x"]
    down = grid[None, :, None] - nuisance["shift_y"] - HEAD_DOWN
    width, height = look["head_width"], look["head_height"]
    cosine, sine = nuisance["roll_cos"] / nuisance["scale"], nuisance["roll_sin"] / nuisance["scale"]
    across = (cosine / width) * beside + (sine / width) * down
    along = (cosine / height) * down - (sine / height) * beside
    u, v = across / jaw(look, along), along
    radius = u.square().add_(v.square())
    w = root(1 - radius)
    x, y, z = _turned_back(nuisance, u, v, w)
    pixel = 2 / (size * nuisance["scale"])
    edge = pixel / root(width * height)
    inside = torch.maximum(cover((radius - 1).mul_(0.5), pixel=edge), _ears(look, nuisance, across, along, edge))
    surface = Surface(x, y, z, _lit(nuisance, u, v, w), inside, pixel)
    return Head(surface, beside, down, across, along)


def jaw(look: Look, along: Plane) -> Plane:
    """Return the width of the head at a height: 1 down to the middle, then 1 - h² (taper - square (1 - h²))."""
    square = along.clamp(0, 1.1).square_()
    return (square * -look["jaw_square"]).add_(look["jaw_square"] - look["jaw_taper"]).mul_(square).add_(1)


def _turned_back(nuisance: Nuisance, u: Plane, v: Plane, w: Plane) -> tuple[Plane, Plane, Plane]:
    """Return the point of the head that pitch and yaw have brought to (u, v, w)."""
    cosine, sine = nuisance["pitch_cos"], nuisance["pitch_sin"]
    y, depth = (cosine * v).sub_(sine * w), (cosine * w).add_(sine * v)
    cosine, sine = nuisance["yaw_cos"], nuisance["yaw_sin"]
    return (cosine * u).sub_(sine * depth), y, depth.mul_(cosine).add_(sine * u)


def seen_at(nuisance: Nuisance, x: Plane, y: Plane, z: Plane) -> tuple[Plane, Plane, Plane]:
    """Return where yaw and pitch bring a point of the head: (u, v, w), w out of the image."""
    cosine, sine = nuisance["yaw_cos"], nuisance["yaw_sin"]
    u, depth = cosine * x + sine * z, cosine * z - sine * x
    cosine, sine = nuisance["pitch_cos"], nuisance["pitch_sin"]
    return u, cosine * y + sine * depth, cosine * depth - sine * y


def _ears(look: Look, nuisance: Nuisance, across: Plane, along: Plane, edge: Plane) -> Plane:
    """Return the cover of what stands out of the outline: ears at both ends of the axis that yaw turns."""
    u, v, _ = seen_at(nuisance, torch.zeros(1), torch.full((1,), 0.04), torch.full((1,), -0.12))
    reach = 1.04 * nuisance["yaw_cos"]
    size = look["ear_size"]
    distance = ellipse((across - u).abs_().sub_(reach), along - v, width=0.085 * size, height=0.17 * size)
    return cover(distance.mul_(0.12 * size), pixel=edge)


def _lit(nuisance: Nuisance, u: Plane, v: Plane, w: Plane) -> Plane:
    flat, up = nuisance["light_elevation_cos"], nuisance["light_elevation_sin"]
    right, front = flat * nuisance["light_azimuth_sin"], flat * nuisance["light_azimuth_cos"]
    # The light stays where it is when the head rolls.
    cosine, sine = nuisance["roll_cos"], nuisance["roll_sin"]
    along_u, along_v = right * cosine - up * sine, -up * cosine - right * sine
    return (u * along_u).add_(v * along_v).add_(w * front).clamp_(0, 1)


def coat(
    canvas: Float[Tensor, "images 3 h w"],
    color: Float[Tensor, "#images 3 1 1"],
    nuisance: Nuisance,
    lit: Plane,
    share: Plane,
) -> None:
    """Paint a colour as the light of the image shows it: ambient light and light with a direction, of one sum."""
    contrast = nuisance["contrast"][:, None]
    lamp = color * tint(nuisance)
    shown = (lit[:, None] * (lamp * contrast)).add_(lamp * (1 - 0.9 * contrast))
    canvas.add_(shown.sub_(canvas).mul_(share[:, None]))


def tint(nuisance: Nuisance) -> Float[Tensor, "images 3 1 1"]:
    """Return the colour of the light: exposure, what dim light leaves of it, and warmth from blue to red."""
    warm = torch.tensor((1.0, 0.0, -1.0))[:, None, None]
    return (nuisance["exposure"] * nuisance["dim"])[:, None] * (1 + nuisance["warmth"][:, None] * warm)

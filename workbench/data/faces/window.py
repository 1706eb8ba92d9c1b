"""Windows: the part of each image that holds a feature, cut out, painted, and put back.

What is painted covers nothing beyond its own extent, so the size of a window is no part of the picture: it is the
least that fits the whole block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from workbench.data.faces.head import HEAD_DOWN, Head, Nuisance, Surface, seen_at
from workbench.data.faces.sdf import Plane, root
from workbench.data.faces.traits import Look

_MARGIN = 1.12  # the outline is not quite an ellipse, and a rectangle on it no quite convex one in the image


class Area(NamedTuple):
    """A rectangle on the surface of the head, in halves of the image: each side [B, 1, 1]."""

    left: Plane
    right: Plane
    top: Plane
    bottom: Plane


@contextmanager
def window(canvas: Tensor, head: Head, look: Look, nuisance: Nuisance, area: Area) -> Iterator[tuple[Tensor, Surface]]:
    """Give the canvas and the surface inside the smallest windows that hold this area; put the canvas back after."""
    count, channels, size = canvas.shape[:3]
    columns, rows = _place(look, nuisance, area, size)
    index = (rows[:, :, None] * size + columns[:, None, :]).flatten(1)
    shape = (count, rows.shape[1], columns.shape[1])
    everywhere = index[:, None].expand(-1, channels, -1)

    def cut(plane: Tensor) -> Tensor:
        return plane.view(count, -1).gather(1, index).view(shape)

    whole, surface = canvas.view(count, channels, -1), head.surface
    part = whole.gather(2, everywhere).view(count, channels, *shape[1:])
    x, y, z, lit, inside = (cut(p) for p in (surface.x, surface.y, surface.z, surface.lit, surface.inside))
    yield part, Surface(x, y, z, lit, inside, surface.pixel)
    whole.scatter_(2, everywhere, part.view(count, channels, -1))


def _place(look: Look, nuisance: Nuisance, area: Area, size: int) -> tuple[Tensor, Tensor]:
    """Return the columns [B, w] and rows [B, h] of the windows, from where 9 x 9 points of the area are seen."""
    steps = torch.linspace(0, 1, 9)
    x = (area.left + (area.right - area.left) * steps[None, None, :]) / look["head_width"]
    y = (area.top + (area.bottom - area.top) * steps[None, :, None]) / look["head_height"]
    radius = x * x + y * y
    onto = radius.clamp(min=1).rsqrt()  # what lies beside the head is drawn up to its outline
    u, v, _ = seen_at(nuisance, x * onto, y * onto, root(1 - radius))
    u, v = u * look["head_width"], v * look["head_height"]
    cosine, sine = nuisance["roll_cos"] * nuisance["scale"], nuisance["roll_sin"] * nuisance["scale"]
    right = (cosine * u - sine * v).flatten(1) + nuisance["shift_x"].flatten(1)
    down = (cosine * v + sine * u).flatten(1) + nuisance["shift_y"].flatten(1) + HEAD_DOWN
    return _span(right, size), _span(down, size)


def _span(places: Tensor, size: int) -> Tensor:
    """Return the pixels from the first to the last of these places, as many for all images, all inside the image."""
    low, high = places.amin(1), places.amax(1)
    slack = (high - low) * (_MARGIN - 1) / 2 + 2 / size
    first = ((low - slack + 1) * size / 2).floor().long()
    last = ((high + slack + 1) * size / 2).ceil().long()
    length = min(size, max(1, int((last - first).max())))
    return first.clamp(0, size - length)[:, None] + torch.arange(length)

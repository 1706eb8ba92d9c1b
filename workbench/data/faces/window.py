"""Windows: the part of each image that holds a feature, cut out, painted, and put back; and the same for some images.

What is painted covers nothing beyond its own extent, so the size of a window is no part of the picture: it is the
least that fits the whole block.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from workbench.data.faces.head import HEAD_DOWN, Head, Nuisance, Surface, jaw, seen_at
from workbench.data.faces.sdf import Plane, root
from workbench.data.faces.traits import Chosen, Look

_MARGIN = 1.12  # between the points that are looked at, an area may reach a little further


class Area(NamedTuple):
    """A rectangle on the surface of the head, in halves of the image: each side [B, 1, 1]."""

    left: Plane
    right: Plane
    top: Plane
    bottom: Plane


class Place(NamedTuple):
    """Where the windows of one feature are: one in each of these images, all of one size."""

    images: Int[Tensor, " windows"]
    columns: Int[Tensor, "windows width"]
    rows: Int[Tensor, "windows height"]

    def of(self, some: Int[Tensor, " chosen"]) -> "Place":
        """Return some of the windows."""
        return Place(*(part[some] for part in self))


@contextmanager
def window(canvas: Tensor, head: Head, place: Place) -> Iterator[tuple[Tensor, Surface]]:
    """Give the canvas and the surface inside the windows of this place; put the canvas back after."""
    channels, size = canvas.shape[1:3]
    inner = (place.rows[:, :, None] * size + place.columns[:, None, :]).flatten(1)
    shape = (len(inner), place.rows.shape[1], place.columns.shape[1])
    in_plane = (inner + (place.images * size**2)[:, None]).flatten()
    first = place.images[:, None] * channels + torch.arange(channels)
    everywhere = ((first * size**2)[..., None] + inner[:, None]).flatten()

    def cut(plane: Tensor) -> Tensor:
        return plane.view(-1).index_select(0, in_plane).view(shape)

    whole, surface = canvas.view(-1), head.surface
    part = whole.index_select(0, everywhere).view(len(inner), channels, *shape[1:])
    x, y, z, lit, inside = (cut(p) for p in (surface.x, surface.y, surface.z, surface.lit, surface.inside))
    yield part, Surface(x, y, z, lit, inside, surface.pixel[place.images])
    whole.scatter_(0, everywhere, part.view(-1))


def only(
    some: Bool[Tensor, "images 1 1"],
    painter: Callable[[Tensor, Look, Nuisance, Head], None],
    canvas: Tensor,
    look: Look,
    nuisance: Nuisance,
    head: Head,
) -> None:
    """Paint some of the images alone: what few people have costs little."""
    rows = some.flatten().nonzero().flatten()
    if len(rows) == len(canvas):
        painter(canvas, look, nuisance, head)
    elif len(rows):
        part = canvas[rows]
        painter(part, Chosen(look, rows), Chosen(nuisance, rows), head.select(rows))
        canvas[rows] = part


def only_windows(
    some: Bool[Tensor, "images 1 1"],
    painter: Callable[[Tensor, Look, Nuisance, Head, Place], None],
    canvas: Tensor,
    look: Look,
    nuisance: Nuisance,
    head: Head,
    place: Place,
) -> None:
    """Do as `only` does, with a painter in windows, which takes no more from canvas and head than these."""
    rows = some.flatten().nonzero().flatten()
    if len(rows):
        painter(canvas, Chosen(look, rows), Chosen(nuisance, rows), head, place.of(rows))


def places(areas: Sequence[Area], look: Look, nuisance: Nuisance, size: int) -> list[Place]:
    """Return the smallest windows that hold each of these areas, from where 9 x 9 points of it are seen."""
    steps = torch.linspace(0, 1, 9)
    left, right, top, bottom = (torch.stack(sides) for sides in zip(*areas, strict=True))  # [A, B, 1, 1] each
    x = (left + (right - left) * steps) / look["head_width"]
    y = (top + (bottom - top) * steps[:, None]) / look["head_height"]
    radius = x * x + y * y
    onto = radius.clamp(min=1).rsqrt()  # what lies beside the head is drawn up to its outline
    u, v, _ = seen_at(nuisance, x * onto, y * onto, root(1 - radius))
    u, v = u * jaw(look, v) * look["head_width"], v * look["head_height"]
    cosine, sine = nuisance["roll_cos"] * nuisance["scale"], nuisance["roll_sin"] * nuisance["scale"]
    columns = _spans(cosine * u - sine * v + nuisance["shift_x"], size)
    rows = _spans(cosine * v + sine * u + nuisance["shift_y"] + HEAD_DOWN, size)
    images = torch.arange(left.shape[1])
    return [Place(images, *spans) for spans in zip(columns, rows, strict=True)]


def _spans(places: Float[Tensor, "areas images y x"], size: int) -> list[Int[Tensor, "images pixels"]]:
    """Return the pixels from the first to the last of these places, as many for all images, all inside the image."""
    low, high = places.flatten(2).aminmax(dim=2)
    slack = (high - low) * (_MARGIN - 1) / 2 + 2 / size
    first = ((low - slack + 1) * size / 2).floor().long()
    last = ((high + slack + 1) * size / 2).ceil().long()
    lengths = (last - first).amax(1).clamp(1, size).tolist()
    return [
        start.clamp(0, size - length)[:, None] + torch.arange(length)
        for start, length in zip(first, lengths, strict=True)
    ]

"""Shapes as signed distances: negative inside, positive outside, 0 on the edge; and how much of a pixel they cover.

Only +, -, *, /, min, max, |x|, floor and 1/sqrt are used: IEEE 754 rounds each of them in one way, so a picture has
the same bits whatever the batch, the number of threads or the vector unit. Anything else is left to parameters.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Plane = Float[Tensor, "#images #height #width"]


def root(x: Plane) -> Plane:
    """Return sqrt(max(x, 0)), as x / sqrt(x): 1/sqrt is the one root that every build of torch rounds alike."""
    x = x.clamp(min=1e-12)
    return x.rsqrt().mul_(x)


def ellipse(x: Plane, y: Plane, *, width: Plane | float, height: Plane | float) -> Plane:
    """Return the distance to an ellipse of these half-axes around (0, 0), in units of its mean half-axis.

    (x² / width² + y² / height² - 1) / 2: 0 on the edge, where its slope along either half-axis is 1 / that half-axis.
    """
    return ((x / width).square_() + (y / height).square_()).sub_(1).mul_(0.5)


def box(x: Plane, y: Plane, *, width: Plane | float, height: Plane | float, corner: Plane | float) -> Plane:
    """Return the exact distance to a box of these half-sides with corners rounded by the radius `corner`."""
    x, y = x.abs().sub_(width - corner), y.abs().sub_(height - corner)
    outside = root(x.clamp(min=0).square_() + y.clamp(min=0).square_())
    return torch.maximum(x, y).clamp_(max=0).add_(outside).sub_(corner)


def arch(x: Plane, *, width: Plane | float) -> Plane:
    """Return the parabola 1 - x² / width²: 1 in the middle, 0 at both ends, negative beyond."""
    return (x / width).square_().neg_().add_(1)


def ring(distance: Plane, *, thickness: Plane | float) -> Plane:
    """Return the distance to the outline of a shape, drawn this thick."""
    return distance.abs().sub_(thickness / 2)


def cover(distance: Plane, *, pixel: Plane | float) -> Plane:
    """Return the share of a pixel inside the shape, in [0, 1]: 1/2 on the edge, a ramp one pixel wide across it.

    Args:
        distance: signed distance.
        pixel: width of a pixel in the same unit; more of it is a softer edge.
    """
    return (distance / -pixel).add_(0.5).clamp_(0, 1)


def wave(x: Plane) -> Plane:
    """Return a triangle wave of period 1 with values in [-1, 1] and mean 0: strands of hair, stripes."""
    return (x - x.floor()).sub_(0.5).abs_().mul_(4).sub_(1)


def paint(canvas: Float[Tensor, "images 3 height width"], color: Tensor, share: Plane) -> None:
    """Lay a colour, [B, 3, 1, 1] or [B, 3, H, W], over the canvas in place, as opaque as `share` says."""
    canvas.add_((color - canvas).mul_(share[:, None]))


def darken(canvas: Float[Tensor, "images 3 height width"], share: Plane) -> None:
    """Take this share of the light from the canvas in place."""
    canvas.mul_((1 - share)[:, None])

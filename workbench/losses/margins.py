"""Margins: what becomes of the cosine to the own class before it is compared with the others.

Each function takes the N cosines to the own class and returns the N target similarities psi, which the head
multiplies by its scale. They differ in these few lines alone. All of them are finite, with finite gradients,
at |cos| = 1, which float32 reaches as soon as training works.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Cosines = Float[Tensor, " batch"]
Margin = float | Float[Tensor, " batch"]
"""One margin for all, or one for each sample."""

BeyondPi = Literal["formula", "linear"]
"""How an additive angle goes on past theta = pi - m: "formula" is cos(theta + m), which rises again; "linear" is
cos(theta) - m sin(m), which keeps falling as long as cos(m) + m sin(m) >= 1, for m up to 2.33."""


def additive_cosine(cosine: Cosines, margin: Margin) -> Cosines:
    """CosFace: psi = cos(theta) - m, with the margin m a difference of cosines."""
    return cosine - margin


def additive_angle(cosine: Cosines, margin: Margin, *, beyond_pi: BeyondPi = "formula") -> Cosines:
    """ArcFace: psi = cos(theta + m), with the margin m in radians.

    Computed as cos(theta) cos(m) - sin(theta) sin(m), without an arc cosine. The true slope
    d psi / d cos = sin(theta + m) / sin(theta) is infinite at |cos| = 1; there the sine's part of it is left out.
    """
    margin = torch.as_tensor(margin, dtype=cosine.dtype, device=cosine.device)
    target = cosine * margin.cos() - _sine(cosine) * margin.sin()
    if beyond_pi == "formula":
        return target
    return torch.where(cosine > -margin.cos(), target, cosine - margin * margin.sin())


def combined(cosine: Cosines, m1: float, m2: Margin, m3: Margin) -> Cosines:
    """The combined margin of ArcFace's section 2.3: psi = cos(m1 theta + m2) - m3, m2 in radians, m3 a cosine.

    (1, m, 0) is ArcFace and (1, 0, m) is CosFace. Past m1 theta + m2 = pi the formula rises again.
    """
    if m1 == 1:
        return additive_cosine(additive_angle(cosine, m2), m3)
    return torch.cos(m1 * angle(cosine) + m2) - m3


def multiplied_angle(cosine: Cosines, factor: Margin) -> Cosines:
    """SphereFace: psi = (-1)^k cos(m theta) - 2k with k = floor(m theta / pi), which falls from 1 to 1 - 2m."""
    multiple = factor * angle(cosine)
    k = (multiple.detach() / math.pi).floor()
    return (1 - 2 * (k % 2)) * torch.cos(multiple) - 2 * k


def straight_through(target: Cosines, cosine: Cosines) -> Cosines:
    """Return the value of `target` with the gradient of `cosine`: d psi / d cos = 1, as in InsightFace."""
    return cosine + (target - cosine).detach()


def angle(cosine: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Return theta = arccos(cos) in [0, pi] radians, with gradient 0 instead of infinity at |cos| = 1."""
    limit = 1 - torch.finfo(cosine.dtype).eps
    return torch.where(cosine.abs() <= limit, cosine.clamp(-limit, limit).acos(), cosine.detach().clamp(-1, 1).acos())


def _sine(cosine: Cosines) -> Cosines:
    square = 1 - cosine.square()
    return torch.where(square > 0, square.clamp_min(torch.finfo(cosine.dtype).eps).sqrt(), 0.0)


def margins_by_distance(
    cosine: Cosines, draws: Float[Tensor, " batch"], assignment: Literal["paper", "released"]
) -> Float[Tensor, " batch"]:
    """Hand sorted margins out by the distance of each sample to its class centre (ElasticFace's "+").

    With order = argsort of the cosines, descending, and mu = the draws in ascending order:

    - "paper": eps[order[k]] = mu[k], so the sample farthest from its centre gets the largest margin (rank
      correlation of cosine and margin: -1).
    - "released": eps[i] = mu[order[i]], as the authors' code does it. This gathers where it should scatter, and
      leaves margins and cosines uncorrelated.
    """
    order = cosine.detach().argsort(descending=True)
    ranked = draws.sort().values
    return ranked[order] if assignment == "released" else torch.empty_like(ranked).scatter_(0, order, ranked)

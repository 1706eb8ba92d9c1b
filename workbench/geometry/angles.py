"""Where each sample stands: its angle to its own centre, to the nearest other centre, and the margin between."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from workbench.geometry.inputs import Array, as_numpy, class_means, matched, matching_prototypes, unit_rows

_CLASSES_AT_ONCE = 2048
_SAMPLES_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Angles:
    """Angles between samples and class centres, in radians, each in [0, pi].

    Attributes:
        own: Angle of each sample to the centre of its class, [N].
        other: Angle to the nearest centre of another class, [N].
        rival: The label of that class, [N].
        centres: "prototypes" where centres were given, "class means" where the means of the unit vectors stand in.
            A sample is part of its own mean, so those angles flatter it, and more so in small classes.
    """

    own: Float64[np.ndarray, " N"]
    other: Float64[np.ndarray, " N"]
    rival: Int64[np.ndarray, " N"]
    centres: str

    @property
    def margin(self) -> Float64[np.ndarray, " N"]:
        """The margin realised, other - own, radians in [-pi, pi]; negative where a wrong centre is nearer."""
        realised: Float64[np.ndarray, " N"] = self.other - self.own
        return realised


def angle_between(u: Float64[Tensor, "N D"], v: Float64[Tensor, "N D"]) -> Float64[Tensor, " N"]:
    """Angle between unit vectors, row by row: 2 atan2(|u - v|, |u + v|), in [0, pi].

    Accurate to about 1e-16 rad at every angle. The arccosine of a rounded cosine loses half the digits near 0 and pi.
    """
    return 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))


def angles(embeddings: Array, labels: Array, prototypes: Array | None = None) -> Angles:
    """Measure the angle of each sample to its own centre and to the nearest other one.

        own_i = angle(x_i, w_{y_i})        other_i = min_{c != y_i} angle(x_i, w_c)

    Blocks of samples meet blocks of classes; the N x C matrix is never held.

    Args:
        embeddings: [N, D], any norm but zero.
        labels: Class of each sample, [N]; with prototypes in [0, C).
        prototypes: Class centres [C, D], row c for class c, any norm but zero; without, the class means.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, labels beyond the prototypes, or
            fewer than two classes, so that there is no other centre.
    """
    unit, own_label = matched(embeddings, labels)
    names, row, centres = _centres(unit, own_label, prototypes)
    if len(names) < 2:
        raise ValueError("Angles to the nearest other centre need at least two classes, got one.")
    own, other, rival = [], [], []
    for samples, mine in zip(unit.split(_SAMPLES_AT_ONCE), row.split(_SAMPLES_AT_ONCE), strict=True):
        nearest = _nearest_other(samples, mine, centres)
        own.append(angle_between(samples, centres[mine]))
        other.append(angle_between(samples, centres[nearest]))
        rival.append(names[nearest])
    return Angles(
        own=as_numpy(torch.cat(own)),
        other=as_numpy(torch.cat(other)),
        rival=as_numpy(torch.cat(rival)),
        centres="class means" if prototypes is None else "prototypes",
    )


def _centres(unit: Tensor, labels: Tensor, prototypes: Array | None) -> tuple[Tensor, Tensor, Tensor]:
    """Labels of the centres [C], the centre's row for each sample [N], unit centres [C, D]."""
    if prototypes is None:
        names, row, means = class_means(unit, labels)
        return names, row, unit_rows(means, "class means")
    centres = matching_prototypes(prototypes, unit, labels)
    return torch.arange(len(centres), device=unit.device), labels, centres


def _nearest_other(samples: Tensor, own: Tensor, centres: Tensor) -> Tensor:
    """Row of the centre with the largest cosine, the own one left out; of equal ones the first."""
    best = samples.new_full((len(samples),), -torch.inf)
    nearest = torch.zeros_like(own)
    for start in range(0, len(centres), _CLASSES_AT_ONCE):
        block = centres[start : start + _CLASSES_AT_ONCE]
        cosine = samples @ block.T
        here = ((own >= start) & (own < start + len(block))).nonzero().squeeze(1)
        cosine[here, own[here] - start] = -torch.inf
        value, index = cosine.max(1)
        better = value > best
        best = torch.where(better, value, best)
        nearest = torch.where(better, index + start, nearest)
    return nearest

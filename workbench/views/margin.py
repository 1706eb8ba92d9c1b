"""The margin that a loss asks of the own class, as the views that draw a margin take it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, number

if TYPE_CHECKING:
    from workbench.losses import Loss


@dataclass(frozen=True)
class Margin:
    """psi(theta) = cos(factor * theta + angle_rad) - cosine: what is compared with the cosines to other centres.

    ArcFace has `angle_rad`, CosFace `cosine`, SphereFace `factor`; the default is softmax, without a margin.
    ElasticFace draws a margin for each sample: give the mean of its distribution.

    Attributes:
        factor: of the angle, at least 1; m1 of the combined margin.
        angle_rad: added to the angle, radians in [0, pi]; m2.
        cosine: subtracted from the cosine, in [0, 2]; m3.

    Raises:
        ValueError: a number is outside its range.
    """

    factor: float = 1.0
    angle_rad: float = 0.0
    cosine: float = 0.0

    def __post_init__(self) -> None:
        number("Margin", "factor", self.factor, low=1)
        number("Margin", "angle_rad", self.angle_rad, low=0, high=3.141592653589793)
        number("Margin", "cosine", self.cosine, low=0, high=2)

    @classmethod
    def of(cls, loss: "Loss") -> "Margin | None":
        """Return the margin of a loss as the views draw it, its mean where one is drawn for each sample.

        None where psi is not of this form, or not a function of the angle alone: where it depends on the length of
        the embedding or on the batch, where a class has several centres, and where samples are compared with each
        other alone. Softmax counts as without a margin, which is true of angles where its weights are equally long.
        """
        from workbench import losses  # here, because it brings torch

        kind = type(loss)  # exactly: what derives from a loss compares otherwise
        try:
            if kind in (losses.Softmax, losses.NormFace):
                return cls()
            if kind in (losses.ArcFace, losses.ElasticArcFace):
                return cls(angle_rad=loss.margin)
            if kind in (losses.CosFace, losses.ElasticCosFace):
                return cls(cosine=loss.margin)
            if kind is losses.SphereFace:
                return cls(factor=loss.margin)
            if isinstance(loss, losses.Combined):
                return cls(loss.m1, loss.m2, loss.m3)
        except ValueError:
            return None  # a loss accepts margins that nobody can draw, such as a negative cosine
        return None

    def kept(self, own: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether samples keep this margin to the nearest other centre: psi(own) >= cos(other), psi not yet rising.

        Args:
            own: angles to the own centre, radians, any shape.
            other: angles to the nearest other centre, radians, of the same shape.
        """
        widened = self.factor * own + self.angle_rad
        kept: npt.NDArray[np.bool_] = (widened <= np.pi) & (np.cos(widened) - self.cosine >= np.cos(other))
        return kept


def checked_margins(owner: str, margins: Mapping[str, Margin | None], runs: Iterable[str]) -> dict[str, Margin | None]:
    """The margin of each run, None where it has none given.

    Raises:
        ValueError: a name is not that of a run, or a value is not a `Margin`.
    """
    names = list(runs)
    strangers = [name for name in margins if name not in names]
    if strangers:
        raise ValueError(bad_parameter(owner, "margins", f"margins of the runs {', '.join(names)}", strangers))
    for name, margin in margins.items():
        if not isinstance(margin, Margin | None):
            rule = "a Margin, such as Margin(angle_rad=0.5), or None for each run"
            raise ValueError(bad_parameter(owner, "margins", rule, {name: margin}))
    return {name: margins.get(name) for name in names}

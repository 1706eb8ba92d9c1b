"""The parameters of margins that the views of a page share: where they start, and what a slider or a trait allows."""

from dataclasses import asdict, dataclass
from typing import Any

from workbench.checks import number


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes:
        start: where it stands before anybody moves it.
        low: the least value.
        high: the greatest value.
        step: of its slider.
        hint: its unit and origin, for errors.
    """

    start: float
    low: float
    high: float
    step: float
    hint: str


PARAMETERS = {
    "m1": Parameter(
        1.35, 0.5, 4, 0.05, "It is a factor of the angle: 1 is none; SphereFace in the ArcFace paper has 1.35."
    ),
    "m2": Parameter(0.5, 0, 1.57, 0.01, "It is an angle in radians: 0.5 is 28.6 degrees."),
    "m3": Parameter(0.35, 0, 1, 0.01, "It is subtracted from a cosine: 0.35 is usual."),
    "s": Parameter(64, 1, 128, 1, "It is the factor of all cosines: 64 is usual, 16 on small data."),
    "sigma": Parameter(0.05, 0, 0.3, 0.005, "It is the deviation of ElasticFace's margins, in the unit of the margin."),
}
"""m1 times the angle (SphereFace, combined), m2 added to it (ArcFace and its kin), m3 subtracted from the cosine
(CosFace and its kin), the scale s, and the deviation sigma of margins that are drawn."""


def controls(owner: str, **given: float) -> dict[str, dict[str, Any]]:
    """Check values by the names of parameters, and return what their sliders need: value, low, high and step.

    Raises:
        ValueError: a value is not a number in the range of its parameter.
    """
    checked = {}
    for name, value in given.items():
        parameter = PARAMETERS[name]
        value = number(owner, name, value, low=parameter.low, high=parameter.high, hint=parameter.hint)
        checked[name] = {"value": value, **asdict(parameter)}
        del checked[name]["start"], checked[name]["hint"]
    return checked

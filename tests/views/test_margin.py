import math
from typing import Any

import pytest

from workbench import views


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"factor": 0.9}, "'factor' parameter of Margin must be a number in [1, inf). Got 0.9 instead."),
        ({"angle_rad": -0.1}, "'angle_rad' parameter of Margin must be a number in [0, 3.14159]. Got -0.1 instead."),
        ({"angle_rad": 28.6}, "'angle_rad' parameter of Margin must be a number in [0, 3.14159]. Got 28.6 instead."),
        ({"cosine": 2.1}, "'cosine' parameter of Margin must be a number in [0, 2]. Got 2.1 instead."),
        ({"cosine": math.nan}, "'cosine' parameter of Margin must be a number in [0, 2]. Got nan instead."),
    ],
)
def test_ranges(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        views.Margin(**given)
    assert str(caught.value).endswith(message)


def test_the_ends_are_in_range() -> None:
    assert views.Margin() == views.Margin(factor=1, angle_rad=0, cosine=0)
    views.Margin(angle_rad=math.pi, cosine=2)

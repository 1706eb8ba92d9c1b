import math
from typing import Any

import numpy as np
import pytest
import torch

from workbench import losses, views


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


DRAWN = {
    "softmax": views.Margin(),
    "normface": views.Margin(),
    "sphereface": views.Margin(factor=4),
    "cosface": views.Margin(cosine=0.35),
    "arcface": views.Margin(angle_rad=0.5),
    "arcface-detached": views.Margin(angle_rad=0.5),
    "combined": views.Margin(factor=1, angle_rad=0.3, cosine=0.2),
    "elasticface-arc": views.Margin(angle_rad=0.5),
    "elasticface-arc+": views.Margin(angle_rad=0.5),
    "elasticface-cos": views.Margin(cosine=0.35),
    "elasticface-cos+": views.Margin(cosine=0.35),
    "unpg-arcface": views.Margin(angle_rad=0.5),
    "unpg-cosface": views.Margin(cosine=0.35),
}


@pytest.mark.parametrize("name", losses.names())
def test_the_margin_of_a_loss_is_its_psi_or_none(name: str) -> None:
    """Where views draw a margin, the loss itself has that psi, at every angle before it would rise again."""
    loss = losses.create(name, dim=3, classes=4)
    margin = views.Margin.of(loss)
    assert margin == DRAWN.get(name)
    if margin is None or not isinstance(loss, losses.Head):
        return
    theta = torch.linspace(0, (math.pi - margin.angle_rad) / margin.factor, 50, dtype=torch.float64)
    psi = torch.cos(margin.factor * theta + margin.angle_rad) - margin.cosine
    assert torch.allclose(loss.target(theta.cos(), loss.margin, torch.ones(50)), psi, atol=1e-7)


def test_a_margin_that_cannot_be_drawn_is_none() -> None:
    assert views.Margin.of(losses.create("cosface", dim=3, classes=4, margin=-0.1)) is None
    assert views.Margin.of(losses.create("combined", dim=3, classes=4, m1=0.5)) is None
    assert views.Margin.of(losses.create("arcface", dim=3, classes=4, margin=0.2)) == views.Margin(angle_rad=0.2)


def test_kept_ends_where_psi_rises_again() -> None:
    margin = views.Margin(angle_rad=0.5)
    own, other = np.array([3.0, 0.4, 0.4]), np.array([3.1, 0.9, 0.89])
    assert margin.kept(own, other).tolist() == [False, True, False]

"""The margins as functions of the cosine."""

import math

import pytest
import torch
from torch import Tensor

from workbench.losses import margins

DEGREES = range(181)


def sweep(dtype: torch.dtype = torch.float64) -> Tensor:
    """The cosines of 0, 1, ..., 180 degrees."""
    return torch.tensor([math.cos(math.radians(degrees)) for degrees in DEGREES], dtype=dtype)


def closed_form(function: object) -> Tensor:
    return torch.tensor([function(math.radians(degrees)) for degrees in DEGREES], dtype=torch.float64)


@pytest.mark.parametrize("m", [0.0, 0.2, 0.5, 1.5, 3.0, math.pi])
def test_additive_angle(m: float) -> None:
    expected = closed_form(lambda theta: math.cos(theta + m))
    torch.testing.assert_close(margins.additive_angle(sweep(), m), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("m", [0.2, 0.5, 1.5, 2.33])
def test_linear_beyond_pi_keeps_falling_where_the_formula_rises(m: float) -> None:
    linear = margins.additive_angle(sweep(), m, beyond_pi="linear")
    bend = math.pi - m
    expected = closed_form(lambda theta: math.cos(theta + m) if theta < bend else math.cos(theta) - m * math.sin(m))
    torch.testing.assert_close(linear, expected, rtol=0, atol=1e-12)
    assert linear.diff().lt(0).all()
    rising = margins.additive_angle(sweep(), m).diff() > 0
    assert torch.equal(rising.nonzero().flatten(), torch.arange(math.ceil(math.degrees(bend) - 0.5), 180))


def test_linear_beyond_pi_jumps_up_for_margins_beyond_its_range() -> None:
    assert margins.additive_angle(sweep(), 2.34, beyond_pi="linear").diff().max() > 0


@pytest.mark.parametrize("m", [-0.5, 0.0, 0.35])
def test_additive_cosine(m: float) -> None:
    assert torch.equal(margins.additive_cosine(sweep(), m), sweep() - m)


@pytest.mark.parametrize(("m1", "m2", "m3"), [(1, 0.3, 0.2), (1, 0.5, 0), (1, 0, 0.4), (1.35, 0, 0), (4, 0.1, -0.3)])
def test_combined(m1: float, m2: float, m3: float) -> None:
    expected = closed_form(lambda theta: math.cos(m1 * theta + m2) - m3)
    torch.testing.assert_close(margins.combined(sweep(), m1, m2, m3), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 10])
def test_multiplied_angle_falls_from_one_to_one_minus_2m(m: int) -> None:
    target = margins.multiplied_angle(sweep(), float(m))
    segments = [min(int(m * degrees / 180), m - 1) for degrees in DEGREES]
    angles = [math.radians(degrees) for degrees in DEGREES]
    expected = [(-1) ** k * math.cos(m * theta) - 2 * k for k, theta in zip(segments, angles, strict=True)]
    torch.testing.assert_close(target, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-11)
    assert target.diff().lt(0).all()
    assert target[[0, -1]].tolist() == pytest.approx([1, 1 - 2 * m])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "function",
    [
        lambda c: margins.additive_angle(c, 0.5),
        lambda c: margins.additive_angle(c, 0.5, beyond_pi="linear"),
        lambda c: margins.combined(c, 1, 0.3, 0.2),
        lambda c: margins.combined(c, 1.35, 0.3, 0.2),
        lambda c: margins.multiplied_angle(c, 4.0),
        margins.angle,
    ],
)
def test_one_and_what_rounds_beyond_it(function: object, dtype: torch.dtype) -> None:
    eps = torch.finfo(dtype).eps
    inside = torch.tensor([1.0, -1.0], dtype=dtype)
    values = function(inside)
    torch.testing.assert_close(values, function(inside.double()).to(dtype), rtol=4 * eps, atol=4 * eps)
    torch.testing.assert_close(function(inside * (1 + 4 * eps)), values, rtol=0, atol=16 * eps)
    for cosine in (inside, inside * (1 - eps), inside * (1 + eps), inside * (1 + 4 * eps)):
        (slope,) = torch.autograd.grad(function(cosine.requires_grad_()).sum(), cosine)
        assert slope.isfinite().all()
        assert slope.abs().max() < 5 / math.sqrt(eps)


def test_at_one_the_sine_is_left_out_of_the_slope() -> None:
    cosine = torch.tensor([1.0, -1.0], requires_grad=True)
    target = margins.additive_angle(cosine, 0.5)
    assert target.tolist() == pytest.approx([math.cos(0.5), -math.cos(0.5)], rel=1e-7)
    (slope,) = torch.autograd.grad(target.sum(), cosine)
    assert slope.tolist() == pytest.approx([math.cos(0.5)] * 2)


def test_slope_of_the_additive_angle() -> None:
    theta = torch.linspace(0.05, 3.1, 50, dtype=torch.float64)
    cosine = theta.cos().requires_grad_()
    (slope,) = torch.autograd.grad(margins.additive_angle(cosine, 0.5).sum(), cosine)
    torch.testing.assert_close(slope, (theta + 0.5).sin() / theta.sin())


def test_straight_through_has_the_value_of_one_and_the_slope_of_the_other() -> None:
    cosine = sweep().requires_grad_()
    target = margins.additive_angle(cosine, 0.5)
    through = margins.straight_through(target, cosine)
    torch.testing.assert_close(through, target, rtol=0, atol=1e-15)
    (slope,) = torch.autograd.grad(through.sum(), cosine)
    assert torch.equal(slope, torch.ones(181, dtype=torch.float64))


@pytest.mark.parametrize("name", ["additive_angle", "additive_cosine", "multiplied_angle"])
def test_each_sample_may_have_its_own_margin(name: str) -> None:
    function = getattr(margins, name)
    cosine, own = sweep()[20:25], torch.linspace(1, 2, 5, dtype=torch.float64)
    expected = torch.stack([function(cosine[i : i + 1], own[i].item())[0] for i in range(5)])
    torch.testing.assert_close(function(cosine, own), expected, rtol=0, atol=1e-14)
    assert not torch.equal(function(cosine, own), function(cosine, 1.0))

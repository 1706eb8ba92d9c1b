"""Signed distances: closed forms, and what a pixel is covered by."""

import math

import numpy as np
import pytest
import torch

from workbench.data.faces import sdf

GRID = torch.linspace(-2, 2, 401)
X, Y = GRID[None, None, :], GRID[None, :, None]


def test_the_root_is_that_of_ieee_754() -> None:
    x = torch.rand(1001) * 100
    found, exact = sdf.root(x).numpy(), x.numpy()
    assert np.array_equal(found, exact * (1 / np.sqrt(exact)))
    assert np.allclose(found, np.sqrt(exact), rtol=2e-7)
    assert sdf.root(torch.tensor([-1.0, 0.0, 4.0])).tolist() == pytest.approx([1e-6, 1e-6, 2])


def test_roots_have_the_same_bits_wherever_they_stand() -> None:
    """The vector unit takes 16 numbers at a time and the rest one by one: both must round alike."""
    x = torch.rand(101)
    alone = torch.cat([sdf.root(part) for part in x.split(1)])
    assert torch.equal(sdf.root(x), alone)


def test_an_ellipse_is_0_on_its_edge_with_the_slope_of_its_half_axes() -> None:
    angle = torch.linspace(0, 2 * math.pi, 100)
    on_edge = sdf.ellipse(0.7 * angle.cos(), 0.3 * angle.sin(), width=0.7, height=0.3)
    assert on_edge.abs().max() < 1e-6
    assert sdf.ellipse(torch.zeros(1), torch.zeros(1), width=0.7, height=0.3).item() == -0.5
    step = 1e-3
    right = sdf.ellipse(torch.tensor(0.7 + step), torch.tensor(0.0), width=0.7, height=0.3)
    below = sdf.ellipse(torch.tensor(0.0), torch.tensor(0.3 + step), width=0.7, height=0.3)
    assert right.item() / step == pytest.approx(1 / 0.7, rel=0.01)
    assert below.item() / step == pytest.approx(1 / 0.3, rel=0.01)


@pytest.mark.parametrize("corner", [0.0, 0.2, 0.5])
def test_the_distance_to_a_rounded_box_is_exact(corner: float) -> None:
    """Against the nearest of many points of the outline, in float64."""
    width, height = 0.9, 0.5
    t = torch.linspace(0, 1, 2001, dtype=torch.double)
    a, b = width - corner, height - corner
    quarter = t * math.pi / 2
    outline = torch.cat(
        [
            torch.stack([t * a, torch.full_like(t, height)], 1),
            torch.stack([torch.full_like(t, width), t * b], 1),
            torch.stack([a + corner * quarter.cos(), b + corner * quarter.sin()], 1),
        ]
    )
    points = torch.rand(300, 2, dtype=torch.double) * 3 - 1.5
    nearest = torch.cdist(points.abs(), outline).amin(1)
    found = sdf.box(points[:, 0].float(), points[:, 1].float(), width=width, height=height, corner=corner)
    inner = (points.abs() - torch.tensor([a, b]).double()).clamp(min=0).norm(dim=1) <= corner
    inner = inner & (points[:, 0].abs() <= width) & (points[:, 1].abs() <= height)
    assert (found.double() - torch.where(inner, -nearest, nearest)).abs().max() < 2e-3


def test_an_arch_is_1_in_the_middle_and_0_at_both_ends() -> None:
    assert sdf.arch(torch.tensor([-0.4, 0.0, 0.2, 0.4, 0.8]), width=0.4).tolist() == pytest.approx([0, 1, 0.75, 0, -3])


def test_a_ring_is_as_thick_as_asked() -> None:
    distance = torch.tensor([-0.3, -0.1, 0.0, 0.1, 0.3])
    assert sdf.ring(distance, thickness=0.2).tolist() == pytest.approx([0.2, 0, -0.1, 0, 0.2])


def test_cover_is_a_ramp_one_pixel_wide() -> None:
    distance = torch.tensor([-1.0, -0.05, -0.025, 0.0, 0.025, 0.05, 1.0])
    assert sdf.cover(distance, pixel=0.1).tolist() == pytest.approx([1, 1, 0.75, 0.5, 0.25, 0, 0])


def test_covers_add_up_to_areas() -> None:
    pixel = 0.01
    box = sdf.cover(sdf.box(X, Y, width=0.8, height=0.5, corner=0.3), pixel=pixel).sum() * pixel**2
    assert box.item() == pytest.approx(4 * 0.8 * 0.5 - (4 - math.pi) * 0.3**2, rel=1e-3)
    ellipse = sdf.cover(sdf.ellipse(X, Y, width=0.8, height=0.5).mul_(0.63), pixel=pixel).sum() * pixel**2
    assert ellipse.item() == pytest.approx(math.pi * 0.8 * 0.5, rel=1e-3)


def test_a_wave_has_period_1_values_from_minus_1_to_1_and_mean_0() -> None:
    x = torch.arange(-2000, 2000) / 1000
    wave = sdf.wave(x)
    assert (wave.min().item(), wave.max().item()) == pytest.approx((-1, 1))
    assert wave.mean().item() == pytest.approx(0, abs=1e-6)
    assert torch.allclose(wave[:1000], wave[2000:3000], atol=1e-4)
    assert torch.allclose(wave[2000:2501], torch.linspace(1, -1, 501), atol=1e-4)


def test_paint_and_darken_mix_by_share() -> None:
    canvas = torch.full((1, 3, 1, 3), 100.0)
    share = torch.tensor([[[0.0, 0.5, 1.0]]])
    sdf.paint(canvas, torch.tensor([200.0, 100.0, 0.0])[None, :, None, None], share)
    assert canvas[0, :, 0].tolist() == [[100, 150, 200], [100, 100, 100], [100, 50, 0]]
    sdf.darken(canvas, share)
    assert canvas[0, 0, 0].tolist() == [100, 75, 0]

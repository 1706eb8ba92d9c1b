"""Blur, coarse pixels and noise do what their numbers say."""

import pytest
import torch
from torch import Tensor

from workbench.data import faces
from workbench.data.faces import camera


def dot(size: int) -> Tensor:
    canvas = torch.zeros(1, 3, size, size)
    canvas[:, :, size // 2, size // 2] = 1
    return canvas


@pytest.mark.parametrize("size", [32, 48, 96, 128])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.035])
def test_a_blurred_dot_has_the_variance_asked_for_and_loses_nothing(size: int, share: float) -> None:
    deviation = share * size
    seen = camera.blur(dot(size), torch.tensor([deviation]))[0, 1].double()
    place = torch.arange(size).double() - size // 2
    assert seen.sum().item() == pytest.approx(1, abs=1e-5)
    for axis in (0, 1):
        assert (seen.sum(1 - axis) * place**2).sum().item() == pytest.approx(deviation**2, rel=1e-4, abs=1e-9)
    assert seen.min() >= 0, "a kernel that rings would draw lines that are not there"


def test_images_of_one_block_are_blurred_each_by_its_own_number() -> None:
    canvas = torch.rand(3, 3, 48, 48)
    numbers = torch.tensor([0.0, 0.5, 1.5])
    together = camera.blur(canvas, numbers)
    assert torch.equal(together[0], canvas[0])
    for i in range(3):
        assert torch.equal(camera.blur(canvas[i : i + 1], numbers[i : i + 1])[0], together[i])


def test_plain_images_stay_plain() -> None:
    canvas = torch.full((2, 3, 40, 40), 37.0)
    assert (camera.blur(canvas, torch.tensor([0.3, 1.2])) - 37).abs().max() < 1e-4
    assert torch.equal(camera.coarsen(canvas, torch.tensor([1.7, 3.2])), canvas)


def test_pixels_that_are_not_coarse_are_not_touched() -> None:
    canvas = torch.rand(3, 3, 33, 33)
    assert torch.equal(camera.coarsen(canvas, torch.tensor([0.0, 0.5, 1.0])), canvas)


def test_coarse_pixels_are_joined_by_straight_lines() -> None:
    """Side 3: the middles are the pixels 1, 4, 7, ...; between them the image is linear along both axes."""
    canvas = torch.rand(1, 3, 33, 33)
    seen = camera.coarsen(canvas, torch.tensor([3.0]))[0]
    middles = canvas[0, :, 1::3, 1::3]
    assert torch.allclose(seen[:, 1::3, 1::3], middles, atol=1e-6)
    assert torch.allclose(seen[:, 1:-3:3, 2:-2:3], middles[:, :-1, :-1].lerp(middles[:, :-1, 1:], 1 / 3), atol=1e-5)
    assert torch.allclose(seen[:, 3:-1:3, 1:-3:3], middles[:, :-1, :-1].lerp(middles[:, 1:, :-1], 2 / 3), atol=1e-5)


def test_noise_has_the_deviation_asked_for() -> None:
    truth = faces.truth(identities=2, images=4, spread=0, low_quality=0, test_share=0)
    truth = truth.having(exposure=0.8)
    clean = faces.render(truth.having(noise=0)).float()
    inner = (clean > 60) & (clean < 195)
    for noise in (2, 10):
        found = (faces.render(truth.having(noise=noise)).float() - clean)[inner]
        # Rounding twice adds its own variance of 1/12 each.
        assert found.std().item() == pytest.approx((noise**2 + 1 / 6) ** 0.5, rel=0.03)
        assert found.mean().item() == pytest.approx(0, abs=0.3)


def test_a_thing_in_front_hides_what_is_behind_it_and_nothing_else() -> None:
    truth = faces.truth(identities=2, images=2, spread=0, low_quality=0, test_share=0)
    truth = truth.having(noise=0, cover_x=0, cover_y=0, cover_tilt=0, cover_tone=0.4)
    free, hidden = (faces.render(truth.having(cover_size=size)) for size in (0, 0.25))
    changed = (free != hidden).any(1).any(0)
    middle = torch.arange(48).sub(23.5).abs()
    box = (middle[:, None] <= 0.25 * 24 + 1) & (middle[None, :] <= 1.5 * 0.25 * 24 + 1)
    assert not (changed & ~box).any()
    core = hidden[:, :, 20:28, 18:30].flatten(2)
    assert (core == core[:1, :, :1]).all(), "people behind a thing of one colour cannot be told apart"

"""Random changes to images, against the same changes made one image at a time."""

import numpy as np
import pytest
import torch
from torch import Tensor

from workbench.augmentation import augment


@pytest.fixture
def images() -> Tensor:
    return torch.rand(200, 2, 5, 7)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_nothing_asked_for_is_nothing_done(images: Tensor) -> None:
    generator = draws()
    before = generator.get_state()
    assert torch.equal(augment(images, flip=False, shift=0, generator=generator), images)
    assert torch.equal(generator.get_state(), before)


def test_about_half_of_the_images_are_mirrored_left_to_right(images: Tensor) -> None:
    found = augment(images, flip=True, shift=0, generator=draws())
    same = (found == images).flatten(1).all(1)
    mirrored = (found == torch.from_numpy(images.numpy()[..., ::-1].copy())).flatten(1).all(1)
    assert torch.equal(same, ~mirrored)
    assert 70 < int(mirrored.sum()) < 130  # 100 +- 4 standard deviations


@pytest.mark.parametrize("shift", [1, 3, 9])
def test_each_image_is_moved_whole_and_its_edge_repeated(images: Tensor, shift: int) -> None:
    found = augment(images, flip=False, shift=shift, generator=draws())
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (shift, shift), (shift, shift)), mode="edge")
    moves = []
    for image, candidate in zip(padded, found.numpy(), strict=True):
        fits = [
            (row, column)
            for row in range(2 * shift + 1)
            for column in range(2 * shift + 1)
            if np.array_equal(image[:, row : row + 5, column : column + 7], candidate)
        ]
        assert fits
        moves.append(fits[0])
    if shift == 1:
        assert set(moves) == {(row, column) for row in range(3) for column in range(3)}, "all moves occur"


def test_the_draws_are_those_of_the_generator(images: Tensor) -> None:
    first, second, third = (augment(images, flip=True, shift=2, generator=draws(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_the_images_given_are_not_changed(images: Tensor) -> None:
    before = images.clone()
    augment(images, flip=True, shift=2, generator=draws())
    assert torch.equal(images, before)

"""Rows on disk that stand where a tensor would."""

from typing import Any

import numpy as np
import pytest
import torch

from workbench import data
from workbench.data import Rows


def rows(count: int = 20) -> tuple[torch.Tensor, Rows]:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 3, 4, 5)).astype(np.uint8)
    return torch.from_numpy(pixels), Rows(pixels)


@pytest.mark.parametrize(
    "index",
    [
        3,
        -1,
        slice(2, 9),
        slice(None),
        slice(None, None, 3),
        torch.tensor([5, 1, 5]),
        torch.arange(20) % 3 == 0,
        torch.tensor(4),
    ],
)
def test_rows_are_read_as_a_tensor_is(index: Any) -> None:
    tensor, view = rows()
    assert torch.equal(view[index], tensor[index])
    taken = view.take(torch.tensor([9, 3, 17, 3, 0] * 4))
    assert torch.equal(taken[index], tensor[[9, 3, 17, 3, 0] * 4][index])


def test_rows_have_the_shape_of_a_tensor() -> None:
    tensor, view = rows()
    assert (len(view), view.shape, view.dtype, view.ndim) == (20, tensor.shape, tensor.dtype, 4)
    assert [part.tolist() for part in view.split(7)] == [part.tolist() for part in tensor.split(7)]
    assert view.take(torch.tensor([], dtype=torch.int64)).shape == (0, 3, 4, 5)


def test_a_subset_reads_nothing_and_a_batch_only_itself() -> None:
    looked_at: list[int] = []

    class Counted(np.ndarray):
        def __getitem__(self, index: Any) -> Any:
            looked_at.append(index)
            return super().__getitem__(index)

    tensor, _ = rows()
    images = data.ImageSet(Rows(tensor.numpy().view(Counted)), torch.arange(20) % 4, list("abcd"))
    subset = images.select(torch.arange(20) % 4 != 1).renumbered().select(torch.arange(15).flip(0))
    train, held_out = data.split(subset, by="classes", share=0.4)
    assert looked_at == []
    batch = subset.images[torch.tensor([0, 2])]
    assert looked_at == [16, 19], "in the order of the disk"
    assert torch.equal(batch, tensor[[19, 16]])
    assert len(train) + len(held_out) == 15

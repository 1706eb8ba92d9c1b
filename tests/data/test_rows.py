"""Rows on disk that stand where a tensor would."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.small import calls
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


def test_a_subset_reads_nothing_and_a_batch_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[list[int]] = []
    monkeypatch.setattr(np, "take", watching(np.take, looked_at))
    tensor, view = rows()
    images = data.ImageSet(view, torch.arange(20) % 4, list("abcd"))
    subset = images.select(torch.arange(20) % 4 != 1).renumbered().select(torch.arange(15).flip(0))
    train, held_out = data.split(subset, by="classes", share=0.4)
    assert looked_at == []
    batch = subset.images[torch.tensor([0, 2])]
    assert looked_at == [[19, 16]]
    assert torch.equal(batch, tensor[[19, 16]])
    assert len(train) + len(held_out) == 15


def watching(take: Any, looked_at: list[list[int]]) -> Any:
    def watched(array: np.ndarray, numbers: np.ndarray, **options: Any) -> np.ndarray:
        looked_at.append(numbers.tolist())
        return take(array, numbers, **options)

    return watched


def test_rows_are_read_into_memory_that_is_there() -> None:
    tensor, view = rows()
    out = torch.full((3, 3, 4, 5), 7, dtype=torch.uint8)
    read = view.take(torch.arange(20).flip(0)).read(torch.tensor([0, 5, 0]), out=out)
    assert read is out
    assert torch.equal(out, tensor[[19, 14, 19]])


def test_more_images_take_no_more_python(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", np.zeros((900, 1, 4, 4), dtype=np.uint8))
    view = Rows(np.load(tmp_path / "pixels.npy", mmap_mode="r"))
    few, many = (torch.randperm(900)[:count] for count in (4, 900))
    assert calls(lambda: view[few]) == calls(lambda: view[many])

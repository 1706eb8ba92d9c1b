"""What a batch may look like, and the sentences for one that may not."""

import pytest
import torch
from torch import Tensor

from workbench.losses.batch import prepare

LABELS = torch.tensor([2, 0, 1, 2])


def rows(*shape: int) -> Tensor:
    return torch.randn(*(shape or (4, 3)))


def with_row(row: int, value: float, embeddings: Tensor | None = None) -> Tensor:
    embeddings = rows() if embeddings is None else embeddings
    embeddings.view(-1, embeddings.shape[-1])[row] = value
    return embeddings


def labels(*changes: tuple[int, int]) -> Tensor:
    changed = LABELS.clone()
    for position, label in changes:
        changed[position] = label
    return changed


WIDTH = "must have the shape [N, 3] or [V, N, 3]. Got {} instead. Give the model and the loss the same dim."
COUNT = "must be 4 integers, one for each embedding. Got {} of shape {} instead."
RANGE = (
    "must lie in [0, 3), or be -1 to leave a sample out. Got {} at position {} ({} out of range). Number the classes "
    "from 0, or create the loss with more classes."
)
FINITE = (
    "must be finite. Row {} holds NaN or infinity ({} such rows of {}). Look for NaN in the images; in training, a "
    "smaller learning rate or gradient clipping usually cures it."
)
ZERO = (
    "must have a direction. Row {} is a zero vector ({} such rows of {}). A model that ends in a ReLU makes such rows."
)


@pytest.mark.parametrize(
    ("embeddings", "given", "what", "sentence"),
    [
        (rows(4, 2), LABELS, "embeddings", WIDTH.format([4, 2])),
        (rows(3), LABELS, "embeddings", WIDTH.format([3])),
        (rows(1, 2, 4, 3), LABELS, "embeddings", WIDTH.format([1, 2, 4, 3])),
        (rows(), LABELS[:3], "labels", COUNT.format("torch.int64", [3])),
        (rows(), LABELS[:, None], "labels", COUNT.format("torch.int64", [4, 1])),
        (rows(2, 4, 3), LABELS.repeat(2), "labels", COUNT.format("torch.int64", [8])),
        (rows(), LABELS.float(), "labels", COUNT.format("torch.float32", [4])),
        (rows(), LABELS > 0, "labels", COUNT.format("torch.bool", [4])),
        (rows(), labels((3, 3)), "labels", RANGE.format(3, 3, 1)),
        (rows(), labels((2, -2)), "labels", RANGE.format(-2, 2, 1)),
        (rows(), labels((1, -2), (2, 9)), "labels", RANGE.format(-2, 1, 2)),
        (rows(2, 4, 3), labels((1, 7)), "labels", RANGE.format(7, 1, 1)),
        (with_row(2, torch.nan), LABELS, "embeddings", FINITE.format(2, 1, 4)),
        (with_row(0, -torch.inf), LABELS, "embeddings", FINITE.format(0, 1, 4)),
        (with_row(6, torch.nan, rows(2, 4, 3)), LABELS, "embeddings", FINITE.format(6, 1, 8)),
        (with_row(1, 0, with_row(3, 0)), LABELS, "embeddings", ZERO.format(1, 2, 4)),
        (with_row(1, torch.nan), labels((1, -1)), "embeddings", FINITE.format(1, 1, 4)),
    ],
)
def test_says_what_is_wrong(embeddings: Tensor, given: Tensor, what: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        prepare("Loss", embeddings, given, dim=3, classes=3)
    assert str(error.value) == f"The {what} given to Loss {sentence}"


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32, torch.int64])
def test_any_integers_are_labels(dtype: torch.dtype) -> None:
    batch = prepare("Loss", rows(), LABELS.to(dtype), dim=3, classes=200)
    assert batch.labels.dtype == torch.int64
    assert torch.equal(batch.labels, LABELS)
    assert batch.kept is None


def test_views_become_rows_view_by_view() -> None:
    views = rows(3, 4, 3)
    batch = prepare("Loss", views, labels((1, -1)), dim=3, classes=3)
    assert torch.equal(batch.kept, torch.tensor([True, False, True, True]).repeat(3))
    assert torch.equal(batch.embeddings, views[:, [0, 2, 3]].flatten(0, 1))
    assert torch.equal(batch.labels, LABELS[[0, 2, 3]].repeat(3))
    assert torch.equal(batch.norms, batch.embeddings.norm(dim=1))


@pytest.mark.parametrize(
    ("given", "computed"),
    [("bfloat16", "float32"), ("float16", "float32"), ("float32", "float32"), ("float64", "float64")],
)
def test_computes_in_float32_or_wider(given: str, computed: str) -> None:
    batch = prepare("Loss", rows().to(getattr(torch, given)), LABELS, dim=3, classes=3)
    assert batch.embeddings.dtype == batch.norms.dtype == getattr(torch, computed)

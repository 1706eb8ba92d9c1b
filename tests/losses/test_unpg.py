"""UNPG: pairs of the batch among the negatives, as one number."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses.oracle import assert_close
from workbench import losses
from workbench.losses.unpg import kept_by_whisker, negative_similarities

N, D, C = 12, 6, 9


def batch() -> tuple[Tensor, Tensor]:
    return torch.randn(N, D, dtype=torch.float64, requires_grad=True), torch.randint(0, 4, (N,))


def brute(head: losses.Head, embeddings: Tensor, labels: Tensor, whisker: float | None) -> Tensor:
    """One column of the logits for each pair, as the paper writes it."""
    unit = F.normalize(embeddings)
    pairs = [(i, j) for i in range(N) for j in range(i + 1, N) if labels[i] != labels[j]]
    values = torch.stack([unit[i] @ unit[j] for i, j in pairs])
    if whisker is not None:
        ordered = sorted(values.tolist())
        low, high = ordered[int(0.25 * len(ordered))], ordered[int(0.75 * len(ordered))]
        reach = whisker * (high - low)
        values = values[[low - reach <= value <= high + reach for value in values.tolist()]]
    cosine = unit @ F.normalize(head.weight).T
    own = cosine.gather(1, labels[:, None])
    logits = cosine.scatter(1, labels[:, None], torch.cos(own.acos() + 0.5))
    return F.cross_entropy(head.scale * torch.cat([logits, values.expand(N, -1)], 1), labels)


@pytest.mark.parametrize("whisker", [None, 0.0, 0.5, 1.5])
def test_equals_a_column_for_each_pair(whisker: float | None) -> None:
    head = losses.create("unpg-arcface", D, C, scale=8.0, whisker=whisker).double()
    embeddings, labels = batch()
    inputs = (embeddings, head.weight)
    expected = brute(head, embeddings, labels, whisker)
    loss = head(embeddings, labels)
    assert_close(loss, expected)
    for ours, theirs in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs), strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("labels", [torch.full((N,), 3), torch.arange(N) % 2 - 1])
def test_without_a_negative_pair_it_is_the_plain_loss(labels: Tensor) -> None:
    embeddings = torch.randn(N, D, dtype=torch.float64, requires_grad=True)
    head = losses.create("unpg-cosface", D, C, scale=8.0).double()
    plain = losses.create("cosface", D, C, scale=8.0).double()
    plain.load_state_dict(head.state_dict())
    loss = head(embeddings, labels)
    assert_close(loss, plain(embeddings, labels))
    loss.backward()
    assert embeddings.grad.isfinite().all()


def test_any_loss_with_classes_can_have_it() -> None:
    head = losses.create("unpg-elasticface-cos+", D, C, whisker=1.0, std=0.1)
    assert losses.parameters("unpg-elasticface-cos+")["whisker"] == 1.5
    assert (head.std, head.pair_negatives.whisker) == (0.1, 1.0)
    assert head(*batch()).isfinite()
    with pytest.raises(ValueError, match="There is no loss 'unpg-nothing'"):
        losses.create("unpg-nothing", D, C)


@pytest.mark.parametrize("whisker", [-1, "wide", float("nan")])
def test_rejects_a_whisker_that_is_no_length(whisker: object) -> None:
    with pytest.raises(ValueError, match=r"The 'whisker' parameter of UNPG must be a number in \[0, inf\)"):
        losses.create("unpg-arcface", D, C, whisker=whisker)


def test_pairs_are_counted_once_in_order() -> None:
    unit = F.normalize(torch.randn(4, 3, dtype=torch.float64))
    labels = torch.tensor([0, 1, 0, 2])
    expected = [unit[i] @ unit[j] for i, j in ((0, 1), (0, 3), (1, 2), (1, 3), (2, 3))]
    assert_close(negative_similarities(unit, labels), torch.stack(expected))


def test_the_filter_of_a_normal_distribution_drops_what_theory_says() -> None:
    values = torch.randn(400_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for whisker, share in ((1.5, 0.00698), (1.0, 0.0430)):
        assert (~kept_by_whisker(values, whisker)).double().mean().item() == pytest.approx(share, rel=0.03)

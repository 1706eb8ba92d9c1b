"""Comparing a batch with some of the classes alone, as in Partial FC."""

import math
from itertools import pairwise

import pytest
import torch

from workbench import losses
from workbench.losses import shard
from workbench.losses.head import Head
from workbench.losses.shard import Shard
from workbench.sharding import Processes

N, D, C = 8, 5, 40


def sampling(rate: float, name: str = "arcface") -> Head:
    head = losses.create(name, D, C, scale=4.0)
    assert isinstance(head, Head)
    head.sample_rate = rate
    return head.double()


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(N, D, dtype=torch.float64), torch.arange(N) * 3 % 17


@pytest.mark.parametrize(("rate", "count"), [(0.5, 20), (0.3, 12), (0.01, N), (1.0, None)])
def test_the_classes_of_the_batch_and_others_up_to_the_rate_take_part(rate: float, count: int | None) -> None:
    head, (x, labels) = sampling(rate), inputs()
    head(x, labels)
    if count is None:
        assert head.sampled is None
        return
    assert head.sampled is not None
    chosen = head.sampled.tolist()
    assert len(chosen) == len(set(chosen)) == count
    assert chosen == sorted(chosen)
    assert set(labels.tolist()) <= set(chosen)


def test_the_loss_is_that_of_a_head_with_these_classes_alone() -> None:
    head, (x, labels) = sampling(0.5), inputs()
    loss = head(x, labels)
    loss.backward()
    assert head.sampled is not None
    weight = head.weight.detach()[head.sampled].requires_grad_()
    cosine = x / x.norm(dim=1, keepdim=True) @ (weight / weight.norm(dim=1, keepdim=True)).T
    own = torch.searchsorted(head.sampled, labels)
    theta = cosine.gather(1, own[:, None]).acos()
    expected = torch.nn.functional.cross_entropy(4 * cosine.scatter(1, own[:, None], (theta + 0.5).cos()), own)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(expected, weight)
    torch.testing.assert_close(head.weight.grad[head.sampled], gradient)
    others = torch.ones(C, dtype=torch.bool).index_fill(0, head.sampled, False)
    assert head.weight.grad[others].abs().max() == 0


def test_the_draw_is_that_of_the_generator_and_every_class_has_its_turn() -> None:
    head, (x, labels) = sampling(0.5), inputs()
    counts = torch.zeros(C)
    for seed in range(400):
        for _ in range(2):
            before = head.sampled
            head(x, labels, generator=torch.Generator().manual_seed(seed))
            assert head.sampled is not None
        assert before is not None
        assert torch.equal(before, head.sampled)
        counts[head.sampled] += 1
    absent = torch.ones(C, dtype=torch.bool).index_fill(0, labels, False)
    share = (20 - N) / (C - N)
    spread = math.sqrt(share * (1 - share) / 400)
    assert (counts[~absent] == 400).all()
    assert (counts[absent] / 400 - share).abs().max() < 5 * spread


def test_nothing_is_sampled_in_evaluation() -> None:
    head, (x, labels) = sampling(0.3), inputs()
    head(x, labels)
    head.eval()
    whole = sampling(1.0)
    whole.load_state_dict(head.state_dict())
    assert head(x, labels) == whole(x, labels)
    assert head.sampled is None


def test_many_classes_are_drawn_in_blocks_whoever_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "_DRAWN_AT_ONCE", 100)
    classes, labels = 450, torch.tensor([3, 17, 120, 449])

    def drawn(rank: int, size: int, seed: int) -> set[int]:
        generator = torch.Generator().manual_seed(seed)
        part = Shard(Processes(rank, size), classes)
        chosen = part.sample(0.25, labels, generator).tolist()
        assert chosen == sorted(set(chosen))
        return {c for c in chosen if c in part.range}

    whole = drawn(0, 1, 5)
    assert [sum(c // 100 == block for c in whole) for block in range(5)] == [25, 25, 25, 25, round(0.25 * 50)]
    assert set(labels.tolist()) <= whole
    for size in (2, 3, 7):
        assert set().union(*(drawn(rank, size, 5) for rank in range(size))) == whole
    assert drawn(0, 1, 6) != whole
    again = [{c % 100 for c in whole if c // 100 == block} for block in range(4)]
    assert all(one != other for one, other in pairwise(again)), "each block has draws of its own"


def test_a_process_draws_for_its_own_classes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "_DRAWN_AT_ONCE", 100)
    drawn = []
    rand = torch.rand
    monkeypatch.setattr(torch, "rand", lambda count, **named: drawn.append(count) or rand(count, **named))
    Shard(Processes(3, 10), 10_000).sample(0.1, torch.arange(8), torch.Generator().manual_seed(0))
    assert sum(drawn) == 1_000

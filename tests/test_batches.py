"""The order in which an epoch sees its images."""

import pytest
import torch

from workbench.batches import shuffled
from workbench.randomness import generator

LABELS = torch.arange(7).repeat_interleave(torch.tensor([1, 2, 3, 4, 5, 8, 20]))


@pytest.mark.parametrize("per_class", [1, 2, 3, 4, 100])
def test_every_image_comes_once(per_class: int) -> None:
    order = shuffled(LABELS, per_class=per_class, generator=generator(0, "order", 1))
    assert order.sort().values.equal(torch.arange(len(LABELS)))
    again = shuffled(LABELS, per_class=per_class, generator=generator(0, "order", 1))
    assert order.equal(again)
    assert not order.equal(shuffled(LABELS, per_class=per_class, generator=generator(0, "order", 2)))


def test_one_of_each_is_a_plain_shuffle() -> None:
    order = shuffled(LABELS, per_class=1, generator=generator(3, "order", 1))
    assert order.equal(torch.randperm(len(LABELS), generator=generator(3, "order", 1)))


@pytest.mark.parametrize("per_class", [2, 4])
def test_images_of_a_class_come_in_groups(per_class: int) -> None:
    seen = LABELS[shuffled(LABELS, per_class=per_class, generator=generator(0, "order", 1))]
    values, lengths = seen.unique_consecutive(return_counts=True)
    for c, count in enumerate(LABELS.bincount().tolist()):
        runs = lengths[values == c]
        # Groups of a class may meet, but none is torn apart but the last, smaller one.
        assert int((runs % per_class).gt(0).sum()) == (count % per_class > 0)
    assert seen[:5].tolist() != LABELS[:5].tolist()


def test_groups_are_drawn_anew() -> None:
    """Which images of a class meet each other changes from epoch to epoch."""
    labels = torch.zeros(100, dtype=torch.long)
    pairs = [
        {
            tuple(sorted(pair))
            for pair in shuffled(labels, per_class=2, generator=generator(0, "order", e)).view(-1, 2).tolist()
        }
        for e in (1, 2)
    ]
    assert len(pairs[0] & pairs[1]) < 10

"""The order in which an epoch sees its images."""

import torch
from jaxtyping import Int
from torch import Tensor


def shuffled(labels: Int[Tensor, " images"], *, per_class: int, generator: torch.Generator) -> Int[Tensor, " images"]:
    """Return every position once, in an order where the images of a class come in groups of `per_class`.

    Each class is shuffled and cut into groups, the last of them smaller if it must be, and the groups are shuffled. So
    a batch holds positive pairs however many classes there are, and still no image is seen more often than another.

    Args:
        labels: [N].
        per_class: K, at least 1; with 1 it is a plain shuffle.
        generator: a CPU generator.
    """
    order = torch.randperm(len(labels), generator=generator)
    if per_class == 1:
        return order
    members = order[labels[order].argsort(stable=True)]
    counts = labels.bincount()
    rank = torch.arange(len(labels)) - (counts.cumsum(0) - counts)[labels[members]]
    group = (rank % per_class == 0).cumsum(0) - 1
    key = torch.randperm(int(group[-1]) + 1, generator=generator)
    return members[key[group].argsort(stable=True)]

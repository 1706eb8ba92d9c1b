"""Dropout that draws from a generator of its own."""

import torch
from torch import Tensor, nn

from workbench.sharding import ALONE, Processes


class Dropout(nn.Dropout):
    """Inverted dropout, x * mask / (1 - p), whose masks come from `generator`.

    The global generator of torch is one for all threads of a process: whoever else draws from it while a training runs,
    a notebook's cell for example, would change the masks.

    Attributes:
        generator: on the device of the features; None draws from the global one, as `torch.nn.Dropout` does.
        processes: that have a part of the batch each: the masks are their parts of those of the whole batch.
    """

    generator: torch.Generator | None = None
    processes: Processes = ALONE

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch gave it
        """Return the features with a share `p` of them set to 0 in training, as they are otherwise."""
        if self.generator is None or not self.training or self.p == 0:
            return super().forward(input)
        whole = input.new_empty(len(input) * self.processes.size, *input.shape[1:])
        kept = self.processes.part(whole.bernoulli_(1 - self.p, generator=self.generator))
        return input * kept / (1 - self.p)

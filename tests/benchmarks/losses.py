"""One step of every loss beside arcface: N = 512, D = 512, C = 10 000, float32, forward and backward.

The rival is arcface's head, which does nothing but the four matrix products and its margin. Labels hold four images of
each of 128 classes, so that the losses of pairs have pairs; a loss of two views gets two views of 256 samples.
"""

import torch

from tests.benchmarks.harness import Row, medians
from workbench import losses

N, D, C = 512, 512, 10_000


def rows() -> list[Row]:
    torch.manual_seed(0)
    embeddings = torch.randn(N, D, requires_grad=True)
    labels = torch.randperm(C)[: N // 4].repeat(4)
    every = {name: losses.create(name, D, C) for name in losses.names()}

    def step(head: losses.Loss) -> None:
        if head.views == 2:
            head(embeddings.view(2, N // 2, D), labels[: N // 2]).backward()
        else:
            head(embeddings, labels).backward()

    seconds = medians({name: lambda head=head: step(head) for name, head in every.items()}, repeats=7)
    return [Row(f"step of {name} / arcface", value / seconds["arcface"], "x") for name, value in seconds.items()]

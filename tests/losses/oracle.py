"""What the losses are held against: the obvious formula with its N x C matrix, and one table of tolerances."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

# Relative to the largest element of what is compared, and to 0.001 where all of it should be zero.
TOLERANCES = {torch.bfloat16: 8e-3, torch.float32: 2e-6, torch.float64: 1e-10}


def assert_close(actual: Tensor, expected: Tensor, dtype: torch.dtype = torch.float64) -> None:
    """Compare as in `dtype`: no element may be off by more than the tolerance times the largest element."""
    assert actual.shape == expected.shape
    largest = max([1e-3, *expected.detach().double().abs().flatten().tolist()])
    torch.testing.assert_close(actual.double(), expected.double(), rtol=0, atol=TOLERANCES[dtype] * largest)


def class_scores(
    features: Tensor, weight: Tensor, labels: Tensor, *, scale: float, normalize_weight: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """Return own, others and rival from the whole matrix of scores."""
    scores = features @ (F.normalize(weight, dim=1) if normalize_weight else weight).T
    own = F.one_hot(labels, len(weight)).bool()
    others = scores.masked_fill(own, -torch.inf)
    return scores[own], (scale * others).logsumexp(1), others.amax(1)


def head_loss(
    embeddings: Tensor, weight: Tensor, labels: Tensor, psi: Callable[[Tensor], Tensor], *, scale: float
) -> Tensor:
    """Return the cross-entropy over s cos, where the own cosine became psi."""
    cosine = F.normalize(embeddings, dim=1) @ F.normalize(weight, dim=1).T
    own = F.one_hot(labels, len(weight)).bool()
    return F.cross_entropy(scale * torch.where(own, psi(cosine[own])[:, None], cosine), labels)


class LargestTensor(TorchDispatchMode):
    """Remembers how many elements the largest tensor had that was made while it was active."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for item in out if isinstance(out, tuple | list) else [out]:
            if isinstance(item, Tensor):
                self.elements = max(self.elements, item.numel())
        return out

"""What every backbone offers: one pass of the body, and as many views of it as the loss asks for."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor, nn

from workbench.checks import number
from workbench.models.dropout import Dropout


class Backbone(nn.Module, ABC):
    """Images in, embeddings out: a body that makes features, and last layers that begin with a dropout.

    Embeddings are returned as they are, not normalised: AdaFace and MagFace read their lengths.

    Attributes:
        dropout: the dropout of the features; its `p` and its `generator` may be changed between two steps.

    Args:
        dropout: share of the features set to 0 in training, in [0, 0.99].

    Raises:
        ValueError: If the dropout is out of its range.
    """

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(number("models.create", "dropout", dropout, low=0, high=0.99))
        self._trained: Callable[[Tensor], Tensor] | None = None

    @property
    @abstractmethod
    def dim(self) -> int:
        """D, the width of the embeddings."""

    @abstractmethod
    def extract(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch width"]:
        """Return what the body sees in images: all that comes before the dropout."""

    @abstractmethod
    def embed(self, features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of features that `extract` has made: dropout and all that comes after it."""

    def forward(self, images: Float[Tensor, "batch channels height width"], *, views: int = 1) -> Tensor:
        """Return embeddings [N, D], or [V, N, D] for V views: V dropout masks over one pass of the body.

        Each view passes the last batch normalisation by itself, as in CoReFace: in training it is normalised by its
        own statistics, and moves the running ones once.
        """
        extract = self.extract if self._trained is None or not self.training else self._trained
        features = extract(images)
        if views == 1:
            return self.embed(features)
        return torch.stack([self.embed(features) for _ in range(views)])

    def compile_body(self) -> None:
        """Let `torch.compile` translate the body for training; evaluation stays as it is, and so do all names.

        The last layers are left out: their dropout draws from a generator, which no translated code can hold.
        """
        self._trained = torch.compile(self.extract)


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Switch autocast off inside, as the released code of face networks does for the last layers."""
    if torch.amp.is_autocast_available(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()

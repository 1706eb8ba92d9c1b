"""Backbones: images in, embeddings out."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from workbench.checks import number, unknown_name, whole


class Backbone(nn.Module):
    """A feature extractor and the usual last layers: dropout, linear, batch normalisation.

    Batch normalisation comes last with its weight fixed at 1, as in the published face networks, so that embeddings
    have a length of about sqrt(dim).

    Args:
        body: images float [N, C, H, W] -> features [N, F].
        width: F.
        dim: D, width of the embeddings.
        dropout: share of the features set to 0 in training, in [0, 0.99].
    """

    def __init__(self, body: nn.Module, width: int, dim: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = body
        self.dropout = nn.Dropout(number("models.create", "dropout", dropout, low=0, high=0.99))
        self.project = nn.Linear(width, whole("models.create", "dim", dim, least=1), bias=False)
        self.normalize = nn.BatchNorm1d(dim)
        self.normalize.weight.requires_grad_(False)

    @property
    def dim(self) -> int:
        """D, the width of the embeddings."""
        return self.project.out_features

    def forward(self, images: Float[Tensor, "batch channels height width"], *, views: int = 1) -> Tensor:
        """Return embeddings [N, D], or [V, N, D] for V views: V dropout masks over one pass of the body."""
        features = self.body(images)
        if views == 1:
            return self.embed(features)
        return torch.stack([self.embed(features) for _ in range(views)])

    def embed(self, features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of features that the body has made."""
        embeddings: Tensor = self.normalize(self.project(self.dropout(features)))
        return embeddings


def mlp(dim: int, *, shape: tuple[int, int, int] = (1, 8, 8), width: int = 128, dropout: float = 0.0) -> Backbone:
    """Two hidden layers of `width` units: the smallest thing that learns; for lessons."""
    channels, height, length = shape
    body = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(channels * height * length, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()),
        *(nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()),
    )
    return Backbone(body, width, dim, dropout=dropout)


def convnet(dim: int, *, shape: tuple[int, int, int] = (1, 8, 8), width: int = 32, dropout: float = 0.0) -> Backbone:
    """A small convolutional network for CPUs: 3 x 3 convolutions that halve the image down to 4 pixels or fewer.

    The first stage has `width` channels, every later one twice as many as the one before, up to 4 `width`.
    """
    channels, height, length = shape
    layers: list[nn.Module] = [_stage(channels, width, stride=1)]
    out = width
    while max(height, length) > 4:
        height, length = (height + 1) // 2, (length + 1) // 2
        layers.append(_stage(out, min(2 * out, 4 * width), stride=2))
        out = min(2 * out, 4 * width)
    return Backbone(nn.Sequential(*layers, nn.Flatten()), out * height * length, dim, dropout=dropout)


def _stage(channels: int, out: int, *, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU())


_MODELS: dict[str, Callable[..., Backbone]] = {"convnet": convnet, "mlp": mlp}


def names() -> list[str]:
    """Return the names that `create` knows."""
    return list(_MODELS)


def create(name: str, dim: int, **options: Any) -> Backbone:
    """Return the backbone of this name.

    Args:
        name: one of `names()`.
        dim: D, width of the embeddings.
        **options: `shape` (channels, height, width) of the images, `width`, `dropout`.

    Returns:
        A module: `model(images float [N, C, H, W]) -> [N, D]`, `model(images, views=2) -> [2, N, D]`.

    Raises:
        ValueError: If the name or an option is unknown, or a value is out of its range.
    """
    if name not in _MODELS:
        raise ValueError(unknown_name("model", name, _MODELS))
    known = [option for option in inspect.signature(_MODELS[name]).parameters if option != "dim"]
    for option in options:
        if option not in known:
            raise ValueError(unknown_name(f"parameter of the model {name!r} named", option, known))
    return _MODELS[name](dim, **options)

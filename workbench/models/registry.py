"""Backbones by name."""

import inspect
from collections.abc import Callable
from typing import Any

from workbench.checks import unknown_name
from workbench.models.backbone import Backbone
from workbench.models.iresnet import iresnet18, iresnet34, iresnet50, iresnet100
from workbench.models.mobilefacenet import MobileFaceNet, mobilefacenet_large
from workbench.models.small import convnet, mlp

_MODELS: dict[str, Callable[..., Backbone]] = {
    "convnet": convnet,
    "mlp": mlp,
    "iresnet18": iresnet18,
    "iresnet34": iresnet34,
    "iresnet50": iresnet50,
    "iresnet100": iresnet100,
    "mobilefacenet": MobileFaceNet,
    "mobilefacenet-large": mobilefacenet_large,
}


def names() -> list[str]:
    """Return the names that `create` knows."""
    return list(_MODELS)


def parameters(name: str) -> dict[str, Any]:
    """Return the options of a backbone and their defaults.

    >>> parameters("mlp")
    {'shape': (1, 8, 8), 'width': 128, 'dropout': 0.0}

    Raises:
        ValueError: If there is no backbone of this name; the nearest names are given.
    """
    if name not in _MODELS:
        raise ValueError(unknown_name("model", name, _MODELS))
    options = inspect.signature(_MODELS[name]).parameters.values()
    return {option.name: option.default for option in options if option.default is not inspect.Parameter.empty}


def create(name: str, dim: int, **options: Any) -> Backbone:
    """Return the backbone of this name.

    Args:
        name: one of `names()`.
        dim: D, width of the embeddings.
        **options: `shape` (channels, height, width) of the images, `dropout`, and what else `parameters(name)` lists.

    Returns:
        A module: `model(images float [N, C, H, W]) -> [N, D]`, `model(images, views=2) -> [2, N, D]`.

    Raises:
        ValueError: If the name or an option is unknown, or a value is out of its range.
    """
    known = parameters(name)
    for option in options:
        if option not in known:
            raise ValueError(unknown_name(f"parameter of the model {name!r} named", option, known))
    return _MODELS[name](dim, **options)

"""Losses by name."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from workbench.checks import unknown_name
from workbench.losses.elasticface import ElasticArcFace, ElasticCosFace
from workbench.losses.fixed import ArcFace, Combined, CosFace, NormFace, Softmax, SphereFace
from workbench.losses.head import Head

_LOSSES: dict[str, Callable[..., Head]] = {
    "softmax": Softmax,
    "normface": NormFace,
    "sphereface": SphereFace,
    "cosface": CosFace,
    "arcface": ArcFace,
    "arcface-detached": partial(ArcFace, gradient="detached"),
    "combined": Combined,
    "elasticface-arc": ElasticArcFace,
    "elasticface-cos": ElasticCosFace,
    "elasticface-arc+": partial(ElasticArcFace, plus=True, std=0.0175),
    "elasticface-cos+": partial(ElasticCosFace, plus=True, std=0.025),
}


def names() -> list[str]:
    """Return the names that `create` knows."""
    return list(_LOSSES)


def parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a loss and their defaults.

    >>> parameters("cosface")
    {'scale': 64.0, 'margin': 0.35}

    Raises:
        ValueError: If there is no loss of this name; the nearest names are given.
    """
    if name not in _LOSSES:
        raise ValueError(unknown_name("loss", name, _LOSSES))
    options = inspect.signature(_LOSSES[name]).parameters.values()
    return {option.name: option.default for option in options if option.default is not inspect.Parameter.empty}


def create(name: str, dim: int, classes: int, **options: Any) -> Head:
    """Return the loss of this name as a module that holds its class weights.

    >>> head = create("arcface", dim=128, classes=1000, margin=0.4)

    Args:
        name: one of `names()`.
        dim: D, width of the embeddings.
        classes: C, number of classes.
        **options: parameters of this loss, see `parameters(name)` and the docstring of its class.

    Returns:
        A module: `module(embeddings [N, D] or [V, N, D], labels [N]) -> scalar`, with `weight` [C, D], `scale` and
        `views`.

    Raises:
        ValueError: If the name or an option is unknown, or a value is out of its range.
    """
    known = parameters(name)
    for option in options:
        if option not in known:
            raise ValueError(unknown_name(f"parameter of the loss {name!r} named", option, known))
    return _LOSSES[name](dim, classes, **options)


def describe(name: str) -> str:
    """Return the documentation of a loss: its equation, and every parameter with unit, range and origin."""
    parameters(name)
    loss = _LOSSES[name]
    return inspect.getdoc(loss.func if isinstance(loss, partial) else loss) or ""

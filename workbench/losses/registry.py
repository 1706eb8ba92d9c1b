"""Losses by name."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from workbench.checks import unknown_name
from workbench.losses.adaface import AdaFace
from workbench.losses.circle import Circle
from workbench.losses.contrastive import Contrastive
from workbench.losses.coreface import CoReFace
from workbench.losses.curricularface import CurricularFace
from workbench.losses.elasticface import ElasticArcFace, ElasticCosFace
from workbench.losses.fixed import ArcFace, Combined, CosFace, NormFace, Softmax, SphereFace
from workbench.losses.head import Head
from workbench.losses.jcsc import JCSC
from workbench.losses.loss import Loss
from workbench.losses.magface import MagFace
from workbench.losses.multisimilarity import MultiSimilarity
from workbench.losses.subcenter import SubCenterArcFace
from workbench.losses.supcon import SupCon
from workbench.losses.triplet import Triplet
from workbench.losses.unpg import PairNegatives

_HEADS: dict[str, Callable[..., Head]] = {
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
    "adaface": AdaFace,
    "magface": MagFace,
    "curricularface": CurricularFace,
    "subcenter-arcface": SubCenterArcFace,
    "coreface": CoReFace,
    "jcsc": JCSC,
}
_PAIR_LOSSES: dict[str, Callable[..., Loss]] = {
    "supcon": SupCon,
    "circle": Circle,
    "multi-similarity": MultiSimilarity,
    "contrastive": Contrastive,
    "triplet": Triplet,
}
_LOSSES = {**_HEADS, **_PAIR_LOSSES}
_UNPG = "unpg-"
_LISTED = (*_HEADS, "unpg-arcface", "unpg-cosface", "unpg-magface", *_PAIR_LOSSES)


def names() -> list[str]:
    """Return the names that `create` knows. Beside these, `unpg-NAME` adds UNPG's pairs to any class-based loss."""
    return list(_LISTED)


def parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a loss and their defaults.

    >>> parameters("cosface")
    {'scale': 64.0, 'margin': 0.35}

    Raises:
        ValueError: If there is no loss of this name; the nearest names are given.
    """
    options = inspect.signature(_builder(name)).parameters.values()
    return {option.name: option.default for option in options if option.default is not inspect.Parameter.empty}


def create(name: str, dim: int, classes: int, **options: Any) -> Loss:
    """Return the loss of this name as a module that holds one direction for each class.

    >>> head = create("arcface", dim=128, classes=1000, margin=0.4)

    Args:
        name: one of `names()`.
        dim: D, width of the embeddings.
        classes: C, number of classes.
        **options: parameters of this loss, see `parameters(name)` and the docstring of its class.

    Returns:
        A module: `module(embeddings [N, D] or [V, N, D], labels [N]) -> scalar`, with `weight` [C, D], `scale` and
        `views`. The weight of a class-based loss is learned: give it to the optimiser.

    Raises:
        ValueError: If the name or an option is unknown, or a value is out of its range.
    """
    known = parameters(name)
    for option in options:
        if option not in known:
            raise ValueError(unknown_name(f"parameter of the loss {name!r} named", option, known))
    return _builder(name)(dim, classes, **options)


def pieces(name: str) -> tuple[type, ...]:
    """Return the classes whose docstrings say what the loss of this name is: UNPG's pairs, if it has any, come first.

    Raises:
        ValueError: If there is no loss of this name; the nearest names are given.
    """
    _builder(name)
    loss = _LOSSES[name if name in _LOSSES else name.removeprefix(_UNPG)]
    own: Any = loss.func if isinstance(loss, partial) else loss
    return (own,) if name in _LOSSES else (PairNegatives, own)


def _builder(name: str) -> Callable[..., Loss]:
    base = name.removeprefix(_UNPG)
    if name in _LOSSES:
        return _LOSSES[name]
    if base in _HEADS:
        return _with_pairs(_HEADS[base])
    hint = "UNPG adds pairs to a loss of classes; this one has no classes." if base in _PAIR_LOSSES else ""
    raise ValueError(unknown_name("loss", name, _LISTED, hint=hint))


def _with_pairs(head: Callable[..., Head]) -> Callable[..., Head]:
    """Return a builder that takes the parameters of a head and UNPG's `whisker`."""

    def build(dim: int, classes: int, *, whisker: float | None = 1.5, **options: Any) -> Head:
        module = head(dim, classes, **options)
        module.pair_negatives = PairNegatives(whisker)
        return module

    signature = inspect.signature(head)
    whisker = inspect.signature(build).parameters["whisker"]
    build.__signature__ = signature.replace(parameters=[*signature.parameters.values(), whisker])  # type: ignore[attr-defined]
    return build

"""Image sets by name."""

import inspect
from collections.abc import Callable
from typing import Any

from workbench.checks import unknown_name
from workbench.data.digits import digits
from workbench.data.faces import synthetic_faces
from workbench.data.imageset import ImageSet

_SOURCES: dict[str, Callable[..., ImageSet]] = {"digits": digits, "synthetic-faces": synthetic_faces}


def names() -> list[str]:
    """Return the names that `load` knows."""
    return list(_SOURCES)


def load(name: str, **options: Any) -> ImageSet:
    """Return the image set of this name.

    Args:
        name: one of `names()`.
        **options: parameters of this source.

    Raises:
        ValueError: If the name or an option is unknown; the nearest names are given.
    """
    source = _source(name)
    known = inspect.signature(source).parameters
    for option in options:
        if option not in known:
            raise ValueError(unknown_name(f"parameter of the data set {name!r} named", option, known))
    return source(**options)


def describe(name: str) -> str:
    """Return what the image set of this name is."""
    return inspect.getdoc(_source(name)) or ""


def _source(name: str) -> Callable[..., ImageSet]:
    if name not in _SOURCES:
        raise ValueError(unknown_name("data set", name, _SOURCES))
    return _SOURCES[name]

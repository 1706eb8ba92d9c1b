"""Verification sets by name or by path."""

import inspect
from pathlib import Path
from typing import Any

from workbench.checks import unknown_name
from workbench.data.arrays import shaped
from workbench.data.bins import load_bin
from workbench.data.options import OnError
from workbench.data.pairlist import read_pairs
from workbench.data.pairs import VerificationSet
from workbench.data.registry import load
from workbench.data.sklearn_sets import lfw_pairs


def is_verification(name: str | Path) -> bool:
    """Return whether what has this name or path brings its pairs along."""
    return str(name) == "lfw-pairs" or Path(name).suffix.lower() == ".bin"


def load_verification(
    name: str | Path,
    *,
    pairs: str | Path | None = None,
    size: int | None = None,
    grey: bool = False,
    on_error: OnError = "raise",
    processes: int | None = None,
    progress: bool = True,
    **options: Any,
) -> VerificationSet:
    """Return images and pairs of them to verify.

    Args:
        name: a `.bin` of InsightFace's, or "lfw-pairs" for those that scikit-learn fetches; or, with `pairs`, whatever
            `load` takes.
        pairs: a list of pairs, see `read_pairs`.
        size: as in `load`.
        grey: as in `load`.
        on_error: as in `load`.
        processes: as in `load`.
        progress: as in `load`.
        **options: with "lfw-pairs": `data_home`, `funneled`, `subset`; with `pairs`, those of the set.

    Raises:
        ValueError: If something is unknown or cannot be read.
    """
    if pairs is not None:
        images = load(name, size=size, grey=grey, on_error=on_error, processes=processes, progress=progress, **options)
        return VerificationSet(images, read_pairs(pairs, images))
    known = inspect.signature(lfw_pairs).parameters if str(name) == "lfw-pairs" else {}
    for option in options:
        if option not in known:
            raise ValueError(unknown_name(f"parameter of the verification set {str(name)!r} named", option, known))
    if str(name) == "lfw-pairs":
        found = lfw_pairs(**options)
        return VerificationSet(shaped(found.images, size=size, grey=grey), found.pairs)
    if is_verification(name):
        return load_bin(name, size=size, grey=grey, on_error=on_error, processes=processes, progress=progress)
    raise ValueError(
        f"A verification set is a .bin file, 'lfw-pairs', or images with a list of pairs. Got {str(name)!r} and no "
        f"list: give one as 'pairs'."
    )

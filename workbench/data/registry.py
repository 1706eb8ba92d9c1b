"""Image sets by name or by path."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workbench.checks import unknown_name
from workbench.data import sklearn_sets
from workbench.data.catalogue import Catalogue
from workbench.data.digits import digits
from workbench.data.faces import synthetic_faces
from workbench.data.imageset import ImageSet
from workbench.data.options import OnError, Options
from workbench.data.reading import read
from workbench.data.sources import at_path

_SOURCES: dict[str, Callable[..., ImageSet]] = {
    "digits": digits,
    "lfw-people": sklearn_sets.lfw_people,
    "olivetti": sklearn_sets.olivetti,
    "synthetic-faces": synthetic_faces,
}


def names() -> list[str]:
    """Return the names that `load` knows; it takes paths besides."""
    return list(_SOURCES)


def load(
    name: str | Path,
    *,
    size: int | None = None,
    grey: bool = False,
    min_images: int = 1,
    people: str | Path | None = None,
    test_people: str | Path | None = None,
    on_error: OnError = "raise",
    processes: int | None = None,
    progress: bool = True,
    **options: Any,
) -> ImageSet:
    """Return the image set of this name, or read the one at this path.

    A path may be a folder with a folder of images for each identity (LFW, CASIA-WebFace, VGGFace2, ORL), a folder or
    file of InsightFace's (`train.rec`), a `.npz` with images and labels, a `.mat` (Olivetti), or a folder that
    `import_set` made.

    Args:
        name: one of `names()`, or a path.
        size: resize every image to size x size pixels, antialiased; as it is if None. The shape is not kept: crops
            should be about square.
        grey: turn colours to grey.
        min_images: drop identities with fewer images, at least 1.
        people: a people file of LFW, or any list of names, one on each line: keep only these.
        test_people: such a file too: mark these as `held_out`, for `split(..., by="protocol")`.
        on_error: "raise" stops at the first image that cannot be read; "skip" leaves such images out and lists them in
            `skipped`.
        processes: how many may decode at once; as many as there are cores if None.
        progress: show a progress bar.
        **options: parameters of a set that has a name, such as `data_home` for those that scikit-learn fetches.

    Raises:
        ValueError: If the name, the path or an option is unknown; the nearest names are given. If something in the
            source cannot be read, with file and record.
    """
    asked = Options(
        size=size,
        grey=grey,
        min_images=min_images,
        people=people,
        test_people=test_people,
        on_error=on_error,
        processes=processes,
        progress=progress,
    )
    content = asked.applied(opened(name, asked, options))
    return content if isinstance(content, ImageSet) else asked.protected(read(content, asked))


def describe(name: str) -> str:
    """Return what the image set of this name is."""
    return inspect.getdoc(_source(name)) or ""


def opened(name: str | Path, asked: Options, options: Mapping[str, Any]) -> Catalogue | ImageSet:
    """Return what is at a name or path, before any image of it is decoded where that can wait."""
    source = _SOURCES.get(str(name))
    known = () if source is None else inspect.signature(source).parameters
    for option in options:
        if option not in known:
            kind = "" if source is None else f" of the data set {str(name)!r}"
            # An option that all sources have may have been meant.
            common = Options.__dataclass_fields__
            raise ValueError(unknown_name(f"parameter{kind} named", option, {*known, *common}))
    if source is None:
        return at_path(name, names(), skip=asked.skip)
    # What can be made in any size is made in the one that is asked for, not resized to it.
    made = {key: getattr(asked, key) for key in ("size", "grey") if key in known and getattr(asked, key)}
    return source(**made, **options)


def shown_source(name: str | Path) -> str:
    """Return a name as it is, and a path as a whole one."""
    return str(name) if str(name) in _SOURCES else str(Path(name).resolve())


def _source(name: str) -> Callable[..., ImageSet]:
    if name not in _SOURCES:
        raise ValueError(unknown_name("data set", name, _SOURCES))
    return _SOURCES[name]

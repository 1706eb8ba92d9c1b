"""Recognising what is at a path."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from workbench.checks import unknown_name
from workbench.data.catalogue import Catalogue, printable
from workbench.data.imageset import ImageSet
from workbench.data.mat import mat
from workbench.data.npz import npz
from workbench.data.recordio import records
from workbench.data.stored import JOURNAL, META, stored
from workbench.data.tree import tree

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


def at_path(path: str | Path, names: Sequence[str], *, skip: bool) -> Catalogue | ImageSet:
    """Return what is at this path.

    Args:
        path: a file or folder.
        names: what else could have been meant.
        skip: leave out records that cannot be read, instead of raising.

    Raises:
        ValueError: If nothing is there, or nothing that is known.
    """
    given, path = str(path), Path(path).expanduser()  # pages say ~ for the home folder
    if path.is_dir():
        return _in_folder(path, skip)
    if not path.exists():
        raise ValueError(_missing(given, path, names))
    suffix = path.suffix.lower()
    if suffix in (".rec", ".idx"):
        return records(path.with_suffix(".rec") if suffix == ".idx" else path, skip=skip)
    if suffix == ".npz":
        return npz(path)
    if suffix == ".mat":
        return mat(path)
    where = printable(path)
    if suffix == ".bin":
        raise ValueError(f"The file {where} holds pairs to verify, not labelled images. Read it with data.load_bin.")
    if suffix in _ARCHIVES:
        raise ValueError(f"The file {where} is an archive. Unpack it and give the folder.")
    raise ValueError(
        f"The file {where} is of no known kind. Known are a folder with a folder of images for each identity, .rec, "
        f".npz, .mat, and folders made by data.import_set."
    )


def _in_folder(path: Path, skip: bool) -> Catalogue | ImageSet:
    if (path / META).exists():
        return stored(path)
    if (path / JOURNAL).exists():
        raise ValueError(
            f"The folder {printable(path)} holds an import that is not done. Call data.import_set again with the same "
            f"source, folder and options: it goes on where it was stopped."
        )
    if (path / "train.rec").exists():
        return records(path / "train.rec", skip=skip)
    files = sorted(path.glob("*.rec"))
    if len(files) > 1:
        found = ", ".join(printable(file.name) for file in files)
        raise ValueError(f"The folder {printable(path)} has several .rec files ({found}). Give one of them.")
    return records(files[0], skip=skip) if files else tree(path)


def _missing(given: str, path: Path, names: Sequence[str]) -> str:
    if not ("/" in given or path.suffix):
        return unknown_name("data set", given, names)
    folder = path.parent
    if not folder.is_dir():
        return f"There is no file or folder {printable(path)}: there is no folder {printable(folder)} either."
    near = get_close_matches(path.name, sorted(entry.name for entry in folder.iterdir()), n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(repr(printable(name)) for name in near)}?" if near else ""
    return f"There is no file or folder {printable(path)}.{guess}"

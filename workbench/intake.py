"""Files from elsewhere, looked at before they are read: what they are, and what they would grow to."""

import os
import stat
import zipfile
from pathlib import Path

# Arrays of blank images shrink a thousandfold and are small; what grows a hundredfold past this much is an attack.
ROOM = 2**28
GROWTH = 100
MEMBERS = 10_000
_SHOWN = 60


def as_text(name: str | Path) -> str:
    """Return a name or a path as text that can be stored as UTF-8; bytes that are none are written out."""
    text = str(name)
    if text.isascii():
        return text
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a letter, as JSON and NumPy can hold
        return text.encode("utf-8", "backslashreplace").decode()


def ordinary(path: Path) -> Path:
    """Return the path of a file that has an end: no pipe, which would be waited for, and no device.

    A path at which there is nothing comes back too: whoever opens it says so.

    Raises:
        ValueError: If it is neither a file nor a folder.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - links that lead round in a circle raise here, in one way
    except OSError:
        return path
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return path
    raise ValueError(f"{str(path)!r} is a pipe or a device, and only files are read. Save what it gives to a file.")


def fits(path: Path, size: int) -> None:
    """Refuse a file that would fill the memory from next to nothing.

    Args:
        path: of the file.
        size: bytes that it would have in memory.

    Raises:
        ValueError: If these are more than 256 MiB and more than 100 times those of the file.
    """
    there = path.stat().st_size
    if size > ROOM and size > GROWTH * there:
        raise ValueError(
            f"{str(path)!r} has {there:,} bytes and would grow to {size:,}, more than {GROWTH} times as many, which no "
            f"faces or embeddings do. Nothing of it was unpacked. Save it again without compression if you trust it."
        )


def archive(path: Path) -> None:
    """Refuse an archive, as .npz and .pth files are, that would fill the memory; no other file is refused.

    Raises:
        ValueError: If it has more than 10 000 members, or they would grow as `fits` refuses.
    """
    ordinary(path)
    try:
        with zipfile.ZipFile(path) as content:
            members = content.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        return  # its reader says what is wrong with it
    if len(members) > MEMBERS:
        raise ValueError(
            f"{str(path)!r} has {len(members):,} members, and {MEMBERS:,} are the most that a file of arrays can need. "
            f"Nothing of it was unpacked."
        )
    fits(path, sum(member.file_size for member in members))


def no_links(folder: Path) -> None:
    """Refuse a folder to write in where a link would lead the writing elsewhere.

    Raises:
        ValueError: If something in it is a symbolic link: which.
    """
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            raise ValueError(
                f"{str(entry)!r} is a link, and what is written through it would land in "
                f"{str(entry.readlink())[:_SHOWN]!r}. Choose another folder, or replace the link by what it leads to."
            )


def inside(folder: Path, name: object) -> Path:
    """Return the path of what a file of a folder names as lying beside it.

    Raises:
        ValueError: If it is no plain name, so that it could lie elsewhere.
    """
    if not isinstance(name, str) or name in ("", ".", "..") or "\0" in name or Path(name).name != name:
        raise ValueError(
            f"A file in {str(folder)!r} names {str(name)[:_SHOWN]!r}, which is no name of a file in that folder. It is "
            f"not read: what lies elsewhere is not part of it."
        )
    return folder / name

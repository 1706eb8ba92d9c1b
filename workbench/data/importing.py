"""Converting a source once, to a folder whose pixels can be mapped into memory.

Pixels are written in blocks, in any order, straight to where they stay. A journal notes a block once its pixels are on
disk, so that an import that was stopped, however it was, goes on where it stood; `stored` tells what is in the folder.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workbench import files
from workbench.checks import shown
from workbench.data.catalogue import Catalogue, printable
from workbench.data.decoding import Filled, Form
from workbench.data.digests import blocks, digest
from workbench.data.imageset import ImageSet
from workbench.data.journal import Journal, journal_lines, npy_header, opened_pixels
from workbench.data.options import OnError, Options
from workbench.data.reading import ColouredError, Outcome, common_form, labelled, progress_bar
from workbench.data.registry import opened, shown_source
from workbench.data.rows import Rows
from workbench.data.stored import JOURNAL, META, PIXELS, pixels_of, read_meta, store, stored
from workbench.data.workers import decode


def import_set(
    source: str | Path | ImageSet,
    dest: str | Path,
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
    """Convert a source once to a folder from which its images come at the speed of the disk, and open that.

    The same call again goes on where an earlier one was stopped, or opens the set if it is done. `load` opens it too.

    Args:
        source: what `load` takes, or a set.
        dest: a new or empty folder, or that of an import of the same source with the same options.
        size: as in `load`.
        grey: as in `load`.
        min_images: as in `load`.
        people: as in `load`.
        test_people: as in `load`.
        on_error: as in `load`. It may change from call to call.
        processes: as in `load`. It may change from call to call.
        progress: as in `load`.
        **options: as in `load`.

    Raises:
        ValueError: If the source cannot be read, or the folder holds something else, or another process is at work
            there.
        OSError: If the disk has no room; nothing that looks like a set is left behind.
    """
    dest = Path(dest)
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
    content = source if isinstance(source, ImageSet) else opened(source, asked, options)
    content = asked.applied(content)
    plan = {
        "source": "a set in memory" if isinstance(source, ImageSet) else shown_source(source),
        "options": {"size": size, "grey": grey, "min_images": min_images}
        | {
            name: None if given is None else str(given)
            for name, given in (("people", people), ("test_people", test_people))
        }
        | {name: str(value) for name, value in options.items()},
        "stamp": content.digest() if isinstance(content, ImageSet) else content.stamp(),
    }
    with files.alone(dest):
        before = _before(dest, plan)
        if (dest / META).exists():
            (dest / JOURNAL).unlink(missing_ok=True)
            return stored(dest)
        if isinstance(content, ImageSet):
            _copy(content, dest, plan)
        else:
            _convert(content, dest, plan, asked, before)
        (dest / JOURNAL).unlink(missing_ok=True)
    return stored(dest)


def _before(dest: Path, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the journal of an earlier call with the same plan; none if there was no such call."""
    lines: list[dict[str, Any]] = []
    if (dest / META).exists():
        theirs = read_meta(dest).plan
        changed = _changed(theirs, plan, ("source", "options", "stamp"))
    elif (dest / JOURNAL).exists():
        lines = list(journal_lines(dest / JOURNAL))
        theirs = lines[0]["plan"] if lines else plan
        changed = _changed(theirs, plan, ("source", "options"))
        if not changed and theirs.get("stamp") != plan["stamp"]:
            lines = []  # the files of the source have changed since
    else:
        changed = "other files" if any(dest.iterdir()) else ""
    if changed:
        raise ValueError(
            f"The folder {printable(dest)} holds something else ({changed}). Choose another folder, or remove this one "
            f"if it is not needed."
        )
    return lines


def _changed(theirs: dict[str, Any], ours: dict[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        if theirs.get(key) != ours[key]:
            by = f"by the {key} {shown(theirs.get(key))}"
            return f"a set {'of other images of that source' if key == 'stamp' else by}"
    return ""


def _convert(
    catalogue: Catalogue, dest: Path, plan: dict[str, Any], options: Options, before: list[dict[str, Any]]
) -> None:
    form = common_form(catalogue, options)
    if before and (begun := before[0]["form"]) != form:
        # Colours were found on the way; another form than that is no journal of these images.
        coloured = begun == form._replace(channels=3)
        form, before = (begun, before) if coloured else (form, [])
    while True:
        try:
            outcome, of_blocks = _decode_all(catalogue, form, dest, plan, options, before)
            break
        except ColouredError:
            form, before = form._replace(channels=3), []
    pixels = pixels_of(dest)
    numbers = torch.from_numpy(outcome.kept())
    images = labelled(Rows(pixels, numbers), outcome.readable())
    images = options.protected(images)
    content = digest(images.images.shape, of_blocks, catalogue.labels) if of_blocks else images.digest()
    store(dest, images, sorted(outcome.failed), {"plan": plan}, content)


def _decode_all(
    catalogue: Catalogue,
    form: Form,
    dest: Path,
    plan: dict[str, Any],
    options: Options,
    before: list[dict[str, Any]],
) -> tuple[Outcome, list[str]]:
    """Fill the pixels, and return what failed, and the digests of the blocks: of all, or none if one is not known."""
    count = len(catalogue)
    header = npy_header((count, form.channels, form.height, form.width))
    size = len(header) + count * form.bytes
    path = dest / PIXELS
    every = blocks(count, form.bytes)
    done_before = before[1:] if path.exists() and path.stat().st_size == size else []
    # What notes no block of this import is of no use.
    firsts = {block[0]: block for block in every}
    done_before = [line for line in done_before if _is_of(line, firsts.get(line["first"]))]
    begun = [{"plan": plan, "form": form}, *done_before]
    files.write_text(dest / JOURNAL, "".join(json.dumps(line) + "\n" for line in begun))
    outcome = Outcome(catalogue, form, options)
    digests = {line["first"]: line["digest"] for line in done_before}
    todo = [block for block in every if block[0] not in digests]
    for line in done_before:
        outcome.add(line["failed"])
    with (
        opened_pixels(path, header, size, fresh=not done_before) as target,
        Journal(dest / JOURNAL, target) as journal,
        progress_bar(count, count - sum(map(len, todo)), options) as bar,
    ):

        def done(block: range, filled: Filled) -> None:
            outcome.add(filled.failed)
            journal.add(block, filled)
            digests[block[0]] = filled.digest
            bar.update(len(block))

        decode(
            catalogue.images,
            form,
            target,
            todo,
            done,
            offset=len(header),
            processes=options.workers,
            stop=not options.skip,
            hashed=True,
        )
    known = [found for block in every if (found := digests[block[0]])]
    return outcome, known if len(known) == len(every) else []


def _is_of(line: dict[str, Any], block: range | None) -> bool:
    return block is not None and all(failure.number in block for failure in line["failed"])


def _copy(images: ImageSet, dest: Path, plan: dict[str, Any]) -> None:
    """Write images that are there already."""
    files.write_text(dest / JOURNAL, json.dumps({"plan": plan, "form": None}) + "\n")
    header = npy_header(tuple(images.images.shape))
    size = len(header) + len(images) * int(np.prod(images.shape))
    with opened_pixels(dest / PIXELS, header, size, fresh=True) as target:
        place = len(header)
        for part in images.images.split(512):
            content = part.contiguous().numpy()
            os.pwrite(target, content.tobytes(), place)
            place += content.nbytes
        os.fsync(target)
    store(dest, images, [], {"plan": plan}, plan["stamp"])

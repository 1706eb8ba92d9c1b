"""Parquet tables as arrays, read by a process of its own: at some damaged files pyarrow ends the process it is in."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from workbench import intake, parquet_worker
from workbench.checks import needs, said


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of a table by name.

    A column of lists of one length is an array [N, D], one of other lists is left out. Whatever is neither a number nor
    a list comes as texts, of type object: one for all rows that share it.

    Raises:
        ValueError: If pyarrow is not installed or cannot read the file; if it would grow too much, see `intake.fits`.
    """
    needs("pyarrow", extra="parquet", what="A Parquet file")
    intake.ordinary(path)
    # The table, a copy of it, and what reading takes: less than 1 GiB for a small file.
    room = 3 * max(intake.ROOM, intake.GROWTH * path.stat().st_size)
    # -P keeps this folder off the path.
    with subprocess.Popen(
        [sys.executable, "-P", parquet_worker.__file__, str(path.absolute()), str(room)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as worker:
        assert isinstance(worker.stdout, io.BufferedReader)  # noqa: S101 - so it was asked for
        try:
            columns = received(path, worker.stdout)
        finally:
            worker.kill()
    if columns is None:
        code = worker.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        raise ValueError(f"{path} cannot be read as Parquet: the process that read it {how}.")
    return columns


def received(path: Path, answers: io.BufferedIOBase) -> dict[str, np.ndarray] | None:
    """Return the columns that `parquet_worker.write` writes of a file; None if its answers have no end.

    Raises:
        ValueError: As `read`.
    """
    columns: dict[str, np.ndarray] = {}
    for line in answers:
        if not line.endswith(b"\n"):
            break
        answer = json.loads(line)
        if answer["kind"] == "size":
            intake.fits(path, answer["bytes"])
        elif answer["kind"] == "error":
            raise ValueError(f"{path} cannot be read as Parquet: {said(ValueError(answer['text']))}.")
        elif answer["kind"] == "end":
            return columns
        else:
            array = np.empty(answer["shape"], answer["dtype"])
            if answers.readinto(array.reshape(-1).view(np.uint8).data) < array.nbytes:
                break
            texts = answer["texts"]
            columns[answer["name"]] = array if texts is None else np.array(texts, dtype=object)[array]
    return None

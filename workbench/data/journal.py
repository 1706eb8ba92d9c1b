"""The parts of an import that is under way: the file it fills, and the blocks that are done."""

import io
import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench import intake
from workbench.data.catalogue import printable
from workbench.data.decoding import Failure, Filled, Form


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    plan: dict[str, Any]
    form: Form | None


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid")

    first: int
    failed: list[Failure]
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None


def journal_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a journal, the plan and the blocks done, up to one that was cut short or is damaged."""
    kind: type[BaseModel] = _Plan
    for line in intake.ordinary(path).read_bytes().splitlines():
        try:
            content = kind.model_validate_json(line)
        except ValidationError:
            return
        yield {name: getattr(content, name) for name in kind.model_fields}
        kind = _Block


def npy_header(shape: tuple[int, ...]) -> bytes:
    """Return what stands before the pixels in a `.npy` file of this shape."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return header.getvalue()


@contextmanager
def opened_pixels(path: Path, header: bytes, size: int, *, fresh: bool) -> Iterator[int]:
    """Yield the descriptor of the file of pixels, which has all its room from the start."""
    target = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_TRUNC if fresh else 0), 0o644)
    try:
        if fresh:
            try:
                # A mapped file that finds the disk full kills the process that writes to it.
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(target, 0, size)
                else:
                    os.truncate(target, size)
                os.pwrite(target, header, 0)
            except OSError as error:
                path.unlink()
                raise OSError(
                    f"There is no room for {size / 1e9:.3g} GB of pixels in {printable(path.parent)} "
                    f"({error.strerror}). Make room, or choose another folder or a smaller size."
                ) from None
        yield target
    finally:
        os.close(target)


class Journal:
    """Notes blocks as done, once their pixels are on disk; the disk works while the next blocks are decoded."""

    def __init__(self, path: Path, target: int) -> None:
        self._path, self._target = path, target
        self._waiting: list[str] = []
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def add(self, block: range, filled: Filled) -> None:
        """Note a block that is done, and what came of it, as soon as the disk has it."""
        self._waiting.append(json.dumps({"first": block[0], **filled._asdict()}) + "\n")
        if self._writing is None or self._writing.done():
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._writer:
            self._write()
            if self._writing is not None and error is None:
                self._writing.result()

    def _write(self) -> None:
        if self._writing is not None:
            self._writing.result()
        lines, self._waiting = "".join(self._waiting), []
        self._writing = self._writer.submit(self._flush, lines)

    def _flush(self, lines: str) -> None:
        os.fsync(self._target)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

"""Many decoding processes that fill one file with pixels."""

import json
import os
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from workbench.data import decoding
from workbench.data.catalogue import Encoded
from workbench.data.decoding import Failure, Filled, Form

# A worker that has the next order waiting never idles while its answer is on the way.
AHEAD = 2


def decode(
    images: Encoded,
    form: Form,
    target: int,
    todo: Sequence[range],
    done: Callable[[range, Filled], None],
    *,
    offset: int,
    processes: int,
    stop: bool,
    hashed: bool = False,
) -> None:
    """Decode blocks of images into an open file, in this process or in several.

    Args:
        images: what to decode.
        form: of the pixels.
        target: descriptor of a file that is long enough for all of them.
        todo: blocks to decode.
        done: told each block that is done and what came of it, in any order.
        offset: where in the file the image of number 0 begins.
        processes: at most so many; one is this process itself.
        stop: stop a block at its first failure.
        hashed: whether the digests of the blocks are wanted.

    Raises:
        ValueError: If a process ended by itself.
    """
    processes = min(processes, len(todo))
    if processes <= 1 or not images.in_files:
        with decoding.careful():
            for block in todo:
                places, first = images.places(block), block[0]
                done(block, decoding.fill(target, places, form, offset=offset, first=first, stop=stop, hashed=hashed))
        return
    waiting = deque(todo)
    begin = {"form": form, "target": target, "offset": offset, "stop": stop, "hashed": hashed}
    with _team(images, processes, begin, target) as workers, selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.answers, selectors.EVENT_READ, worker)
        for worker in workers * AHEAD:
            if waiting:
                worker.order(waiting.popleft())
        while any(worker.blocks for worker in workers):
            for key, _ in selector.select():
                for block, filled in key.data.received():
                    if waiting:
                        key.data.order(waiting.popleft())
                    done(block, filled)


class _Worker:
    """One process; `blocks` are those it has been ordered and has not answered."""

    def __init__(self, images: Encoded, begin: dict[str, Any], target: int) -> None:
        # -P keeps this folder off the path, where files bear the names of other people's modules.
        self.process = subprocess.Popen(
            [sys.executable, "-P", decoding.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[target],
        )
        assert self.process.stdin is not None  # noqa: S101 - both were asked for
        assert self.process.stdout is not None  # noqa: S101
        self._orders, self.answers = self.process.stdin, self.process.stdout.fileno()
        self._images = images
        self._rest = b""
        self.blocks: deque[range] = deque()
        self._say(begin)

    def order(self, block: range) -> None:
        self.blocks.append(block)
        self._say({"first": block[0], "images": self._images.places(block)})

    def received(self) -> Iterator[tuple[range, Filled]]:
        """Yield each block whose answer has come, and what came of it."""
        came = os.read(self.answers, 2**20)
        if not came:
            raise self._ended()
        *lines, self._rest = (self._rest + came).split(b"\n")
        for line in lines:
            failed, digest = json.loads(line)
            yield self.blocks.popleft(), Filled([Failure(*failure) for failure in failed], digest)

    def end(self) -> None:
        self.process.kill()
        # What could not be sent is tried again when the pipe is closed.
        with suppress(BrokenPipeError), self.process:
            pass

    def _say(self, order: dict[str, Any]) -> None:
        try:
            self._orders.write(json.dumps(order).encode() + b"\n")
            self._orders.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _ended(self) -> ValueError:
        code = self.process.wait()
        where = ""
        if self.blocks:
            first, last = (self._images.shown(number) for number in (self.blocks[0][0], self.blocks[0][-1]))
            where = f", at work between {first} and {last}"
        return ValueError(
            f"A decoding process ended by itself with code {code}{where}. If memory ran out, fewer processes need "
            f"less; processes=1 decodes in this process alone."
        )


@contextmanager
def _team(images: Encoded, processes: int, begin: dict[str, Any], target: int) -> Iterator[list[_Worker]]:
    """Yield workers that end on leaving, however that comes about."""
    workers: list[_Worker] = []
    try:
        while len(workers) < processes:
            workers.append(_Worker(images, begin, target))
        yield workers
    finally:
        for worker in workers:
            worker.end()

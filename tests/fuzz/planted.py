"""Readers that break in every way there is: what shows that the harness sees it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.harness import Files, Target
from workbench.checks import whole


def _foreign(path: Path) -> None:
    {}[path.read_bytes()]


def _by_python(path: Path) -> None:
    int(path.read_bytes())


def _sleeping(path: Path) -> None:
    time.sleep(60)


def _busy(path: Path) -> None:
    while path:
        pass


def _asking(path: Path) -> None:
    bytearray(3 << 30)


def _growing(path: Path) -> None:
    with Path("/dev/zero").open("rb") as zeros:
        zeros.readinto(memoryview(_shared(1100 << 20)))


def _shared(size: int) -> object:
    import mmap

    return mmap.mmap(-1, size)  # what processes share counts as no data of this one


def _hiding(path: Path) -> None:
    try:
        bytearray(3 << 30)
    except MemoryError:
        whole("reader", path.name, "x", least=0)


def _dying(path: Path) -> None:
    import ctypes

    ctypes.string_at(8)


def _leaving(path: Path) -> None:
    os._exit(0)


def _running(path: Path) -> None:
    os.system("true")


def _hidden_running(path: Path) -> None:
    try:
        os.system("true")
    except BaseException:  # noqa: BLE001 - as a careless reader would
        return


def _writing(path: Path) -> None:
    Path("/tmp/fuzzed").write_bytes(b"")


def _connecting(path: Path) -> None:
    import socket

    socket.create_connection(("127.0.0.1", 9))


def _unpickling(path: Path) -> None:
    import pickle

    pickle.loads(b"cos\nsystem\n.")


def _importing(path: Path) -> None:
    import turtledemo_that_nobody_has  # noqa: F401


def _silent(path: Path) -> None:
    raise ValueError(" ")


def _nameless(path: Path) -> None:
    whole("reader", "size", -1, least=0)


def _good(path: Path) -> None:
    if path.read_bytes() != b"good":
        whole("reader", path.name, -1, least=0)


# Each with what the harness says of it.
BROKEN: dict[Callable[[Path], None], str] = {
    _foreign: "KeyError is no error of ours",
    _by_python: "ValueError was raised by Python or a library, not by a sentence of ours",
    _sleeping: "it took more than 0.3 s",
    _busy: "it took more than 0.3 s",
    _asking: "it wanted more memory than a file can be worth",
    _growing: "it took 1",
    _hiding: "it wanted more memory than a file can be worth",
    _dying: "the process died (SIGSEGV)",
    _leaving: "the process died (code 0)",
    _running: "it did what no reader may: os.system",
    _hidden_running: "it did what no reader may: os.system",
    _writing: "it did what no reader may: open",
    _connecting: "it did what no reader may: socket",
    _unpickling: "it did what no reader may: pickle.find_class",
    _importing: "it did what no reader may: import",
    _silent: "was raised by Python or a library",
    _nameless: "the error does not name the file",
}


def target(read: Callable[[Path], None]) -> Target:
    """Return a target with one input, and what grows from it."""
    seeds: list[Files] = [{"input.txt": b"good"}]
    return Target(read.__name__.strip("_"), lambda: seeds, read, warm=False)


GOOD = target(_good)

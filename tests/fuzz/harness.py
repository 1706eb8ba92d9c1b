"""One process reads input after input; another watches it, and knows at which number it died, hung or ate memory.

An input is a function of (target, seed, number): whatever fails is found again by its number.
"""

import contextlib
import faulthandler
import json
import mmap
import os
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from tests.fuzz import guards
from tests.fuzz.formats import mutations_of
from tests.fuzz.mutations import LARGEST

# Contents by name: one file, or those of a folder.
Files = dict[str, bytes]

SECONDS = 5.0  # one input may take
_CHUNK = 5000  # inputs that one process reads
_WELL = 42  # exit code of a process that read its part: a reader could leave with 0
_BUSY = 6  # times as long as an input may take, if the processor is busy elsewhere
_NOT_DONE, _ACCEPTED, _REFUSED, _FAILED = range(4)
_HEAD = struct.Struct(
    "<qqdqq"
)  # current number; number and CPU seconds of the slowest; number and bytes of the largest


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: what it is called.
        seeds: makes valid inputs, and odd ones by hand, in a new folder; these are read first.
        read: the reader, through its public entry; it gets the file of an input, or its folder.
        named: whether its errors must name the file.
        warm: whether it reads the first seed before it is watched, so that what it imports late is there.
        apart: how the workbench reads what `read` reads, in a process of its own, because damaged files may end that;
            what ends `read` is read again by this, and must be refused.
    """

    name: str
    seeds: Callable[[], Sequence[Files]]
    read: Callable[[Path], object]
    named: bool = True
    warm: bool = True
    apart: Callable[[Path], object] | None = None


@dataclass(frozen=True)
class Failure:
    """An input that broke a reader, and how."""

    target: str
    seed: int
    number: int
    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.target}, seed {self.seed}, number {self.number}: {self.what}\n{self.where}".rstrip()


@dataclass
class Report:
    """What came of a target's inputs.

    Attributes:
        target: its name.
        inputs: how many were read.
        accepted: how many of them without an error.
        refused: how many with each type of error.
        sentences: places in the workbench that raised these.
        ended: how many of those refused ended the process that read them, see `Target.apart`.
        seconds: all took together.
        slowest: number and CPU seconds.
        largest: number and bytes beyond what the process had before.
        failures: by what failed, one of each.
        failed: how many inputs failed.
    """

    target: str
    inputs: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sentences: set[str] = field(default_factory=set)
    ended: int = 0
    seconds: float = 0.0
    slowest: tuple[int, float] = (0, 0.0)
    largest: tuple[int, int] = (0, 0)
    failures: dict[str, Failure] = field(default_factory=dict)
    failed: int = 0


def made(target: Target, seeds: Sequence[Files], seed: int, number: int) -> Files:
    """Return an input: the seeds come first, as they are, and then damaged ones."""
    if number < len(seeds):
        return seeds[number]
    draw = Random(f"{target.name}/{seed}/{number}")
    files = dict(draw.choice(seeds))
    for _ in range(draw.choice((1, 1, 1, 2, 3, 5))):
        name = draw.choice(sorted(files))
        others = [other[name] for other in seeds if name in other]
        mutation = draw.choice(mutations_of(name))
        files[name] = mutation(draw, files[name], others)[:LARGEST]
    if len(files) > 1 and draw.random() < 0.03:
        del files[draw.choice(sorted(files))]
    return files


def fuzz(
    target: Target, *, seed: int, count: int, first: int = 0, seconds: float = SECONDS, keep: Path | None = None
) -> Report:
    """Read the inputs `first` to `first + count - 1` of a target.

    Args:
        target: the reader.
        seed: of the inputs.
        count: how many.
        first: number of the first.
        seconds: that one input may take.
        keep: where failing inputs are written, each to a folder of its own.
    """
    report = Report(target.name)
    started = time.perf_counter()
    seeds = target.seeds()
    with _folder() as folder:
        stop = first + count
        while first < stop:
            part = range(first, min(first + _CHUNK, stop))
            first = _watched(target, seeds, seed, part, seconds, folder, report)
    report.seconds = time.perf_counter() - started
    for failure in report.failures.values() if keep else ():
        write(made(target, seeds, seed, failure.number), keep / f"{target.name}-{seed}-{failure.number}")
    return report


def write(files: Files, folder: Path, before: Files | None = None) -> Path:
    """Write an input; return the path that the reader gets."""
    before = {} if before is None else before
    for name in [name for name in before if name not in files]:
        (folder / name).unlink(missing_ok=True)
        del before[name]
    for name, content in files.items():
        if before.get(name) != content or not before:
            path = folder / name
            if not before or not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            before[name] = content
    return folder / next(iter(files)) if len(files) == 1 else folder


def _watched(
    target: Target, seeds: Sequence[Files], seed: int, part: range, seconds: float, folder: Path, report: Report
) -> int:
    """Let a child read a part; return the number from which on is to be read."""
    shared = mmap.mmap(-1, _HEAD.size + len(part))
    _HEAD.pack_into(shared, 0, part.start, 0, 0.0, 0, 0)
    told, tell = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if not child:
        _read_all(target, seeds, seed, part, folder, shared, tell)
    os.close(tell)
    lines, how = bytearray(), ""
    at, waited, last, used = part.start, 0.0, time.monotonic(), _used(child)
    while True:
        ready, _, _ = select.select([told], [], [], 0.05)
        if ready:
            came = os.read(told, 1 << 16)
            lines += came
            if not came:
                break
        number, now = _HEAD.unpack_from(shared)[0], time.monotonic()
        # A machine that stood still counts as one look, and one that is busy with others is given more time.
        waited = 0.0 if number != at else waited + min(now - last, 0.2)
        used = _used(child) if number != at else used
        at, last = number, now
        if _used(child) - used > seconds or waited > _BUSY * seconds:
            os.kill(child, signal.SIGKILL)
            how = f"it took more than {seconds:g} s"
    os.close(told)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    number, slow, slowest, large, largest = _HEAD.unpack_from(shared)
    outcomes = shared[_HEAD.size :]
    left = bool(how) or code != _WELL
    if left and not how:
        how = f"the process died ({signal.Signals(-code).name if code < 0 else f'code {code}'})"
        if target.apart:
            how = _read_apart(target, target.apart, write(made(target, seeds, seed, number), folder)) or ""
            report.ended += not how
    report.inputs += number - part.start + left
    report.accepted += outcomes.count(_ACCEPTED)
    for line in lines.decode().splitlines():
        kind, *rest = json.loads(line)
        if kind == "failure":
            place, *what = rest
            _note(report, Failure(target.name, seed, *what), place)
        elif kind == "refused":
            report.refused[rest[0]] += rest[1]
        else:
            report.sentences.add(rest[0])
    if left:
        # What this child had refused before is only counted, of which type it was is lost with it.
        report.refused["ValueError"] += outcomes.count(_REFUSED) + (not how)
    if how:
        _note(report, Failure(target.name, seed, number, how))
    report.slowest = max(report.slowest, (slow, slowest), key=lambda one: one[1])
    report.largest = max(report.largest, (large, largest), key=lambda one: one[1])
    return number + left


def _read_apart(target: Target, read: Callable[[Path], object], path: Path) -> str | None:
    """Read what ended a process; return what is wrong, None if it is refused as it should be."""
    try:
        read(path)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return guards.complaint(error, (path.name,) if target.named else ())
    return "it ends the process that reads it, and is read"


def _used(child: int) -> float:
    """Return the CPU seconds that a child has used."""
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _note(report: Report, failure: Failure, place: str = "") -> None:
    report.failed += 1
    report.failures.setdefault(f"{failure.what[:80]} {place}", failure)


def _read_all(
    target: Target, seeds: Sequence[Files], seed: int, part: range, folder: Path, shared: mmap.mmap, tell: int
) -> NoReturn:
    """Read a part in this process, which ends with it."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
        for output in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)
        names = {name for files in seeds for name in files}
        warnings.simplefilter("ignore")
        before: Files = {}
        shutil.rmtree(folder)
        faulthandler.disable()
        if target.warm:
            with contextlib.suppress(Exception):
                target.read(write(seeds[0], folder, before))
        guards.forget_peak()
        guards.limit_memory()
        watch = guards.Watch(folder.parent)
        base = level = guards.memory()
        refused: Counter[str] = Counter()
        known: set[str] = set()
        slow, slowest, large, largest = 0, 0.0, 0, 0
        for number in part:
            files = made(target, seeds, seed, number)
            path = write(files, folder, before)
            _HEAD.pack_into(shared, 0, number, slow, slowest, large, largest)
            began, trouble, where, place = time.process_time(), None, "", ""
            try:
                target.read(path)
                outcome = _ACCEPTED
            except (Exception, guards.ForbiddenActionError) as error:  # noqa: BLE001 - this is what is looked for
                outcome = _REFUSED
                trouble = guards.complaint(error, (path.name, folder.name, *names) if target.named else ())
                if trouble:
                    where = "".join(traceback.format_exception(error, limit=-6))[-2000:]
                refused[type(error).__name__] += 1
                place = guards.place(error)
                if place not in known:
                    known.add(place)
                    _say(tell, "sentence", place)
            took = time.process_time() - began
            if took > slowest:
                slow, slowest = number, took
            if (more := guards.peak() - level) > 1 << 20:
                if more > largest:
                    large, largest = number, more
                if more > guards.MEMORY:
                    trouble = f"it took {more / 2**20:.0f} MB"
                guards.forget_peak()
                level = guards.memory()
            if done := watch.taken():
                trouble = f"it did what no reader may: {done}"
            if trouble:
                outcome = _FAILED
                _say(tell, "failure", place, number, trouble, where)
            shared[_HEAD.size + number - part.start] = outcome
            if level - base > guards.MEMORY // 4:
                break  # libraries keep memory for later: another process has it again
        _HEAD.pack_into(shared, 0, number + 1, slow, slowest, large, largest)
        for name, count in refused.items():
            _say(tell, "refused", name, count)
        code = _WELL
    except BaseException:  # noqa: BLE001 - a fault of the harness itself
        _say(tell, "failure", "", _HEAD.unpack_from(shared)[0], "the harness failed", traceback.format_exc()[-2000:])
    finally:
        os._exit(code)


def _say(tell: int, *words: Any) -> None:
    os.write(tell, json.dumps(words).encode() + b"\n")


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Yield a new folder, in memory where there is such."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory if os.access(memory, os.W_OK) else None) as outer:
        inner = Path(outer) / "input"
        inner.mkdir()
        yield inner

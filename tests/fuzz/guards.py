"""What a reader may not do, whatever it is given; what it may take; and which errors are our own."""

import builtins
import dis
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import workbench

MEMORY = 1 << 30  # bytes that one input may take
_WORKBENCH = str(Path(workbench.__file__).parent)
_RAISE = dis.opmap["RAISE_VARARGS"]
_NEVER = {
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile", "os.kill",
    "os.putenv",
    "subprocess.Popen", "pty.spawn", "pickle.find_class", "exec", "code.__new__", "ctypes.dlopen", "shutil.rmtree",
    "shutil.unpack_archive", "webbrowser.open", "urllib.Request", "sys.setprofile", "sys.settrace", "marshal.loads",
}  # fmt: skip
_PATHS = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.symlink", "os.link", "os.truncate",
    "os.utime", "shutil.move", "shutil.copyfile", "shutil.copytree",
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ForbiddenActionError(BaseException):
    """A reader did what none may; no `except Exception` hides it."""


class Watch:
    """Stops and notes, from now on and for good, what no reader may do in this process.

    Args:
        folder: where alone files may be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._packages = {name.partition(".")[0] for name in sys.modules} | set(sys.stdlib_module_names)
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def taken(self) -> str:
        """Return what was done since the last call, as text."""
        seen, self.seen = self.seen, []
        return "; ".join(seen)

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if event in _NEVER:
            if event in ("exec", "marshal.loads", "code.__new__") and _is_import():
                return
        elif event == "open":
            path, _, flags = given
            if not (isinstance(flags, int) and flags & _WRITING) or not self._is_outside(path):
                return
        elif event == "import":
            if given[0].partition(".")[0] in self._packages:
                return
        elif event in _PATHS:
            if not any(self._is_outside(path) for path in given[:2] if isinstance(path, (str, bytes, os.PathLike))):
                return
        elif not event.startswith("socket."):
            return
        self.seen.append(f"{event} {str(given)[:200]}")
        raise ForbiddenActionError(event)

    def _is_outside(self, path: Any) -> bool:
        if isinstance(path, int) or path is None:
            return False  # an open file
        return not os.path.abspath(os.fsdecode(path)).startswith((self._folder, "/dev/null"))  # noqa: PTH100 - no Path: it calls back


def _is_import() -> bool:
    """Whether a module is being imported, which executes its code."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def limit_memory() -> None:
    """Let allocations of more than `MEMORY`, together, fail in this process: what is asked for counts, used or not."""
    now = 1024 * _status("VmData")
    resource.setrlimit(resource.RLIMIT_DATA, (now + MEMORY, now + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def peak() -> int:
    """Return the most memory that this process had at any time since `forget_peak`, bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Let the present memory count as the peak."""
    if _clear_refs.get(os.getpid()) is None:
        _clear_refs[os.getpid()] = os.open("/proc/self/clear_refs", os.O_WRONLY)
    os.write(_clear_refs[os.getpid()], b"5")


_clear_refs: dict[int, int] = {}  # by process, opened before writing is forbidden


def memory() -> int:
    """Return the present memory of this process, bytes."""
    return 1024 * _status("VmRSS")


def complaint(error: BaseException, names: tuple[str, ...]) -> str | None:
    """Return what is wrong with an error of a reader; None if it is one of our own sentences.

    An error is our own if it is a ValueError that a `raise` in the workbench raised: what the interpreter or a library
    says by itself, as `int("x")` does, teaches nobody. It has to name the file or folder.

    Args:
        error: as it was caught.
        names: what the file may be called in its text; any text will do if there are none.
    """
    for cause in _chain(error):
        if isinstance(cause, MemoryError) or "can't allocate memory" in str(cause):
            return "it wanted more memory than a file can be worth"
    if not isinstance(error, ValueError):
        return f"{type(error).__name__} is no error of ours"
    if not _is_raised_by_us(error.__traceback__):
        return f"{type(error).__name__} was raised by Python or a library, not by a sentence of ours"
    text = str(error)
    if not text.strip():
        return "the error says nothing"
    if len(text) > 4000:
        return f"the error is {len(text)} letters long"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return "the error cannot be printed"
    if names and not any(name in text for name in names):
        return "the error does not name the file"
    return None


def place(error: BaseException) -> str:
    """Return the file and line that raised an error."""
    last = _innermost(error.__traceback__)
    return "nowhere" if last is None else f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}"


def _is_raised_by_us(traceback: TracebackType | None) -> bool:
    last = _innermost(traceback)
    if last is None or not last.tb_frame.f_code.co_filename.startswith(_WORKBENCH):
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == _RAISE


def _innermost(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(20):
        if error is None:
            return
        yield error
        error = error.__context__


def _status(key: str) -> int:
    with builtins.open("/proc/self/status") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) for line in lines if line.startswith(key))

"""A file is whole or not there, whatever happens while it is written."""

import errno
import fcntl
import json
import math
import os
import signal
from pathlib import Path

import pytest

from tests.small import files_of_at_most, in_a_child
from workbench import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    with files.replacing(path) as beside:
        beside.write_text("whole")
        assert beside.parent == path.parent, "a rename is one step only inside one file system"
        assert not path.exists()
    assert path.read_text() == "whole"
    assert names(path.parent) == ["file.txt"]


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_inside_changes_nothing(tmp_path: Path, before: str | None, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    if before:
        path.write_text(before)

    def fail(beside: Path) -> None:
        beside.write_text("half")
        raise error

    with pytest.raises(error), files.replacing(path) as beside:
        fail(beside)
    assert names(tmp_path) == (["file.txt"] if before else [])
    assert not before or path.read_text() == before


def test_nothing_written_is_an_error_not_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "file.txt"):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "open", "write"])
def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.json"
    files.write_json(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((Path, "write_text", full) if call == "write" else (os, call, full)))
    with pytest.raises(OSError, match="No space left"):
        files.write_json(path, "new")
    monkeypatch.undo()
    assert names(tmp_path) == ["file.json"]
    assert json.loads(path.read_text()) == "old"


def test_a_write_that_the_system_cuts_short_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    files.write_text(path, "old")
    with files_of_at_most(10), pytest.raises(OSError, match="too large"):
        files.write_text(path, "new" * 100)
    assert names(tmp_path) == ["file.txt"]
    assert path.read_text() == "old"


def test_a_kill_leaves_the_old_file_whole_and_the_next_write_clean(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    files.write_text(path, "old")

    def killed() -> None:
        with files.replacing(path) as beside:
            beside.write_text("a long half-written text")
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(killed) == -signal.SIGKILL
    assert names(tmp_path) == ["file.txt", "file.txt.partial"]
    assert path.read_text() == "old"
    files.write_text(path, "new")
    assert names(tmp_path) == ["file.txt"]
    assert path.read_text() == "new"


def test_content_reaches_the_disk_before_the_name_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renamed first, a power cut could leave the new name on an empty file."""
    path = tmp_path / "file.txt"
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def logged_sync(descriptor: int) -> None:
        done.append(f"flush {Path(f'/proc/self/fd/{descriptor}').readlink()}")
        sync(descriptor)

    def logged_rename(self: Path, target: Path) -> Path:
        done.append(f"rename {self}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", logged_sync)
    monkeypatch.setattr(Path, "replace", logged_rename)
    files.write_text(path, "content")
    assert done == [f"flush {path}.partial", f"rename {path}.partial", f"flush {tmp_path}"]


def test_json_is_sorted_readable_and_ends_with_a_line(tmp_path: Path) -> None:
    files.write_json(tmp_path / "file.json", {"b": [1, None], "a": "Zoë"})
    assert (tmp_path / "file.json").read_bytes() == ('{\n  "a": "Zoë",\n  "b": [\n    1,\n    null\n  ]\n}\n'.encode())


@pytest.mark.parametrize("value", [math.nan, math.inf, object()])
def test_what_json_cannot_hold_leaves_the_old_file_whole(tmp_path: Path, value: object) -> None:
    files.write_json(tmp_path / "file.json", "old")
    with pytest.raises((ValueError, TypeError)):
        files.write_json(tmp_path / "file.json", {"value": value})
    assert json.loads((tmp_path / "file.json").read_text()) == "old"
    assert names(tmp_path) == ["file.json"]


def test_a_folder_holds_one_process_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"

    def enter() -> None:
        with files.alone(folder):
            pass

    with files.alone(folder):
        assert in_a_child(enter) == 1
        with pytest.raises(ValueError) as error, files.alone(folder):
            raise AssertionError("two were inside")
        assert str(error.value) == (
            f"Another process is at work in {folder}, number {os.getpid()} of this machine. Wait until it is done, or "
            "choose another output folder."
        )
    assert in_a_child(enter) == 0
    enter()
    assert names(folder) == []


def test_a_kill_gives_the_folder_free(tmp_path: Path) -> None:
    def killed() -> None:
        with files.alone(tmp_path):
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(killed) == -signal.SIGKILL
    with files.alone(tmp_path):
        pass


def test_a_file_system_without_locks_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with files.alone(tmp_path):
        pass

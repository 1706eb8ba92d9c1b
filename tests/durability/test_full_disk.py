"""A full disk ends what writes to it with a clear error; what was whole before still is, and it goes on later."""

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.reports.notebooks import notebook, saved
from tests.small import config, contents, greys, trainer
from tests.sweeps import quick
from workbench import data, embeddings, exports, files, reports, sweeps
from workbench.evaluation import evaluate
from workbench.runs import Run
from workbench.training import Trainer

SIZE = 20_000_000
# 4.4 MB a checkpoint, 0.6 MB a snapshot.
LARGE = {"model": "convnet", "dim": 512, "epochs": 15, "batch_size": 600, "checkpoint_every": 1, "snapshots": 15}
LARGE |= {"probe": 300, "loss": "arcface", "device": "cpu"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"No file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def filled(folder: Path) -> Path:
    """Fill a file system; return the file that does it."""
    path = folder / "filling"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free)
    return path


def workbench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", *arguments]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


def test_a_run_on_a_full_disk_ends_with_a_clear_error_and_goes_on_when_there_is_room(
    tmp_path: Path, disk: Path
) -> None:
    """Snapshots grow until the next checkpoint finds no room."""
    given = [part for name, value in LARGE.items() for part in ("-p", f"{name}={value}")]
    folder = disk / "run"
    stopped = workbench("train", *given, "-o", str(folder))
    assert stopped.returncode == 1, stopped.stderr
    assert "Traceback" not in stopped.stderr
    last = stopped.stderr.splitlines()[-1]
    print(last)
    assert re.fullmatch(
        r"Error: There is no room for \S+ in \S+: (it needs [\d.]+ MB, and )?[\d.]+ MB are free \(No space left on "
        r"device\)\. Make room on that disk, or choose a folder on another one\. Files that were whole before still "
        r"are; the same command goes on from there\.",
        last,
    )
    run = Run.load(folder)
    reached = run.epoch
    assert 0 < reached < 15
    assert run.load_checkpoint() is not None
    assert len(run.records()) == reached
    shutil.copytree(folder, tmp_path / "moved")
    shutil.rmtree(folder)
    again = Trainer(config(**LARGE), tmp_path / "moved", progress=False).fit()
    assert again.finished
    whole = Trainer(config(**LARGE), tmp_path / "whole", progress=False).fit()
    assert contents(again.folder) == contents(whole.folder)


FACES = embeddings.EmbeddingSet(np.ones((400, 64), np.float32), np.arange(400) % 4, list("abcd"))
TEXT = "x" * 20_000

WRITES: dict[str, Callable[[Path], object]] = {
    "a record": lambda folder: Run(folder / "run", config()).append_record({"epoch": 2, "text": TEXT}),
    "run.json": lambda folder: Run.open(folder / "new", config(), {"data": {"digest": TEXT}}),
    "a checkpoint": lambda folder: Run(folder / "run", config()).save_checkpoint(2, {"large": torch.zeros(5000)}),
    "a snapshot": lambda folder: Run(folder / "run", config()).save_snapshot(1, embeddings=np.zeros(5000)),
    "margins": lambda folder: Run(folder / "run", config()).save_margins(torch.zeros(5000)),
    "evaluation.json": lambda folder: evaluate(Run.load(folder / "run"), images=greys()),
    "an .npz of embeddings": lambda folder: exports.save(folder / "some.npz", FACES),
    "an .npy of embeddings": lambda folder: exports.save(folder / "some.npy", FACES),
    "a .parquet of embeddings": lambda folder: exports.save(folder / "some.parquet", FACES),
    "a projector": lambda folder: exports.projector(FACES, folder / "projector"),
    "an import": lambda folder: data.import_set(greys(3000), folder / "set", progress=False),
    "the results of a sweep": lambda folder: sweeps.gather(quick.spec(), folder),
    "a report": lambda folder: reports.render(saved(folder.parent, notebook()), {}, folder / "report"),
}


@pytest.mark.parametrize("what", WRITES)
def test_whatever_finds_the_disk_full_says_so_and_leaves_nothing_half(disk: Path, what: str) -> None:
    trainer(disk / "run", epochs=1).fit()
    before = contents(disk / "run")
    filling = filled(disk)
    with pytest.raises(OSError, match="no room for") as error:
        WRITES[what](disk)
    assert "[Errno" not in str(error.value)
    assert str(error.value).count("No space left on device") == 1
    assert not list(disk.rglob("*.partial"))
    run = Run.load(disk / "run")
    assert [record["epoch"] for record in run.records()] == [1], "half a line is not read"
    assert trainer(disk / "run", epochs=1).fit().finished, "to read what is finished takes no room"
    filling.unlink()
    trainer(disk / "run", epochs=1).fit()
    assert contents(disk / "run") == before
    WRITES[what](disk)


# -- folders that cannot be written to


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    for folder in (tmp_path / "run", tmp_path / "run" / "deeper"):
        ended = workbench("train", "-p", "model=mlp", "-o", str(folder))
        assert ended.returncode == 1
        reason = "File exists" if folder.name == "run" else "Not a directory"
        assert ended.stderr.splitlines()[-1].startswith(
            f"Error: {folder} cannot be written ({reason}). Choose a folder that can be written to. Files that were"
        )
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_without_permission_is_named(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the system's answer is given for it."""

    def refused(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(OSError) as error:
        trainer(tmp_path / "run").fit()
    assert error.value.errno == number
    assert str(error.value) == (
        f"{tmp_path / 'run'} cannot be written ({os.strerror(number)}). Choose a folder that can be written to."
    )


def test_an_error_of_another_file_keeps_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(PermissionError) as error, files.written(tmp_path / "mine"):
        raise PermissionError(errno.EACCES, "Permission denied", "/another/file")
    assert error.value.filename == "/another/file"

"""Two commands on one folder: the second refuses at once and says who is there; the first is unharmed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.reports.notebooks import notebook, saved
from tests.small import config, contents
from workbench import files
from workbench.runs import Run
from workbench.training import Trainer

QUICK = ("-p", "model=mlp", "-p", "epochs=20", "-p", "batch_size=60", "-p", "device=cpu")


def started(*arguments: str, program: tuple[str, ...] = ("-m", "workbench")) -> "subprocess.Popen[str]":
    command = [sys.executable, *program, *arguments]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def wait_for(there: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    while not there():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


@contextmanager
def held(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Keep a process where it is meanwhile."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_a_second_command_on_a_run_refuses_and_the_first_is_unharmed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = started("train", *QUICK, "-o", str(folder))
    wait_for((folder / "metrics.jsonl").exists, first)
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "workbench")
    with held(first):
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        second, shared = (
            started("train", *QUICK, "-o", str(folder)),
            started("train", *QUICK, "-o", str(folder), program=torchrun),
        )
        sentence = (
            f"Error: Another process is at work in {folder}, number {first.pid} of this machine. Wait until it is "
            "done, or choose another output folder."
        )
        assert second.communicate()[1].splitlines()[-1] == sentence
        assert second.returncode == 2
        assert shared.communicate()[1].splitlines().count(sentence) == 1
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    _, err = first.communicate()
    assert first.returncode == 0, err
    settings = config(probe=1000, epochs=20, batch_size=60, checkpoint_every=5)
    Trainer(settings, tmp_path / "whole", progress=False).fit()
    found = contents(folder)
    assert found.pop("evaluation.json")
    assert found == contents(tmp_path / "whole")
    assert Run.load(folder).finished


@pytest.mark.parametrize("command", ["report", "sweep", "data"])
def test_other_commands_refuse_a_folder_that_is_in_use(tmp_path: Path, command: str) -> None:
    if command == "report":
        made = saved(tmp_path, notebook())
        given, lock = ("report", str(made), "-o", str(tmp_path / "page")), ("page", "report.failed.ipynb")
    elif command == "sweep":
        from tests.sweeps.quick import spec

        (tmp_path / "sweep.yaml").write_text(spec().text())
        given, lock = ("sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path)), (spec().folder_name(), "")
    else:
        given, lock = ("data", "import", "digits", str(tmp_path / "set")), ("set", "")
    with files.alone(tmp_path / lock[0], by=lock[1]):
        process = started(*given)
        _, err = process.communicate()
    assert process.returncode == 2, err
    assert err.splitlines()[-1] == (
        f"Error: Another process is at work in {tmp_path / lock[0]}, number {os.getpid()} of this machine. Wait until "
        "it is done, or choose another output folder."
    )

"""Processes started by torchrun: from the command line, from a notebook, and with an environment that does not fit."""

import os
import socket
import sys
import threading
import time
from pathlib import Path
from signal import SIGKILL

import pytest
import torch

from tests.small import TIMING, config, in_a_child, without
from workbench import distributed
from workbench.cli.app import fail
from workbench.config import RunConfig
from workbench.runs import Run
from workbench.sharding import ALONE
from workbench.training import Trainer

QUICK = {"loss": "jcsc", "epochs": 12, "batch_size": 500, "checkpoint_every": 1, "probe": 50, "lr": 0.02}
QUICK |= {"loss_options": {"guidance": 0.2}, "warmup": 1e-05}


def test_launched_processes_are_stopped_gone_on_with_and_followed(tmp_path: Path) -> None:
    settings = config(**QUICK)
    whole = Trainer(settings, tmp_path / "whole", progress=False).fit()
    launched = distributed.launch(settings, tmp_path / "run", processes=2)
    assert launched.running
    until = time.monotonic() + 240
    while not (records := launched.records()):
        assert launched.running, launched.log.read_text()
        assert time.monotonic() < until
        time.sleep(0.01)
    launched.stop()
    assert not launched.running
    assert records[0]["processes"] == 2
    launched = distributed.launch(settings, tmp_path / "run", processes=2)
    run = launched.follow(progress=False)
    assert run == Run.load(tmp_path / "run")
    for mine, other in zip(run.records(), whole.records(), strict=True):
        assert mine.pop("processes") == 2
        assert without(mine, TIMING) == pytest.approx(without(other, TIMING), rel=2e-3)
    assert (tmp_path / "run" / "evaluation.json").exists()
    numbers = [line for line in launched.log.read_text().splitlines() if line.startswith("accuracy")]
    assert len(numbers) == 1, "the first process alone says how it came out"


def test_when_one_process_is_killed_the_others_end_and_it_is_told(tmp_path: Path) -> None:
    settings = config(**{**QUICK, "epochs": 100_000, "checkpoint_every": 100_000})
    launched = distributed.launch(settings, tmp_path / "run", processes=4)
    until = time.monotonic() + 240
    while not launched.records():
        assert launched.running, launched.log.read_text()
        assert time.monotonic() < until
        time.sleep(0.01)
    torchrun = launched._process.pid
    ranks = Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text().split()
    assert len(ranks) == 4
    os.kill(int(ranks[2]), SIGKILL)
    with pytest.raises(ValueError) as error:
        launched.follow(progress=False)
    assert str(error.value) == (
        "4 processes did not finish the run: one of them was killed by signal 9 (SIGKILL), by a person or by a system "
        f"that had no memory left. The same launch goes on from the last checkpoint; more is in {launched.log}."
    )
    assert not any(Path(f"/proc/{rank}").exists() for rank in ranks)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("localhost", 0))
        port: int = one.getsockname()[1]
        return port


def take_part(rank: int, port: int, told: Path) -> None:
    """Join as one of two; the second is killed at once, and the first writes what it is told."""
    os.environ |= {**TORCHRUN, "RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_PORT": str(port)}
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    try:
        with distributed.joined("cpu") as processes:
            if rank == 1:
                os.kill(os.getpid(), SIGKILL)
            processes.all(True)
    except ValueError as error:
        told.write_text(str(error))


def test_who_has_lost_the_others_says_so(tmp_path: Path) -> None:
    port, told = free_port(), tmp_path / "told"
    other = threading.Thread(target=in_a_child, args=(lambda: take_part(1, port, told),))
    other.start()
    assert in_a_child(lambda: take_part(0, port, told)) == 0
    other.join()
    assert told.read_text().startswith("Process 0 of 2 has lost the others: ")
    assert told.read_text().endswith("The same command goes on from the last checkpoint.")


def test_a_port_that_is_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for name, value in (TORCHRUN | {"MASTER_PORT": port}).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ValueError) as error, distributed.joined("cpu"):
            pass
    start = f"Process 0 of 2 does not meet the others at localhost, port {port} (MASTER_ADDR and MASTER_PORT): "
    assert str(error.value).startswith(start)
    assert "Choose a port that is free on that machine" in str(error.value)


@pytest.mark.parametrize(("says", "sentence"), [("Error: It is full.", "It is full."), ("", "see {log}.")])
def test_why_launched_processes_failed_is_told(
    tmp_path: Path, says: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho noise\necho '{says}' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    launched = distributed.launch(config(), tmp_path / "run", processes=2)
    with pytest.raises(ValueError) as error:
        launched.follow(progress=False)
    assert str(error.value) == "2 processes did not finish the run: " + sentence.format(log=launched.log)


def test_of_several_processes_the_first_of_a_machine_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for rank in ("0", "1"):
        monkeypatch.setenv("LOCAL_RANK", rank)
        with pytest.raises(SystemExit) as end:
            fail(f"said by {rank}", code=2)
        assert end.value.code == 2
    assert capsys.readouterr().err == "Error: said by 0\n"


def test_a_launch_that_cannot_be_shared_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be a multiple of 3"):
        distributed.launch(config(), tmp_path / "run", processes=3)
    with pytest.raises(ValueError, match="a whole number of at least 1"):
        distributed.launch(config(), tmp_path / "run", processes=0)
    assert not (tmp_path / "run").exists()


def test_without_torchrun_one_process_trains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (None, "1"):
        monkeypatch.delenv("WORLD_SIZE", raising=False)
        if size:
            monkeypatch.setenv("WORLD_SIZE", size)
        with distributed.joined() as processes:
            assert processes is ALONE


TORCHRUN = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
WRONG = [
    (
        {"LOCAL_RANK": ""},
        (
            "The environment says that 2 processes train together (WORLD_SIZE), but LOCAL_RANK is missing. Start them "
            "by torchrun --nproc-per-node=2 -m workbench train, or unset WORLD_SIZE."
        ),
    ),
    ({"RANK": "2"}, "The environment variable RANK must be below WORLD_SIZE, 2. Got 2 instead."),
    (
        {"WORLD_SIZE": "two"},
        "The environment variable WORLD_SIZE must be a whole number, as torchrun sets it. Got 'two' instead.",
    ),
    (
        {"WORLD_SIZE": "0"},
        "The environment variable WORLD_SIZE must be a whole number, as torchrun sets it. Got '0' instead.",
    ),
    (
        {"device": "cuda:1"},
        (
            "The 'device' parameter must be auto, cpu or cuda where several processes train: each takes the GPU of its "
            "number. Got 'cuda:1' instead."
        ),
    ),
    (
        {"device": "cuda", "LOCAL_WORLD_SIZE": "4"},
        (
            "There are 4 processes on this machine and 2 GPUs, and each process needs one. Start fewer (torchrun "
            "--nproc-per-node=2), or train on the CPU with -p device=cpu."
        ),
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_an_environment_that_does_not_fit_is_refused(
    changes: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {**TORCHRUN, **changes}
    device = changes.pop("device", "cpu")
    for name, value in changes.items():
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError) as error, distributed.joined(device):
        pass
    assert str(error.value) == sentence


def test_parameters_come_through_the_command_line_as_they_are() -> None:
    from workbench.cli.app import values

    settings = RunConfig(
        loss="elasticface-arc+", data="a b/'c'", milestones=(0.25, 0.5), lr=1e-05, flip=True, clip_norm=None, margin=1.0
    )
    given = distributed._flags(settings)
    assert RunConfig(**values(given[1::2])) == settings
    assert distributed._flags(RunConfig()) == []

"""Ctrl-C and SIGTERM let the step in hand end, save, and say how to go on; nothing that was trained is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.distributed.processes import together
from tests.small import config, contents, greys, trainer
from workbench import environment, stopping
from workbench.learner import Learner, Step
from workbench.runs import Run
from workbench.sharding import Processes
from workbench.stopping import Stopped
from workbench.training import Trainer

CHANGES: dict[str, Any] = {"checkpoint_every": 5, "dropout": 0.3, "flip": True, "shift": 1, "batch_size": 8}
CHANGES |= {"loss": "unpg-arcface", "images": greys()}
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def _listening() -> Iterator[None]:
    """A test run in the background is deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


def after_steps(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> list[int]:
    """Do something in each step; return the list into which the numbers of the steps come."""
    step, taken = Learner.step, []

    def acting(self: Learner, number: int, *arguments: Any, **named: Any) -> Step:
        done = step(self, number, *arguments, **named)
        taken.append(number)
        act(number)
        return done

    monkeypatch.setattr(Learner, "step", acting)
    return taken


@pytest.mark.parametrize("stop", SIGNALS)
def test_a_signal_at_any_step_costs_no_step_and_no_bit(
    tmp_path: Path, stop: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer(tmp_path / "whole", **CHANGES).fit()
    whole = contents(tmp_path / "whole")
    asked = -1

    def act(number: int) -> None:
        if number == asked:
            os.kill(os.getpid(), stop)

    taken = after_steps(monkeypatch, act)
    size, before = 5, signal.getsignal(stop)
    for asked in range(3 * size):
        folder = tmp_path / str(asked)
        taken.clear()
        with pytest.raises(Stopped) as error:
            trainer(folder, **CHANGES).fit()
        assert signal.getsignal(stop) is before
        assert isinstance(error.value, KeyboardInterrupt)
        assert error.value.signal == stop
        epoch, within = divmod(asked + 1, size)
        place = f"in epoch {epoch + 1} of 3, after step {within} of 5" if within else f"after epoch {epoch} of 3"
        assert str(error.value) == f"Stopped {place}"
        run = Run.load(folder)
        assert (run.epoch, run.steps, len(run.records())) == (epoch, within, epoch)
        assert trainer(folder, **CHANGES).fit().finished
        assert taken == list(range(3 * size)), "every step was taken once"
        assert contents(folder) == whole, f"stopped at step {asked}"


def test_a_run_stopped_after_every_step_comes_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer(tmp_path / "whole", **CHANGES).fit()
    taken = after_steps(monkeypatch, lambda number: os.kill(os.getpid(), signal.SIGTERM))
    for _ in range(15):
        with pytest.raises(Stopped):
            trainer(tmp_path / "run", **CHANGES).fit()
    assert taken == list(range(15))
    assert trainer(tmp_path / "run", **CHANGES).fit().finished
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_a_second_signal_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = []

    def act(number: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("the first waits")
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("the second does too")

    after_steps(monkeypatch, act)
    with pytest.raises(KeyboardInterrupt) as error:
        trainer(tmp_path, **CHANGES).fit()
    assert not isinstance(error.value, Stopped)
    assert reached == ["the first waits"]
    assert not (tmp_path / "checkpoint").exists()


def test_a_signal_when_all_is_done_stops_what_would_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = Run.save_checkpoint

    def late(self: Run, epoch: int, *given: Any, **named: Any) -> None:
        save(self, epoch, *given, **named)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Run, "save_checkpoint", late)
    with pytest.raises(Stopped, match="Stopped after epoch 3 of 3"):
        trainer(tmp_path, **CHANGES).fit()
    assert Run.load(tmp_path).finished


def test_a_state_that_is_not_finite_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Learner, "is_finite", lambda self: False)
    after_steps(monkeypatch, lambda number: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(ValueError, match="Training stopped being finite in epoch 1"):
        trainer(tmp_path, **CHANGES).fit()
    assert not (tmp_path / "checkpoint").exists()


def test_long_epochs_are_saved_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer(tmp_path / "whole", **CHANGES).fit()
    monkeypatch.setattr(stopping, "SAVE_SECONDS", 0.0)
    found: list[set[str]] = []

    def act(number: int) -> None:
        found.append({path.stem for path in (tmp_path / "run" / "checkpoint").glob("*.safetensors")})
        if len(found) == 9:
            raise RuntimeError("killed")

    taken = after_steps(monkeypatch, act)
    with pytest.raises(RuntimeError, match="killed"):
        trainer(tmp_path / "run", **CHANGES).fit()
    names = ["epoch-00000-step-00001", "epoch-00000-step-00002", "epoch-00000-step-00003", "epoch-00000-step-00004"]
    names += ["epoch-00001", "epoch-00001-step-00001", "epoch-00001-step-00002", "epoch-00001-step-00003"]
    assert found == [set(names[max(0, n - 2) : n]) for n in range(9)]
    taken.clear()
    monkeypatch.setattr(stopping, "SAVE_SECONDS", 900.0)
    assert trainer(tmp_path / "run", **CHANGES).fit().finished
    assert taken == list(range(8, 15)), "only the step that was not over is taken again"
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


# -- whose signals these are


def test_signals_that_somebody_else_waits_for_are_left_to_them() -> None:
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with stopping.sigterm(), stopping.deferred() as asked:
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]
        assert asked.signal == 0
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_signals_are_left_alone() -> None:
    before, found = [signal.getsignal(number) for number in SIGNALS], []

    def inside() -> None:
        with stopping.sigterm(), stopping.deferred():
            found.extend(signal.getsignal(number) for number in SIGNALS)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == before


def test_sigterm_is_raised_like_control_c() -> None:
    with pytest.raises(Stopped) as error, stopping.sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert error.value.signal == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# -- several processes


@pytest.mark.parametrize("rank", [0, 1])
def test_several_processes_stop_at_one_step_whichever_has_the_signal(tmp_path: Path, rank: int) -> None:
    def work(processes: Processes, folder: Path, stop: int = -1) -> tuple[str, list[int]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stopping, "LOOK_SECONDS", 0.0)

            def act(number: int) -> None:
                if number == stop and processes.rank == rank:
                    os.kill(os.getpid(), signal.SIGTERM)
                    os.kill(os.getpid(), signal.SIGTERM)  # torchrun's, after the terminal's

            taken = after_steps(patch, act)
            given = {name: value for name, value in CHANGES.items() if name != "images"}
            try:
                Trainer(config(**given), folder, images=greys(), progress=False, processes=processes).fit()
            except Stopped as error:
                return str(error), taken
        return "", taken

    together(2, lambda processes: work(processes, tmp_path / "whole"))
    first = together(2, lambda processes: work(processes, tmp_path / "run", 7))
    assert first == [("Stopped in epoch 2 of 3, after step 3 of 5", list(range(8)))] * 2
    again = together(2, lambda processes: work(processes, tmp_path / "run"))
    assert again == [("", list(range(8, 15)))] * 2
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_several_processes_agree_about_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looked = 0.0, []
    monkeypatch.setattr(time, "monotonic", lambda: now)

    class Noted(Processes):
        def largest(self, numbers: Any) -> list[int]:
            looked.append(now)
            return list(numbers)

    asked = stopping.Asked(Noted(0, 2))
    for _ in range(1000):
        now += 0.01
        assert asked.after_step() == 0
    assert looked[0] == 0.01, "before it is known how long a step takes"
    assert 10 <= len(looked) <= 11
    asked.signal = signal.SIGTERM
    now += 0.01
    answers = [asked.after_step() for _ in range(100)]
    assert [answer for answer in answers if answer] == [signal.SIGTERM]


# -- the command


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_says_where_it_stands_and_the_line_that_goes_on(
    tmp_path: Path, stop: signal.Signals, code: int
) -> None:
    parameters = ("model=mlp", "epochs=20", "batch_size=60", "checkpoint_every=20", "device=cpu")
    given = [part for parameter in parameters for part in ("-p", parameter)]
    command = [sys.executable, "-m", "workbench", "train", *given, "-o", "a run"]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}

    def listen() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background would hand on its deafness

    process = subprocess.Popen(command, cwd=tmp_path, env=environ, preexec_fn=listen, stderr=subprocess.PIPE, text=True)
    records = tmp_path / "a run" / "metrics.jsonl"
    while process.poll() is None and not (records.exists() and records.stat().st_size):
        time.sleep(0.005)
    process.send_signal(stop)
    _, err = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in err
    *_, place, line = err.splitlines()
    run = Run.load(tmp_path / "a run")
    where = (
        f"in epoch {run.epoch + 1} of 20, after step {run.steps} of 20"
        if run.steps
        else f"after epoch {run.epoch} of 20"
    )
    assert place == f"Stopped {where}. All that is saved is whole. To go on:"
    assert 0 < 20 * run.epoch + run.steps < 400
    again = subprocess.run(line, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert f" {20 * run.epoch + run.steps}/400 " in again.stderr, "the bar starts where the run stands"
    settings = config(probe=1000, epochs=20, batch_size=60, checkpoint_every=20)
    Trainer(settings, tmp_path / "whole", progress=False).fit()
    found = contents(tmp_path / "a run")
    assert found.pop("evaluation.json")
    assert found == contents(tmp_path / "whole")

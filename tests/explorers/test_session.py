"""A training in its own thread: states, sentences, and that pausing and stopping change no bit."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.small import contents, greys, trainer
from workbench import environment, files
from workbench.explorers import session as module
from workbench.explorers.session import Session
from workbench.learner import Learner

CHANCE = {"dropout": 0.3, "flip": True, "shift": 1, "loss": "elasticface-cos+"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


class Ear:
    """Hears everything, and does something when a state is told."""

    def __init__(self) -> None:
        self.session: Session
        self.states: list[str] = []
        self.looks: list[int] = []
        self.kept: list[int] = []
        self.threads: set[str] = set()

    def stand(self) -> None:
        self.states.append(self.session.state)

    def look(self) -> None:
        self.looks.append(self.session.steps)
        self.threads.add(threading.current_thread().name)

    def keep(self, epoch: int) -> None:
        self.kept.append(epoch)
        self.threads.add(threading.current_thread().name)


def listened(folder: Path, **changes: Any) -> tuple[Session, Ear]:
    ear = Ear()
    ear.session = Session(trainer(folder, **changes), ear)
    return ear.session, ear


def done(session: Session) -> str:
    assert session._thread is not None
    session._thread.join(60)
    assert not session._thread.is_alive()
    return session.state


def test_it_trains_to_the_end_with_the_bits_of_an_ordinary_run(tmp_path: Path) -> None:
    trainer(tmp_path / "whole", **CHANCE).fit()
    session, ear = listened(tmp_path / "live", **CHANCE)
    assert (session.state, session.epochs, session.margins) == ("ready", 0, None)
    session.start()
    assert session.wait() == "finished"
    done(session)
    assert contents(tmp_path / "live") == contents(tmp_path / "whole")
    assert (session.epochs, session.steps) == (3, 6)
    assert ear.states == ["running", "finished"]
    assert ear.kept == [1, 2, 3]
    assert ear.threads == {"training"}
    session.start()
    assert session.state == "finished", "there is nothing left to do"


def test_step_by_step_with_pauses_between_ends_with_the_same_bits(tmp_path: Path) -> None:
    trainer(tmp_path / "whole", **CHANCE).fit()
    session, ear = listened(tmp_path / "live", **CHANCE)
    seen = []
    for _ in range(6):
        session.step("step")
        seen.append((session.wait(60), session.steps, session.epochs))
    assert seen == [*(("paused", k, k // 2) for k in range(1, 6)), ("finished", 6, 3)]
    assert ear.looks[:2] == [1, 1], "the first is due at once, and a pause looks once more"
    assert set(ear.looks) >= {1, 2, 3, 4, 5}
    done(session)
    assert contents(tmp_path / "live") == contents(tmp_path / "whole")


def test_epoch_by_epoch(tmp_path: Path) -> None:
    session, _ = listened(tmp_path)
    seen = []
    for _ in range(3):
        session.step()
        seen.append((session.wait(60), session.steps, session.epochs))
    assert seen == [("paused", 2, 1), ("paused", 4, 2), ("finished", 6, 3)]


@pytest.mark.parametrize(("steps", "kept"), [(1, 0), (2, 1), (3, 1)])
def test_stopped_it_keeps_whole_epochs_and_goes_on_from_there(tmp_path: Path, steps: int, kept: int) -> None:
    trainer(tmp_path / "whole", **CHANCE).fit()
    folder = tmp_path / "live"
    session, ear = listened(folder, **CHANCE)
    for _ in range(steps):
        session.step("step")
        session.wait(60)
    session.stop()
    assert session.wait(60) == "stopped"
    assert done(session) == "stopped"
    assert (session.epochs, session.steps) == (kept, 2 * kept)
    assert ear.states[-2:] == ["running", "stopped"]
    with files.alone(folder):
        pass  # the folder is nobody's now
    again, _ = listened(folder, **CHANCE)
    assert (again.state, again.epochs) == ("ready", kept)
    session.start()  # the same one goes on too
    assert session.wait(60) == "finished"
    done(session)
    assert contents(folder) == contents(tmp_path / "whole")
    assert listened(folder, **CHANCE)[0].state == "finished"


def test_what_cannot_be_done_is_left(tmp_path: Path) -> None:
    session, ear = listened(tmp_path)
    session.pause()
    session.stop()
    assert session.wait() == "ready"
    assert ear.states == []
    with pytest.raises(ValueError, match=r"The 'unit' parameter of step must be one of 'epoch', 'step'\. Got 'batch'"):
        session.step("batch")


def test_it_waits_without_a_loop_and_pauses_on_demand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, ear = listened(tmp_path, epochs=50)
    reached = threading.Event()
    step = Learner.step

    def slow(self: Learner, number: int, *arguments: Any, **named: Any) -> Any:
        if number == 5:
            reached.set()
            session_paused.wait(60)
        return step(self, number, *arguments, **named)

    session_paused = threading.Event()
    monkeypatch.setattr(Learner, "step", slow)
    session.start()
    assert reached.wait(60)
    session.pause("Look here.")
    assert session.state == "running"
    assert session.sentence().endswith(", pausing after this step.")
    session_paused.set()
    assert session.wait(60) == "paused"
    assert (session.steps, session.epochs) == (6, 3)
    assert session.sentence() == "Look here. Paused after epoch 3 of 50."
    assert ear.states == ["running", "running", "paused"]
    session.stop()
    assert session.wait(60) == "stopped"
    done(session)


def test_looks_come_at_most_four_times_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 100.0}
    monkeypatch.setattr(module.time, "monotonic", lambda: clock["now"])
    step = Learner.step

    def timed(self: Learner, *arguments: Any, **named: Any) -> Any:
        clock["now"] += 0.1
        return step(self, *arguments, **named)

    monkeypatch.setattr(Learner, "step", timed)
    session, ear = listened(tmp_path, epochs=5)
    session.start()
    assert session.wait() == "finished"
    done(session)
    assert ear.looks == [1, 4, 7, 10], "0.25 s are over at every third step of 0.1 s"

    slow, ear = listened(tmp_path / "slow", epochs=5)
    look = ear.look

    def long_look() -> None:
        look()
        clock["now"] += 0.1

    monkeypatch.setattr(ear, "look", long_look)
    slow.start()
    assert slow.wait() == "finished"
    done(slow)
    assert ear.looks == [1, 5, 9], "a look of 0.1 s is followed by 0.4 s of training"


def test_an_interrupt_of_waiting_pauses_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = listened(tmp_path, epochs=2000)
    session.start()
    wait_for = threading.Condition.wait_for
    interrupted = []

    def once(self: threading.Condition, predicate: Any, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread() and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return wait_for(self, predicate, timeout)

    monkeypatch.setattr(threading.Condition, "wait_for", once)
    with pytest.raises(KeyboardInterrupt):
        session.wait()
    assert session.state == "paused"
    assert session.sentence().startswith("The kernel was interrupted. Paused ")
    session.stop()
    assert session.wait() == "stopped"
    done(session)


def test_errors_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, ear = listened(tmp_path / "wild", lr=1e38, warmup=0.0)
    session.start()
    assert session.wait() == "failed"
    done(session)
    assert session.sentence().endswith("in training, a smaller learning rate or gradient clipping usually cures it.")
    assert ear.states == ["running", "failed"]

    busy, _ = listened(tmp_path / "busy")
    with files.alone(tmp_path / "busy"):
        busy.start()
        assert busy.wait() == "failed"
        done(busy)
    assert busy.sentence() == (
        f"Another process is at work in {tmp_path / 'busy'}, number {os.getpid()} of this machine. Wait until it is "
        f"done, or choose another output folder."
    )
    busy.start()
    assert busy.wait() == "finished"
    done(busy)
    assert busy.error is None

    def broken(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("no such kernel")

    odd, _ = listened(tmp_path / "odd")
    monkeypatch.setattr(Learner, "step", broken)
    odd.start()
    assert odd.wait() == "failed"
    done(odd)
    assert odd.sentence() == "RuntimeError: no such kernel"


def test_a_folder_of_other_parameters_is_refused_at_once(tmp_path: Path) -> None:
    trainer(tmp_path).fit()
    with pytest.raises(ValueError, match="holds a run with other parameters"):
        listened(tmp_path, lr=0.2)
    with pytest.raises(ValueError, match="other images in the data set"):
        listened(tmp_path, images=greys(seed=3))


def test_sentences_say_where_it_stands(tmp_path: Path) -> None:
    session, _ = listened(tmp_path)
    assert session.sentence() == f"Not begun: 3 epochs of 2 steps, into {tmp_path}."
    session.step("step")
    session.wait(60)
    assert session.sentence() == "Paused in epoch 1 of 3, after step 1 of 2."
    session.step("step")
    session.wait(60)
    assert session.sentence() == "Paused after epoch 1 of 3."
    session.stop()
    session.wait(60)
    assert session.sentence() == f"Stopped. 1 of 3 epochs are kept in {tmp_path}; it goes on from there."
    done(session)
    assert listened(tmp_path)[0].sentence() == f"1 of 3 epochs are done, in {tmp_path}. It goes on from there."
    session.start()
    session.wait(60)
    assert session.sentence() == f"Finished: 3 epochs, in {tmp_path}."
    done(session)

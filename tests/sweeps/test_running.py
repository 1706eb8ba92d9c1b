"""Sweeps that are stopped, killed, and begun again: nothing is done twice, and the table comes out the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.small import in_a_child
from tests.sweeps.quick import QUICK, numbers, spec, touched
from tests.test_resuming import WRITING
from workbench import files, sweeps
from workbench.config import RunConfig
from workbench.evaluation import evaluate
from workbench.sweeps import job, local
from workbench.sweeps.job import Job
from workbench.training import Trainer

run = sweeps.run
ALONE = {"page": False, "progress": False}
LONGER: dict[str, Any] = {"epochs": 20}  # so that there is time to stop it


def work(root: Path, **changes: Any) -> sweeps.Results:
    return run(spec(**changes), root, **ALONE)


# -- in this process


@pytest.mark.usefixtures("here")
def test_a_run_that_is_done_is_never_done_again(tmp_path: Path) -> None:
    first = work(tmp_path)
    assert [found.state for found in first.runs.values()] == ["done"] * 4
    before = touched(tmp_path)
    assert len(before) > 20
    again = work(tmp_path)
    assert touched(tmp_path) == before
    assert numbers(again) == numbers(first)
    more = work(tmp_path, seeds=3)
    assert {path: time for path, time in touched(tmp_path).items() if path in before} == before
    assert numbers(more)[:4] == numbers(first)


@pytest.mark.usefixtures("here")
def test_a_run_that_train_has_done_is_used(tmp_path: Path) -> None:
    config = RunConfig(**QUICK, loss="arcface", seed=1)
    evaluate(Trainer(config, tmp_path / config.folder_name(), progress=False).fit())
    before = touched(tmp_path)
    results = work(tmp_path)
    assert before.items() <= touched(tmp_path).items()
    assert config.folder_name() in results.runs


@pytest.mark.usefixtures("here")
def test_a_run_that_was_only_trained_is_only_evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = work(tmp_path)
    path = tmp_path / next(iter(whole.runs)) / "evaluation.json"
    for left in (None, {key: value for key, value in json.loads(path.read_text()).items() if key != "auc"}):
        path.unlink() if left is None else files.write_json(path, left)
        monkeypatch.setattr("workbench.learner.Learner.step", None)
        assert numbers(work(tmp_path)) == numbers(whole)


@pytest.mark.usefixtures("here")
def test_the_table_needs_neither_checkpoints_nor_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = work(tmp_path)
    told = sweeps.table(whole)
    for path in tmp_path.glob("digits-*/checkpoint/*"):
        path.unlink()
    monkeypatch.setattr(Trainer, "__init__", None)
    assert sweeps.table(sweeps.gather(spec(), tmp_path)) == told
    assert sweeps.table(sweeps.Results.read(whole.folder)) == told
    assert numbers(work(tmp_path)) == numbers(whole)
    for path in tmp_path.glob("digits-*/*.json"):
        path.unlink()
    assert sweeps.table(sweeps.Results.read(whole.folder)) == told


@pytest.mark.usefixtures("here")
def test_a_run_that_diverges_is_a_failed_run_and_stops_no_other(tmp_path: Path, capsys: Any) -> None:
    wild = {"loss": "softmax", "lr": 1e9, "clip_norm": None}
    results = run(spec("arcface", wild), tmp_path, page=False)
    states = {(o.loss, o.seed): o.found.state for o in results.outcomes}
    assert states == {
        ("arcface", 0): "done",
        ("softmax", 0): "failed",
        ("arcface", 1): "done",
        ("softmax", 1): "failed",
    }
    error = results.outcomes[1].found.error
    assert error.startswith(("Training stopped being finite in epoch 1", "The embeddings given to Softmax must be fi"))
    said = capsys.readouterr().err
    assert f"2 of 4  softmax, seed 0, digits: failed. {error}" in said
    assert "3 of 4  arcface, seed 1, digits: equal error rate " in said
    table = sweeps.table(results)
    assert "2 of 4 runs are not done; the same command tries them again:" in table
    assert f"    softmax, seed 1, digits: {results.outcomes[3].run}" in table


@pytest.mark.usefixtures("here")
def test_what_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = work(tmp_path / "whole")
    step = "workbench.learner.Learner.step"
    with monkeypatch.context() as broken:
        broken.setattr(step, lambda *_, **__: (_ for _ in ()).throw(RuntimeError("a bug")))
        results = work(tmp_path / "again")
    assert {found.error for found in results.runs.values()} == {"RuntimeError: a bug"}
    assert "RuntimeError: a bug\n    arcface, seed 0, digits" in sweeps.table(results)
    assert numbers(work(tmp_path / "again")) == numbers(whole)
    assert not list((tmp_path / "again").rglob(job.FAILURE))


@pytest.mark.usefixtures("here")
def test_a_kill_before_any_change_of_any_file_costs_nothing(tmp_path: Path) -> None:
    """Every fifth place where a file changes, of a run, of its evaluation, of the results."""
    whole = work(tmp_path / "whole", epochs=1, seeds=1)
    change, killed = 1, True
    while killed:
        root = tmp_path / str(change)
        killed = killed_before(change, root, lambda root=root: work(root, epochs=1, seeds=1))
        finished = {path.parent for path in root.glob("digits-*/evaluation.json")}
        before = {path: at for path, at in touched(root).items() if not finished.isdisjoint(path.parents)}
        assert numbers(work(root, epochs=1, seeds=1)) == numbers(whole), f"killed before change {change}"
        assert before.items() <= touched(root).items(), "what was done was not touched"
        change += 5
    assert change > 40, "the sweep was hardly disturbed"


def killed_before(change: int, root: Path, do: Callable[[], object]) -> bool:
    """Do something in a process that is killed before its n-th change of a file; return whether that came."""

    def watched() -> None:
        changes = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal changes
            writes = event in ("os.rename", "os.remove", "os.mkdir") or (event == "open" and arguments[1] in WRITING)
            if writes and str(arguments[0]).startswith(str(root)):
                changes += 1
                if changes == change:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        do()

    code = in_a_child(watched)
    assert code in (0, -signal.SIGKILL)
    return code != 0


@pytest.mark.usefixtures("here")
def test_a_run_at_which_another_process_works_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_WAIT", 0)
    tries: list[Path] = []
    alone = files.alone

    def busy_twice(folder: Path) -> Any:
        tries.append(folder)
        if len(tries) in (2, 3):
            raise files.BusyError("Another process is at work")
        return alone(folder)

    monkeypatch.setattr(files, "alone", busy_twice)
    assert not work(tmp_path, seeds=1).unfinished
    assert tries[1] == tries[2] == tries[3]


@pytest.mark.usefixtures("here")
def test_the_same_sweep_runs_once_at_a_time(tmp_path: Path) -> None:
    with (
        files.alone(tmp_path / spec().folder_name()),
        pytest.raises(files.BusyError, match="Another process is at work"),
    ):
        work(tmp_path)


def test_a_folder_with_another_run_is_told(tmp_path: Path) -> None:
    wanted, other = (RunConfig(**QUICK, seed=seed) for seed in (0, 1))
    Trainer(other, tmp_path, progress=False).fit()
    found = job.look(Job(wanted, tmp_path))
    assert (found.state, found.error) == ("failed", f"The folder {tmp_path} holds a run with other parameters.")


def test_how_many_workers_there_are_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    monkeypatch.setattr(local, "_free_memory", lambda: 100 * local.MEMORY)
    assert [local.default_workers(threads) for threads in (1, 3, 16)] == [8, 2, 1]
    monkeypatch.setattr(local, "_free_memory", lambda: 3 * local.MEMORY)
    assert local.default_workers(1) == 3
    monkeypatch.setattr(local, "_free_memory", lambda: 0)
    assert local.default_workers(1) == 1


@pytest.mark.parametrize(
    ("given", "sentence"), [({"on": "moon"}, "The 'on' parameter"), ({"workers": 0}, "The 'workers'")]
)
def test_what_cannot_be_run(tmp_path: Path, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(spec(), tmp_path, **{**ALONE, **given})
    assert not list(tmp_path.iterdir())


# -- with processes


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> sweeps.Results:
    """Two workers, from start to end."""
    return run(spec(**LONGER), tmp_path_factory.mktemp("whole"), workers=2, **ALONE)


def test_workers_have_the_threads_of_the_sweep_and_as_many_as_there_are_make_no_difference(
    whole: sweeps.Results, tmp_path: Path
) -> None:
    assert {found.facts["hardware"]["threads"] for found in whole.runs.values()} == {1}
    alone = run(spec(**LONGER), tmp_path, workers=1, **ALONE)
    assert numbers(alone) == numbers(whole)
    two = run(spec(epochs=1, seeds=1, threads=2), tmp_path, workers=1, **ALONE)
    assert {found.facts["hardware"]["threads"] for found in two.runs.values()} == {2}


class Started:
    """The command at work on a sweep of four runs."""

    def __init__(self, folder: Path) -> None:
        (folder / "sweep.yaml").write_text(spec(**LONGER).text())
        self.root = folder / "runs"
        self._command = [sys.executable, "-m", "workbench", "sweep", str(folder / "sweep.yaml"), "-o", str(self.root)]
        self._command += ["--workers", "2", "--no-page"]
        self.process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def workers(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in path.read_text().split()]

    def wait_for(self, done: int) -> None:
        """Wait until so many runs are done and another is under way."""
        while self.process.poll() is None:
            evaluated = {path.parent for path in self.root.glob("digits-*/evaluation.json")}
            begun = {path.parent.parent for path in self.root.glob("digits-*/checkpoint/state.json")}
            if len(evaluated) >= done and begun - evaluated:
                return
            time.sleep(0.01)
        raise AssertionError(f"it ended by itself: {self.process.communicate()}")

    def finished(self) -> dict[Path, int]:
        """When the files of runs that are done were written."""
        folders = {path.parent for path in self.root.glob("digits-*/evaluation.json")}
        return {path: at for path, at in touched(self.root).items() if not folders.isdisjoint(path.parents)}

    def again(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command, capture_output=True, text=True, check=False)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    one = Started(tmp_path)
    yield one
    one.process.kill()
    one.process.communicate()


def gone(processes: list[int]) -> bool:
    """Whether all of these processes end, given some time."""
    for _ in range(1000):
        if not any(Path(f"/proc/{one}").exists() for one in processes):
            return True
        time.sleep(0.02)
    return False


def ends_alike(started: Started, whole: sweeps.Results, before: dict[Path, int]) -> None:
    again = started.again()
    assert again.returncode == 0, again.stderr
    assert before
    assert before.items() <= started.finished().items(), "no run that was done is touched"
    assert numbers(sweeps.gather(spec(**LONGER), started.root)) == numbers(whole)
    assert again.stdout.startswith(sweeps.table(whole))


def test_a_sweep_whose_parent_is_killed_leaves_nobody_behind_and_ends_alike(
    started: Started, whole: sweeps.Results
) -> None:
    started.wait_for(1)
    workers = started.workers()
    assert len(workers) == 2
    started.process.kill()
    started.process.wait()
    assert gone(workers)
    ends_alike(started, whole, started.finished())


def test_a_worker_that_is_killed_costs_one_run_and_the_same_command_ends_alike(
    started: Started, whole: sweeps.Results
) -> None:
    started.wait_for(1)
    for worker in started.workers():
        os.kill(worker, signal.SIGKILL)
    out, err = started.process.communicate()
    assert started.process.returncode == 1
    sentence = (
        "Its process was ended by SIGKILL. If memory ran out, fewer workers need less. The same command goes on from "
        "its last checkpoint."
    )
    assert f": failed. {sentence}" in err
    assert f"  {sentence}\n" in out
    assert any(f"{count} of 4 runs are not done" in out for count in (1, 2))
    ends_alike(started, whole, started.finished())


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_sweep_that_is_stopped_says_how_to_go_on_and_ends_alike(
    started: Started, whole: sweeps.Results, stop: signal.Signals, code: int
) -> None:
    started.wait_for(1)
    workers = started.workers()
    started.process.send_signal(stop)
    out, err = started.process.communicate()
    assert started.process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    *_, stopped, last, line = err.splitlines()
    done = len({path.parent for path in started.root.glob("digits-*/evaluation.json")})
    assert stopped == f"Stopped: {done} of 4 runs are done."
    assert last == "Stopped. All that is saved is whole. To go on:"
    assert line.startswith(f"  {sys.executable} -m workbench sweep ")
    assert gone(workers)
    records = (started.root / spec(**LONGER).folder_name() / "results.jsonl").read_text().splitlines()
    assert len(records) == 4
    ends_alike(started, whole, started.finished())


def test_what_a_run_says_on_the_side_is_in_the_log(tmp_path: Path) -> None:
    results = run(spec("softmax", lr=1e9, clip_norm=None, seeds=1), tmp_path, workers=1, **ALONE)
    assert "Traceback" in (results.folder / "workers.log").read_text()

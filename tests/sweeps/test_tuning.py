"""The search for tuned parameters: fair, on people who are never tested on, resumed, and rebuilt from its record."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.small import in_a_child, without
from workbench import cli, data, losses, sweeps
from workbench.data import faces
from workbench.losses import presets as kept
from workbench.sweeps import job, local, tuning
from workbench.sweeps.job import Job
from workbench.sweeps.local import Ended
from workbench.sweeps.space import draws, space
from workbench.sweeps.tuning import PEOPLE, Search, Trial, contenders, presets, ranked

pytestmark = pytest.mark.usefixtures("here")

QUICK: dict[str, Any] = {"epochs": 1, "batch_size": 32, "data_options": {"identities": 8, "images": 12}}
FEW = {"trials": 3, "finalists": 1, "repeats": 1, "confirmations": 2}
TIMES = ("begun", "seconds")


def tune(root: Path, *names: str, **changes: Any) -> dict[str, Any]:
    return sweeps.tune(names or ("arcface", "supcon"), root, progress=False, **{**FEW, **QUICK, **changes})


def told(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what a clock has written, as it comes back from its file."""
    return json.loads(json.dumps({**record, "search": without(record["search"], TIMES)}))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A search that was never stopped: the folder of its runs, and its record."""
    root = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "work", _in_turn(job.perform))
        return root, tune(root)


def _in_turn(perform: Callable[[Job], None]) -> Callable[..., Iterator[Ended]]:
    def work(jobs: Sequence[Job], **_: Any) -> Iterator[Ended]:
        for one in jobs:
            perform(one)
            yield Ended(one)

    return work


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# -- fair


def test_every_loss_gets_the_same_budget() -> None:
    """As many runs under as many seeds, of as many epochs on the same images; they differ in their space alone."""
    search = Search(trials=4, finalists=2)
    trials = {loss: [Trial(values) for values in draws(space(loss), 4)] for loss in search.losses}
    for tried in trials.values():
        for place, trial in enumerate(tried):
            trial.numbers = dict.fromkeys((0, 1, 2), 10.0 + place)
    for number, runs in enumerate((4, 3 * 2)):
        cells = search.sweep(contenders(search, trials, number), search.seeds[number]).cells()
        for loss in search.losses:
            mine = [cell.config for cell in cells if cell.config.loss == loss]
            assert len({config.folder_name() for config in mine}) == len(mine) == runs
        alike = [
            without(cell.config.model_dump(), ("loss", "loss_options", "scale", "margin", "lr", "seed"))
            for cell in cells
        ]
        assert all(one == alike[0] for one in alike)
        assert alike[0]["recipe"] == "small"


def test_the_stored_search_gave_every_loss_the_same_budget() -> None:
    record = kept.record()
    first, second, _ = record["search"]["seeds"]
    for loss, trials in tuning.read(record).items():
        assert len(trials) == record["search"]["trials"], loss
        assert all(set(first) <= trial.numbers.keys() for trial in trials), loss
        again = [trial for trial in trials if set(second) <= trial.numbers.keys()]
        assert len(again) == 1 + record["search"]["finalists"], loss
        assert again[0] is trials[0]


# -- on people who are never tested on


def test_a_search_loads_no_people_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    load = data.load

    def listening(name: str, **options: Any) -> data.ImageSet:
        asked.append((name, options["seed"]))
        return load(name, **options)

    monkeypatch.setattr(data, "load", listening)
    tune(tmp_path)
    assert len(asked) > 10
    assert set(asked) == {("synthetic-faces", PEOPLE)}


def test_people_of_a_search_are_neither_tested_on_nor_both_trained_on_and_chosen_by() -> None:
    """Whoever compares losses on drawn faces does so under a small seed."""
    (entry,) = Search().conditions()["data"]
    truth = faces.truth(**entry["data_options"])
    own = truth.identities
    train, held_out = (truth.labels[mask].unique() for mask in (~truth.held_out, truth.held_out))
    assert not torch.isin(train, held_out).any()
    assert torch.cdist(own[train], own[held_out]).min() > 0.1
    for seed in (*range(20), 42, 1000):
        assert torch.cdist(own, faces.truth(seed=seed).identities).min() > 0.1, seed


@pytest.mark.parametrize("run", [{"data": "digits"}, {"data_options": {"seed": 0}}])
def test_other_people_are_refused(run: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match="A search draws people of its own, so that nobody it chooses by is ever tested"
    ):
        Search(run=run)


@pytest.mark.parametrize("name", ["recipe", "seed", "seeds", "measure", "threads", "losses"])
def test_what_the_search_decides_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"The '{name}' parameter is the search's own: leave it out."):
        Search(run={name: 1})


@pytest.mark.parametrize(("name", "value"), [("trials", 1), ("finalists", 0), ("repeats", 0), ("confirmations", 0)])
def test_a_search_of_nothing_is_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Search must be a whole number of at least"):
        Search(**{name: value})


# -- resumed


def test_killed_and_begun_again_it_repeats_nothing(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    def killed() -> None:
        left = iter(range(8))  # it dies in the second round
        local.work = _in_turn(lambda one: job.perform(one) if next(left, None) is not None else _die())
        tune(tmp_path)

    assert in_a_child(killed) == -signal.SIGKILL
    before = written(tmp_path)
    assert len(before) == 8
    record = tune(tmp_path)
    after = written(tmp_path)
    assert before.items() < after.items(), "nothing that was done is done again"
    assert told(record) == told(trained[1])
    assert told(tune(tmp_path)) == told(record)
    assert written(tmp_path) == after


def written(root: Path) -> dict[str, int]:
    """When the last epoch of each run that is done was written down."""
    done = root.glob("synthetic-faces-*/evaluation.json")
    return {path.parent.name: (path.parent / "metrics.jsonl").stat().st_mtime_ns for path in done}


# -- rebuilt


def test_the_presets_are_those_of_the_stored_trials() -> None:
    record = kept.record()
    again = presets(record["search"]["seeds"], tuning.read(record))
    assert again == {loss: content["preset"] for loss, content in record["losses"].items()}


def test_the_stored_trials_are_those_that_the_space_means() -> None:
    record = kept.record()
    assert list(record["losses"]) == losses.names()
    for loss, content in record["losses"].items():
        assert content["space"] == {name: list(one) for name, one in space(loss).items()}, loss
        assert [one["values"] for one in content["trials"]] == draws(space(loss), record["search"]["trials"]), loss
    assert record["search"]["conditions"] == json.loads(json.dumps(Search().conditions()))


def test_a_record_is_read_as_it_was_written(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    record = trained[1]
    tuning.write(record, tmp_path / "presets.json")
    assert json.loads((tmp_path / "presets.json").read_text()) == json.loads(json.dumps(record))
    assert presets(record["search"]["seeds"], tuning.read(record)) == {
        loss: content["preset"] for loss, content in record["losses"].items()
    }


def test_the_repository_holds_its_record_as_it_is_written(tmp_path: Path) -> None:
    tuning.write(kept.record(), tmp_path / "presets.json")
    stored = Path(kept.__file__).with_name("presets.json")
    assert (tmp_path / "presets.json").read_bytes() == stored.read_bytes()


# -- chosen


SEEDS = ((0,), (1, 2), (3, 4, 5))


def trial(*numbers: float | None, **values: float) -> Trial:
    return Trial(values, dict(enumerate(numbers)))


def test_the_least_mean_is_chosen_and_its_gain_is_of_seeds_that_had_no_part_in_it() -> None:
    small = trial(10, 10, 10, 12, 12.5, 13)
    lucky, best = trial(5, 15, 12, scale=1), trial(9, 8, 9, 10, 10.4, 11, scale=2)
    chosen = presets(SEEDS, {"arcface": [small, lucky, best]})["arcface"]
    assert (chosen["trial"], chosen["values"]) == (2, {"scale": 2})
    assert (chosen["value"], chosen["small"], chosen["runner_up"]) == (8.6667, 10, 10)
    assert chosen["gain"] == pytest.approx(2.0333, abs=1e-4)
    assert chosen["interval"][0] < chosen["gain"] < chosen["interval"][1]
    assert chosen["verdict"] == "better"
    small.numbers |= {0: 9.5}
    assert presets(SEEDS, {"arcface": [small, lucky, best]})["arcface"]["gain"] == chosen["gain"]


def test_a_gain_inside_the_noise_is_said_to_be_that() -> None:
    trials = [trial(10, 10, 10, 9, 10, 11), trial(9, 9, 9, 9.5, 9, 11, scale=2)]
    chosen = presets(SEEDS, {"arcface": trials})["arcface"]
    assert chosen["trial"] == 1
    assert chosen["interval"][0] < 0 < chosen["interval"][1]
    assert chosen["verdict"] == "cannot tell"


def test_intervals_are_corrected_for_all_losses() -> None:
    pair = [trial(10, 10, 10, 12, 12, 13), trial(9, 9, 9, 10, 10.5, 11, scale=2)]
    alone = presets(SEEDS, {"arcface": pair})["arcface"]
    together = presets(SEEDS, dict.fromkeys(losses.names(), pair))["arcface"]
    assert together["gain"] == alone["gain"]
    assert together["interval"][0] < alone["interval"][0]
    assert (alone["verdict"], together["verdict"]) == ("better", "cannot tell")


def test_small_is_kept_unless_another_is_better() -> None:
    chosen = presets(SEEDS, {"arcface": [trial(10, 10, 10), trial(10, 10, 10, scale=2)]})["arcface"]
    assert (chosen["trial"], chosen["values"], chosen["gain"], chosen["verdict"]) == (0, {}, None, "small")


def test_a_trial_that_failed_under_any_seed_is_not_chosen() -> None:
    small, failed = trial(10, 10, 10, 10, 10, 10), trial(1, 1, None, scale=2)
    assert list(ranked([small, failed], (0, 1))) == [1, 0]
    assert presets(SEEDS, {"arcface": [small, failed]})["arcface"]["trial"] == 0
    fell = trial(9, 9, 9, 9, None, 9, scale=2)
    chosen = presets(SEEDS, {"arcface": [small, fell]})["arcface"]
    assert (chosen["trial"], chosen["gain"], chosen["verdict"]) == (1, None, "cannot tell")
    with pytest.raises(ValueError, match="No trial of 'arcface' came to its end: failure"):
        presets(SEEDS, {"arcface": [failed]})


def test_the_best_of_a_round_and_small_go_on() -> None:
    search = Search(("arcface",), trials=4, finalists=2, repeats=1)
    trials = {"arcface": [trial(12), trial(11), trial(9), trial(10)]}
    assert contenders(search, trials, 1) == [("arcface", 0), ("arcface", 2), ("arcface", 3)]
    for one, number in zip((0, 2, 3), (9, 12, 10), strict=True):
        trials["arcface"][one].numbers[1] = number
    assert contenders(search, trials, 2) == [("arcface", 0), ("arcface", 3)]
    trials["arcface"][0].numbers[1] = 1
    assert contenders(search, trials, 2) == [("arcface", 0)]


# -- by the command


def test_the_command_prints_what_was_found_and_writes_the_record(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Here on the runs of a search that is done."""
    root, record = trained
    options = [f"{name}={value}" for name, value in {**FEW, **QUICK}.items()]
    given = [part for option in options for part in ("-p", option.replace("'", ""))]
    path = tmp_path / "found.json"
    arguments = ["tune", "arcface", "supcon", *given, "-o", str(root), "--write", str(path)]
    monkeypatch.setattr(sys, "argv", ["workbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert capsys.readouterr().out == f"{kept.table(record)}\n\nEvery trial is in {path}\n"
    assert told(json.loads(path.read_text())) == told(record)

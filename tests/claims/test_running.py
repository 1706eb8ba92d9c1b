"""Claims from training to row: tiny runs, a stop, and the same numbers again."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.quick import in_this_process
from workbench import claims
from workbench.claims import Setting
from workbench.sweeps import local
from workbench.sweeps.job import Job
from workbench.sweeps.local import Ended

TINY = {
    "tiny": Setting(
        "tiny",
        "three of ten digits held out",
        "digits",
        {},
        {
            "model": "mlp",
            "dim": 8,
            "epochs": 4,
            "batch_size": 300,
            "snapshots": 1,
            "device": "cpu",
            "held_out": "classes",
        },
    )
}
NEEDS = [("tiny", "arcface"), ("tiny", "elastic-arc+"), ("tiny", "coreface")]


def missing(folder: Path, **changes: Any) -> list[Any]:
    given = {"seeds": range(2), "faces": folder / "faces", "results": folder / "results", "settings": TINY} | changes
    return claims.missing(NEEDS, **given)


def run(folder: Path, **changes: Any) -> list[str]:
    return claims.run(missing(folder), folder / "runs", results=folder / "results", progress=False, **changes)


def lines(folder: Path) -> list[str]:
    return (folder / "results" / "tiny.jsonl").read_text(encoding="utf-8").splitlines()


def stopped(jobs: Sequence[Job], **given: Any) -> Iterator[Ended | None]:
    """Workers that are stopped after the first run."""
    for ended in in_this_process(jobs, **given):
        yield ended
        if ended is not None:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that is missing, done in one go."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(local, "work", in_this_process)
        assert run(folder) == []
    return folder


def test_runs_become_rows_and_leave_no_folders(whole: Path) -> None:
    rows = claims.read(whole / "results")
    assert [(row.variant, row.seed) for row in rows] == [
        (variant, seed) for variant in ("arcface", "coreface", "elastic-arc+") for seed in (0, 1)
    ]
    assert missing(whole) == []
    assert [path for path in (whole / "runs").iterdir() if path.is_dir()] == []
    for row in rows:
        assert row.facts["held_out_classes"] == 3
        assert row.config["data"] == "digits"
        assert row.config["seed"] == row.seed
        assert 0 < row.numbers["eer"] < 60
        assert set(row.numbers) <= set(claims.NUMBERS)


def test_only_what_a_loss_has_is_measured(whole: Path) -> None:
    rows = {row.variant: row for row in claims.read(whole / "results")}
    assert "margin_rank" not in rows["arcface"].numbers
    assert rows["elastic-arc+"].numbers["margin_rank"] == pytest.approx(-1)
    assert "contrast_last" in rows["coreface"].numbers
    assert rows["coreface"].course["contrast"]["epochs"] == [2, 3, 4]
    assert rows["arcface"].course == {}


def test_a_stopped_claim_goes_on_and_ends_with_the_same_rows(
    here: None, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(local, "work", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
    assert len(lines(tmp_path)) == 1
    assert len(missing(tmp_path)) == 5, "what is stored is not repeated"
    assert run(tmp_path) == []
    assert lines(tmp_path) == lines(whole)


def test_seeds_come_before_variants(tmp_path: Path) -> None:
    asked = [(one.config.seed, one.variant) for one in missing(tmp_path)]
    assert asked == [(seed, variant) for seed in (0, 1) for _, variant in NEEDS]


def test_a_row_of_another_budget_is_not_taken_for_one_of_this(whole: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    for number, line in enumerate(lines(whole)):
        row = json.loads(line)
        row["config"]["epochs"] += number == 0
        with (results / "tiny.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    assert [(one.variant, one.config.seed) for one in missing(tmp_path)] == [("arcface", 0)]


def test_without_the_photographs_their_lines_are_left_out(tmp_path: Path) -> None:
    needs = [("plain", "arcface"), ("orl", "arcface"), ("lfw", "arcface")]
    found = claims.missing(needs, seeds=[0], faces=tmp_path, results=tmp_path)
    assert [one.setting.name for one in found] == ["plain"]
    (tmp_path / "orl").mkdir()
    (tmp_path / "orl" / "orl_112x92.npz").touch()
    found = claims.missing(needs, seeds=[0], faces=tmp_path, results=tmp_path)
    assert [one.setting.name for one in found] == ["plain", "orl"]


def test_a_run_that_fails_is_told_and_stops_no_other(
    here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.training import Trainer

    fit = Trainer.fit

    def fails(self: Trainer) -> Any:
        if self.config.loss == "arcface":
            raise ValueError("It is broken.")
        return fit(self)

    monkeypatch.setattr(Trainer, "fit", fails)
    failed = run(tmp_path)
    assert failed == [f"tiny, arcface, seed {seed}: failed. It is broken." for seed in (0, 1)]
    assert {row.variant for row in claims.read(tmp_path / "results")} == {"elastic-arc+", "coreface"}


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "tiny.jsonl").write_text('{"setting": "tiny"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"Line 1 of .*tiny.jsonl holds no result of a claim .* Remove the line"):
        claims.read(tmp_path)


@pytest.mark.parametrize("name", ["orl", "lfw"])
def test_photographs_are_read_as_the_page_says(shared: Path, name: str) -> None:
    from workbench import data

    setting = claims.SETTINGS[name]
    images = data.load(shared / "data" / setting.data, progress=False, **setting.data_options)
    parts = data.split(images, by="classes", share=setting.run.get("share", 0.3))
    assert images.shape == (1, 32, 32)
    assert (parts.train.classes, parts.held_out.classes) == {"orl": (20, 20), "lfw": (111, 47)}[name]

"""`workbench claims` as a user meets it."""

from pathlib import Path

import pytest

from tests.claims.made import rows
from tests.conftest import ROOT
from tests.test_cli import Command
from tests.test_cli import workbench as workbench
from workbench import claims
from workbench.claims import settings, store


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, here: None) -> None:
    """Make every run one of two epochs on the digits."""
    quick = {"model": "mlp", "epochs": 4, "batch_size": 300, "snapshots": 1, "device": "cpu", "held_out": "classes"}
    for width, (name, setting) in enumerate(settings.SETTINGS.items(), 8):
        tiny = settings.Setting(name, setting.about, "digits", {}, quick | {"dim": width})
        monkeypatch.setitem(settings.SETTINGS, name, setting if setting.needs_faces else tiny)


def test_it_lists_all_claims_with_their_verdicts(workbench: Command) -> None:
    done = workbench("claims")
    assert done.code == 0
    assert done.out.strip() == claims.table(claims.read(), claims.CLAIMS)
    one = workbench("claims", "list", "unpg-tail", "--on", "plain").out
    assert one.startswith("unpg-tail: ")
    assert one.count("plain: ") == 2
    assert "orl: " not in one


def test_it_writes_the_page(workbench: Command, tmp_path: Path) -> None:
    done = workbench("claims", "write", "-o", "page.md")
    assert done.out == "The page is page.md\n"
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == claims.markdown(claims.read())


def test_the_command_of_a_line_trains_what_it_needs_and_says_what_came_of_it(workbench: Command, small: None) -> None:
    asked = ("claims", "run", "jcsc-alignment-error", "--on", "look-alikes", "--results", "again", "--seeds", "5")
    done = workbench(*asked)
    assert done.code == 0
    rows = claims.read(Path("again"))
    assert {(row.setting, row.variant) for row in rows} == {
        ("look-alikes", "jcsc"),
        ("look-alikes", "jcsc, no alignment"),
    }
    assert len(rows) == 10
    assert done.out.count(", 5 seeds") == 1
    before = Path("again/look-alikes.jsonl").stat().st_mtime_ns
    assert workbench(*asked).out == done.out
    assert Path("again/look-alikes.jsonl").stat().st_mtime_ns == before, "nothing is done twice"


def test_photographs_that_are_not_there_are_named(workbench: Command, small: None) -> None:
    done = workbench("claims", "run", "coreface-error", "--on", "orl", "--results", "again", "--faces", "nowhere")
    assert "Skipped: orl, for there is no nowhere/orl/orl_112x92.npz. --faces names its folder." in done.out
    assert "not run       orl: coreface − coreface, weight 0" in done.out


def test_a_claim_that_is_none_is_said(workbench: Command) -> None:
    said = workbench.fails("claims", "list", "unpg-tial")
    assert said.startswith("There is no claim or paper 'unpg-tial'. Did you mean 'unpg-tail'")


def test_rows_are_kept_in_their_order_however_they_come(tmp_path: Path) -> None:
    made = rows({"b": [1.0, 2.0], "a": [3.0]})
    store.add(made, tmp_path)
    once = (tmp_path / "plain.jsonl").read_text()
    for row in reversed(made):
        store.add([row], tmp_path)
    assert (tmp_path / "plain.jsonl").read_text() == once
    assert [(row.variant, row.seed) for row in store.read(tmp_path)] == [("a", 0), ("b", 0), ("b", 1)]


def test_the_readme_names_the_page() -> None:
    assert "docs/claims.md" in (ROOT / "README.md").read_text(encoding="utf-8")

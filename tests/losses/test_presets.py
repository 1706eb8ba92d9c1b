"""The tuned recipe as it is told: in a table, in a line for each loss, and with how it came about."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import ROOT
from workbench import losses
from workbench.losses import presets

SPACE = {"scale": [4, 64, True], "margin": [0.1, 0.7, False]}
CHOSEN: dict[str, Any] = {
    "trial": 4,
    "values": {"scale": 23.0, "margin": 0.31, "lr": 0.13},
    "value": 9.123,
    "runner_up": 9.2,
    "small": 9.96,
    "gain": 0.81,
    "interval": [-0.02, 1.64],
    "verdict": "cannot tell",
}
SMALL = {**CHOSEN, "trial": 0, "values": {}, "runner_up": None, "gain": None, "interval": None, "verdict": "small"}
RECORD = {
    "losses": {
        "arcface": {"space": SPACE, "preset": CHOSEN, "trials": []},
        "softmax": {"space": SPACE, "preset": SMALL, "trials": []},
    }
}


def test_a_preset_is_told_with_its_numbers() -> None:
    one = presets.read(RECORD)["arcface"]
    assert one.settings() == "scale=23, margin=0.31, lr=0.13"
    assert one.searched() == "scale 4 to 64 by factors, margin 0.1 to 0.7"
    assert one.gained() == "+0.81 (−0.02 to +1.64)"
    assert presets.rows(RECORD) == [
        ("arcface", one.settings(), "9.12", "9.20", "9.96", "+0.81 (−0.02 to +1.64)", "cannot tell"),
        ("softmax", "as small", "9.12", "failed", "9.96", "", "small"),
    ]
    assert presets.table(RECORD).splitlines()[1:] == [
        "arcface  scale=23, margin=0.31, lr=0.13  9.12    9.20       9.96   +0.81 (−0.02 to +1.64)  cannot tell",
        "softmax  as small                        9.12    failed     9.96                           small",
    ]


def test_how_they_came_about_is_that_of_the_record() -> None:
    search = presets.record()["search"]
    text, data = presets.explanation(presets.record()), search["data"]
    assert max(map(len, text.splitlines())) <= 120
    for number in (
        f"{search['trials']} trials of {search['conditions']['epochs']} epochs",
        f"It trained on {data['classes']} drawn people and chose by {data['held_out_classes']} others",
        f"under {len(search['seeds'][2])} seeds that had no part in the choice",
        f"Searched on {search['begun'][:10]}",
        f"torch {search['versions']['torch']}: {search['runs']} runs",
    ):
        assert number in " ".join(text.split())


@pytest.mark.parametrize("name", losses.names())
def test_the_page_shows_what_was_tuned_and_whether_it_is_more_than_luck(name: str) -> None:
    page, one = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8"), losses.preset(name)
    chapter = re.split(r"^#+ (.+)\n", page, flags=re.MULTILINE)
    said = dict(zip(chapter[1::2], chapter[2::2], strict=True))
    assert f"Recipe tuned: {one.settings()}, of {one.searched()}; " in said[name]
    assert f"Recipe tuned: {one.settings()}, of " in losses.describe(name)
    (row,) = [line for line in said["The tuned recipe"].splitlines() if line.startswith(f"| {name} |")]
    assert row.endswith(f"| {one.gained()} | {one.verdict} |")
    assert one.verdict in ("better", "worse", "cannot tell", "small")
    if one.verdict == "cannot tell":
        assert "whether it is better than small, its seeds cannot tell" in said[name]


def test_a_loss_that_was_not_searched_for_says_nothing_of_it() -> None:
    assert "Recipe tuned" not in losses.describe("unpg-jcsc")
    with pytest.raises(ValueError, match="The loss 'unpg-jcsc' has no tuned recipe"):
        losses.preset("unpg-jcsc")


def test_a_gain_of_one_seed_has_no_interval_and_is_not_told() -> None:
    assert replace(presets.read(RECORD)["arcface"], interval=None).gained() == ""

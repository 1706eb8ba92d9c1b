"""From values to verdicts: each branch, and what many verdicts cost."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.claims.made import CLAIM, rows
from workbench.claims import judge, values, verdicts
from workbench.claims.verdict import FEWEST

NEAR = (-0.1, 0.1, 0.0, -0.05, 0.05)  # an interval of about -+0.1 around its mean


def shifted(by: float) -> list[float]:
    return [value + by for value in NEAR]


@pytest.mark.parametrize(
    ("expected", "mean", "word", "why"),
    [
        ("higher", 2.0, "holds", ""),
        ("higher", 0.95, "holds", "how much is not sure"),
        ("higher", 0.5, "does not hold", "it is there, but smaller than what matters"),
        ("higher", 0.0, "does not hold", "smaller than what matters"),
        ("higher", -2.0, "does not hold", "it goes the other way"),
        ("lower", -2.0, "holds", ""),
        ("lower", -0.95, "holds", "how much is not sure"),
        ("lower", -0.5, "does not hold", "it is there, but smaller than what matters"),
        ("lower", 2.0, "does not hold", "it goes the other way"),
        ("level", 0.0, "holds", ""),
        ("level", 0.5, "holds", ""),
        ("level", 2.0, "does not hold", "it goes up"),
        ("level", -2.0, "does not hold", "it goes down"),
        ("level", 0.95, "cannot tell", ""),
    ],
)
def test_an_interval_means_one_verdict(expected: str, mean: float, word: str, why: str) -> None:
    told = judge(shifted(mean), expected=expected, least=1.0)
    assert (told.word, told.why) == (word, why)
    assert told.mean == pytest.approx(mean)


@pytest.mark.parametrize("expected", ["higher", "lower", "level"])
def test_values_that_scatter_widely_cannot_tell(expected: str) -> None:
    assert judge([-9.0, 8.0, -7.0, 9.0, 0.0], expected=expected, least=1.0).word == "cannot tell"


def test_identical_variants_are_no_difference() -> None:
    same = [0.0] * FEWEST
    assert judge(same, expected="level", least=0.1).word == "holds"
    assert [judge(same, expected=way, least=0.1).word for way in ("lower", "higher")] == ["does not hold"] * 2


def test_fewer_than_five_seeds_have_no_verdict() -> None:
    told = judge([-3.0] * (FEWEST - 1), expected="lower", least=0.1)
    assert (told.word, told.why, told.mean) == ("not run", "4 of at least 5 seeds", -3.0)
    assert told.interval == (-math.inf, math.inf)
    assert judge([], expected="lower", least=0.1).why == "no results"


def test_the_interval_is_students_at_bonferronis_confidence() -> None:
    for comparisons in (1, 7):
        low, high = judge(shifted(3.0), expected="higher", least=1.0, comparisons=comparisons).interval
        wanted = stats.t.interval(1 - 0.05 / comparisons, len(NEAR) - 1, np.mean(shifted(3.0)), stats.sem(NEAR))
        assert (low, high) == pytest.approx(wanted)


def test_many_verdicts_together_are_wrong_in_few_cases() -> None:
    """Of 300 papers with ten lines each, where nothing is there and anything would matter, at most some 5 % err."""
    draws, wrong = np.random.default_rng(0).normal(size=(300, 10, 6)), 0
    for paper in draws:
        told = [judge(line, expected="higher", least=1e-9, comparisons=10).word for line in paper]
        wrong += "holds" in told
    assert 0 < wrong < 300 * 0.06


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"values": [0.0, math.nan], "least": 1.0}, "'values' parameter of judge must be finite numbers"),
        ({"values": [0.0], "least": 0.0}, "'least' parameter of judge must be"),
    ],
)
def test_what_cannot_be_judged_is_said(given: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        judge(given["values"], expected="level", least=given["least"])


def test_a_line_is_what_is_added_minus_what_is_taken_away_seed_by_seed() -> None:
    stored = rows({"one": [5.0, 6.0, 7.0], "other": [1.0, 4.0]})
    assert values(CLAIM.lines[0], stored) == {0: 4.0, 1: 2.0}, "the seed that one lacks is left out"


def test_a_planted_effect_is_found_and_none_is_not() -> None:
    seeds = np.random.default_rng(1).normal(10, 2, size=10)  # what a seed makes easy or hard for both
    noise = np.random.default_rng(2).normal(0, 0.1, size=10)
    planted = rows({"one": seeds - 1 + noise, "other": seeds})
    none = rows({"one": seeds + noise, "other": seeds})
    assert verdicts([CLAIM], planted)["a-claim", 0].word == "holds"
    assert verdicts([CLAIM], none)["a-claim", 0].word == "does not hold"


def test_intervals_widen_with_the_lines_of_the_paper_alone() -> None:
    stored = rows({"one": [1.0, 2.0, 4.0, 3.0, 2.0], "other": [0.0] * 5})
    twice = replace(CLAIM, id="two", lines=CLAIM.lines * 2)
    elsewhere = replace(CLAIM, id="three", paper="unpg", lines=CLAIM.lines * 9)
    wide = verdicts([CLAIM, twice], stored)["a-claim", 0].interval
    assert wide == verdicts([CLAIM, twice, elsewhere], stored)["a-claim", 0].interval
    assert wide.high > verdicts([CLAIM], stored)["a-claim", 0].interval.high


def test_of_a_variant_that_did_not_train_nothing_is_told() -> None:
    chance = rows({"one": [49.0, 49.2, 49.1, 48.9, 49.3], "other": [60.0] * 5})
    told = verdicts([CLAIM], chance)["a-claim", 0]
    assert (told.word, told.why) == ("cannot tell", "a variant of it did not train")
    trained = rows({"one": [29.0, 29.2, 29.1, 28.9, 29.3], "other": [40.0] * 5})
    assert verdicts([CLAIM], trained)["a-claim", 0].word == "holds"

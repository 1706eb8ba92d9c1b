"""The one list of headline numbers: what is read from JSON, in which unit and order."""

import math

import pytest

from tests.test_repeats import measured
from workbench.headline import NUMBERS, shared
from workbench.protocols.verification import FARS

KEYS = ["accuracy", "eer", *(f"tar@{far:g}" for far in FARS), "rank_1", "auc", "overlap", "d_prime", "gap"]
KEYS += ["angle_to_own_centre_median"]
NUMBER = {number.key: number for number in NUMBERS}


def test_every_number_is_read_in_the_unit_of_people() -> None:
    one = measured(0)
    numbers = one.numbers()
    assert [number.key for number in NUMBERS] == KEYS
    separation = one.geometry.separation
    expected = {
        "accuracy": 100 * one.accuracy.value,
        "eer": 100 * one.geometry.roc.eer.value,
        "tar@0.1": 100 * one.tar[0].tar.value,
        "rank_1": 100 * one.rank_1.value,
        "auc": 100 * separation.auc,
        "overlap": 100 * separation.overlap,
        "d_prime": separation.d_prime,
        "gap": separation.gap,
        "angle_to_own_centre_median": math.degrees(numbers["angle_to_own_centre_median"]),
    }
    for key, value in expected.items():
        assert NUMBER[key].of(numbers).value == pytest.approx(value), key
    interval = one.geometry.roc.eer.interval
    assert NUMBER["eer"].of(numbers).interval == pytest.approx((100 * interval.low, 100 * interval.high))
    assert NUMBER["gap"].of(numbers).interval is None


def test_what_is_not_there_is_not_a_number() -> None:
    numbers = measured(0, centres=False).numbers()
    assert [tar["far"] for tar in numbers["tar_at_far"]] == [0.1, 0.01], "1200 impostor pairs"
    missing = [number.key for number in NUMBERS if number.of(numbers) is None]
    assert missing == ["accuracy", "tar@0.001", "tar@0.0001", "tar@1e-05", "tar@1e-06"]
    perfect = measured(0, noise=0.0).numbers()
    assert NUMBER["d_prime"].of(perfect) is None, "it is infinite"
    older = {name: value for name, value in numbers.items() if name not in ("auc", "rank_1")}
    assert NUMBER["auc"].of(older) is None


def test_numbers_that_all_have_come_in_the_order_of_the_list() -> None:
    some, others = measured(0).numbers(), measured(1, centres=False).numbers()
    assert [number.key for number in shared([some, others])] == [key for key in KEYS if NUMBER[key].of(others)]


def test_a_difference_of_shares_is_in_points_and_has_a_sign() -> None:
    eer, angle, gap = NUMBER["eer"], NUMBER["angle_to_own_centre_median"], NUMBER["gap"]
    assert eer.bare(-1.26) + eer.suffix() == "−1.3\N{NO-BREAK SPACE}%"
    assert eer.bare(1.26, sign=True, digits=2) + eer.suffix(sign=True) == "+1.26\N{NO-BREAK SPACE}points"
    assert angle.bare(12.34) + angle.suffix() == "12.3°"
    assert gap.bare(-0.255, sign=True) + gap.suffix(sign=True) in ("−0.26", "−0.25")


def test_names_in_sentences_keep_their_abbreviations() -> None:
    inline = {number.key: number.inline for number in NUMBERS}
    assert (inline["eer"], inline["tar@0.1"]) == ("equal error rate", "TAR at FAR 0.1")
    assert (inline["auc"], inline["d_prime"]) == ("area under the ROC curve", "d′ of genuine and impostor pairs")


def test_the_better_way_is_known_of_all_but_the_angle() -> None:
    assert {number.key for number in NUMBERS if number.better == "lower"} == {"eer", "overlap"}
    assert [number.key for number in NUMBERS if not number.better] == ["angle_to_own_centre_median"]

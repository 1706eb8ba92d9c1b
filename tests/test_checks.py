"""The sentences of errors, and the values that pass."""

import doctest
import math

import numpy as np
import pytest

from workbench import checks


def test_examples() -> None:
    failed, tried = doctest.testmod(checks)
    assert failed == 0
    assert tried > 0


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_pass(value: object) -> None:
    found = checks.whole("Owner", "size", value, least=3)
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize("value", [2, 3.0, "3", None, True, np.float64(3), np.True_, math.nan])
def test_other_things_are_not_whole_numbers(value: object) -> None:
    with pytest.raises(ValueError) as error:
        checks.whole("Owner", "size", value, least=3, hint="Try 3.")
    assert str(error.value) == (
        f"The 'size' parameter of Owner must be a whole number of at least 3. Got {value!r} instead. Try 3."
    )


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5)])
def test_numbers_pass(value: object) -> None:
    for found in (checks.number("Owner", "rate", value, low=0.5, high=0.5), checks.positive("Owner", "rate", value)):
        assert found == 0.5
        assert type(found) is float


@pytest.mark.parametrize(
    ("low", "high", "interval"),
    [
        (0, 1, "[0, 1]"),
        (-math.inf, 1, "(-inf, 1]"),
        (0.25, math.inf, "[0.25, inf)"),
        (-math.inf, math.inf, "(-inf, inf)"),
    ],
)
def test_an_interval_is_open_where_it_has_no_end(low: float, high: float, interval: str) -> None:
    for value in ("0.5", math.nan, math.inf, -math.inf, None, True, 0.5j):
        with pytest.raises(ValueError) as error:
            checks.number("Owner", "rate", value, low=low, high=high)
        assert (
            str(error.value) == f"The 'rate' parameter of Owner must be a number in {interval}. Got {value!r} instead."
        )


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, "1", True])
def test_positive_numbers_are_above_zero(value: object) -> None:
    with pytest.raises(ValueError) as error:
        checks.positive("Owner", "rate", value)
    assert str(error.value) == f"The 'rate' parameter of Owner must be a number in (0, inf). Got {value!r} instead."


def test_flags() -> None:
    assert checks.flag("Owner", "deep", True) is True
    assert checks.flag("Owner", "deep", False) is False
    for value in ("no", 0, 1, None):
        with pytest.raises(ValueError) as error:
            checks.flag("Owner", "deep", value)
        assert str(error.value) == f"The 'deep' parameter of Owner must be True or False. Got {value!r} instead."


def test_choices() -> None:
    checks.one_of("Owner", "mode", "fast", ("fast", "exact"))
    with pytest.raises(ValueError) as error:
        checks.one_of("Owner", "mode", "Fast", ("fast", "exact"))
    assert str(error.value) == "The 'mode' parameter of Owner must be one of 'fast', 'exact'. Got 'Fast' instead."


def test_unknown_names_come_with_their_neighbours_and_a_hint() -> None:
    known = ["cosface", "arcface", "softmax"]
    assert checks.unknown_name("loss", "arcfaec", known, hint="See the list.") == (
        "There is no loss 'arcfaec'. Did you mean 'arcface' or 'cosface'? Known: arcface, cosface, softmax. "
        "See the list."
    )
    assert checks.unknown_name("loss", "zzz", []) == "There is no loss 'zzz'."


def test_what_is_missing_comes_with_the_line_that_installs_it() -> None:
    checks.needs("pytest", "torch", extra="onnx", what="A test")
    with pytest.raises(ValueError) as error:
        checks.needs("torch", "no_such_package", extra="onnx", what="A test")
    assert str(error.value) == (
        "A test needs the package no_such_package, which is not installed. Install it with: pip install "
        "'hypersphere-workbench[onnx]'."
    )

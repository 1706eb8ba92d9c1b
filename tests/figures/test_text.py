import pytest

from workbench.figures.text import count, decade, digits, escaped, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (1, "1.00"),
        (28.648, "28.6"),
        (-1.655, "−1.66"),
        (123.4, "123"),
        (61440, "61440"),
        (0.05014, "0.0501"),
        (0.35, "0.35"),
        (5.263e-6, "5.26×10⁻⁶"),
        (-2e7, "−2.00×10⁷"),
    ],
)
def test_three_digits(value, text):
    assert digits(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0"),
        (1, "100"),
        (0.5, "50.0"),
        (0.00123, "0.123"),
        (0.9994, "99.9"),
        (0.9996, "99.96"),
        (0.999999, "99.9999"),
    ],
)
def test_short_of_all_is_never_all(share, text):
    assert percent(share) == f"{text}\u202f%"


def test_shares_beyond_every_digit():
    assert percent(1 - 1e-12) == "<100\u202f%"


def test_counts():
    assert count(1_900_000) == "1\u202f900\u202f000"
    assert count(1, "pair") == "1\u202fpair"
    assert count(2, "pair") == "2\u202fpairs"


def test_decades():
    assert [decade(k) for k in (0, -1, -3, -4, -10)] == ["1", "0.1", "0.001", "10⁻⁴", "10⁻¹⁰"]


def test_names_are_not_markup():
    assert escaped("<b>%{x}&amp;\"'") == "&lt;b&gt;%&#123;x}&amp;amp;\"'"
    assert escaped(7) == "7"

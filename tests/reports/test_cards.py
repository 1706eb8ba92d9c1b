"""What a report says above its numbers."""

import pytest

from tests.small import on_digits
from workbench.evaluation import Evaluation, evaluate
from workbench.reports import headline


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evaluation]:
    one = evaluate(on_digits(tmp_path_factory.mktemp("run"), loss="arcface", seed=3).fit())
    return {"a": one, "b": one, "c": one}


def test_the_summary_says_what_was_trained_on_what(found: dict[str, Evaluation]) -> None:
    card = headline(found)
    assert card.summary["title"] == "a, b and c on digits"
    assert (
        "a, b and c, mlp in 3 dimensions, 3 epochs, seed 3; digits: 1258 images of 10 classes to train on" in card.html
    )
    assert "539 of 10 classes held out; " in card.html
    only = headline({"a": found["a"]})
    assert only.summary["title"] == "a on digits"
    assert "One seed for each loss: this is a demonstration" in only.html


def test_more_seeds_are_said_to_be_elsewhere(found: dict[str, Evaluation]) -> None:
    html = headline(found, seeds=4).html
    assert "What is shown is the first of 4 seeds; the table of differences has all of them." in html
    assert "One seed" not in html


def test_a_negative_gap_has_a_minus(found: dict[str, Evaluation]) -> None:
    gap = found["a"].geometry.separation.gap
    assert gap < 0
    assert f"<td>−{-gap:.2f}</td>" in headline(found).html

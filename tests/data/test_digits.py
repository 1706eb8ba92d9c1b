"""The digits are these very images, on every machine."""

from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits

from workbench import data

DIGEST = "3f126a6010580e5c9991c9f12ce13476500fd9512c54f27dace2d896180c4404"


def test_the_digits_are_exactly_these() -> None:
    digits = data.load("digits")
    assert len(digits) == 1797
    assert digits.shape == (1, 8, 8)
    assert digits.classes == 10
    assert list(digits.names) == list("0123456789")
    assert digits.digest() == DIGEST, "other images would make other numbers under the same name"
    assert "1 797" in digits.source


def test_pixels_are_the_counts_of_the_source_on_the_usual_scale() -> None:
    bundle = load_digits()
    digits = data.load("digits")
    assert torch.equal(digits.labels, torch.from_numpy(bundle.target).long())
    assert int(digits.images.min()) == 0
    assert int(digits.images.max()) == 255
    counts = digits.images[:, 0].double() * 16 / 255
    assert (counts - torch.from_numpy(bundle.images)).abs().max() <= 0.5 * 16 / 255


def test_the_first_so_many_kinds() -> None:
    digits, four = data.load("digits"), data.load("digits", classes=4)
    assert list(four.names) == list("0123")
    assert four.digest() == digits.select(digits.labels < 4).renumbered().digest()
    assert four.source == f"{digits.source} Of these, the {len(four)} images of the digits below 4."
    assert data.load("digits", classes=10).digest() == digits.digest()


@pytest.mark.parametrize("classes", [1, 11, 4.0, True])
def test_no_such_number_of_kinds(classes: Any) -> None:
    with pytest.raises(ValueError) as error:
        data.load("digits", classes=classes)
    given = f"a whole number from 2 to 10. Got {classes!r} instead."
    assert str(error.value) == f"The 'classes' parameter of digits must be {given}"

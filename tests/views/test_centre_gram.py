from importlib import import_module
from typing import Any

import numpy as np
import pytest

from workbench import geometry, views
from workbench.views.payload import dequantise, unpack

module = import_module("workbench.views.centre_gram")  # the package has the function under this name


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture
def centres() -> np.ndarray:
    return 5 * np.random.default_rng(0).normal(size=(9, 4))


def test_cells_are_the_cosines(centres: np.ndarray) -> None:
    header, blocks = unpack(views.centre_gram({"a": centres}).payload)
    gram = unit(centres) @ unit(centres).T
    np.testing.assert_allclose(dequantise(blocks["gram0"]), gram, atol=0.5001 / 32767)
    assert header["target"] == -1 / 8
    assert header["heat"] is True


def test_rivals_are_the_nearest_and_sorted(centres: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = views.centre_gram({"a": centres}).payload
    _, blocks = unpack(whole)
    angles = geometry.angles(centres, np.arange(9), centres)  # each centre as a sample at its own place
    assert blocks["rival0"].tolist() == angles.rival[blocks["listed0"]].tolist()
    np.testing.assert_allclose(np.arccos(blocks["cosine0"]), angles.other[blocks["listed0"]], atol=1e-12)
    assert (np.diff(blocks["cosine0"]) <= 0).all()
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 2)
    assert views.centre_gram({"a": centres}).payload == whole


def test_a_simplex_is_at_the_target() -> None:
    corners = np.eye(5) - 1 / 5
    header, blocks = unpack(views.centre_gram({"a": corners}).payload)
    np.testing.assert_allclose(blocks["cosine0"], header["target"], atol=1e-12)


def test_similar_classes_come_side_by_side() -> None:
    rng = np.random.default_rng(0)
    group = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    vectors = np.eye(3)[group] + 0.1 * rng.normal(size=(10, 3))
    _, blocks = unpack(views.centre_gram({"a": vectors}).payload)
    order = blocks["order0"]
    assert sorted(order) == list(range(10))
    assert np.count_nonzero(np.diff(group[order])) == 2


def test_classes_without_a_centre_are_said_and_come_last(centres: np.ndarray) -> None:
    centres[2], centres[5, 1] = 0, np.nan
    header, blocks = unpack(views.centre_gram({"a": centres}).payload)
    assert header["notes"] == ["2 classes without a centre: NaN, infinite or zero."]
    assert (blocks["gram0"][2] == module.NO_VALUE).all()
    assert (blocks["gram0"][:, 5] == module.NO_VALUE).all()
    assert sorted(blocks["order0"][-2:]) == sorted(blocks["listed0"][-2:]) == [2, 5]
    assert np.isnan(blocks["cosine0"][-2:]).all()
    assert not set(blocks["rival0"][:-2]) & {2, 5}


def test_many_classes_are_a_list() -> None:
    vectors = np.random.default_rng(0).normal(size=(201, 3))
    header, blocks = unpack(views.centre_gram({"a": vectors}).payload)
    assert header["heat"] is False
    assert "gram0" not in blocks
    assert len(blocks["listed0"]) == 200
    assert header["notes"] == [
        "201 classes are too many for a heat map: listed are the 200 whose nearest rival is nearest."
    ]


def test_one_class_and_none() -> None:
    for vectors in (np.ones((1, 3)), np.ones((0, 3))):
        header, _ = unpack(views.centre_gram({"a": vectors}).payload)
        assert header["notes"] == ["Fewer than two classes: there is nothing to compare."]
        assert (header["heat"], header["target"]) == (False, None)


@pytest.mark.parametrize(
    ("runs", "options", "sentence"),
    [
        ({}, {}, "The 'runs' parameter of centre_gram must be a mapping of 1 to 4 runs. Got 0 instead."),
        (
            {"a": np.ones(3)},
            {},
            "The 'centres' parameter of the run 'a' must be a float matrix [C, d] with d >= 2. Got (3,) instead.",
        ),
        (
            {"a": np.ones((3, 2)), "b": np.ones((4, 2))},
            {},
            (
                "The 'centres' parameter of the run 'b' must be one centre for each of the 3 classes of the first run. "
                "Got (4, 2) instead."
            ),
        ),
        (
            {"a": np.ones((3, 2))},
            {"names": ["x"]},
            "The 'names' parameter of centre_gram must be 3 names, one for each class. Got 1 instead.",
        ),
    ],
)
def test_errors_say_what_to_give(runs: dict[str, Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        views.centre_gram(runs, **options)
    assert str(error.value) == sentence

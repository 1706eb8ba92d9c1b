"""What can be asked of the faces, and what is refused."""

from dataclasses import fields
from inspect import signature

import pytest
import torch

from workbench import data
from workbench.data import faces
from workbench.data.faces import FaceOptions

A = "parameter of synthetic-faces must be"
LEAVE = "parameter of synthetic-faces must leave at least"
PAIR = "One image of a person makes no genuine pair."
UNKNOWN = "There is no parameter of the data set 'synthetic-faces' named"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"identities": 1}, f"The 'identities' {A} a whole number of at least 2. Got 1 instead."),
        (
            {"images": 1},
            f"The 'images' {A} a whole number of at least 2. Got 1 instead. {PAIR}",
        ),
        ({"size": 31}, f"The 'size' {A} a whole number from 32 to 128. Got 31 instead."),
        ({"size": 129}, f"The 'size' {A} a whole number from 32 to 128. Got 129 instead."),
        ({"seed": -1}, f"The 'seed' {A} a whole number of at least 0. Got -1 instead."),
        ({"spread": 3.1}, f"The 'spread' {A} a number in [0, 3]. Got 3.1 instead."),
        ({"spread_varies": -0.1}, f"The 'spread_varies' {A} a number in [0, 2]. Got -0.1 instead."),
        ({"low_quality": 1.5}, f"The 'low_quality' {A} a number in [0, 1]. Got 1.5 instead."),
        ({"families": 201}, f"The 'families' {A} at most 200, the number of people. Got 201 instead."),
        ({"families": -1}, f"The 'families' {A} a whole number of at least 0. Got -1 instead."),
        ({"family_similarity": 1}, f"The 'family_similarity' {A} a number in [0, 0.99]. Got 1 instead."),
        ({"label_noise": 0.95}, f"The 'label_noise' {A} a number in [0, 0.9]. Got 0.95 instead."),
        ({"long_tail": 4}, f"The 'long_tail' {A} a number in [0, 3]. Got 4 instead."),
        ({"test_share": 1}, f"The 'test_share' {A} a number in [0, 0.9]. Got 1 instead."),
        (
            {"identities": 3, "test_share": 0.5},
            f"The 'test_share' {LEAVE} two people to train on. Got 0.5 of 3 people, which leaves 1.",
        ),
        (
            {"qualty": 1},
            f"{UNKNOWN} 'qualty'. Did you mean 'low_quality'? Known: ",
        ),
    ],
)
@pytest.mark.parametrize("call", [lambda **given: data.load("synthetic-faces", **given), faces.truth])
def test_what_is_refused(call: object, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        call(**options)
    assert str(error.value).startswith(sentence)  # the loader knows the options of every set besides


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 48.0}, f"The 'size' {A} a whole number from 32 to 128. Got 48.0 instead."),
        ({"grey": "no"}, f"The 'grey' {A} True or False. Got 'no' instead."),
    ],
)
def test_types_are_refused_too(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        FaceOptions(**options)
    assert str(error.value) == sentence


def test_faces_are_drawn_in_the_size_that_is_asked_for() -> None:
    few = {"identities": 4, "images": 2}
    drawn, resized = data.load("synthetic-faces", size=32, grey=True, **few), faces.synthetic_faces(**few)
    assert drawn.shape == (1, 32, 32)
    assert resized.shape == (3, 48, 48)
    assert torch.equal(drawn.images, faces.synthetic_faces(size=32, grey=True, **few).images)


def test_the_loader_takes_every_option_with_the_same_default_and_explains_it() -> None:
    given = {name: parameter.default for name, parameter in signature(faces.synthetic_faces).parameters.items()}
    assert given == {field.name: field.default for field in fields(FaceOptions)}
    for name in given:
        for doc in (faces.synthetic_faces.__doc__, FaceOptions.__doc__):
            line = next(line for line in (doc or "").splitlines() if line.strip().startswith(f"{name}:"))
            assert line

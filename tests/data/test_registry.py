"""Image sets by name and by path: what is known, and what is said about the rest."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.pictures import people_in
from workbench import data
from workbench.data.people import read_people

NAMES = ["digits", "lfw-people", "olivetti"]


def test_every_name_is_described() -> None:
    assert set(NAMES) <= set(data.names())
    for name in data.names():
        assert data.describe(name)
    assert data.load("digits").source == data.describe("digits").splitlines()[0]


@pytest.mark.parametrize("call", [data.load, data.describe])
def test_unknown_names_come_with_the_nearest(call: object) -> None:
    with pytest.raises(ValueError) as error:
        call("digts")
    known = ", ".join(sorted(data.names()))
    assert str(error.value) == f"There is no data set 'digts'. Did you mean 'digits'? Known: {known}."


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    common = "grey, min_images, on_error, people, processes, progress, size, test_people"
    with pytest.raises(ValueError) as error:
        data.load("digits", sise=3)
    assert str(error.value) == (
        f"There is no parameter of the data set 'digits' named 'sise'. Did you mean 'size' or 'classes'? Known: "
        f"classes, {common}."
    )
    with pytest.raises(ValueError) as error:
        data.load(people_in(tmp_path / "set", {"Ann": 1}), data_home="x")
    assert str(error.value) == f"There is no parameter named 'data_home'. Known: {common}."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 0}, "The 'size' parameter of load must be a whole number of at least 1. Got 0 instead."),
        ({"grey": "no"}, "The 'grey' parameter of load must be True or False. Got 'no' instead."),
        ({"min_images": 0}, "The 'min_images' parameter of load must be a whole number of at least 1. Got 0 instead."),
        (
            {"on_error": "ignore"},
            "The 'on_error' parameter of load must be one of 'raise', 'skip'. Got 'ignore' instead.",
        ),
        ({"processes": 0}, "The 'processes' parameter of load must be a whole number of at least 1. Got 0 instead."),
        ({"progress": 1}, "The 'progress' parameter of load must be True or False. Got 1 instead."),
        (
            {"min_images": 10_000},
            (
                "The 'min_images' parameter of load must be at most 183, the most images that anybody has. Got 10000 "
                "instead."
            ),
        ),
    ],
)
def test_options_are_what_they_must_be(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        data.load("digits", **options)
    assert str(error.value) == sentence


def test_paths_that_are_not_there_or_not_known(tmp_path: Path) -> None:
    (tmp_path / "faces_webface").mkdir()
    for name in ("notes.txt", "lfw.bin", "lfw.tgz"):
        (tmp_path / name).write_text("x")
    for path, sentence in (
        (
            tmp_path / "faces_webfce",
            f"There is no file or folder {tmp_path}/faces_webfce. Did you mean 'faces_webface'?",
        ),
        (
            tmp_path / "no" / "such",
            f"There is no file or folder {tmp_path}/no/such: there is no folder {tmp_path}/no either.",
        ),
        (
            tmp_path / "notes.txt",
            (
                f"The file {tmp_path}/notes.txt is of no known kind. Known are a folder with a folder of images "
                "for each identity, .rec, .npz, .mat, and folders made by data.import_set."
            ),
        ),
        (
            tmp_path / "lfw.bin",
            f"The file {tmp_path}/lfw.bin holds pairs to verify, not labelled images. Read it with data.load_bin.",
        ),
        (tmp_path / "lfw.tgz", f"The file {tmp_path}/lfw.tgz is an archive. Unpack it and give the folder."),
    ):
        with pytest.raises(ValueError) as error:
            data.load(path)
        assert str(error.value) == sentence


def test_any_set_can_be_resized_and_filtered() -> None:
    digits = data.load("digits")
    large = data.load("digits", size=32, grey=True, min_images=180)
    counts = np.bincount(digits.labels.numpy())
    assert large.shape == (1, 32, 32)
    assert list(large.names) == [str(c) for c in range(10) if counts[c] >= 180]
    assert len(large) == counts[counts >= 180].sum()
    assert large.source == f"{digits.source} Of these, {len(large)} images of {large.classes} people."
    assert torch.equal(data.load("digits", size=8).images, digits.images)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return people_in(tmp_path / "set", {"Ann_Lee": 3, "Bob": 1, "Cem": 2, "Dia": 2})


def people_file(folder: Path, text: str) -> Path:
    path = folder / "people.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "2\nAnn_Lee\t3\nDia\t2\n",
        "Ann Lee\nDia",
        "2\n1\nAnn_Lee\t3\n1\nDia\t2\n",
        "3\r\nAnn_Lee\t3\r\nDia\t2\r\nZed\t1\r\n",
    ],
)
def test_people_are_kept_or_held_out(tree: Path, tmp_path: Path, text: str) -> None:
    path = people_file(tmp_path, text)
    kept = data.load(tree, people=path, progress=False)
    assert list(kept.names) == ["Ann_Lee", "Dia"]
    assert kept.labels.tolist() == [0, 0, 0, 1, 1]
    protocol = data.load(tree, test_people=str(path), min_images=2, progress=False)
    assert list(protocol.names) == ["Ann_Lee", "Cem", "Dia"]
    assert protocol.held_out is not None
    assert protocol.held_out.tolist() == [True] * 3 + [False] * 2 + [True] * 2


def test_people_files_that_make_no_sense(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    for text, option, sentence in (
        (
            "5\nAnn_Lee\t3\n",
            "people",
            f"The people file {path} names 1 people but says that it has 5: it may be cut short. Fetch it again.",
        ),
        ("\n\n", "people", f"The people file {path} names nobody. It must have a name on each line."),
        (
            "Zed\n",
            "people",
            f"The people file {path} names nobody in the set: it has 'Zed', for one, and the set has 'Ann_Lee'.",
        ),
        (
            "Ann_Lee\nBob\nCem\nDia\n",
            "test_people",
            (
                f"The people file {path} names everybody in the set, so that nobody is "
                "left to train on. Give a set of more people, or 'people' instead of 'test_people'."
            ),
        ),
    ):
        path.write_text(text)
        with pytest.raises(ValueError) as error:
            data.load(tree, progress=False, **{option: path})
        assert str(error.value) == sentence
    with pytest.raises(ValueError) as error:
        data.load(tree, progress=False, people=tmp_path / "none.txt")
    assert str(error.value) == f"The file {tmp_path}/none.txt cannot be read (No such file or directory)."
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError) as error:
        data.load(tree, progress=False, people=path)
    assert str(error.value) == f"The file {path} is no text in UTF-8. Save it as such."


def test_lfw_splits_by_its_own_protocol(lfw: Path, shared: Path) -> None:
    protocol = shared / "data" / "lfw" / "protocol"
    for name, count in {"peopleDevTrain.txt": 4038, "peopleDevTest.txt": 1711, "people.txt": 5749}.items():
        assert len(read_people(protocol / name)) == count
    images = data.load(lfw, test_people=protocol / "peopleDevTest.txt", progress=False)
    train, test = data.split(images, by="protocol")
    assert len(train) + len(test) == 287
    assert not set(train.names) & set(test.names)
    assert set(train.names) == set(data.load(lfw, people=protocol / "peopleDevTrain.txt", progress=False).names)

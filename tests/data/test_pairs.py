"""Lists of pairs, and what they are resolved to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.pictures import people_in
from workbench import data


@pytest.fixture
def images(tmp_path: Path) -> data.ImageSet:
    folder = people_in(tmp_path / "set", {"Al Gore": 2, "Ann_Lee": 3, "Bob": 1})
    return data.load(folder, progress=False)


def written(folder: Path, text: str, name: str = "pairs.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def files_of(pairs: data.Pairs, images: data.ImageSet) -> list[tuple[str, str, bool, int]]:
    columns = (pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist(), pairs.fold.tolist())
    return [(images.files[a], images.files[b], same, fold) for a, b, same, fold in zip(*columns, strict=True)]


def test_lfw_with_folds(images: data.ImageSet, tmp_path: Path) -> None:
    text = "2\t1\nAnn_Lee\t1\t3\nAnn_Lee\t2\tBob\t1\nAl Gore\t2\t1\nBob\t1\tAl Gore\t2\n"
    found = data.read_pairs(written(tmp_path, text), images)
    assert files_of(found, images) == [
        ("Ann_Lee/Ann_Lee_0001.png", "Ann_Lee/Ann_Lee_0003.png", True, 0),
        ("Ann_Lee/Ann_Lee_0002.png", "Bob/Bob_0001.png", False, 0),
        ("Al Gore/Al Gore_0002.png", "Al Gore/Al Gore_0001.png", True, 1),
        ("Bob/Bob_0001.png", "Al Gore/Al Gore_0002.png", False, 1),
    ]
    assert found.folds == 2


def test_lfw_of_one_fold_with_spaces_between(images: data.ImageSet, tmp_path: Path) -> None:
    found = data.read_pairs(written(tmp_path, "1\r\nAnn_Lee 1 2\r\nAnn_Lee 1 Bob 1\r\n"), images)
    assert found.same.tolist() == [True, False]
    assert found.folds == 1


def test_plain_numbers_as_file_names(tmp_path: Path) -> None:
    for name in ("s1", "s2"):
        people_in(tmp_path / "set", {name: 2})
        for path in (tmp_path / "set" / name).iterdir():
            path.rename(path.with_name(f"{int(path.stem[-4:])}.png"))
    images = data.load(tmp_path / "set", progress=False)
    found = data.read_pairs(written(tmp_path, "1\ns1\t1\t2\ns1\t2\ts2\t1\n"), images)
    assert files_of(found, images) == [("s1/1.png", "s1/2.png", True, 0), ("s1/2.png", "s2/1.png", False, 0)]


@pytest.mark.parametrize(
    "text",
    [
        "Ann_Lee/Ann_Lee_0001.png Bob/Bob_0001.png 0\nAnn_Lee/Ann_Lee_0001.png Ann_Lee/Ann_Lee_0002.png 1\n",
        "Ann_Lee/Ann_Lee_0001.jpg\tlfw/Bob/Bob_0001\t0\n./Ann_Lee/Ann_Lee_0001\t/data/Ann_Lee/Ann_Lee_0002.png\t1\n",
        (
            'a,b,same\n"Ann_Lee/Ann_Lee_0001.png",Bob/Bob_0001.png,0\nAnn_Lee\\Ann_Lee_0001.png, '
            "Ann_Lee/Ann_Lee_0002.png ,1\n"
        ),
        "\ufeffAnn_Lee/Ann_Lee_0001.png  Bob/Bob_0001.png   0\n\nAnn_Lee/Ann_Lee_0001.png Ann_Lee/Ann_Lee_0002.png 1",
    ],
)
def test_lists_of_paths(images: data.ImageSet, tmp_path: Path, text: str) -> None:
    assert files_of(data.read_pairs(written(tmp_path, text), images), images) == [
        ("Ann_Lee/Ann_Lee_0001.png", "Bob/Bob_0001.png", False, 0),
        ("Ann_Lee/Ann_Lee_0001.png", "Ann_Lee/Ann_Lee_0002.png", True, 0),
    ]


def test_paths_with_spaces_between_spaces(images: data.ImageSet, tmp_path: Path) -> None:
    text = "Al Gore/Al Gore_0001.png Al Gore/Al Gore_0002.png 1\nAl Gore/Al Gore_0001.png Bob/Bob_0001.png 0\n"
    found = data.read_pairs(written(tmp_path, text), images)
    assert files_of(found, images) == [
        ("Al Gore/Al Gore_0001.png", "Al Gore/Al Gore_0002.png", True, 0),
        ("Al Gore/Al Gore_0001.png", "Bob/Bob_0001.png", False, 0),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The list of pairs {} is empty."),
        (
            "2\t1\nAnn_Lee\t1\t3\n",
            "The list of pairs {} says that it has 2 x 2 pairs. Got 1: it may be cut short. Fetch it again.",
        ),
        ("0\n", "The list of pairs {} says that it has 1 x 0 pairs. Got 0: it may be cut short. Fetch it again."),
        (
            "1\nAnn_Lee\t1\t3\nAnn_Lee\t1\tBob\n",
            (
                "Line 3 of {} must be a name and two numbers, or two names with a number each. Got 'Ann_Lee\\t1\\tBob' "
                "instead."
            ),
        ),
        (
            "1\nAnn_Lee\t1\t3\nAnn_Lee\t4\tBob\t1\n",
            (
                "Line 3 of {}: There is no image 'Ann_Lee/Ann_Lee_0004'. Did you mean 'Ann_Lee/Ann_Lee_0003' or "
                "'Ann_Lee/Ann_Lee_0002' or 'Ann_Lee/Ann_Lee_0001'?"
            ),
        ),
        (
            "Bob/Bob_0001.png,Bob/Bob_0001.png,1\nBob/Bob_0001.png,Bob/Bob_0001.png,yes\n",
            (
                "Line 2 of {} must be two paths and 1 for the same person or 0. Got "
                "'Bob/Bob_0001.png,Bob/Bob_0001.png,yes' "
                "instead."
            ),
        ),
        (
            "just some text\n",
            "Line 1 of {} must be two paths and 1 for the same person or 0. Got 'just some text' instead.",
        ),
        ("../../etc/passwd,Bob/Bob_0001.png,1\n", "Line 1 of {}: There is no image '../../etc/passwd'."),
    ],
)
def test_lists_that_make_no_sense(images: data.ImageSet, tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ValueError) as error:
        data.read_pairs(path, images)
    assert str(error.value).startswith(sentence.format(path))


def test_names_that_two_images_share_are_not_guessed(tmp_path: Path, images: data.ImageSet) -> None:
    twice = replace(images, files=["a/Bob/1.png", "b/Bob/1.png", "c/Ann/1.png", "d/1", "e/2", "f/3"])
    path = written(tmp_path, "a/Bob/1.png,c/Ann/1.png,0\n")
    assert data.read_pairs(path, twice).first.tolist() == [0]
    path = written(tmp_path, "Bob/1.png,c/Ann/1.png,0\n")
    with pytest.raises(ValueError, match=r"^Line 1 of .*: There is no image 'Bob/1\.png'"):
        data.read_pairs(path, twice)


def test_a_set_without_files_has_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        data.read_pairs(written(tmp_path, "1\n"), data.load("digits"))
    assert str(error.value).startswith(
        f"The pairs of {tmp_path}/pairs.txt name files, but this image set does not know its files (1 797 handwritten"
    )


def numbers(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64)


def test_pairs_that_do_not_fit_together(images: data.ImageSet) -> None:
    same = torch.tensor([True, False])
    good = data.Pairs(numbers(0, 1), numbers(1, 5), same, numbers(0, 0))
    assert data.VerificationSet(images, good).pairs is good
    for change, sentence in (
        (
            (numbers(0), numbers(1, 2), same, numbers(0, 0)),
            "The 'second' values of pairs must be 1 of torch.int64. Got torch.int64 of shape [2] instead.",
        ),
        (
            (numbers(0, 1), numbers(1, 2), numbers(1, 0), numbers(0, 0)),
            "The 'same' values of pairs must be 2 of torch.bool. Got torch.int64 of shape [2] instead.",
        ),
        ((numbers(), numbers(), same[:0], numbers()), "There must be at least one pair. Got none: look at the list."),
    ):
        with pytest.raises(ValueError) as error:
            data.Pairs(*change)
        assert str(error.value) == sentence
    with pytest.raises(ValueError) as error:
        data.VerificationSet(images, data.Pairs(numbers(0, 1), numbers(1, 6), same, numbers(0, 0)))
    assert str(error.value) == (
        "Pairs must be of images in [0, 6). Got images from 0 to 6: these pairs are of another set."
    )


@pytest.mark.parametrize(
    ("name", "folds", "count"), [("pairs.txt", 10, 6000), ("pairsDevTrain.txt", 1, 2200), ("pairsDevTest.txt", 1, 1000)]
)
def test_the_official_lists(shared: Path, name: str, folds: int, count: int) -> None:
    """Resolved against the names of all files of LFW, of which the embeddings keep a list."""
    with np.load(shared / "data" / "lfw" / "lfw_mobilefacenet_128d.npz") as file:
        files = [str(path) for path in file["u"]]
    blank = torch.zeros(1, 1, 1, 1, dtype=torch.uint8).expand(len(files), -1, -1, -1)
    images = data.ImageSet(blank, torch.zeros(len(files), dtype=torch.int64), ["all"], files=files)
    found = data.read_pairs(shared / "data" / "lfw" / "protocol" / name, images)
    assert (len(found), found.folds, int(found.same.sum())) == (count, folds, count // 2)
    for fold in range(folds):
        assert found.same[found.fold == fold].tolist() == [True] * (count // folds // 2) + [False] * (
            count // folds // 2
        )
    people = [[files[n].split("/")[-2] for n in side.tolist()] for side in (found.first, found.second)]
    assert [a == b for a, b in zip(*people, strict=True)] == found.same.tolist()


def test_one_line_for_a_set_and_its_list(images: data.ImageSet, tmp_path: Path) -> None:
    path = written(tmp_path, "Ann_Lee/Ann_Lee_0001.png,Bob/Bob_0001.png,0\n")
    found = data.load_verification(tmp_path / "set", pairs=path, size=5, progress=False)
    assert (found.images.shape, found.pairs.same.tolist()) == ((3, 5, 5), [False])
    for arguments, sentence in (
        (
            {"name": tmp_path / "set"},
            (
                f"A verification set is a .bin file, 'lfw-pairs', or images with a list of pairs. Got "
                f"'{tmp_path}/set' and no list: give one as 'pairs'."
            ),
        ),
        (
            {"name": "lfw-pairs", "subsett": "train"},
            (
                "There is no parameter of the verification set 'lfw-pairs' named "
                "'subsett'. Did you mean 'subset'? Known: data_home, funneled, subset."
            ),
        ),
        (
            {"name": "lfw-pairs", "subset": "all"},
            "The 'subset' parameter of lfw-pairs must be one of '10_folds', 'train', 'test'. Got 'all' instead.",
        ),
    ):
        with pytest.raises(ValueError) as error:
            data.load_verification(**arguments)
        assert str(error.value) == sentence

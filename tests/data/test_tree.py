"""Folders of people: what counts as an image, in what order, under what name."""

import os
from pathlib import Path

import pytest
import torch

from tests.data.pictures import decoded, encoded, people_in, picture
from workbench import data

QUIET = {"progress": False}


def test_a_tree_is_read_pixel_for_pixel(tmp_path: Path) -> None:
    folder = people_in(tmp_path / "set", {"Zoë": 2, "Ann": 1})
    images = data.load(folder, **QUIET)
    assert list(images.names) == ["Ann", "Zoë"]
    assert images.labels.tolist() == [0, 1, 1]
    assert images.files == ["Ann/Ann_0001.png", "Zoë/Zoë_0001.png", "Zoë/Zoë_0002.png"]
    assert images.source == "3 images of 2 people in the folder set."
    for found, file in zip(images.images, images.files, strict=True):
        assert torch.equal(found, decoded((folder / file).read_bytes()))


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp", "webp", "ppm"])
@pytest.mark.parametrize("grey", [False, True])
def test_every_format_gives_what_pillow_gives(tmp_path: Path, kind: str, grey: bool) -> None:
    suffix = {"jpeg": "JPG", "ppm": "pgm"}.get(kind, kind)
    (tmp_path / "one").mkdir()
    content = encoded(picture(3, grey=grey), kind)
    (tmp_path / "one" / f"a.{suffix}").write_bytes(content)
    found = data.load(tmp_path, **QUIET).images[0]
    expected = decoded(content)
    # WebP has no grey of its own.
    assert torch.equal(found, expected)


def test_numbers_in_names_sort_as_numbers(tmp_path: Path) -> None:
    for name in ("s10", "s2", "s1"):
        (tmp_path / name).mkdir()
        for number in (10, 9, 1):
            (tmp_path / name / f"{number}.pgm").write_bytes(encoded(picture(number, grey=True), "ppm"))
    images = data.load(tmp_path, **QUIET)
    assert list(images.names) == ["s1", "s2", "s10"]
    assert images.files[:4] == ["s1/1.pgm", "s1/9.pgm", "s1/10.pgm", "s2/1.pgm"]


def test_what_is_no_image_of_anybody_is_passed_over(tmp_path: Path) -> None:
    folder = people_in(tmp_path / "set", {"Ann": 1, "Bob": 1})
    expected = data.load(folder, **QUIET)
    (folder / "readme.txt").write_text("hello")
    (folder / "preview.png").write_bytes(encoded(picture(9)))
    (folder / "Ann" / "Thumbs.db").write_text("no image")
    (folder / "Ann" / "._Ann_0001.png").write_text("what a Mac leaves behind")
    (folder / "Ann" / "deeper").mkdir()
    (folder / "Ann" / "folder.png").mkdir()
    (folder / ".cache").mkdir()
    (folder / ".cache" / "a.png").write_bytes(encoded(picture(9)))
    (folder / "Empty").mkdir()
    (folder / "Ann" / "loop").symlink_to(folder)
    (folder / "round").symlink_to("round")
    (folder / "all").symlink_to(folder)
    (folder / "Bob" / "gone.png").symlink_to("nowhere.png")
    (folder / "all").unlink()
    (folder / "preview.png").unlink()
    (folder / "all").symlink_to(folder)
    assert data.load(folder, **QUIET).files == expected.files


def test_links_to_people_are_followed(tmp_path: Path) -> None:
    people_in(tmp_path / "elsewhere", {"Ann": 2})
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "Linked").symlink_to(tmp_path / "elsewhere" / "Ann")
    assert data.load(tmp_path / "set", **QUIET).files == ["Linked/Ann_0001.png", "Linked/Ann_0002.png"]


def test_names_are_data_whatever_they_are(tmp_path: Path) -> None:
    odd = ["<script>alert(1)<", "two\nlines", "%2e%2e", "..hidden not", "a'b\"c"]
    people_in(tmp_path / "set", {name: 1 for name in odd if not name.startswith(".")})
    no_text = tmp_path / "set" / os.fsdecode(b"not\xfftext")
    no_text.mkdir()
    (no_text / "a.png").write_bytes(encoded(picture(1)))
    images = data.load(tmp_path / "set", **QUIET)
    assert set(images.names) == {"<script>alert(1)<", "two\nlines", "%2e%2e", "a'b\"c", "not\\xfftext"}
    again = data.import_set(tmp_path / "set", tmp_path / "done", **QUIET)
    assert (list(again.names), list(again.files)) == (list(images.names), list(images.files))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["done", "set"]


def test_a_broken_name_stays_on_one_line(tmp_path: Path) -> None:
    people_in(tmp_path / "set", {"two\nlines": 1, "Ann": 1})
    broken = tmp_path / "set" / "two\nlines" / "two\nlines_0001.png"
    broken.write_bytes(b"")
    with pytest.raises(ValueError) as error:
        data.load(tmp_path / "set", **QUIET)
    assert str(error.value) == (
        f"The image {tmp_path}/set/two\\nlines/two\\nlines_0001.png cannot be used: it is empty. Remove or replace "
        f"it, or "
        'leave such images out with on_error="skip".'
    )


def test_folders_without_images_say_what_is_missing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    flat = tmp_path / "flat"
    flat.mkdir()
    (flat / "a.png").write_bytes(encoded(picture()))
    deep = tmp_path / "deep"
    people_in(deep / "wrapper", {"Ann": 1})
    for folder, sentence in (
        (
            empty,
            (
                f"The folder {empty} has no images. It must have a folder for each identity with jpg, jpeg, png, pgm, "
                f"ppm, bmp, "
                "webp files."
            ),
        ),
        (
            flat,
            (
                f"The folder {flat} has images but no folder for each identity, so nothing says who is who. Move the "
                f"images of "
                "each person into a folder of their name."
            ),
        ),
        (
            deep,
            (
                f"The folder {deep} has images only deeper than in folders of identities. Give the folder "
                f"{deep}/wrapper instead."
            ),
        ),
    ):
        with pytest.raises(ValueError) as error:
            data.load(folder, **QUIET)
        assert str(error.value) == sentence


def test_orl_is_the_npz_of_the_same_faces(orl: Path, shared: Path) -> None:
    """An independent reading of the same PGM files lies beside them."""
    images = data.load(orl, **QUIET)
    packed = data.load(shared / "data" / "orl" / "orl_112x92.npz")
    assert (len(images), images.classes, images.shape) == (400, 40, (1, 112, 92))
    assert torch.equal(images.images, packed.images)
    assert torch.equal(images.labels, packed.labels)
    assert list(images.names) == list(packed.names)


def test_lfw_is_read_as_pillow_reads_it(lfw: Path) -> None:
    images = data.load(lfw, **QUIET)
    assert (len(images), images.classes, images.shape) == (287, 132, (3, 112, 112))
    for number in range(0, 287, 40):
        assert torch.equal(images.images[number], decoded((lfw / images.files[number]).read_bytes()))
        assert images.names[int(images.labels[number])] == images.files[number].partition("/")[0]

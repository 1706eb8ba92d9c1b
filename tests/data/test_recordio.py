"""RecordIO files, written here byte for byte as dmlc-core and InsightFace write them."""

import struct
from pathlib import Path

import pytest
import torch

from tests.data.pictures import decoded, encoded, insightface, picture, rec_content, rec_record, write_rec
from workbench import data

MAGIC = struct.pack("<I", 0xCED7230A)


def load(path: Path, **options: object) -> data.ImageSet:
    return data.load(path, progress=False, **options)


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_set_of_insightface_is_read(tmp_path: Path, index: bool, what: str) -> None:
    images = insightface(tmp_path / "train.rec", [3, 1, 2], index=index)
    (tmp_path / "property").write_text("3,112,112")
    found = load(tmp_path / "train.rec" if what == "file" else tmp_path)
    assert found.labels.tolist() == [0, 0, 0, 1, 2, 2]
    assert list(found.names) == ["0", "1", "2"]
    assert list(found.files) == [f"train.rec:{n}" for n in range(1, 7)]
    assert found.source == "6 images of 3 people in train.rec."
    for pixels, image in zip(found.images, images, strict=True):
        assert torch.equal(pixels, decoded(image))


def test_a_set_without_a_header_is_read_and_labels_keep_their_numbers_as_names(tmp_path: Path) -> None:
    contents = [rec_content(encoded(picture(n)), label, n) for n, label in enumerate([7.0, 2.0, [7.0, 0.5], 11.0])]
    write_rec(tmp_path / "a.rec", contents)
    found = load(tmp_path / "a.rec")
    assert list(found.names) == ["2", "7", "11"]
    assert found.labels.tolist() == [1, 0, 1, 2]


def test_the_index_gives_the_order(tmp_path: Path) -> None:
    offsets = write_rec(tmp_path / "a.rec", [rec_content(encoded(picture(n)), float(n), n) for n in range(3)])
    (tmp_path / "a.idx").write_text(f"5\t{offsets[0]}\n3\t{offsets[2]}\n")
    found = load(tmp_path / "a.idx")
    assert list(found.files) == ["a.rec:3", "a.rec:5"]
    assert [found.names[c] for c in found.labels.tolist()] == ["2", "0"]


@pytest.mark.parametrize("index", [True, False])
def test_records_in_parts_are_put_together(tmp_path: Path, index: bool) -> None:
    """The magic is put into the pixels of an uncompressed image: at the beginning, at the end, and twice in a row."""
    image = bytearray(encoded(picture(2), "bmp"))
    header = len(rec_content(b"", 0.0, 0))
    for at in (60, 64, 200, len(image) // 4 * 4 - 4):
        image[at : at + 4] = MAGIC
    whole = rec_content(bytes(image), 4.0, 1)
    assert header % 4 == 0
    assert rec_record(whole).count(MAGIC) == 5, "every magic in the content became the head of a part"
    plain = [rec_content(encoded(picture(n), "bmp"), 1.0, n) for n in (0, 2)]
    write_rec(tmp_path / "a.rec", [plain[0], whole, plain[1]], index=index)
    found = load(tmp_path / "a.rec")
    assert torch.equal(found.images[1], decoded(bytes(image)))
    assert found.labels.tolist() == [0, 1, 0]


def test_a_magic_in_the_header_is_put_together_too(tmp_path: Path) -> None:
    """An id may be any number."""
    image = encoded(picture(3), "bmp")
    content = rec_content(image, 6.0, 0xCED7230A)
    write_rec(tmp_path / "a.rec", [content, rec_content(image, [8.0, 1.0, 2.0], 0xCED7230A)])
    found = load(tmp_path / "a.rec")
    assert torch.equal(found.images, decoded(image).expand(2, -1, -1, -1))
    assert list(found.names) == ["6", "8"]
    (tmp_path / "a.idx").unlink()
    (tmp_path / "a.lst").write_text(f"{0xCED7230A}\t6\tAnn/1.bmp\n")
    assert list(load(tmp_path / "a.rec").files) == ["Ann/1.bmp"] * 2


@pytest.mark.parametrize("form", ["im2rec", "insightface"])
@pytest.mark.parametrize("index", [True, False])
def test_a_list_gives_files_and_names(tmp_path: Path, form: str, index: bool) -> None:
    insightface(tmp_path / "train.rec", [2, 1], index=index)
    paths = ["Ann/1.jpg", "Ann/2.jpg", "Bob/1.jpg"]
    lines = [
        f"{n}\t{label}.0\t{path}" if form == "im2rec" else f"1\t{path}\t{label}"
        for n, (path, label) in enumerate(zip(paths, (0, 0, 1), strict=True), 1)
    ]
    (tmp_path / "train.lst").write_text("\n".join(lines) + "\n")
    found = load(tmp_path)
    assert list(found.files) == paths
    assert list(found.names) == ["Ann", "Bob"]


def test_identities_of_several_folders_keep_their_numbers(tmp_path: Path) -> None:
    insightface(tmp_path / "train.rec", [2, 1])
    (tmp_path / "train.lst").write_text("1\t0\ta/1.jpg\n2\t0\tb/1.jpg\n3\t1\tc/1.jpg\n")
    assert list(load(tmp_path).names) == ["0", "1"]


def damaged(path: Path, change: str) -> None:
    """Do one kind of damage to a set of [2, 2] images, whose record 3 is the third image."""
    content = bytearray(path.read_bytes())
    offsets = [int(line.split("\t")[1]) for line in path.with_suffix(".idx").read_text().splitlines()]
    third = offsets[3]
    if change == "magic":
        content[third : third + 4] = b"oops"
    elif change == "length":
        content[third + 4 : third + 8] = struct.pack("<I", 2**28)
    elif change == "short":
        content[third + 4 : third + 8] = struct.pack("<I", 20)
    elif change == "part":
        content[third + 4 : third + 8] = struct.pack("<I", 2 << 29 | 100)
    elif change == "unfinished":
        content[third + 4 : third + 8] = struct.pack("<I", 1 << 29 | 100)
    elif change == "flag":
        content[third + 8 : third + 12] = struct.pack("<I", 2**30)
    elif change == "label":
        content[third + 12 : third + 16] = struct.pack("<f", 1.5)
    elif change == "nan":
        content[third + 12 : third + 16] = struct.pack("<f", float("nan"))
    elif change == "negative":
        content[third + 12 : third + 16] = struct.pack("<f", -1)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("magic", "byte {at}, where it must begin, has 0x73706f6f instead of 0xced7230a"),
        ("length", "it says 268435456 bytes, but the file ends after {left}"),
        ("short", "it has 20 bytes, less than a header of 24"),
        ("part", "byte {at} is in the middle of another record"),
        ("unfinished", "the file ends or another record begins before its last part"),
        ("flag", "it says 1073741824 labels, more than its {long} bytes hold"),
        ("label", "its label is 1.5, and labels are whole numbers from 0 on"),
        ("nan", "its label is nan, and labels are whole numbers from 0 on"),
        ("negative", "its label is -1, and labels are whole numbers from 0 on"),
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, change: str, reason: str) -> None:
    path = tmp_path / "train.rec"
    images = insightface(path, [2, 2])
    at = int(path.with_suffix(".idx").read_text().splitlines()[3].split("\t")[1])
    damaged(path, change)
    said = reason.format(at=at, left=path.stat().st_size - at - 8, long=24 + len(images[2]))
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == (
        f"Record 3 of {path} cannot be used: {said}. Fetch the file again, or leave such records out with "
        'on_error="skip".'
    )
    skipped = load(path, on_error="skip")
    assert list(skipped.files) == [f"train.rec:{n}" for n in (1, 2, 4)]
    assert list(skipped.skipped) == [data.Skipped("record 3 of train.rec", said)]
    assert skipped.source == "3 images of 2 people in train.rec. 1 more could not be read and were left out."


def test_without_an_index_reading_ends_where_it_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    insightface(path, [2, 2])
    damaged(path, "magic")
    path.with_suffix(".idx").unlink()
    with pytest.raises(ValueError, match=r"^Record 3 of .* has 0x73706f6f instead of 0xced7230a\. Fetch"):
        load(path)
    assert list(load(path, on_error="skip").files) == ["train.rec:1", "train.rec:2"]


def test_a_file_cut_short_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    insightface(path, [2, 2], index=False)
    content = path.read_bytes()
    ends = [at for at in range(0, len(content), 4) if content[at : at + 4] == MAGIC]
    path.write_bytes(content[: ends[4]])
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == (
        f"The file {path} says that it has 4 images, but 3 are there: it is cut short, or its index is of another "
        f"file. Use "
        'what is there with on_error="skip".'
    )
    assert len(load(path, on_error="skip")) == 3
    path.write_bytes(content[: ends[4] + 50])
    with pytest.raises(ValueError, match=r"^Record 4 of .* but the file ends after 42\."):
        load(path)
    path.write_bytes(b"\n")
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == f"The file {path} is too short for a .rec file. Fetch it again."


def test_a_broken_image_in_a_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    write_rec(path, [rec_content(encoded(picture(n)), 0.0, n) for n in range(2)] + [rec_content(b"junk", 0.0, 2)])
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == (
        f"The image record 2 of {path} cannot be used: it is no JPEG, PNG, PGM, BMP or WebP image. Remove or replace "
        f"it, or "
        'leave such images out with on_error="skip".'
    )
    assert [entry.file for entry in load(path, on_error="skip").skipped] == ["a.rec:2"]


def test_an_index_that_points_outside_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    offsets = write_rec(path, [rec_content(encoded(picture(n)), 0.0, n) for n in range(2)])
    size = path.stat().st_size
    for wrong in (size, size * 1000, offsets[1] + 2):
        path.with_suffix(".idx").write_text(f"0\t0\n1\t{wrong}\n")
        with pytest.raises(ValueError) as error:
            load(path)
        assert str(error.value) == (
            f"Record 1 of {path} cannot be used: the index puts it at byte {wrong} of {size}, where no record can "
            f"begin. "
            'Fetch the file again, or leave such records out with on_error="skip".'
        )
    path.with_suffix(".idx").write_text("0\t0\n1\t-4\n")
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == (
        f"Line 2 of {path.with_suffix('.idx')} must be a key and an offset. Got '1\\t-4' instead. Remove the index "
        f"to read "
        "the records as they come."
    )
    path.with_suffix(".idx").write_text("\n")
    with pytest.raises(
        ValueError, match=r"^The index .*a\.idx is empty\. Remove it to read the records as they come\.$"
    ):
        load(path)


def test_several_files_are_to_be_chosen_from(tmp_path: Path) -> None:
    for name in ("a.rec", "b.rec"):
        insightface(tmp_path / name, [1, 1])
    with pytest.raises(ValueError) as error:
        load(tmp_path)
    assert str(error.value) == f"The folder {tmp_path} has several .rec files (a.rec, b.rec). Give one of them."

"""InsightFace's `.bin` sets, from every pickle that is in use; and pickles that would run something."""

import os
import pickle
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.data.pictures import decoded, encoded, picture
from workbench import data
from workbench.data.unpickling import ForbiddenPickleError, unpickled

IMAGES = [encoded(picture(n), "jpeg") for n in range(24)]
SAME = [n % 3 == 0 for n in range(12)]


def load(path: Path, **options: Any) -> data.VerificationSet:
    return data.load_bin(path, progress=False, **options)


def check(found: data.VerificationSet) -> None:
    assert len(found.images) == 24
    for pixels, image in zip(found.images.images, IMAGES, strict=True):
        assert torch.equal(pixels, decoded(image))
    assert found.pairs.same.tolist() == SAME
    assert found.pairs.first.tolist() == list(range(0, 24, 2))
    assert found.pairs.second.tolist() == list(range(1, 24, 2))
    assert found.pairs.fold.tolist() == [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ["bytes", "bytearray", "array", "list of numpy bools", "array of bools", "lists"])
def test_every_protocol_and_kind(tmp_path: Path, protocol: int, kind: str) -> None:
    images: Any = IMAGES
    same: Any = SAME
    if kind == "bytearray":
        images = [bytearray(image) for image in IMAGES]
    elif kind == "array":
        images = [np.frombuffer(image, dtype=np.uint8).copy() for image in IMAGES]
    elif kind == "list of numpy bools":
        same = [np.bool_(match) for match in SAME]
    elif kind == "array of bools":
        same = np.array(SAME)
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps([images, same] if kind == "lists" else (images, same), protocol=protocol))
    check(load(path))


def test_what_python_2_wrote(tmp_path: Path) -> None:
    """Its texts are bytes: written by hand, opcode by opcode, since no Python writes them any more."""
    content = b"\x80\x02("
    content += b"]q\x00(" + b"".join(b"T" + struct.pack("<i", len(image)) + image for image in IMAGES) + b"e"
    content += b"]q\x01(" + b"".join(b"\x88" if match else b"\x89" for match in SAME) + b"e"
    path = tmp_path / "set.bin"
    path.write_bytes(content + b"t.")
    check(load(path))
    text = b"((lp0\n" + b"".join(b"S" + repr(image)[1:].encode() + b"\na" for image in IMAGES)
    path.write_bytes(text + b"(lp1\n" + b"".join(b"I01\na" if match else b"I00\na" for match in SAME) + b"t.")
    check(load(path))


def test_what_old_numpy_wrote(tmp_path: Path) -> None:
    """Arrays named by a module that moved, and truth values as scalars, in protocol 2 as mxnet's users had it."""
    arrays = [np.frombuffer(image, dtype=np.uint8) for image in IMAGES]
    written = pickle.dumps((arrays, [np.bool_(match) for match in SAME]), protocol=2)
    assert b"numpy._core.multiarray" in written
    path = tmp_path / "set.bin"
    path.write_bytes(written.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    check(load(path))


def test_pixels_instead_of_encoded_images(tmp_path: Path) -> None:
    pixels = [picture(n) for n in range(4)]
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps((pixels, [True, False])))
    found = load(path, size=6)
    assert found.images.shape == (3, 6, 6)
    assert torch.equal(load(path).images.images, torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2))
    path.write_bytes(pickle.dumps(([*pixels[:3], picture(0, height=3)], [True, False])))
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == f"Image 3 of {path} is of shape [3, 10, 3], but the first is of [12, 10, 3]."
    path.write_bytes(pickle.dumps(([*pixels[:3], IMAGES[0]], [True, False])))
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == f"The images of {path} must be all encoded or all pixels. Got 1 encoded and 3 of pixels."


def test_a_fold_of_lfw(shared: Path) -> None:
    found = load(shared / "data" / "lfw_mini" / "lfw_fold1.bin")
    assert (len(found.pairs), int(found.pairs.same.sum()), found.images.shape) == (600, 300, (3, 112, 112))
    assert found.images.source == "600 pairs of lfw_fold1.bin, 300 of them of one person."
    assert torch.equal(found.pairs.same, torch.arange(600) < 300), "the order of pairs.txt"
    with (shared / "data" / "lfw_mini" / "lfw_fold1.bin").open("rb") as file:
        images, _ = pickle.load(file)  # this one is ours
    for number in (0, 1, 599, 1199):
        assert torch.equal(found.images.images[number], decoded(images[number]))


class Evil:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("call", [os.system, subprocess.check_call, eval, exec, getattr, __import__])
def test_a_pickle_that_runs_something_does_not(tmp_path: Path, call: Any, protocol: int) -> None:
    mark = tmp_path / "mark"
    arguments: tuple[Any, ...] = {
        os.system: (f"touch {mark}",),
        subprocess.check_call: (["touch", str(mark)],),
        eval: (f"open({str(mark)!r}, 'w')",),
        exec: (f"open({str(mark)!r}, 'w').close()",),
        getattr: ("text", "upper"),
        __import__: ("os",),
    }[call]
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([*IMAGES[:1], Evil(call, *arguments)], [True]), protocol=protocol))
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value).startswith(f"The file {path} asks for ")
    assert str(error.value).endswith(
        f".{call.__name__} when it is read, which no verification set needs. Nothing of it was run. Do not open it "
        f"with "
        "anything else."
    )
    assert not mark.exists()
    if call in (os.system, subprocess.check_call, exec):
        pickle.loads(path.read_bytes())
        assert mark.exists(), "the file would have done it"


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"cnumpy.core.multiarray\nfromfile\n.", "numpy.core.multiarray.fromfile"),
        (b"cnumpy\nndarray.tofile\n.", "numpy.ndarray.tofile"),
        (b"c__builtin__\nbytes.__class__\n.", "__builtin__.bytes.__class__"),
        (b"Pnumber\n.", "an object outside the file"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"(S'true'\nios\nsystem\n.", "os.system"),
        (b"c_codecs\nencode\n(Vabc\nVzip\ntR.", "a text in 'zip'"),
        (b"cnumpy\ndtype\n(VO8\nI0\nI1\ntR.", "an array of 'O8'"),
    ],
)
def test_names_that_no_set_needs(content: bytes, asked: str) -> None:
    with pytest.raises(ForbiddenPickleError) as error:
        unpickled(content)
    assert str(error.value) == asked


def test_a_pickle_cannot_change_the_reader_for_the_next_one(tmp_path: Path) -> None:
    """It may set no attributes, since its dictionaries stay empty; and its stand-ins die with it."""
    spoil = b"c_codecs\nencode\n(N}(V__defaults__\n(I1\nI2\ntutb."
    assert unpickled(spoil).__defaults__ is None
    assert unpickled(b"c_codecs\nencode\n.").__defaults__ is None
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([np.frombuffer(i, dtype=np.uint8).copy() for i in IMAGES], SAME)))
    check(load(path))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            ([IMAGES[0]] * 3, [True, False]),
            "The file {} must hold two images for each match. Got 3 images and 2 matches.",
        ),
        (([], []), "The file {} must hold two images for each match. Got 0 images and 0 matches."),
        ({"a": 1}, "The file {} is no verification set: it must hold a list of images and a list of matches."),
        (([1, 2, 3], 7), "The file {} is no verification set: it must hold a list of images and a list of matches."),
        ((["a", "b"], [True]), "Image 0 of {} must be encoded bytes or pixels. Got str."),
        ((IMAGES[:2], [2]), "Match 0 of {} must be true or false. Got 2 instead."),
        ((IMAGES[:2], [[1]]), "Match 0 of {} must be true or false. Got list instead."),
    ],
)
def test_what_does_not_fit_together(tmp_path: Path, content: Any, sentence: str) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == sentence.format(path)


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "set.bin"
    whole = pickle.dumps((IMAGES, SAME))
    for content in (b"", whole[:-3], whole[: len(whole) // 2], b"junk", b"\x80\x04\x8e" + b"\xff" * 8):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"^The file .*set\.bin cannot be read as a verification set \(.+\)\. Fetch it"
        ):
            load(path)
    with pytest.raises(ValueError) as error:
        load(tmp_path / "none.bin")
    assert str(error.value) == f"The file {tmp_path}/none.bin cannot be read (No such file or directory)."


def test_a_broken_image_takes_its_pair_along(tmp_path: Path) -> None:
    path = tmp_path / "set.bin"
    images = [*IMAGES[:5], b"junk", *IMAGES[6:]]
    path.write_bytes(pickle.dumps((images, SAME)))
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value) == (
        f"The image record 5 of {path} cannot be used: it is no JPEG, PNG, PGM, BMP or WebP image. Remove or replace "
        f"it, or "
        'leave such images out with on_error="skip".'
    )
    found = load(path, on_error="skip")
    assert len(found.pairs) == 11
    assert found.pairs.same.tolist() == SAME[:2] + SAME[3:]
    assert found.pairs.fold.tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert torch.equal(found.images.images[found.pairs.first[2]], decoded(IMAGES[6]))
    assert found.images.source == (
        "12 pairs of set.bin, 4 of them of one person. 1 images could not be read, and their pairs were left out."
    )


def test_images_that_occur_twice(tmp_path: Path) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([IMAGES[1], IMAGES[0], IMAGES[1], IMAGES[1]], [False, True])))
    found = load(path).images.images
    assert [torch.equal(found[n], decoded(IMAGES[m])) for n, m in enumerate((1, 0, 1, 1))] == [True] * 4


@pytest.mark.parametrize("grey", [False, True])
def test_written_sets_are_read_by_plain_pickle_and_by_us(tmp_path: Path, grey: bool) -> None:
    pixels = torch.from_numpy(np.stack([picture(n, grey=grey) for n in range(3)]))
    pixels = pixels[:, None] if grey else pixels.permute(0, 3, 1, 2)
    images = data.ImageSet(pixels, torch.arange(3), list("abc"))
    pairs = data.Pairs(torch.tensor([0, 2]), torch.tensor([1, 0]), torch.tensor([True, False]), torch.tensor([0, 1]))
    path = tmp_path / "own.bin"
    data.write_bin(path, data.VerificationSet(images, pairs))
    with path.open("rb") as file:
        bins, same = pickle.load(file, encoding="bytes")
    assert [type(image) for image in bins] == [bytes] * 4
    assert same == [True, False]
    found = load(path)
    assert torch.equal(found.images.images, pixels[[0, 1, 2, 0]].expand(4, 3, -1, -1))
    data.write_bin(path, data.VerificationSet(images, pairs), encoding="jpeg")
    assert (load(path).images.images.int() - pixels[[0, 1, 2, 0]].int()).abs().float().mean() < 20
    with pytest.raises(ValueError) as error:
        data.write_bin(path, data.VerificationSet(images, pairs), encoding="gif")
    assert str(error.value) == "The 'encoding' parameter of write_bin must be one of 'png', 'jpeg'. Got 'gif' instead."

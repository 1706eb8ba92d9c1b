"""Images that are odd, damaged or malicious; and many at once."""

import hashlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.data.pictures import decoded, descriptors, encoded, people_in, picture
from workbench import data
from workbench.data import decoding

CURE = 'Remove or replace it, or leave such images out with on_error="skip".'


def tree_with(folder: Path, content: bytes, name: str = "b.png") -> Path:
    """Three good images of Ann, and one file of Bob."""
    people_in(folder, {"Ann": 3})
    (folder / "Bob").mkdir()
    (folder / "Bob" / name).write_bytes(content)
    return folder / "Bob" / name


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is this large and has nothing in it."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    chunks = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (head, body)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


JPEG = encoded(picture(5), "jpeg")
DEEP = Image.fromarray(np.full((12, 10), 40_000, dtype=np.uint16))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"MZ this is no image", "it is no JPEG, PNG, PGM, BMP or WebP image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 12\n", "it is no JPEG, PNG, PGM, BMP or WebP image"),
        (JPEG[:-40], "it cannot be decoded (image file is truncated (0 bytes not processed))"),
        (JPEG[:30], "it cannot be decoded (Truncated File Read)"),
        (encoded(picture(5))[:-60], "it cannot be decoded (unrecognized data stream contents when reading image file)"),
        (png_of(30_000, 30_000), "it has more than 50000000 pixels"),
        (png_of(10_000, 9_000), "it has more than 50000000 pixels"),
        (png_of(8_000, 7_000), "it has more than 50000000 pixels"),
        (encoded(np.asarray(DEEP)), "it has more than 8 bits for each pixel: save it with 8"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tree_with(tmp_path / "set", content)
    with pytest.raises(ValueError) as error:
        data.load(tmp_path / "set", progress=False)
    message = str(error.value)
    if "bytes not processed" in reason or "data stream" in reason:  # Pillow's own words change
        assert message.startswith(f"The image {path} cannot be used: it cannot be decoded (")
        assert message.endswith(f"). {CURE}")
    else:
        assert message == f"The image {path} cannot be used: {reason}. {CURE}"
    skipped = data.load(tmp_path / "set", progress=False, on_error="skip")
    assert skipped.files == [f"Ann/Ann_000{n}.png" for n in (1, 2, 3)]
    assert list(skipped.names) == ["Ann"]
    assert skipped.source == "3 images of 1 people in the folder set. 1 more could not be read and were left out."
    assert [entry.file for entry in skipped.skipped] == ["Bob/b.png"]
    assert skipped.skipped[0].reason.startswith(reason[:20])


def test_a_file_that_may_not_be_read_or_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(decoding.UnreadableImageError) as error:
        decoding.read((str(tmp_path / "gone.png"), None))
    assert str(error.value) == "it cannot be read (No such file or directory)"


def test_nothing_readable_at_all(tmp_path: Path) -> None:
    path = tmp_path / "Ann" / "a.png"
    path.parent.mkdir()
    path.write_bytes(b"nothing")
    for on_error in ("raise", "skip"):
        with pytest.raises(ValueError) as error:
            data.load(tmp_path, progress=False, on_error=on_error)
        assert str(error.value) == (
            f"None of 1 images that were tried can be read. The first is {path}: it is no JPEG, PNG, PGM, BMP or "
            f"WebP image."
        )


def test_images_of_mixed_sizes_name_the_odd_one(tmp_path: Path) -> None:
    path = tree_with(tmp_path / "set", encoded(picture(height=8, width=6)))
    with pytest.raises(ValueError) as error:
        data.load(tmp_path / "set", progress=False)
    assert str(error.value) == (
        f"The image {path} cannot be used: it is 6 x 8 pixels, most of the others 10 x 12. Give a size, as in "
        f"size=12, to "
        "resize all to one."
    )
    assert data.load(tmp_path / "set", progress=False, size=8).shape == (3, 8, 8)
    assert len(data.load(tmp_path / "set", progress=False, on_error="skip")) == 3


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    """A chessboard of single pixels becomes an even grey: any other way of leaving out pixels keeps black or white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    tree_with(tmp_path / "set", encoded(board))
    found = data.load(tmp_path / "set", progress=False, size=8, grey=True)
    assert found.shape == (1, 8, 8)
    assert (found.images[3].float() - 127.5).abs().max() <= 1


def test_grey_is_the_usual_weighting(tmp_path: Path) -> None:
    people_in(tmp_path, {"Ann": 1})
    colours = data.load(tmp_path, progress=False).images[0].double()
    grey = data.load(tmp_path, progress=False, grey=True).images[0, 0].double()
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)
    assert (grey - (weights[:, None, None] * colours).sum(0)).abs().max() <= 0.51


def test_one_colour_image_makes_a_set_of_colours(tmp_path: Path) -> None:
    """Only 32 images are looked at beforehand; the others decide as well."""
    people_in(tmp_path, {"Ann": 70}, grey=True)
    assert data.load(tmp_path, progress=False).shape == (1, 12, 10)
    odd = tmp_path / "Ann" / "Ann_0002.png"
    odd.write_bytes(encoded(picture(1)))
    found = data.load(tmp_path, progress=False)
    assert found.shape == (3, 12, 10)
    assert torch.equal(found.images[1], decoded(odd.read_bytes()))
    assert torch.equal(found.images[0, 0], found.images[0, 2])
    assert data.load(tmp_path, progress=False, grey=True).shape == (1, 12, 10)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_upright_as_the_camera_says(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = picture(4, height=12, width=12 if orientation < 5 else 10)
    # Row and column 0 of what is stored are, by the EXIF standard, these sides of what was seen.
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }
    stored = Image.fromarray(np.ascontiguousarray(turned[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "Ann").mkdir()
    stored.save(
        tmp_path / "Ann" / f"a.{kind}", exif=exif, **({"quality": 100, "subsampling": 0} if kind == "jpeg" else {})
    )
    found = data.load(tmp_path, progress=False)
    difference = (found.images[0].permute(1, 2, 0).int() - torch.from_numpy(upright).int()).abs()
    assert difference.max() <= (16 if kind == "jpeg" else 0)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 20}, {"optimize": True}]
)
@pytest.mark.parametrize("grey", [False, True])
def test_the_short_way_for_jpegs_gives_the_same_pixels(options: dict[str, object], grey: bool) -> None:
    content = encoded(picture(6, height=37, width=51, grey=grey), "jpeg", **options)
    short = decoding._plain_jpeg(content)
    assert short is not None
    assert np.array_equal(np.asarray(short), np.asarray(Image.open(io.BytesIO(content))))


def test_other_jpegs_go_the_general_way() -> None:
    adobe = io.BytesIO()
    Image.fromarray(picture(1)).convert("CMYK").save(adobe, "jpeg")
    for content in (adobe.getvalue(), JPEG[:-30], JPEG[:20], b"\xff\xd8", b"", encoded(picture(1))):
        assert decoding._plain_jpeg(content) is None


@pytest.mark.parametrize("at_once", [1, 2 * 360, 2**20])
@pytest.mark.parametrize("broken", [None, 0, 3, 6])
def test_a_block_is_filled_hashed_and_black_where_it_cannot_be_read(
    tmp_path: Path, at_once: int, broken: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_WRITTEN_BYTES", at_once)
    files: list[decoding.Place | bytes] = [encoded(picture(n)) for n in range(7)]
    expected = np.stack([picture(n).transpose(2, 0, 1) for n in range(7)])
    if broken is not None:
        files[broken], expected[broken] = b"", 0
    form = decoding.Form(3, 12, 10, resized=False, made_grey=False)
    path = tmp_path / "pixels"
    path.write_bytes(bytes([7]) * (5 + 9 * form.bytes))
    with path.open("r+b") as file:
        done = decoding.fill(file.fileno(), files, form, offset=5, first=1, stop=False, hashed=True)
        unhashed = decoding.fill(file.fileno(), files, form, offset=5, first=1, stop=False, hashed=False)
    margin = bytes([7]) * form.bytes
    assert path.read_bytes() == bytes([7]) * 5 + margin + expected.tobytes() + margin
    failed = [] if broken is None else [decoding.Failure(broken + 1, "it is empty", "broken")]
    assert done == (failed, hashlib.sha256(expected.tobytes()).hexdigest() if broken is None else None)
    assert unhashed == (failed, None)


def test_a_block_that_stops_names_the_first_failure_alone(tmp_path: Path) -> None:
    form = decoding.Form(3, 12, 10, resized=False, made_grey=False)
    with (tmp_path / "pixels").open("w+b") as file:
        images = [JPEG, b"", JPEG, b""]
        stopped = decoding.fill(file.fileno(), images, form, offset=0, first=0, stop=True, hashed=True)
    assert stopped == ([decoding.Failure(1, "it is empty", "broken")], None)


def test_many_tiny_images_are_written_in_calls_that_linux_takes(tmp_path: Path) -> None:
    content = encoded(picture(3)[:2, :2])
    for number in range(400):
        (tmp_path / f"{number}.png").write_bytes(content)
    form = decoding.Form(3, 2, 2, resized=False, made_grey=False)
    places: list[decoding.Place | bytes] = [(str(tmp_path / f"{number}.png"), None) for number in range(400)]
    with (tmp_path / "pixels").open("w+b") as file:
        decoding.fill(file.fileno(), places, form, offset=0, first=0, stop=True, hashed=False)
        assert file.read() == picture(3)[:2, :2].transpose(2, 0, 1).tobytes() * 400


@pytest.mark.parametrize("processes", [1, 3])
def test_any_number_of_processes_gives_the_same(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.data.digests.BLOCK_BYTES", 5 * 360)
    people_in(tmp_path, {"Ann": 13, "Bob": 14}, kind="jpeg")
    (tmp_path / "Bob" / "Bob_0003.jpeg").write_bytes(JPEG[:-40])
    before = descriptors()
    found = data.load(tmp_path, progress=False, processes=processes, on_error="skip")
    assert descriptors() == before
    assert [entry.file for entry in found.skipped] == ["Bob/Bob_0003.jpeg"]
    assert len(found) == 26
    for pixels, file in zip(found.images, found.files, strict=True):
        assert torch.equal(pixels, decoded((tmp_path / file).read_bytes()))
    with pytest.raises(ValueError, match=r"Bob_0003\.jpeg cannot be used: it cannot be decoded"):
        data.load(tmp_path, progress=False, processes=processes)
    assert descriptors() == before


def test_a_decoding_process_that_ends_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.data.digests.BLOCK_BYTES", 5 * 360)
    people_in(tmp_path, {"Ann": 20})
    script = tmp_path / "dies.py"
    script.write_text("import sys, os\nsys.stdin.readline()\nsys.stdin.readline()\nos._exit(7)\n")
    monkeypatch.setattr(decoding, "__file__", str(script))
    with pytest.raises(ValueError) as error:
        data.load(tmp_path, progress=False, processes=2)
    assert "A decoding process ended by itself with code 7, at work between " in str(error.value)
    assert str(error.value).endswith("fewer processes need less; processes=1 decodes in this process alone.")


def test_a_worker_starts_without_torch() -> None:
    """Its start is what a small set waits for."""
    path = decoding.__file__
    script = f"import runpy, sys; runpy.run_path({path!r}); print('torch' in sys.modules, 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "False False\n"


def test_a_set_larger_than_the_memory_is_to_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people_in(tmp_path, {"Ann": 3})
    monkeypatch.setattr("os.sysconf", lambda name: 20)
    with pytest.raises(ValueError) as error:
        data.load(tmp_path, progress=False)
    assert str(error.value) == (
        "The 3 images take 0 GB, and this machine has 0 GB of memory. Import them once with data.import_set(source, "
        "folder) "
        "and load that: they stay on disk then."
    )

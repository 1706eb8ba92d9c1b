"""From encoded images to pixels, and the worker process that does it for many.

This file imports Pillow and nothing of the workbench: run as a script it is a worker, which so starts in a twentieth of
a second. Started as a script it also needs no guard in the user's main module, and never copies a process with threads.

    worker < orders > answers      one line of JSON each; the pixels go straight into a file that both have open
"""

import hashlib
import io
import json
import os
import signal
import struct
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "WEBP")
# A face crop of more pixels than this is an attack or a mistake; Pillow's own limit warns at nearly twice as many.
LARGEST_PIXELS = 50_000_000
LARGEST_BYTES = 4 * LARGEST_PIXELS
GREY_MODES = frozenset({"1", "L", "LA", "La"})
# The four bytes that stand between the parts of a record in MXNet's format, see `recordio`.
JOINT = struct.pack("<I", 0xCED7230A)
# Writing a 112 x 112 face at a time takes Linux twice as long as a megabyte, and a call takes 1024 channels at most.
_WRITTEN_BYTES, _WRITTEN_IMAGES = 2**20, 256

# One encoded image: a path, and [offset, length, offset, length, ...] of its parts, or None for the whole file.
Place = tuple[str, Sequence[int] | None]


class Form(NamedTuple):
    """What every image of a set becomes.

    Attributes:
        channels: 1 or 3.
        height: in pixels.
        width: in pixels.
        resized: whether images of other sizes are resized to this one; an error otherwise.
        made_grey: whether colours are turned to grey; one channel without it means that no image has colours.
    """

    channels: int
    height: int
    width: int
    resized: bool
    made_grey: bool

    @property
    def bytes(self) -> int:
        """Bytes of one image."""
        return self.channels * self.height * self.width


class Failure(NamedTuple):
    """An image that could not be read: its number, why, and `kind` "broken", "size" or "colour"."""

    number: int
    reason: str
    kind: str


class Filled(NamedTuple):
    """What came of a block: the images that failed, and the SHA-256 of its pixels if it is wanted and none did."""

    failed: list[Failure]
    digest: str | None


class UnreadableImageError(Exception):
    """Why one image cannot be read, as the end of a sentence."""

    def __init__(self, reason: str, kind: str = "broken") -> None:
        super().__init__(reason)
        self.kind = kind


def read(place: Place) -> bytes:
    """Return the encoded image of this place.

    Raises:
        UnreadableImageError: If it cannot be read.
    """
    path, parts = place
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - one call less for each of millions of files
            if (os.fstat(file.fileno()).st_size if parts is None else sum(parts[1::2])) > LARGEST_BYTES:
                raise UnreadableImageError(f"it has more than {LARGEST_BYTES} bytes")
            if parts is None:
                return file.read()
            content = []
            for start, length in zip(parts[::2], parts[1::2], strict=True):
                file.seek(start)
                content.append(file.read(length))
    except OSError as error:
        raise UnreadableImageError(f"it cannot be read ({error.strerror})") from None
    return content[0] if len(content) == 1 else JOINT.join(content)


def opened(content: bytes) -> Image.Image:
    """Return the image of these bytes, upright, not yet decoded where that can wait.

    Raises:
        UnreadableImageError: If it is of no known format, too large, or of more than 8 bits.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        what = "it is empty" if not content else "it is no JPEG, PNG, PGM, BMP or WebP image"
        raise UnreadableImageError(what) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableImageError(f"it has more than {LARGEST_PIXELS} pixels") from None
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they meet in damaged files
        raise UnreadableImageError(f"it cannot be decoded ({error})") from None
    if image.width * image.height > LARGEST_PIXELS:
        raise UnreadableImageError(f"it has more than {LARGEST_PIXELS} pixels")
    if image.mode[0] in "IF":
        raise UnreadableImageError("it has more than 8 bits for each pixel: save it with 8")
    return image


def look(content: bytes) -> tuple[bool, int, int]:
    """Return whether an image is grey, its height and its width, from its first bytes.

    Raises:
        UnreadableImageError: If it cannot be read.
    """
    image = opened(content)
    height, width = image.height, image.width
    if _orientation(image) > 4:  # these four lie on their side
        height, width = width, height
    return image.mode in GREY_MODES, height, width


def planes(content: bytes, form: Form) -> list[bytes]:
    """Return the channels of an image, each row by row.

    Raises:
        UnreadableImageError: If it cannot be decoded, or is not of this form.
    """
    plain = _plain_jpeg(content)
    if plain is not None:
        return formed(plain, form)
    image = opened(content)
    try:
        image.load()
        if _orientation(image) > 1:
            image = ImageOps.exif_transpose(image)
        return formed(image, form)
    except UnreadableImageError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they meet in damaged files
        raise UnreadableImageError(f"it cannot be decoded ({error})") from None


def formed(image: Image.Image, form: Form) -> list[bytes]:
    """Return the channels of an image in this form, as `planes` does."""
    if form.channels == 1:
        if image.mode not in GREY_MODES and not form.made_grey:
            raise UnreadableImageError("it has colours", "colour")
        image = image if image.mode == "L" else image.convert("L")
    elif image.mode != "RGB":
        image = image.convert("RGB")
    size = (form.width, form.height)
    if image.size != size:
        if not form.resized:
            raise UnreadableImageError(f"it is {image.width} x {image.height} pixels", "size")
        image = image.resize(size, Image.Resampling.BILINEAR)  # Pillow's filters are antialiased
    return [image.tobytes()] if form.channels == 1 else [image.tobytes("raw", band) for band in "RGB"]


def fill(
    target: int, images: Sequence[Place | bytes], form: Form, *, offset: int, first: int, stop: bool, hashed: bool
) -> Filled:
    """Decode images into an open file; what cannot be read is black.

    Args:
        target: descriptor of a file that is open for writing.
        images: places to read, or encoded images.
        form: of the pixels.
        offset: where in the file the image of number 0 begins.
        first: number of the first of these images.
        stop: stop at the first that fails; what was decoded just before it may not have been written.
        hashed: compute the digest of the pixels too, which costs least while they are in the cache.
    """
    failed, content = [], hashlib.sha256()
    step = min(max(1, _WRITTEN_BYTES // form.bytes), _WRITTEN_IMAGES)
    for start in range(0, len(images), step):
        ready: list[bytes] = []
        for number, image in enumerate(images[start : start + step], first + start):
            try:
                channels = planes(image if isinstance(image, bytes) else read(image), form)
            except UnreadableImageError as error:
                failed.append(Failure(number, str(error), error.kind))
                if stop:
                    return Filled(failed, None)
                channels = [bytes(form.bytes)]
            ready += channels
            for channel in channels if hashed else ():
                content.update(channel)
        written = os.pwritev(target, ready, offset + (first + start) * form.bytes)
        if written != sum(map(len, ready)):
            raise OSError("The disk is full, or a file may not be so large.")
    return Filled(failed, content.hexdigest() if hashed and not failed else None)


@contextmanager
def careful() -> Iterator[None]:
    """Keep Pillow quiet about what it can read, and let it refuse images that would fill the memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _plain_jpeg(content: bytes) -> Image.Image | None:
    """Decode an ordinary JPEG with a third less work than Pillow's general way; None for whatever is not ordinary.

    Ordinary is 8 bits, one or three channels, and nothing by Adobe or a camera that would change how it is read. What
    is damaged is None too, so that the general way says what is wrong.
    """
    try:
        place = 2 if content[:2] == b"\xff\xd8" else len(content)
        while content[place] == 0xFF and (marker := content[place + 1]) not in (0xC0, 0xC1, 0xC2):
            if marker in (0xE1, 0xE2, 0xEE) or not 0xC4 <= marker <= 0xFE or marker in (0xD9, 0xDA):
                return None
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        bits, height, width, channels = struct.unpack_from(">BHHB", content, place + 4)
        mode = {1: "L", 3: "RGB"}[channels]
        if content[place] != 0xFF or bits != 8 or not 0 < width * height <= LARGEST_PIXELS:
            return None
        return Image.frombytes(mode, (width, height), content, "jpeg", mode, "")
    except (IndexError, KeyError, struct.error, ValueError, OSError):
        return None


def _orientation(image: Image.Image) -> int:
    """Return how a camera was held, 1 to 8 as EXIF numbers it; 1 is upright."""
    if "exif" not in image.info:
        return 1
    try:
        held = int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - a damaged note about an image is no reason to refuse the image
        return 1
    return held if 1 <= held <= 8 else 1


def _work() -> None:
    """Answer orders until there are no more: the first line says where to and how, each other one is a block."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent closes the input
    begin = json.loads(sys.stdin.readline())
    form = Form(*begin["form"])
    with careful():
        for line in sys.stdin:
            order = json.loads(line)
            images = [(path, parts) for path, parts in order["images"]]
            filled = fill(
                begin["target"],
                images,
                form,
                offset=begin["offset"],
                first=order["first"],
                stop=begin["stop"],
                hashed=begin["hashed"],
            )
            print(json.dumps(filled), flush=True)


if __name__ == "__main__":
    _work()

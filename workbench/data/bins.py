"""InsightFace's verification sets: a `.bin` is a pickle of encoded images, two for each pair, and which pairs match."""

import io
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from workbench import files, intake
from workbench.checks import one_of, shown
from workbench.data.arrays import pixels, shaped
from workbench.data.catalogue import Catalogue, InMemory, Spans, printable
from workbench.data.imageset import ImageSet
from workbench.data.options import OnError, Options
from workbench.data.pairs import Pairs, VerificationSet, folded, unidentified
from workbench.data.reading import read
from workbench.data.unpickling import ForbiddenPickleError, unpickled

FOLDS = 10


def load_bin(
    path: Path | str,
    *,
    size: int | None = None,
    grey: bool = False,
    on_error: OnError = "raise",
    processes: int | None = None,
    progress: bool = True,
) -> VerificationSet:
    """Read a verification set of InsightFace's: lfw.bin, agedb_30.bin, cfp_fp.bin and the like.

    Nothing in the file is run, see `unpickling`. The set says which pairs match but not who is who, so every image is a
    class of its own. The pairs make ten folds of consecutive pairs, as InsightFace scores them.

    Args:
        path: the file, of any protocol of pickle, written by Python 2 or 3; images are encoded as bytes or arrays of
            bytes, or are arrays of pixels [H, W, 3].
        size: as in `load`.
        grey: as in `load`.
        on_error: "skip" leaves out the pairs of images that cannot be decoded.
        processes: as in `load`.
        progress: as in `load`.

    Raises:
        ValueError: If the file is no such set, or asks for more than data, or an image cannot be decoded.
    """
    path = Path(path)
    options = Options(size=size, grey=grey, on_error=on_error, processes=processes, progress=progress)
    try:
        content = intake.ordinary(path).read_bytes()
    except OSError as error:
        raise ValueError(f"The file {printable(path)} cannot be read ({error.strerror}).") from None
    bins, same = _contents(content, path)
    source = f"{len(same)} pairs of {printable(path.name)}, {int(same.sum())} of them of one person."
    if all(isinstance(image, np.ndarray) and image.ndim == 3 for image in bins):
        return VerificationSet(*_from_pixels(bins, same, source, path, options))
    catalogue = Catalogue(
        _located(content, path, bins),
        np.arange(len(bins)),
        [str(n) for n in range(len(bins))],
        [f"{path.name}:{n}" for n in range(len(bins))],
        printable(path.name),
    )
    images = read(catalogue, options)
    if images.skipped:
        source += f" {len(images.skipped)} images could not be read, and their pairs were left out."
    images = replace(images, source=source)
    if len(images) == len(bins):
        return VerificationSet(images, Pairs.side_by_side(same, folds=FOLDS))
    return _without_broken(images, same)


def write_bin(path: Path | str, verification: VerificationSet, *, encoding: str = "png") -> None:
    """Write a verification set as InsightFace's code reads it, from own pairs of own images.

    Args:
        path: the file.
        verification: images and pairs; each pair is written with both its images, folds are not.
        encoding: "png" keeps every pixel; "jpeg" is a fifth of the size, at quality 95.

    Raises:
        ValueError: If the encoding is another.
    """
    one_of("write_bin", "encoding", encoding, ("png", "jpeg"))
    pairs, images = verification.pairs, verification.images
    both = torch.stack([pairs.first, pairs.second], dim=1).flatten()
    encoded: dict[int, bytes] = {}
    for position in both.unique().tolist():
        picture = images.images[position].permute(1, 2, 0).contiguous().numpy()
        written = io.BytesIO()
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        # The readers of these sets expect three channels.
        image.convert("RGB").save(written, encoding, quality=95)
        encoded[position] = written.getvalue()
    with files.replacing(Path(path)) as beside, beside.open("wb") as file:
        pickle.dump(([encoded[position] for position in both.tolist()], pairs.same.tolist()), file, protocol=4)


def _contents(content: bytes, path: Path) -> tuple[list[Any], Tensor]:
    where = printable(path)
    try:
        found = unpickled(content)
    except ForbiddenPickleError as error:
        raise ValueError(
            f"The file {where} asks for {printable(str(error)[:100])} when it is read, which no verification set "
            f"needs. Nothing of it was run. Do not open it with anything else."
        ) from None
    except Exception as error:  # noqa: BLE001 - a damaged pickle can lead to anything
        raise ValueError(
            f"The file {where} cannot be read as a verification set "
            f"({printable(str(error)[:200]) or type(error).__name__}). Fetch it again."
        ) from None
    found = [_plain(part) for part in found] if isinstance(found, (tuple, list)) else []
    if len(found) != 2 or not all(isinstance(part, (list, tuple, np.ndarray)) for part in found):
        raise ValueError(
            f"The file {where} is no verification set: it must hold a list of images and a list of matches."
        )
    images, matches = list(found[0]), [_plain(match) for match in found[1]]
    # A pickle can name one image a million times: it is made plain once.
    plain = {key: _image(image) for key, image in {id(image): image for image in images}.items()}
    bins = [plain[id(image)] for image in images]
    if len(bins) != 2 * len(matches) or not matches:
        raise ValueError(
            f"The file {where} must hold two images for each match. Got {len(bins)} images and {len(matches)} matches."
        )
    for number, image in enumerate(bins):
        if not (isinstance(image, bytes) or (isinstance(image, np.ndarray) and image.dtype == np.uint8)):
            raise ValueError(f"Image {number} of {where} must be encoded bytes or pixels. Got {type(image).__name__}.")
    pictures = sum(isinstance(image, np.ndarray) for image in bins)
    if pictures not in (0, len(bins)):
        raise ValueError(
            f"The images of {where} must be all encoded or all pixels. Got {len(bins) - pictures} encoded and "
            f"{pictures} "
            f"of pixels."
        )
    for number, match in enumerate(matches):
        if not (isinstance(match, (bool, int, np.bool_, np.integer)) and match in (0, 1)):
            # Of what holds others the text might have no end.
            given = shown(match) if isinstance(match, (int, float, str, bytes)) else type(match).__name__
            raise ValueError(f"Match {number} of {where} must be true or false. Got {given} instead.")
    return bins, torch.tensor([bool(match) for match in matches])


def _image(value: Any) -> Any:
    """Return bytes for encoded images, however they are written, and what else there is as it is."""
    image = _plain(value)
    return image.tobytes() if isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 1 else image


def _plain(value: Any) -> Any:
    """Return an array for its stand-in, and bytes for what is like bytes."""
    value = getattr(value, "value", value)
    return bytes(value) if isinstance(value, bytearray) else value


def _located(content: bytes, path: Path, images: Sequence[bytes]) -> Spans | InMemory:
    """Return where in the file the images are, so that other processes can read them there.

    All protocols but the first, which is text, write bytes as they are and one after the other.
    """
    offsets: list[int] = []
    known: dict[bytes, int] = {}
    place = 0
    for image in images:
        at = known.get(image, -1)
        if at < 0:
            at = content.find(image, place)
            if at < 0:
                return InMemory(str(path), images, range(len(images)))
            known[image] = at
            place = at + len(image)
        offsets.append(at)
    lengths = np.array([len(image) for image in images])
    return Spans(str(path), np.array(offsets), lengths, np.arange(len(images)), {})


def _from_pixels(
    bins: Sequence[np.ndarray], same: Tensor, source: str, path: Path, options: Options
) -> tuple[ImageSet, Pairs]:
    where = printable(path)
    odd = next((number for number, image in enumerate(bins) if image.shape != bins[0].shape), None)
    if odd is not None:
        raise ValueError(
            f"Image {odd} of {where} is of shape {list(bins[odd].shape)}, but the first is of {list(bins[0].shape)}."
        )
    intake.fits(path, sum(image.nbytes for image in bins))
    images = unidentified(torch.from_numpy(pixels(np.stack(bins), where)), source)
    return shaped(images, size=options.size, grey=options.grey), Pairs.side_by_side(same, folds=FOLDS)


def _without_broken(images: ImageSet, same: Tensor) -> VerificationSet:
    """Return the pairs of which both images could be decoded; a class is the number that an image had in the file."""
    there = torch.tensor([int(name) for name in images.names])
    position = torch.full((2 * len(same),), -1)
    position[there] = torch.arange(len(there))
    first, second = position[0::2], position[1::2]
    whole = (first >= 0) & (second >= 0)
    if not whole.any():
        raise ValueError(f"No pair is left whose images can both be decoded ({images.source})")
    return VerificationSet(images, Pairs(first[whole], second[whole], same[whole], folded(len(same), FOLDS)[whole]))

"""Small pictures for tests of readers, made by Pillow so that their pixels are known; and sets made of them."""

import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from workbench.data import ImageSet


def picture(seed: int = 0, *, height: int = 12, width: int = 10, grey: bool = False) -> np.ndarray:
    """Smooth random pixels, uint8 [H, W, 3] or [H, W]."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (4, 4) if grey else (4, 4, 3)).astype(np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encoded(pixels: np.ndarray, kind: str = "png", **options: object) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


def decoded(content: bytes) -> Tensor:
    """What Pillow alone makes of it, uint8 [C, H, W]."""
    pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(content))))
    return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)


def people_in(folder: Path, counts: dict[str, int], kind: str = "png", **options: object) -> Path:
    """Write a tree of pictures `Name/Name_0001.kind`, each of another seed."""
    seed = 0
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(1, count + 1):
            (folder / name / f"{name}_{number:04d}.{kind}").write_bytes(encoded(picture(seed, **options), kind))
            seed += 1
    return folder


def unpacked(archive: Path, folder: Path, *, prefixes: tuple[str, ...]) -> Path:
    """Extract the members whose paths begin with one of these."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.startswith(prefixes):
                tar.extract(member, folder, filter="data")
    return folder


def rec_record(content: bytes) -> bytes:
    """A record as dmlc-core's writer puts it down: cut wherever the magic stands at a multiple of four."""
    magic = struct.pack("<I", 0xCED7230A)
    cuts = [at for at in range(0, len(content) // 4 * 4, 4) if content[at : at + 4] == magic]
    written, start = b"", 0
    for part, at in enumerate(cuts):
        written += magic + struct.pack("<I", (1 if part == 0 else 2) << 29 | at - start) + content[start:at]
        start = at + 4
    last = content[start:]
    written += magic + struct.pack("<I", (3 if cuts else 0) << 29 | len(last)) + last
    return written + bytes(-len(content) % 4)


def rec_content(image: bytes, label: float | list[float], number: int) -> bytes:
    """The header of an image record, and the image."""
    if isinstance(label, list):
        return struct.pack("<IfQQ", len(label), 0, number, 0) + struct.pack(f"<{len(label)}f", *label) + image
    return struct.pack("<IfQQ", 0, label, number, 0) + image


def write_rec(path: Path, contents: list[bytes], *, index: bool = True) -> list[int]:
    """Write a `.rec`, and its `.idx` with keys 0, 1, ...; return where the records begin."""
    offsets, written = [], b""
    for content in contents:
        offsets.append(len(written))
        written += rec_record(content)
    path.write_bytes(written)
    if index:
        path.with_suffix(".idx").write_text("".join(f"{key}\t{offset}\n" for key, offset in enumerate(offsets)))
    return offsets


def insightface(path: Path, counts: list[int], *, index: bool = True) -> list[bytes]:
    """Write a set as InsightFace does: a header, the images, the ranges of the identities; return the images."""
    images = [encoded(picture(n), "jpeg") for n in range(sum(counts))]
    labels = [identity for identity, count in enumerate(counts) for _ in range(count)]
    last = 1 + len(images)
    contents = [rec_content(b"", [float(last), float(last + len(counts))], 0)]
    contents += [rec_content(i, float(label), n) for n, (i, label) in enumerate(zip(images, labels, strict=True), 1)]
    first = 1
    for identity, count in enumerate(counts):
        contents.append(rec_content(b"", [float(first), float(first + count)], last + identity))
        first += count
    write_rec(path, contents, index=index)
    return images


def same_content(one: ImageSet, other: ImageSet) -> bool:
    """Whether two sets agree in all that a reader tells of images."""
    return (
        torch.equal(one.images[:], other.images[:])
        and torch.equal(one.labels, other.labels)
        and list(one.names) == list(other.names)
        and list(one.files) == list(other.files)
    )


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))

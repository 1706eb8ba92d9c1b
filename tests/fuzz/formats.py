"""Damage inside of what plain damage cannot reach: archives with checksums, headers with lengths, pickles, pictures."""

import io
import json
import pickle
import pickletools
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath
from random import Random

from tests.fuzz.mutations import BYTES, FIELDS, INTEGERS, Mutation, edit, flip, in_json, integer, lines, tokens

_DTYPES = (
    "|u1",
    "<f4",
    ">f8",
    "|O",
    "<U9",
    "|S3",
    "|b1",
    "<i8",
    "<c8",
    "<M8[ns]",
    "|V8",
    "<f2",
    "V",
    "O",
    "<U99999999",
    "i4,f4",
)
_SHAPES = (
    "()", "(0,)", "(1,)", "(6,)", "(2, 3)", "(-1,)", "(99999999999,)", "(4294967296, 4294967296)", "(2**70,)",
    "(0, 9999999999)", "(6, 1, 4, 4)", "(6, 4, 4)", "[6]", "None", "(" * 90 + ")" * 90, "(1.5,)", "(True,)",
    "(6, 9223372036854775807)",
)  # fmt: skip


def in_npy(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change what an array says of itself, and keep the lengths right."""
    found = re.match(rb"\x93NUMPY(..)(..)(\{.*?\})", content, re.DOTALL)
    if not found or draw.random() < 0.4:
        return draw.choice(BYTES)(draw, content, others)
    header, rest = found[3].decode("latin1"), content[10 + int.from_bytes(found[2], "little") :]
    action = draw.randrange(5)
    if action == 0:
        header = re.sub(r"'descr': [^,]*", f"'descr': {draw.choice(_DTYPES)!r}", header)
    elif action == 1:
        header = re.sub(r"'shape': \(.*?\)", f"'shape': {draw.choice(_SHAPES)}", header)
    elif action == 2:
        header = re.sub(r"(True|False)", draw.choice(("True", "False", "1", "None")), header)
    elif action == 3:
        header = edit(draw, header.encode("latin1"), []).decode("latin1")
    else:
        header = header.replace("}", f", {draw.choice(FIELDS)!r}: 1}}")
    text = header.encode("utf-8", "replace") + b" " * (-len(header) % 64) + b"\n"
    version = draw.choice((found[1], found[1], b"\x02\x00", b"\x03\x00"))
    length = struct.pack("<H" if version[0] == 1 else "<I", min(len(text), 65535))
    return b"\x93NUMPY" + version + length + text + rest


def in_zip(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change a member of an archive, whose checksums are then right again; or its names, or how it is packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # noqa: BLE001 - it was damaged before
        return flip(draw, content, others)
    action, place = draw.randrange(10), draw.randrange(len(members) or 1)
    if action == 0 and members:
        members[place] = (
            draw.choice((*FIELDS[:-2], "images.npy", "labels.npy", "x.npy", "a" * 5000)),
            members[place][1],
        )
    elif action == 1 and members:
        del members[place]
    elif action == 2 and members:
        members += [members[place]] * draw.choice((1, 2, 500))
    elif action == 3 and members:
        members[place] = (members[place][0], members[place][1] + bytes(draw.choice((1, 1000, 10**5))))
    elif members:
        name, inside = members[place]
        mutation = draw.choice(mutations_of(name))
        members[place] = (name, mutation(draw, inside, [other for _, other in members]))
    written = io.BytesIO()
    packing = draw.choice(
        (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
    )
    if sum(len(inside) for _, inside in members) > 1 << 17:
        packing = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(written, "w", packing) as archive:
        for name, inside in members:
            with suppress(Exception):
                archive.writestr(zipfile.ZipInfo(name or "x"), inside, packing)  # of 1980, not of now
    return written.getvalue()


def in_zip_directory(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Put odd numbers into the directory of an archive: sizes, offsets, methods, flags."""
    starts = [found.start() for found in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content)]
    if not starts:
        return flip(draw, content, others)
    place = draw.choice(starts) + draw.randrange(4, 46)
    size = draw.choice((2, 4))
    return (
        content[:place] + (draw.choice(INTEGERS) % (1 << 8 * size)).to_bytes(size, "little") + content[place + size :]
    )


def in_safetensors(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change the header of a file of tensors, and keep its length right."""
    length = int.from_bytes(content[:8], "little")
    header = in_json(draw, content[8 : 8 + length], [])
    if draw.random() < 0.2:
        words = (
            b"F64",
            b"BF16",
            b"I8",
            b"U8",
            b"BOOL",
            b"F8_E4M3",
            b"F8_E5M2",
            b"I64",
            b"F4",
            b"C64",
            b"F99",
            b"U64",
            b"U16",
        )
        header = header.replace(b"F32", draw.choice(words), 1)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def in_pickle(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change a pickle instruction by instruction: drop, repeat, replace, or insert some of a malicious kit."""
    try:
        places = [place for _, _, place in pickletools.genops(content) if place is not None]
    except Exception:  # noqa: BLE001 - it was damaged before
        return draw.choice(BYTES)(draw, content, others)
    ends = [*places[1:], len(content)]
    ops = [content[start:end] for start, end in zip(places, ends, strict=True)]
    for _ in range(draw.choice((1, 1, 2, 4))):
        place = draw.randrange(len(ops)) if draw.random() < 0.5 else draw.randrange(min(len(ops), 8))
        action = draw.randrange(6)
        if action == 0 and len(ops) > 1:
            del ops[place]
        elif action == 1:
            ops[place:place] = [draw.choice(ops)] * draw.choice((1, 1, 1, 3, 200))
        elif action == 2:
            ops[place] = draw.choice(ops)
        elif action == 3:
            ops[place] = draw.choice(PICKLE)
        else:
            ops.insert(place, draw.choice(PICKLE))
    return b"".join(ops)


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


_NAMES = (
    ("os", "system"), ("builtins", "eval"), ("builtins", "bytes"), ("builtins", "bytearray"), ("builtins", "getattr"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct"), ("numpy.core.multiarray",
    "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("_codecs", "encode"), ("subprocess", "Popen"), ("collections",
    "OrderedDict"),
    ("torch._utils", "_rebuild_tensor_v2"), ("torch", "FloatStorage"), ("torch.storage", "UntypedStorage"), ("", ""),
)  # fmt: skip
PICKLE: tuple[bytes, ...] = (
    *(_global(*name) for name in _NAMES),
    b"\x8c\x02os\x8c\x06system\x93", b"\x8c\x02id\x85R", b"(S'touch /tmp/fuzzed'\ntR",
    b"R", b"b", b"\x81", b"\x92", b"i" + b"os\nsystem\n", b"o", b"\x82\x01", b"\x84\xff\xff\xff\x7f", b"P1\n", b"Q",
    b"N", b"\x88", b"\x89", b"K\x01", b"J\xff\xff\xff\x7f", b"\x8a\x01\x02", b"\x8b\xff\xff\xff\x7f",
    b"\x8b\x00\x00\x00\x00",
    b"I" + b"9" * 5000 + b"\n", b"I01\n", b"L9L\n", b"F1e999\n", b"G" + b"\x7f" * 8,
    b"B\xff\xff\xff\x7f", b"B\xff\xff\xff\xff", b"\x8e" + b"\xff" * 7 + b"\x7f",
    b"\x8e\x00\x00\x00\x40\x00\x00\x00\x00",
    b"\x8d\x00\x00\x00\x00\x01\x00\x00\x00", b"\x96\x00\x00\x00\x40\x00\x00\x00\x00",
    b"\x96\x02\x00\x00\x00\x00\x00\x00\x00ab",
    b"T\xff\xff\xff\x7f", b"C\x02ab", b"X\xff\xff\xff\xff", b"\x8c\x02\xff\xfe", b"V\\ud800\n", b"S'\\xff'\n",
    b"(", b"t", b")", b"\x85", b"\x86", b"\x87", b"]", b"l", b"a", b"e", b"}", b"d", b"s", b"u", b"\x8f", b"\x90",
    b"\x91",
    b"0", b"1", b"2", b"q\x00", b"h\x00", b"h\x01", b"\x94", b"r\xff\xff\xff\x7f", b"r\xff\xff\xff\xff",
    b"r\x00\x00\x00\x08",
    b"j\xff\xff\xff\xff", b"p999999999\n", b"g0\n", b"\x95" + b"\xff" * 8, b"\x95\x04\x00\x00\x00\x00\x00\x00\x00",
    b"\x80\x04", b"\x80\xff", b".", b"\x97", b"\x98", b"2\x86" * 30, b"2\x86" * 30 + b"}2NsN", b"(" * 3000,
    b"]" * 3000 + b"a" * 3000,
    b"N" + b"\x85" * 20000, b"\x94h\x00h\x00\x86" * 40,
)  # fmt: skip


def in_rec(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change the head of a record: its part and length, its flag, label or number; or repeat and drop records."""
    starts = [at for at in range(0, len(content) - 7, 4) if content[at : at + 4] == b"\x0a\x23\xd7\xce"]
    if not starts:
        return flip(draw, content, others)
    place, action = draw.choice(starts), draw.randrange(6)
    word = int.from_bytes(content[place + 4 : place + 8], "little")
    length = word & (1 << 29) - 1
    if action == 0:
        word = draw.randrange(8) << 29 | draw.choice((length, length, length + 1, length + 4, 0, 24, (1 << 29) - 1))
        return content[: place + 4] + word.to_bytes(4, "little") + content[place + 8 :]
    if action == 1:
        flag = draw.choice((1, 2, 3, 4, 255, length // 4 - 6, length // 4, 2**30, 2**32 - 1)) % 2**32
        return content[: place + 8] + flag.to_bytes(4, "little") + content[place + 12 :]
    if action == 2:
        label = draw.choice((1.0, -1.0, 0.5, float("nan"), float("inf"), 1e30, 16777217.0, 2.0**31, 2.0**63))
        return content[: place + 12] + struct.pack("<f", label) + content[place + 16 :]
    if action == 3:
        return content[:place] + content[place + 8 + (length + 3) // 4 * 4 :]
    if action == 4:
        return content + content[place : place + 8 + (length + 3) // 4 * 4] * draw.choice((1, 1, 50))
    inside = draw.choice(PICTURE)(draw, content[place + 32 : place + 8 + length], [])[:length]
    length = min(length, len(content) - place - 8)
    return content[: place + 32] + inside.ljust(max(0, length - 24), b"\0") + content[place + 8 + length :]


def in_jpeg(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change a segment of a JPEG: drop, repeat, move it, turn it to another, or change its numbers."""
    starts, place = [], 2
    while content[place : place + 1] == b"\xff" and len(starts) < 50:
        starts.append(place)
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    if content[:2] != b"\xff\xd8" or not starts:
        return flip(draw, content, others)
    place = draw.choice(starts)
    end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    action = draw.randrange(6)
    if action == 0:
        return content[:place] + content[end:]
    if action == 1:
        return content[:place] + content[place:end] * draw.choice((2, 2, 3, 200)) + content[end:]
    if action == 2:
        return content[: place + 1] + bytes([draw.randrange(0xC0, 0x100)]) + content[place + 2 :]
    if action == 3:
        size = draw.choice((0, 1, 2, 3, 8, 17, 0xFFFF, draw.randrange(0x10000)))
        return content[: place + 2] + size.to_bytes(2, "big") + content[place + 4 :]
    if action == 4:
        return content[:place] + content[end:-2] + content[place:end] + b"\xff\xd9"
    at = place + 4 + draw.randrange(max(1, end - place - 4))
    return content[:at] + bytes([draw.choice((0, 1, 2, 4, 8, 16, 127, 128, 255))]) + content[at + 1 :]


def in_png(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change a chunk of a PNG, and keep its checksum right."""
    chunks, place = [], 8
    while place + 12 <= len(content) and len(chunks) < 50:
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    if content[:4] != b"\x89PNG" or not chunks:
        return flip(draw, content, others)
    at = draw.randrange(len(chunks))
    kind, inside = chunks[at]
    action = draw.randrange(6)
    if action == 0:
        del chunks[at]
    elif action == 1:
        chunks += [chunks[at]] * draw.choice((1, 2, 300))
    elif action == 2:
        chunks[at] = (
            draw.choice((b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"acTL")),
            inside,
        )
    elif kind == b"IDAT" and action == 3:
        with suppress(zlib.error):
            inside = zlib.compress(
                draw.choice(BYTES)(draw, zlib.decompress(inside), []) + bytes(draw.choice((0, 10**6)))
            )
        chunks[at] = (kind, inside)
    else:
        chunks[at] = (kind, draw.choice((integer, edit, flip))(draw, inside, []))
    written = (
        len(inside).to_bytes(4, "big") + kind + inside + zlib.crc32(kind + inside).to_bytes(4, "big")
        for kind, inside in chunks
    )
    return content[:8] + b"".join(written)


PICTURE: tuple[Mutation, ...] = (*BYTES, in_jpeg, in_png)


def in_mat(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change a compressed element of a MATLAB file inside, and compress it again."""
    found, place = [], 128
    while place + 8 <= len(content) and len(found) < 50:
        kind, length = struct.unpack_from("<II", content, place)
        found.append((place, kind, length))
        place += 8 + length
    packed = [(place, length) for place, kind, length in found if kind == 15]
    if not packed:
        return integer(draw, content, others)
    place, length = draw.choice(packed)
    try:
        inside = zlib.decompress(content[place + 8 : place + 8 + length])
    except zlib.error:
        return flip(draw, content, others)
    inside = draw.choice((*BYTES, integer, integer))(draw, inside, [])
    inside = zlib.compress(inside + bytes(draw.choice((0, 0, 0, 10**6))))
    return content[:place] + struct.pack("<II", 15, len(inside)) + inside + content[place + 8 + length :]


_YAML = (
    b"&a", b"*a", b"&a [*a]", b"<<: *a", b"!!python/object/apply:os.system [id]", b"!!binary x", b"!!int ''",
    b"!!bool x",
    b"!!float ''", b"!!timestamp x", b"!!set {a, b}", b"!!omap [a: 1]", b"!!pairs [a: 1]", b"!!null x", b"!!str [1]",
    b"!!map x",
    b"? [a, b]\n: 1\n", b"- ", b": ", b"\t", b"|", b">-\n  x\n", b"---\n", b"...\n", b"%YAML 9.9\n", b"%TAG ! x\n",
    b"[" * 2000,
    b"{a: " * 2000, b"- " * 2000, b"1:" * 300, b"0b" + b"1" * 100, b"0x" + b"f" * 100, b"9" * 5000, b".inf", b".nan",
    b"2001-99-99",
    b"2001-01-01", b"1:99:99", b"~", b"null", b"true", b"losses: ", b"seeds: ", b"loss: arcface", b"margin: ",
    b"1e-2", b"!x y",
    b"a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n", b"\x00",
    b"\xff",
)  # fmt: skip
_TABLE = tuple(field.encode("utf-8", "surrogatepass") for field in FIELDS)
_HEADS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x93NUMPY\x01\x00v\x00",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"PAR1",
    b"MATLAB 5.0",
    b"RIFF",
)


@cache
def mutations_of(name: str) -> tuple[Mutation, ...]:
    """Return the mutations for a file of this name, which its ending tells; those that reach deeper come more often."""
    deeper: dict[str, tuple[Mutation, ...]] = {
        ".npz": (in_zip, in_zip, in_zip, in_zip_directory),
        ".pth": (in_zip, in_zip, in_zip, in_zip_directory, in_pickle),
        ".pkl": (in_pickle, in_pickle, in_pickle),
        ".bin": (in_pickle, in_pickle, in_pickle, in_pickle),
        ".npy": (in_npy, in_npy, in_npy),
        ".safetensors": (in_safetensors, in_safetensors),
        ".rec": (in_rec, in_rec, in_rec),
        ".jpg": (in_jpeg, in_jpeg, in_jpeg),
        ".png": (in_png, in_png, in_png),
        ".mat": (in_mat, in_mat, in_mat),
        ".json": (in_json, in_json, in_json),
        ".jsonl": (in_json, in_json, in_json, lines),
        ".yaml": (lines, lines, tokens(_YAML), tokens(_YAML), tokens(_YAML)),
    }
    texts = (".txt", ".csv", ".idx", ".lst")
    suffix = PurePosixPath(name).suffix
    found = (lines, lines, lines, tokens(_TABLE)) if suffix in texts else deeper.get(suffix, ())
    return (*BYTES, tokens(_HEADS), *found) if suffix not in texts else (*BYTES, *found)


def pickled(*ops: bytes) -> bytes:
    """Return a pickle of these instructions, between its beginning and its end."""
    return pickle.PROTO + b"\x04" + b"".join(ops) + pickle.STOP


def as_json(content: object) -> bytes:
    """Return content as JSON."""
    return json.dumps(content).encode()

"""Damage to bytes, to lines of text and to JSON. Each mutation is a function of a random generator and of contents."""

import json
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

# A random generator, the content, and other contents of the same kind -> another content.
Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]

LARGEST = 1 << 18  # bytes: longer inputs only cost time
INTEGERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    32,
    64,
    100,
    127,
    128,
    255,
    256,
    512,
    1000,
    4096,
    32767,
    32768,
    65535,
    65536,
    10**6,
)
INTEGERS += tuple(
    sign * 2**power + more for power in (24, 29, 31, 32, 40, 62, 63) for sign in (1, -1) for more in (-1, 0, 1)
)
FIELDS = (
    "", " ", "0", "-1", "1", "2", "1.5", "1e400", "nan", "inf", "-inf", "²", "٣", "0x10", "1_000", "9" * 20, "9" * 5000,
    "\x00", "\ufeff", "\u2028", "\x85", "\r", "\x1b[31m", "../../etc/passwd", "/dev/zero", "a" * 300, "a/b", "\\",
    '"', "'",
    "{", "}", "[", "]", "null", "true", "<script>", "$(id)", "`id`", "%s%n", "é", "\U0001f600", "\ud800", "__class__",
)  # fmt: skip


def flip(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Turn over one bit or a few."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8)) if changed else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def edit(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Replace some bytes."""
    place, length = _place(draw, content), draw.choice((1, 1, 2, 4, 16))
    new = draw.choice((draw.randbytes(length), bytes(length), b"\xff" * length))
    return content[:place] + new + content[place + length :]


def integer(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Put a number that often breaks things in the place of 1, 2, 4 or 8 bytes, mostly near the beginning."""
    kind = draw.choice(("B", "<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(kind)
    place = draw.randrange(max(1, min(len(content), 64))) if draw.random() < 0.5 else _place(draw, content)
    if draw.random() < 0.5:
        place -= place % size
    new = struct.pack(kind, draw.choice(INTEGERS) % (1 << 8 * size))
    return content[:place] + new + content[place + size :]


def cut(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Lose the end, the beginning, or a block between."""
    start, length = _place(draw, content), _length(draw)
    return draw.choice((content[:start], content[start:], content[:start] + content[start + length :]))


def insert(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Gain bytes: random ones, or a block of its own or of another, once or many times."""
    place, source = _place(draw, content), draw.choice((content, draw.choice(others or [content])))
    start, length = _place(draw, source), _length(draw)
    block = draw.choice((source[start : start + length], draw.randbytes(min(length, 64))))
    times = draw.choice((1, 1, 1, 2, 16, 1000))
    return content[:place] + (block * times)[: LARGEST - len(content)] + content[place:]


def splice(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Join the beginning of one and the end of another."""
    other = draw.choice(others or [content])
    return content[: _place(draw, content)] + other[_place(draw, other) :]


BYTES: tuple[Mutation, ...] = (flip, edit, integer, cut, insert, splice)


def tokens(words: Sequence[bytes]) -> Mutation:
    """Return the mutation that puts one of these words somewhere, in the place of as many bytes or between."""

    def token(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
        place, word = _place(draw, content), draw.choice(words)
        return content[:place] + word + content[place + draw.choice((0, len(word))) :]

    return token


def lines(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change fields of a text line by line: replace, drop, repeat, swap them, or whole lines."""
    rows = content.split(b"\n")
    place = draw.randrange(len(rows))
    action = draw.randrange(6)
    if action == 0:
        rows.insert(place, draw.choice(rows))
    elif action == 1:
        del rows[place]
    elif action == 2:
        rows[place : place + 1] = [rows[place]] * draw.choice((2, 3, 100))
    else:
        mark = next((mark for mark in (b"\t", b",", b": ", b" ") if mark in rows[place]), b" ")
        fields = rows[place].split(mark)
        field = draw.randrange(len(fields))
        if action == 3:
            del fields[field]
        elif action == 4:
            fields[field] = draw.choice(fields)
        else:
            fields[field] = draw.choice(FIELDS).encode("utf-8", "surrogatepass")
        rows[place] = mark.join(fields)
    return b"\n".join(rows)


def in_json(draw: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Change one value or key of JSON, or of one line of it."""
    rows = content.split(b"\n")
    place = draw.randrange(len(rows))
    try:
        found, alone = json.loads(content), True
    except (ValueError, RecursionError):
        try:
            found, alone = json.loads(rows[place]), False
        except (ValueError, RecursionError):
            return flip(draw, content, others)
    found = changed_value(draw, found)
    text = json.dumps(found).replace(_DEEP, draw.choice(("[", '{"a":')) * draw.choice((50, 3000, 50_000)))
    text = text.replace(_LONG, "9" * draw.choice((20, 400, 6000)))
    if alone:
        return text.encode()
    rows[place] = text.encode()
    return b"\n".join(rows)


_DEEP, _LONG = '"(deep)"', '"(long)"'
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63, -(2**63) - 1, 10**30,
    "", "0",
    "x", [], {}, [0], [[]], [None], {"a": 1}, [2**62, 2**62], [-1], "(deep)", "(long)", *FIELDS,
)  # fmt: skip


def changed_value(draw: Random, value: Any) -> Any:
    """Return the same with something in it replaced, dropped, doubled or called otherwise."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        action = draw.randrange(8)
        if action == 0:
            return {name: one for name, one in value.items() if name != key}
        if action == 1:
            return {(draw.choice(FIELDS) if name == key else name): one for name, one in value.items()}
        return {**value, key: changed_value(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.7:
        place = draw.randrange(len(value))
        action = draw.randrange(6)
        if action == 0:
            return value[:place] + value[place + 1 :]
        if action == 1:
            return value + [value[place]] * draw.choice((1, 1, 100))
        return [*value[:place], changed_value(draw, value[place]), *value[place + 1 :]]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and draw.random() < 0.4:
        return draw.choice(
            (value + 1, value - 1, -value, value * 2, max(min(value, 1 << 53), -(1 << 53)) + 0.5, str(value), [value])
        )
    return draw.choice(VALUES)


def _place(draw: Random, content: bytes) -> int:
    return draw.randrange(len(content) + 1)


def _length(draw: Random) -> int:
    return draw.choice((1, 2, 3, 4, 8, 16, 64, 256, 4096))

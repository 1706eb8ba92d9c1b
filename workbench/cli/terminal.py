"""What reaches the terminal: text, and no letter that would steer it."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# All control characters but tab, line feed and carriage return; what turns the direction of writing round; and halves
# of letters, which no encoding has bytes for.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain(text: str) -> str:
    r"""Return a text with what would steer a terminal written out.

    >>> plain("Ann\x1b[2J")
    'Ann\\x1b[2J'
    """
    return _STEERING.sub(lambda letter: letter[0].encode("unicode_escape").decode(), text)


class _Plain:
    """A stream that writes text plainly, and is the stream that it writes to in everything else."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(plain(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def plainly() -> Iterator[None]:
    """Let all that is printed inside reach the terminal plainly: names of files and people are anybody's text."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_Plain, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before

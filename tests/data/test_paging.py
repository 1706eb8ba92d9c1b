"""What the system is told of rows that are about to be read."""

import ctypes
import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.data import paging

ROW = 3 * 20 * 20


@pytest.fixture
def pixels(tmp_path: Path) -> np.ndarray:
    np.save(tmp_path / "pixels.npy", np.zeros((5000, 3, 20, 20), dtype=np.uint8))
    return np.load(tmp_path / "pixels.npy", mmap_mode="r")


class Library:
    """Passes a call on, and keeps what was asked for and what came of it."""

    def __init__(self) -> None:
        self.ranges: list[list[tuple[int, int]]] = []
        self.advised: list[int] = []
        self.real = ctypes.CDLL(None)

    def process_madvise(self, process: int, pointer: ctypes.c_void_p, count: int, advice: int, flags: int) -> int:
        assert (advice, flags) == (mmap.MADV_WILLNEED, 0)
        numbers = (ctypes.c_size_t * (2 * count)).from_address(pointer.value or 0)
        self.ranges.append([(numbers[2 * i], numbers[2 * i + 1]) for i in range(count)])
        self.advised.append(self.real.process_madvise(process, pointer, count, advice, flags))
        return self.advised[-1]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    watching = Library()
    if not hasattr(watching.real, "process_madvise"):
        pytest.skip("this system has no such call")
    monkeypatch.setattr(paging, "_LIBRARY", watching)
    return watching


def test_the_pages_of_the_rows_are_asked_for_and_no_others(pixels: np.ndarray, library: Library) -> None:
    rows = np.array([4999, 0, 17, 17, 2300])
    paging.will_need(pixels, rows)
    (ranges,) = library.ranges
    for (begin, length), row in zip(ranges, sorted(rows), strict=True):
        first = pixels.ctypes.data + row * ROW
        assert begin % mmap.PAGESIZE == 0
        assert begin <= first < begin + mmap.PAGESIZE
        assert begin + length == first + ROW
    (advised,) = library.advised
    assert advised >= sum(length for _, length in ranges) or advised == -1, "-1 where it is forbidden"


def test_no_call_asks_for_more_than_it_may(pixels: np.ndarray, library: Library) -> None:
    paging.will_need(pixels, np.arange(2500))
    assert [len(ranges) for ranges in library.ranges] == [1024, 1024, 452]


@pytest.mark.parametrize("rows", [np.array([], dtype=np.int64), np.array([1, 2])])
def test_nothing_is_asked_for_what_is_in_memory(library: Library, rows: np.ndarray) -> None:
    paging.will_need(np.zeros((5, 3, 4, 4), dtype=np.uint8), rows)
    assert library.ranges == []


def test_a_system_without_the_call_is_not_asked(pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking: Any = object()
    monkeypatch.setattr(paging, "_LIBRARY", lacking)
    paging.will_need(pixels, np.array([1]))

"""Telling the system which rows of a mapped file are about to be read."""

import ctypes
import mmap
import os

import numpy as np
from jaxtyping import Int

_LIBRARY = ctypes.CDLL(None)
_RANGES_AT_ONCE = 1024  # IOV_MAX


def will_need(array: np.ndarray, rows: Int[np.ndarray, " rows"]) -> None:
    """Ask the system to read these rows of a memory-mapped array, all at once and nothing beside them.

    Otherwise each row waits for the disk by itself, and with it the system reads what lies around it, in vain where
    rows are drawn at random. It is only a hint, and a call that Linux alone has; elsewhere nothing is asked for.
    """
    if not (len(rows) and isinstance(array, np.memmap) and hasattr(_LIBRARY, "process_madvise")):
        return
    first = array.ctypes.data + np.sort(rows) * array.strides[0]
    begin = first & -mmap.PAGESIZE
    ranges = np.stack([begin, first + array.strides[0] - begin], axis=1).astype(np.uintp)
    process = os.pidfd_open(os.getpid())
    try:
        for part in np.split(ranges, range(_RANGES_AT_ONCE, len(ranges), _RANGES_AT_ONCE)):
            _LIBRARY.process_madvise(process, part.ctypes.data_as(ctypes.c_void_p), len(part), mmap.MADV_WILLNEED, 0)
    finally:
        os.close(process)

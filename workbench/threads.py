"""Work that is shared out between threads, each of which computes alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")


def each(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Do the work for each item, on as many threads as torch has, each alone with its item.

    Where an item takes many operations, splitting each of them over the threads would make all threads wait for the
    slowest each time: on a busy machine that costs ten times what it brings. So torch computes with one thread while
    this runs; then its number of threads is what it was.
    """
    threads = min(torch.get_num_threads(), len(items))
    if threads <= 1:
        for item in items:
            work(item)
        return
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(work, items))
    finally:
        torch.set_num_threads(before)

"""Ctrl-C and SIGTERM: what is under way is brought to where it can be left, and then it is left.

with stopping.deferred(processes) as asked:
    for step in steps:
        take(step)
        if asked.after_step():
            save(step)
        if asked.to_stop:
            raise stopping.Stopped(f"Stopped after step {step}", asked.wanted)
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

from workbench.sharding import ALONE, Processes

SAVE = 1  # no signal that anybody sends to stop has this number
SAVE_SECONDS = 900.0  # what a kill may cost of an epoch that takes hours
LOOK_SECONDS = 1.0  # between two looks at each other, of several processes


class Stopped(KeyboardInterrupt):
    """It was stopped by a signal; where it stands is the sentence.

    Attributes:
        signal: its number.
    """

    def __init__(self, sentence: str, number: int = signal.SIGINT) -> None:
        super().__init__(sentence)
        self.signal = number


@contextmanager
def sigterm() -> Iterator[None]:
    """Let SIGTERM raise Stopped inside, as Ctrl-C raises KeyboardInterrupt.

    Where this is not the main thread, or somebody else waits for that signal, it is left to them.
    """
    with _handled({signal.SIGTERM: _raise}):
        yield


@contextmanager
def deferred(processes: Processes = ALONE) -> Iterator["Asked"]:
    """Let the first Ctrl-C or SIGTERM inside wait until it is asked for. A second one ends at once.

    Of several processes all stop at the same step, whichever has the signal, and a second signal is nothing new:
    torchrun hands on the one that a terminal or a cluster has sent to all already.
    """
    asked = Asked(processes)
    with ExitStack() as before:

        def note(number: int, _: FrameType | None) -> None:
            asked.signal = asked.signal or number
            if processes.size == 1:
                before.close()

        before.enter_context(_handled({signal.SIGINT: note, signal.SIGTERM: note}))
        yield asked


class Asked:
    """What is wanted of a training: to go on, to save, or to save and stop.

    Attributes:
        signal: number of the signal that came; 0 if none has.
        wanted: what all processes have agreed on: 0, SAVE, or the number of a signal.
    """

    def __init__(self, processes: Processes) -> None:
        self.signal = self.wanted = 0
        self._processes = processes
        self._saved = self._looked = time.monotonic()
        self._steps, self._next = 0, 1

    @property
    def to_stop(self) -> bool:
        """Whether all processes are to stop."""
        return self.wanted > SAVE

    def after_step(self) -> int:
        """Look what is wanted, and return it. All processes call after each step; about once a second they agree."""
        self._steps += 1
        if self._steps < self._next:
            return 0
        now = time.monotonic()
        self.wanted = self.signal or (SAVE if now - self._saved > SAVE_SECONDS else 0)
        if self._processes.size > 1:
            pace = max((now - self._looked) / self._steps, 1e-3)
            self.wanted, self._next = self._processes.largest([self.wanted, max(1, int(LOOK_SECONDS / pace))])
            self._looked, self._steps = now, 0
        return self.wanted

    def saved(self) -> None:
        """Note that all is safe."""
        self._saved, self.wanted = time.monotonic(), self.wanted if self.to_stop else 0


def _raise(number: int, _: FrameType | None) -> None:
    raise Stopped("", number)


@contextmanager
def _handled(handlers: dict[signal.Signals, Any]) -> Iterator[None]:
    """Handle signals that nobody else has taken, in the main thread, where Python handles them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    free = (signal.SIG_DFL, signal.default_int_handler, _raise)
    before = {number: found for number in handlers if (found := signal.getsignal(number)) in free}
    for number in before:
        signal.signal(number, handlers[number])
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""A training in a thread of its own, which can be paused, taken step by step, stopped and gone on with."""

import threading
import time
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from workbench.checks import one_of
from workbench.learner import Step
from workbench.training import Trainer

State = Literal["ready", "running", "paused", "stopped", "finished", "failed"]
UNITS = ("epoch", "step")
PACE_SECONDS = 0.25  # four looks a second are enough for an eye, and few enough for a slow connection
SHARE = 5  # one look takes at most a fifth of the time, also where embedding the probe images is slow


class Listener(Protocol):
    """Who is told how a session goes."""

    def stand(self) -> None:
        """Hear that the state has changed, in whatever thread it did."""

    def look(self) -> None:
        """Look at the trainer as it is, between two steps, in its own thread: at most four times a second."""

    def keep(self, epoch: int) -> None:
        """Look at the trainer at the end of an epoch, in its own thread."""


class Session:
    """One training and where it stands. Every method may be called from any thread, and returns at once.

    Paused, the thread waits between two steps, so the training goes on with the bits that it has. Stopped, the thread
    ends; the epochs that are done are in the run's folder, and `start` goes on from there to the same bits.
    Cells that run beside it change nothing: the training draws from generators of its own.

    Args:
        trainer: what to train.
        listener: who is told.

    Attributes:
        state: "ready", "running", "paused", "stopped", "finished" or "failed".
        steps: steps done.
        records: of the epochs done, oldest first.
        error: what a failed training failed of.
    """

    def __init__(self, trainer: Trainer, listener: Listener) -> None:
        self.trainer = trainer
        self.state: State = "ready"
        self.error: Exception | None = None
        self.records = _records(trainer)
        self.steps = len(self.records) * trainer.steps_per_epoch
        self._listener = listener
        self._turn = threading.Condition()
        self._wish = "pause"
        self._why = ""
        self._settled = True  # it does nothing, and the listener knows
        self._thread: threading.Thread | None = None
        self._latest: Step | None = None
        self._margins: list[Tensor] = []
        self._due = 0.0
        if self.epochs >= trainer.config.epochs:
            self.state = "finished"

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return int(self.records[-1]["epoch"]) if self.records else 0

    @property
    def margins(self) -> Tensor | None:
        """What the loss demanded of the samples of the epoch that is going on, or of the last one; None before."""
        return torch.cat(self._margins).float().cpu() if self._margins else None

    # -- what somebody wants

    def start(self) -> None:
        """Train on, to the end or until told otherwise."""
        self._want("run")

    def step(self, unit: str = "epoch") -> None:
        """Train to the end of this epoch, or one step, and pause."""
        one_of("step", "unit", unit, UNITS)
        self._want(unit)

    def pause(self, why: str = "") -> None:
        """Pause after the step that is going on; `why` is told where it is shown."""
        with self._turn:
            if self.state != "running":
                return
            self._wish, self._why = "pause", why
        self._listener.stand()

    def stop(self) -> None:
        """Stop after the step that is going on. What is lost is the epoch that is not over."""
        with self._turn:
            if self.state not in ("running", "paused"):
                return
            self._wish, self.state, self._settled = "stop", "running", False  # until it has ended
            self._turn.notify_all()
        self._listener.stand()

    def wait(self, seconds: float | None = None) -> State:
        """Wait until the training pauses or ends, or so many seconds; return the state.

        An interrupt of the kernel pauses the training.

        Raises:
            KeyboardInterrupt: after an interrupt, when the training has paused.
        """
        try:
            with self._turn:
                self._turn.wait_for(lambda: self._settled, seconds)
        except KeyboardInterrupt:
            self.pause("The kernel was interrupted.")
            with self._turn:
                self._turn.wait_for(lambda: self._settled)
            raise
        return self.state

    def _want(self, wish: str) -> None:
        with self._turn:
            if self.state == "finished":
                return
            self._wish, self._why = wish, ""
            self._turn.notify_all()
            if self.state == "running":
                return
            begins, self.state, self._settled = self.state != "paused", "running", False
            if begins:
                before, self.error = self._thread, None
                self._thread = threading.Thread(target=self._work, name="training", daemon=True)
        if begins and self._thread:
            if before:
                before.join()  # it is over but for its last words
            self._thread.start()
        self._listener.stand()

    # -- in the training's thread

    def _work(self) -> None:
        try:
            state: State = "finished" if self.trainer.fit(self).finished else "stopped"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told where people look
            self.error, state = error, "failed"
        # What counts is safe on disk: there it goes on.
        self.steps = len(self.records) * self.trainer.steps_per_epoch
        self._enter(state)

    def after_step(self, step: int, done: Step) -> bool:
        """Look, at most four times a second; wait while paused. As a `workbench.training.Watcher`."""
        if step % self.trainer.steps_per_epoch == 0:
            self._margins = []
        self._margins.append(done.margin)
        self._latest, self.steps = done, step + 1
        if time.monotonic() >= self._due:
            self._look()
        # After its last step an epoch is over at once, and then it is on disk.
        return self.steps % self.trainer.steps_per_epoch == 0 or self._gate("step")

    def after_epoch(self, epoch: int, record: Mapping[str, float]) -> bool:
        """Take the record; wait while paused."""
        self.records.append({"epoch": epoch, **record})
        self._listener.keep(epoch)
        return epoch == self.trainer.config.epochs or self._gate("step", "epoch")

    def _gate(self, *units: str) -> bool:
        """Wait while somebody wants it paused, or when what was asked for is done; return whether to go on."""
        with self._turn:
            if self._wish in units:
                self._wish = "pause"
            pausing = self._wish == "pause"
        if pausing:
            self._look()
            with self._turn:
                if self._wish == "pause":
                    self.state = "paused"
            self._tell()
            with self._turn:
                self._turn.wait_for(lambda: self._wish != "pause")
                self.state = "running"
        return self._wish != "stop"

    def _look(self) -> None:
        began = time.monotonic()
        self._listener.look()
        now = time.monotonic()
        self._due = max(began + PACE_SECONDS, now + (SHARE - 1) * (now - began))

    def _enter(self, state: State) -> None:
        with self._turn:
            self.state = state
        self._tell()

    def _tell(self) -> None:
        """Tell the listener first, then whoever waits."""
        try:
            self._listener.stand()
        finally:
            with self._turn:
                self._settled = self.state != "running"
                self._turn.notify_all()

    # -- in words

    def sentence(self) -> str:
        """Where the training stands and what can be done, for people."""
        config, folder = self.trainer.config, self.trainer.folder
        size = self.trainer.steps_per_epoch
        done = f"{self.epochs} of {config.epochs} epochs"
        inside, within = divmod(self.steps, size)
        place = f"in epoch {inside + 1} of {config.epochs}, after step {within} of {size}"
        place = place if within else f"after epoch {inside} of {config.epochs}"
        if self.state == "ready":
            kept = f"{done} are done, in {folder}. It goes on from there."
            return kept if self.records else f"Not begun: {config.epochs} epochs of {size} steps, into {folder}."
        if self.state == "running":
            if self._latest is None:
                return f"Starting from epoch {self.epochs}."
            ends = {"pause": ", pausing after this step", "stop": ", stopping after this step"}.get(self._wish, "")
            number = f"epoch {min(inside + bool(within), config.epochs)} of {config.epochs}"
            return (
                f"Training {number}, {self.steps} of {config.epochs * size} steps, loss {_digits(self._latest)}{ends}."
            )
        if self.state == "paused":
            return f"{self._why + ' ' if self._why else ''}Paused {place}."
        if self.state == "stopped":
            return f"Stopped. {done} are kept in {folder}; it goes on from there."
        if self.state == "finished":
            return f"Finished: {config.epochs} epochs, in {folder}."
        known = isinstance(self.error, (ValueError, OSError))
        return str(self.error) if known else f"{type(self.error).__name__}: {self.error}"


def _digits(step: Step) -> str:
    return f"{float(step.loss):.3g}"


def _records(trainer: Trainer) -> list[dict[str, Any]]:
    run = trainer.begun()
    return run.records() if run else []

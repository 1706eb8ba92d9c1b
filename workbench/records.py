"""What the steps of an epoch told: its record, and the margins of its samples."""

import time
from collections.abc import Mapping

import torch
from torch import Tensor

from workbench.learner import Step
from workbench.losses.margins import angle

_NAMES = ("loss", "accuracy", "angle", "margin", "grad_norm")
_KEPT = ("loss", "grad_norm", "cosine", "correct", "margin")
_AT_ONCE = 64  # steps that are summed up together: one by one, a dozen small operations would follow every step


class Tally:
    """What an epoch tells, kept on the device so that no step waits for it.

    Args:
        batch_size: images in each step.
    """

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._started = time.perf_counter()
        self._count = 0
        self._steps: list[Step] = []
        self._means: list[Tensor] = []
        self._margins: list[Tensor] = []
        self._terms: dict[str, list[Tensor]] = {}
        self._last: dict[str, float] = {}

    def add(self, step: Step, number: int, lr: float) -> None:
        """Take in step `number` of the run, counted from 0."""
        if len(self._steps) == _AT_ONCE or (self._steps and len(step.cosine) != len(self._steps[0].cosine)):
            self._means.append(_means(self._steps))
            self._steps = []
        self._count += 1
        self._steps.append(step)
        self._margins.append(step.margin)
        for name, term in step.terms.items():
            self._terms.setdefault(name, []).append(term.float())
        self._last = {"step": number + 1, "lr": lr}

    def record(self) -> dict[str, float]:
        """Return the means over the epoch; angles are in radians, `term_NAME` is a term of the loss."""
        terms = {f"term_{name}": float(torch.stack(steps).mean()) for name, steps in self._terms.items()}
        averages, speed = self._averages(), self._speed()
        return {**self._last, **averages, **terms, **speed}

    def progress(self) -> dict[str, str]:
        """Return the same for a progress bar."""
        so_far = self._averages()
        return {
            "loss": f"{so_far['loss']:.3f}",
            "accuracy": f"{so_far['accuracy']:.1%}",
            "images/s": f"{self._speed()['images_per_second']:.0f}",
        }

    def state(self) -> dict[str, Tensor]:
        """Return all that was told so far, by name, so that a record comes out with the same bits after a stop."""
        told = [self._count, time.perf_counter() - self._started, self._last["step"], self._last["lr"]]
        state = {"told": torch.tensor(told, dtype=torch.float64), "margins": torch.cat(self._margins)}
        state |= {f"steps.{name}": torch.stack([getattr(one, name) for one in self._steps]) for name in _KEPT}
        state |= {f"terms.{name}": torch.stack(steps) for name, steps in self._terms.items()}
        return state | ({"means": torch.cat(self._means, 1)} if self._means else {})

    def load_state(self, state: Mapping[str, Tensor], device: torch.device) -> None:
        """Go back to what `state()` returned."""
        state = {name: value.to(device) for name, value in state.items()}
        count, seconds, step, lr = state["told"].tolist()
        self._count, self._last = int(count), {"step": int(step), "lr": lr}
        self._started = time.perf_counter() - seconds
        rows = zip(*(state[f"steps.{name}"].unbind() for name in _KEPT), strict=True)
        self._steps = [Step(**dict(zip(_KEPT, row, strict=True)), terms={}) for row in rows]
        self._means = [state["means"]] if "means" in state else []
        self._margins = [state["margins"]]
        terms = {name.removeprefix("terms."): value for name, value in state.items() if name.startswith("terms.")}
        self._terms = {name: [*value.unbind()] for name, value in terms.items()}

    def margins(self) -> Tensor:
        """Return the margin of every sample of the epoch, in the order of training."""
        return torch.cat(self._margins).float().cpu()

    def _averages(self) -> dict[str, float]:
        every = torch.cat([*self._means, _means(self._steps)], 1)
        return dict(zip(_NAMES, every.mean(1).tolist(), strict=True))

    def _speed(self) -> dict[str, float]:
        seconds = time.perf_counter() - self._started
        return {"images_per_second": self._batch_size * self._count / seconds, "seconds": seconds}


def _means(steps: list[Step]) -> Tensor:
    """Return the mean of each step by name, [5, steps]; the steps have as many rows each."""
    cosine, correct, margin = (
        torch.stack([getattr(step, name) for step in steps]) for name in ("cosine", "correct", "margin")
    )
    rows = (
        torch.stack([step.loss for step in steps]),
        correct.float().mean(1),
        angle(cosine).mean(1),
        margin.mean(1),
        torch.stack([step.grad_norm for step in steps]),
    )
    return torch.stack([row.float() for row in rows])

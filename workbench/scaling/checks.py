"""Predictions beside what was measured: the record of a machine, its constants, and the steps that were timed on it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from workbench.config import RunConfig
from workbench.scaling.job import Job
from workbench.scaling.machines import Link, Machine
from workbench.scaling.plan import Plan

RECORD = Path(__file__).with_name("measured.json")
Kind = Literal["head", "step", "memory", "checkpoint", "checkpoint seconds"]
_PARTS = ("heads", "shared", "steps", "memory", "checkpoints")
_OF_A_HEAD = {"products", "scores", "class rows", "pairs", "draws", "small operations"}
_OF_A_HEAD |= {"sending: embeddings", "sending: labels", "sending: log-sum-exp", "sending: gradient of the embeddings"}
_OF_A_HEAD |= {"sending: rows of classes"}


@dataclass(frozen=True)
class Check:
    """Something that was measured and that the model predicts.

    Attributes:
        kind: "head", seconds of its forward and backward pass; "step", of all; "memory", bytes of a step; "checkpoint",
            its bytes; "checkpoint seconds".
        run: parameters that are not those of a run of arcface with an mlp and D = 512.
        classes: C.
        shape: of the images.
        processes: K.
        measured: seconds or bytes.
    """

    kind: Kind
    run: Mapping[str, Any]
    classes: int
    shape: tuple[int, int, int]
    processes: int
    measured: float

    @property
    def job(self) -> Job:
        """What was measured, as the model knows it."""
        config = RunConfig(**{"loss": "arcface", "model": "mlp", "dim": 512, "device": "cpu", **self.run})
        return Job.of(config, classes=self.classes, shape=self.shape, processes=self.processes, gpu=False)

    @property
    def name(self) -> str:
        """What was measured, in words."""
        given = {"loss": "arcface", **self.run}
        loss = str(given.pop("loss"))
        others = [f"{name} {value}" for name, value in given.items() if name not in ("batch_size", "model")]
        sizes = [f"N = {given['batch_size']}", f"C = {self.classes:,}".replace(",", " ")]
        shared = [f"{self.processes} processes"] if self.processes > 1 else []
        return ", ".join(
            [self.kind, *([str(given["model"])] if "model" in given else []), loss, *sizes, *others, *shared]
        )

    def predicted(self, machine: "Measured") -> float:
        """Return what the model says of it."""
        plan = Plan(self.job, machine.among(self.processes))
        if self.kind == "head":
            return sum(value for name, value in plan.seconds().items() if name in _OF_A_HEAD)
        if self.kind == "step":
            return plan.step
        if self.kind == "memory":
            return plan.memory
        return plan.checkpoint_seconds if self.kind == "checkpoint seconds" else self.job.checkpoint()[0]

    def written(self) -> dict[str, Any]:
        """Return it as it is kept in a file."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Return what `written` wrote."""
        return cls(**{**record, "shape": tuple(record["shape"])})


@dataclass(frozen=True)
class Measured:
    """A machine of CPUs that was measured: its constants, and gloo's links by the number of processes."""

    whole: Machine
    links: Mapping[int, Link]

    def among(self, processes: int) -> Machine:
        """Return it as each of so many processes on it sees it."""
        if processes == 1:
            return self.whole
        return replace(self.whole.divided(processes), near=self.links[processes], together=processes)


def machine_of(constants: Mapping[str, float], links: Mapping[int, tuple[float, float]]) -> Measured:
    """Return a machine from what `tests.benchmarks.scaling` measures."""
    near = {int(size): Link(*values) for size, values in links.items()}
    first = next(iter(near.values()))
    return Measured(Machine(name="this CPU", together=1, near=first, far=first, **constants), near)


def measured() -> Measured:
    """Return the machine of the record that this package brings."""
    return machine_of(_record()["constants"], _record()["links"])


def read() -> list[Check]:
    """Return what was measured on it."""
    return [Check.from_record(one) for part in _PARTS for one in _record().get(part, [])]


@cache
def _record() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record

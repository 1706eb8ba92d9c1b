"""A job on a machine: seconds of a step, whether it fits, and what bounds it."""

from dataclasses import dataclass
from typing import Literal

from workbench.scaling.job import Job
from workbench.scaling.machines import Machine
from workbench.scaling.messages import FLOAT


@dataclass(frozen=True)
class Plan:
    """What a step of a job is expected to take on a cluster of such machines."""

    job: Job
    machine: Machine

    @property
    def memory(self) -> int:
        """Bytes that a process holds when it holds most."""
        return sum(self.job.memory().values())

    @property
    def fits(self) -> bool:
        """Whether that is less than there is."""
        return self.memory <= self.machine.memory

    def seconds(self) -> dict[str, float]:
        """Return the seconds of a step by what they are spent on, one after another; nothing overlaps.

        backbone      N / K (3 F / r_b + A / r_a)             backward is twice forward; A bytes are kept
        products      2 p N' C' D / r_h                       p = 4 for a head, of the classes that take part
        scores        N' C' / r_s                             where they are not fused
        class rows    bytes read and written / b              rounding, tangent, copies of a sample of the classes
        optimiser     20 (P + C' D) / b                       weight, gradient and momentum read, two written
        pairs         N'^2 / r_p                              the same in every process
        draws         C' / r_d                                with a sample of the classes
        """
        job, machine = self.job, self.machine
        rows, dim, held = job.rows, job.loss.dim, job.held
        products = machine.bfloat16 if job.rounded else machine.float32
        numbers, mine = job.compared * dim, job.images // job.processes
        learned = job.body.learned + job.parameter_bytes // FLOAT
        found = {
            "backbone": mine * (3 * job.body.flops / machine.backbone + job.body.saved / machine.activations),
            "products": 2 * sum(job.comparisons) * rows * numbers / products,
            "scores": 0.0 if job.fused else len(job.comparisons) * rows * job.compared / machine.scores,
            "class rows": self._row_bytes() / machine.bandwidth + self._new_bytes() / machine.fresh,
            "optimiser": 5 * FLOAT * learned / machine.bandwidth,
            "pairs": job.pairs / machine.pairs,
            "draws": held / machine.draws if job.sample_rate < 1 else 0.0,
            "small operations": machine.fixed,
        }
        for message in job.messages():
            name = f"sending: {message.what}"
            found[name] = found.get(name, 0.0) + machine.seconds(message, job.processes)
        return {name: value for name, value in found.items() if value}

    @property
    def step(self) -> float:
        """Seconds of a step."""
        return sum(self.seconds().values())

    @property
    def images_per_second(self) -> float:
        """Images a second, of all processes together."""
        return self.job.images / self.step

    def share(self, of: Literal["backbone", "head", "sending"]) -> float:
        """Return the share of a step that goes into the backbone, into messages, or into all the rest."""
        seconds = self.seconds()
        sending = sum(value for name, value in seconds.items() if name.startswith("sending"))
        parts = {"backbone": seconds["backbone"], "sending": sending}
        parts["head"] = self.step - sum(parts.values())
        return parts[of] / self.step

    @property
    def checkpoint_seconds(self) -> float:
        """Seconds in which a checkpoint is written, if every machine writes by itself."""
        first, other = self.job.checkpoint()
        here = min(self.job.processes, self.machine.together)
        return (first + (here - 1) * other) / self.machine.writing

    @property
    def reading(self) -> float:
        """Bytes of images a second that each machine reads."""
        here = min(self.job.processes, self.machine.together)
        return self.images_per_second * self.job.image_bytes * here / self.job.processes

    def _row_bytes(self) -> int:
        """Return the bytes of class rows that are read and written beside the products."""
        numbers, every = self.job.compared * self.job.loss.dim, self.job.held * self.job.loss.dim
        passes = len(self.job.comparisons) * numbers * (6 if self.job.fused else 4) * FLOAT
        # A sample is copied; its gradient is laid into one of all rows, which is filled with zeros first.
        return passes + ((4 * numbers + every) * FLOAT if self.job.sample_rate < 1 else 0)

    def _new_bytes(self) -> int:
        """Return the bytes of class rows for which memory is taken anew in each step: gradients and copies."""
        numbers, gradient = self.job.compared * self.job.loss.dim, self.job.parameter_bytes
        return gradient + (2 * FLOAT * numbers if self.job.sample_rate < 1 else 0)

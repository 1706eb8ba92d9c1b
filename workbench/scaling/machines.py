"""What machines can do: the constants of the cost model, each with where it comes from."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from workbench.scaling.messages import Message


class Link(NamedTuple):
    """How processes reach each other."""

    latency: float
    """alpha, seconds for one message between two processes."""
    bandwidth: float
    """beta, bytes a second into each process, and as many out of it."""


@dataclass(frozen=True)
class Machine:
    """One of the machines of a cluster, as one of its processes sees it. Rates are those reached, not those promised.

    Attributes:
        name: what it is.
        memory: bytes for each process.
        float32, bfloat16: FLOP/s of the products of a head, by what their factors are rounded to.
        scores: scores a second that all passes beside the products take, where they are not fused.
        backbone: FLOP/s of the products of a backbone, forward and backward.
        activations: bytes a second, of what is kept for the backward pass, at which everything else of a backbone goes:
            each of these bytes is written and read several times.
        bandwidth: bytes a second, read and written, of a pass over much memory.
        fresh: bytes a second at which new memory is mapped; infinite where it is kept for the next step.
        pairs: pairs of rows a second, forward and backward, sorting included.
        draws: random numbers a second.
        fixed: seconds of a step that depend on no size: small operations, one after another.
        reading, writing: bytes a second from and to a disk, all processes of the machine together.
        together: processes on one machine.
        near: within a machine.
        far: between machines.
    """

    name: str
    memory: float
    float32: float
    bfloat16: float
    scores: float
    backbone: float
    activations: float
    bandwidth: float
    fresh: float
    pairs: float
    draws: float
    fixed: float
    reading: float
    writing: float
    together: int
    near: Link
    far: Link

    def seconds(self, message: Message, processes: int) -> float:
        """Return how long a message among so many processes takes.

            all-gather of n bytes:  alpha log2 K + (K - 1) / K n / beta        all-reduce: twice that

        The slowest link decides: beta is the network's as soon as there is more than one machine. Latencies add up,
        log2 of the processes on a machine within it, and log2 of the machines between them.
        """
        inside = min(processes, self.together)
        machines = -(-processes // self.together)
        link = self.near if machines == 1 else self.far
        latency = self.near.latency * math.log2(inside) + self.far.latency * math.log2(machines)
        once = latency + (processes - 1) / processes * message.size / link.bandwidth
        return message.times * once * (2 if message.kind == "all-reduce" else 1)

    def divided(self, processes: int) -> "Machine":
        """Return this machine as one of so many processes that share its cores sees it."""
        rates = ("memory", "float32", "bfloat16", "scores", "backbone", "activations", "bandwidth", "fresh", "pairs")
        return replace(self, **{name: getattr(self, name) / processes for name in rates})


# What an H100 reached with this code (docs/performance.md, "On a GPU"), NVIDIA's figures for its links, and what nobody
# has measured here: the constants of docs/scaling.md say which is which.
H100 = Machine(
    name="H100",
    memory=80e9,
    float32=8 * 1024 * 1e6 * 512 / 123e-3,
    bfloat16=8 * 1024 * 1e6 * 512 / (2.7e-3 + 3.2e-3 + 2 * 1.9e-3),
    scores=math.inf,
    backbone=262e12,
    activations=2.6e12 / 7,
    bandwidth=12 * 1e6 * 512 / 2.4e-3,
    fresh=math.inf,
    pairs=1e10,
    draws=3.3e8,
    fixed=4e-3,
    reading=1.1e9,
    writing=1e9,
    together=8,
    near=Link(3e-6, 450e9),
    far=Link(8e-6, 50e9),
)

ORIGINS = {
    "float32": "measured, passes over scores included: 123 ms at N = 1024, C = 1 000 000",
    "bfloat16": "measured: two kernels of 2.7 and 3.2 ms and two products of 1.9 ms at that size",
    "scores": "fused, or in the rate above",
    "backbone": "fitted to one measurement, 3 870 images/s of IResNet-50",
    "activations": "assumed: each byte that is kept passes through memory seven times",
    "bandwidth": "measured: rounding the weights twice takes 2.4 ms",
    "fresh": "torch keeps memory for the next step",
    "pairs": "assumed; not measured on a GPU",
    "draws": "measured on the CPU below, one thread",
    "fixed": "measured: what the head of that size takes beside its sums",
    "reading": "measured: 4.3 ms for 128 images that are not in memory",
    "writing": "assumed: one disk for each machine",
    "near": "NVLink 4, NVIDIA's figure; latency assumed",
    "far": "InfiniBand NDR, one 400 Gb/s adapter for each GPU, NVIDIA's figure; latency assumed",
}
"""Where each constant of `H100` comes from."""

"""Training shared by several processes: who takes part, what each of them holds, and what they tell each other.

Each process sees its own part of a batch and holds its own range of classes, and all of them compute one and the same
loss, that of the whole batch. So a tensor is either *split*, when each process has its own part, or *common*, when all
have the same. The three ways between the two carry gradients:

    gathered    split -> common, the parts one after another     back: each takes its own part
    summed      split -> common, the sum of the parts            back: as it is
    shared      common, but what reads it is split               back: the sum over the processes

(`shared` and `summed` are the conjugate pair f and g of Megatron-LM, 1909.08053.) With one process each of them
returns what it is given, and none of this costs anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Processes:
    """The processes that train together, as one of them sees them. All must make the same calls in the same order.

    Attributes:
        rank: which of them this one is, in [0, size).
        size: K, how many they are.
        group: through which they talk; None for the default group of torch.distributed.
    """

    rank: int = 0
    size: int = 1
    group: dist.ProcessGroup | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the first: it writes what is written once, and talks to people."""
        return self.rank == 0

    def share(self, total: int) -> range:
        """Return which of `total` things are this one's: neighbours, as many as the others have, or one fewer."""
        return share(total, self.rank, self.size)

    def part(self, tensor: Tensor, dim: int = 0) -> Tensor:
        """Return this one's part of a common tensor, whose length along `dim` K divides."""
        length = tensor.shape[dim] // self.size
        return tensor.narrow(dim, self.rank * length, length)

    def gathered(self, part: Tensor, dim: int = 0) -> Tensor:
        """Return the parts of all, of the same shape each, one after another along `dim`."""
        return part if self.size == 1 else _Gathered.apply(part, dim, self)  # type: ignore[no-untyped-call]

    def shared(self, tensor: Tensor) -> Tensor:
        """Return a common tensor for what is split: its gradient is the sum of what each process makes of it."""
        return tensor if self.size == 1 else _Shared.apply(tensor, self)  # type: ignore[no-untyped-call]

    def summed(self, part: Tensor) -> Tensor:
        """Return the sum of the parts of all, for what all compute alike."""
        return part if self.size == 1 else _Summed.apply(part, self)  # type: ignore[no-untyped-call]

    def every(self, part: Tensor) -> Tensor:
        """Return the parts of all side by side, [K, ...], without gradient."""
        found = part.new_empty(self.size, *part.shape)
        _gather(found.view(-1), part.contiguous().view(-1), self.group)
        return found

    def collected(self, rows: Tensor, total: int) -> Tensor:
        """Return the rows of all to the first process, and to the others their own.

        Args:
            rows: as many for each of this one's share of `total` things.
            total: number of things.
        """
        if self.size == 1:
            return rows
        each = len(rows) // len(self.share(total))
        padded = rows.new_zeros(-(-total // self.size) * each, *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(self.size)] if self.leads else None
        dist.gather(padded, parts, group=self.group, group_dst=0)
        if parts is None:
            return rows
        return torch.cat([part[: len(share(total, rank, self.size)) * each] for rank, part in enumerate(parts)])

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each of these tensors by the sum of those of all processes, in one message."""
        if self.size == 1 or not tensors:
            return
        total = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(total, group=self.group)
        for tensor, part in zip(tensors, total.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view(tensor.shape))

    def all(self, truth: bool) -> bool:
        """Return whether it is true of every process."""
        return all(self.told(truth))

    def largest(self, numbers: Sequence[int]) -> list[int]:
        """Return for each of these whole numbers the largest that one of them says; the devices do not wait."""
        if self.size == 1:
            return list(numbers)
        found = torch.tensor(numbers)
        dist.all_reduce(found, dist.ReduceOp.MAX, group=self.group)
        return [int(number) for number in found]

    def require_alike(self, what: str, given: Mapping[str, Any]) -> None:
        """Raise a ValueError, in every process, unless all were given the same.

        Args:
            what: it is, in the plural: "parameters".
            given: by name.
        """
        first, *others = self.told(dict(given))
        for rank, other in enumerate(others, 1):
            names = [name for name in first | other if first.get(name) != other.get(name)]
            if names:
                differences = ", ".join(f"{name} {other.get(name)!r} for {first.get(name)!r}" for name in names)
                raise ValueError(
                    f"All processes must have the same {what}. Process {rank} has others than the first: "
                    f"{differences}. Start the same command on every machine."
                )

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Leave together: an error inside that is a person's or a file's is raised in every process.

        Else the others would wait for one that is gone.
        """
        error = None
        try:
            yield
        except (ValueError, OSError) as problem:
            if self.size == 1:
                raise
            error = problem
        if self.size > 1 and (first := next((one for one in self.told(error) if one is not None), None)):
            raise error or first

    def told(self, value: Any) -> list[Any]:
        """Return what each of them says, in order of their ranks; anything that can be pickled."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self.group)
        return found


ALONE = Processes()

# Before 2.13, as on many a machine with GPUs, torch had another name for it.
_gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor

_current = ContextVar("processes", default=ALONE)


@contextmanager
def among(processes: Processes) -> Iterator[None]:
    """Create losses inside that are shared by these processes: each holds the rows of its own classes alone.

    >>> with among(ALONE):
    ...     head = losses.create("arcface", dim=512, classes=85_742)
    """
    token = _current.set(processes)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Processes:
    """Return the processes that a loss which is created now is shared by: this one alone, but inside `among`."""
    return _current.get()


def share(total: int, rank: int, size: int) -> range:
    """Return which of `total` things belong to process `rank` of `size`: the first `total % size` have one more.

    >>> [share(10, rank, 4) for rank in range(4)]
    [range(0, 3), range(3, 6), range(6, 8), range(8, 10)]
    """
    least, more = divmod(total, size)
    start = rank * least + min(rank, more)
    return range(start, start + least + (rank < more))


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor, dim: int, processes: Processes) -> Tensor:
        ctx.dim, ctx.processes = dim % part.ndim, processes
        return processes.every(part).movedim(0, ctx.dim).flatten(ctx.dim, ctx.dim + 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return ctx.processes.part(grad, ctx.dim), None, None


class _Shared(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, processes: Processes) -> Tensor:
        ctx.processes = processes
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return _sum(grad, ctx.processes), None


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, part: Tensor, processes: Processes) -> Tensor:
        return _sum(part, processes)

    @staticmethod
    def backward(_ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


def _sum(part: Tensor, processes: Processes) -> Tensor:
    total = part.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total, group=processes.group)
    return total

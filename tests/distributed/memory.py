"""What each of 1, 2 and 4 processes holds for a head: `python -m tests.distributed.memory [--classes 100000]`."""

import argparse
import os
import sys
from pathlib import Path

import torch

from tests.distributed.processes import together
from workbench import losses
from workbench.sharding import Processes, among


def held(processes: Processes, classes: int, dim: int, batch: int, loss: str = "arcface") -> dict[str, int]:
    """Take two steps, and return bytes: of the state, of what forward keeps for backward, and the most there ever was.

    Args:
        processes: that share the head.
        classes: C.
        dim: D.
        batch: N, of all processes together.
        loss: name of a loss of classes.
    """
    before = _most(reset=True)
    kept: dict[int, int] = {}

    def noted(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with among(processes):
        head = losses.create(loss, dim, classes)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9, fused=True)
    draws = torch.Generator().manual_seed(0)
    for _ in range(2):
        whole = torch.randn(batch, dim, generator=draws)
        labels = torch.randint(classes, (batch,), generator=draws)
        kept.clear()
        with torch.autograd.graph.saved_tensors_hooks(noted, lambda tensor: tensor):
            value = head(processes.part(whole).requires_grad_(), processes.part(labels))
        value.backward()
        optimizer.step()
        own = {parameter.untyped_storage().data_ptr() for parameter in head.parameters()}
        saved = sum(size for place, size in kept.items() if place not in own)
        gradients = [parameter.grad for parameter in head.parameters() if parameter.grad is not None]
        state = [*head.parameters(), *head.buffers(), *gradients]
        state += [slots["momentum_buffer"] for slots in optimizer.state.values()]
        optimizer.zero_grad()
    return {"state": sum(tensor.nbytes for tensor in state), "saved": saved, "peak": _most() - before}


def _most(*, reset: bool = False) -> int:
    """Return the most memory that this process ever had in bytes, on Linux; from now on, if it is reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in {"classes": 100_000, "dim": 512, "batch": 256}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    sizes = vars(parser.parse_args())
    os.environ["OMP_NUM_THREADS"] = "1"
    print("| processes | state | kept for backward | most that was held |\n|---|---|---|---|")
    for size in (1, 2, 4):
        found = together(size, lambda processes: held(processes, **sizes), fresh=True)
        largest = {name: max(one[name] for one in found) / 1e6 for name in found[0]}
        print(f"| {size} | {largest['state']:.1f} MB | {largest['saved']:.1f} MB | {largest['peak']:.0f} MB |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

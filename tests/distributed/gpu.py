"""What only a GPU can tell of several processes: `python -m tests.distributed.gpu [--device cpu]`.

With one GPU: each message through NCCL, among one process; and a training by two processes that share the GPU and talk
through gloo, beside that of one. With several GPUs, `--device cuda` has one for each process, and NCCL.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from tests.distributed.test_training import off, trained
from workbench import sharding
from workbench.sharding import ALONE, Processes

LOSSES = ("arcface", "unpg-arcface", "jcsc")


def messages(device: str) -> None:
    """Send each kind of message among one process; what comes back is what was sent."""
    me = Processes()
    x = torch.randn(4, 6, device=device, requires_grad=True)
    assert torch.equal(me.every(x.detach()), x[None])
    for way in (sharding._Gathered.apply(x, 0, me), sharding._Shared.apply(x, me), sharding._Summed.apply(x, me)):
        (slope,) = torch.autograd.grad((way * x.detach()).sum(), x)
        assert torch.equal(way, x)
        assert torch.equal(slope, x)
    found = [torch.empty_like(x)]
    dist.gather(x.detach(), found, group_dst=0)
    assert torch.equal(found[0], x)
    assert me.told({"loss": 1.0}) == [{"loss": 1.0}]
    if device.startswith("cuda"):
        norm = nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm1d(6)).to(device)
        torch.testing.assert_close(norm(x), nn.BatchNorm1d(6).to(device)(x))


def train(rank: int, size: int, device: str, folder: str) -> None:
    backend = "cpu:gloo,cuda:nccl" if device == "cuda" and torch.cuda.device_count() >= size else "gloo"
    if device == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.cuda.set_device(rank % torch.cuda.device_count())
    if size > 1 or rank == 0:
        one = "cpu:gloo,cuda:nccl" if device == "cuda" and size == 1 else backend
        dist.init_process_group(one, init_method=f"file://{folder}/store-{size}", rank=rank, world_size=size)
    if size == 1:
        messages(device)
    processes = ALONE if size == 1 else Processes(rank, size)
    told: dict[str, Any] = {}
    for loss in LOSSES:
        path = Path(folder) / f"{loss}-{size}"
        told[loss] = trained(path, processes, torch.float32, loss=loss, device=device, precision="float32")
    if rank == 0:
        cpu = {loss: [{k: v.cpu() for k, v in step.items()} for step in steps] for loss, steps in told.items()}
        torch.save(cpu, Path(folder) / f"told-{size}.pt")
    dist.destroy_process_group()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    device = parser.parse_args().device
    if device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device on this machine: nothing was tried.", file=sys.stderr)
        return 0
    with TemporaryDirectory() as folder:
        for size in (1, 2):
            mp.spawn(train, (size, device, folder), nprocs=size)
        alone, shared = (torch.load(Path(folder) / f"told-{size}.pt") for size in (1, 2))
    worst = 0.0
    for loss in LOSSES:
        errors = [off(b["loss"], a["loss"]) for a, b in zip(alone[loss], shared[loss], strict=True)]
        worst = max(worst, *errors)
        print(f"{loss:<14} {len(errors)} steps: losses at most {max(errors):.1e} of their size apart")
    return 0 if worst <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())

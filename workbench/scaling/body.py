"""What a backbone asks for: operations, memory kept for the backward pass, and which batch normalisations it passes."""

from functools import cache
from typing import Any, NamedTuple
from weakref import WeakSet, finalize

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from workbench import models


class Body(NamedTuple):
    """A backbone in numbers, for images of one shape. Bytes are of the device that trains."""

    learned: int
    """Parameters that are trained."""
    fixed_bytes: int
    """Of parameters that are not, and of buffers."""
    flops: int
    """Of the forward pass of one image; a multiplication and an addition are two."""
    saved: int
    """Bytes that the forward pass of one image keeps for the backward pass."""
    saved_once: int
    """The same, whatever the number of images: weights in lower precision, mostly."""
    peak: int
    """The most that forward and backward pass of one image hold at any moment, gradients of the weights included."""
    peak_once: int
    """The same, whatever the number of images."""
    norms: tuple[int, ...]
    """Channels of the batch normalisations that a step passes, in order; the last ones once for each view."""
    itemsize: int
    """Bytes of a coordinate of an embedding."""


@cache
def body(name: str, dim: int, shape: tuple[int, int, int], *, lower: bool = False, views: int = 1) -> Body:
    """Return the numbers of a backbone, of a step that computes nothing and takes no memory.

    Args:
        name: of the backbone, see `models.names()`.
        dim: D, width of the embeddings.
        shape: channels, height and width of the images.
        lower: whether it runs in bfloat16, but for what it keeps in full precision itself.
        views: V, how often its last layers are passed.

    Raises:
        ValueError: If there is no backbone of this name, or it cannot take such images.
    """
    # From one batch to a larger one, everything grows in a straight line.
    few, more = (_passed(name, dim, shape, images, lower, views) for images in (32, 64))
    line = {field: (getattr(more, field) - getattr(few, field)) // 32 for field in ("flops", "saved", "peak")}
    once = {f"{field}_once": getattr(few, field) - 32 * line[field] for field in ("saved", "peak")}
    return more._replace(**line, **once)


def _passed(name: str, dim: int, shape: tuple[int, int, int], images: int, lower: bool, views: int) -> Body:
    norms: list[int] = []
    # The kind of device does not matter for sizes; a fake one of this kind is there everywhere.
    with FakeTensorMode():
        # Two views differ by their dropout, whose mask is kept, too.
        model = models.create(name, dim, shape=shape, dropout=0.5 if views > 1 else 0.0)
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.register_forward_hook(lambda norm, *_: norms.append(norm.num_features))
        given = torch.empty(images, *shape)
        with FlopCounterMode(display=False) as counter, _Held() as held:
            with torch.autocast("cpu", torch.bfloat16, enabled=lower):
                embeddings = model(given, views=views)
            saved, flops = held.now - embeddings.nbytes, counter.get_total_flops()
            embeddings.backward(torch.empty_like(embeddings))
    learned = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
    fixed = [tensor for tensor in model.parameters() if not tensor.requires_grad] + [*model.buffers()]
    return Body(
        learned=learned,
        fixed_bytes=sum(tensor.nbytes for tensor in fixed),
        flops=flops,
        saved=saved,
        saved_once=0,
        peak=held.peak,
        peak_once=0,
        norms=tuple(norms),
        itemsize=embeddings.itemsize,
    )


class _Held(TorchDispatchMode):
    """Counts the bytes of all tensors that are made inside, while they are there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: WeakSet[torch.UntypedStorage] = WeakSet()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        known = {id(storage) for storage in self._known}
        before = {id(one.untyped_storage()) for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)}
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if not isinstance(tensor, Tensor):
                continue
            storage = tensor.untyped_storage()
            if id(storage) not in known | before:
                self._known.add(storage)
                self.now += storage.nbytes()
                finalize(storage, self._gone, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return out

    def _gone(self, size: int) -> None:
        self.now -= size

"""What learns: a backbone, a loss and their optimiser, and the one step that changes all three."""

import math
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from workbench import data, losses, models
from workbench.augmentation import augment
from workbench.checkpoints import Split
from workbench.config import RunConfig
from workbench.models.batchnorm import share_batch_norm
from workbench.randomness import generator, mixed_seed, random_state_kept
from workbench.sharding import ALONE, Processes, among


class Step(NamedTuple):
    """What one step tells, still on the device: loss, gradient norm and terms are scalars, the others are [N]."""

    loss: Tensor
    grad_norm: Tensor
    cosine: Tensor
    correct: Tensor
    margin: Tensor
    terms: Mapping[str, Tensor]


def backbone(config: RunConfig, shape: tuple[int, int, int]) -> models.Backbone:
    """Return the backbone that a run trains, with its first weights, for images of C, H and W."""
    return models.create(config.model, config.dim, shape=shape, dropout=config.dropout)


class Learner:
    """A model and a loss that are trained together.

    Args:
        config: of the run.
        shape: channels, height and width of the images.
        classes: number of classes to train on.
        processes: that train together. Each has the model whole, the rows of its own classes, and its part of a batch;
            after each step all have the model that one process would have, but for rounding.

    Attributes:
        split: what of the state each process has a part of.

    Raises:
        ValueError: If the device is not one of this machine, or there are more processes than classes.
    """

    def __init__(
        self, config: RunConfig, *, shape: tuple[int, int, int], classes: int, processes: Processes = ALONE
    ) -> None:
        self.config = config
        self.processes = processes
        self.device = find_device(config.device)
        with random_state_kept():
            torch.manual_seed(mixed_seed(config.seed, "weights"))
            self.model = backbone(config, shape).to(self.device)
            with among(processes):
                self.head = losses.create(config.loss, config.dim, classes, **config.resolved_options())
            self.head.to(self.device)
        if isinstance(self.head, losses.Head):
            self.head.products, self.head.sample_rate = config.head_products, config.sample_rate
        share_batch_norm(self.model, processes, self.device)
        self.model.dropout.processes = processes
        if config.recipe != "published" and self.head.weight.requires_grad:
            # Normal(0, 0.01) makes rows of length 0.2 in 512 dimensions but of 0.02 in 3, where the first steps throw
            # them far out: long rows turn slowly, and class centres would stay where the first epoch left them.
            with torch.no_grad():
                self.head.weight.copy_(nn.functional.normalize(self.head.weight))
        self._layout = torch.channels_last if config.channels_last else torch.contiguous_format
        self.model.to(memory_format=self._layout)  # type: ignore[call-overload]  # torch's own types leave it out
        if config.compile:
            self.model.compile_body()
        self._clipped = [*self.model.parameters()]
        self._learning = [*self._clipped, *self.head.parameters()]
        self.split = Split(frozenset(self._split_names()), classes, processes)
        self.optimizer = torch.optim.SGD(
            self._learning,
            lr=config.lr,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            # One pass over everything, and the same bits; otherwise a copy of all gradients is made on the way.
            fused=True,
        )

    def step(self, step: int, images: Tensor, labels: Tensor, *, lr: float, contrast: bool = True) -> Step:
        """Take one step of SGD on uint8 images [N, C, H, W] and their labels [N]; its draws depend on `step` alone.

        Processes that train together have N images each, and are told of all.

        A loss of several views gets them, with the raised dropout, only if `contrast` is true.
        """
        config = self.config
        for parameter in self._learning:
            parameter.grad = None  # before the forward pass, which needs the room
        views = self.head.views if contrast else 1
        self.model.dropout.p = config.views_dropout if views > 1 else config.dropout
        if self.model.dropout.p:
            self.model.dropout.generator = generator(config.seed, "dropout", step, device=self.device)
        seen = images.to(self.device)
        if config.flip or config.shift:
            draws = generator(config.seed, "augmentation", step)
            seen = augment(seen, flip=config.flip, shift=config.shift, generator=draws, processes=self.processes)
        if not self.model.training:
            self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._uses_bfloat16()):
            embeddings = self.model(self._floats(seen), views=views)
        loss: Tensor = self.head(embeddings, labels.to(self.device), generator=generator(config.seed, "margins", step))
        loss.backward()
        # Each has gone back from the loss of the whole batch through its own part of it.
        self.processes.add_up([parameter.grad for parameter in self._clipped if parameter.grad is not None])
        limit = math.inf if config.clip_norm is None else config.clip_norm
        norm = nn.utils.clip_grad_norm_(self._clipped, limit)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        terms = {name: term.clone() for name, term in self.head.terms.items()}
        return Step(loss.detach(), norm, **self.head.observed, terms=terms)

    @torch.no_grad()
    def embed(self, images: data.ImageSet, *, batch_size: int = 512) -> Tensor:
        """Return the embeddings of images as float32 [N, D] on the CPU, in evaluation mode and full precision."""
        self.model.eval()
        parts = images.images.split(batch_size)
        return torch.cat([self.model(self._floats(part.to(self.device))).cpu() for part in parts])

    def centres(self) -> Tensor:
        """Return one direction for each class as float32 [C, D] on the CPU; all processes call, the first gets all."""
        # Very many classes would not fit on the first one's device beside all that is there already.
        return self.processes.collected(self.head.class_centres().float().cpu(), self.split.classes)

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next step depends on, by name; of what is `split`, this process's part."""
        state = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        state |= {f"head.{name}": value for name, value in self.head.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            state[_momentum(index)] = slots["momentum_buffer"]
        return state

    def is_finite(self) -> bool:
        """Return whether the state holds neither NaN nor infinity, in any of the processes."""
        numbers = [value for value in self.state().values() if value.is_floating_point()]
        largest = nn.utils.get_total_norm(numbers, math.inf)  # NaN if there is one
        return self.processes.all(bool(largest.isfinite()))

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go back to what `state()` returned."""
        self.model.load_state_dict(under("model.", state))
        self.head.load_state_dict(under("head.", state))
        optimizer = self.optimizer.state_dict()
        optimizer["state"] = {
            # Laid out in memory as its parameter is: the fused step goes through both without looking at strides.
            int(index): {"momentum_buffer": torch.empty_like(self._learning[int(index)]).copy_(value)}
            for index, value in under("momentum.", state).items()
        }
        self.optimizer.load_state_dict(optimizer)

    def _split_names(self) -> Iterator[str]:
        for name in self.head.by_class:
            yield f"head.{name}"
        for index, (name, _) in enumerate(self.head.named_parameters(), len(self._clipped)):
            if name in self.head.by_class:
                yield _momentum(index)

    def _floats(self, images: Tensor) -> Tensor:
        return data.to_float(images).contiguous(memory_format=self._layout)

    def _uses_bfloat16(self) -> bool:
        return self.config.precision == "bfloat16" or (self.config.precision == "auto" and self.device.type == "cuda")


def _momentum(index: int) -> str:
    return f"momentum.{index:05d}"


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def require_compiler(device: torch.device) -> None:
    """Raise a ValueError if torch.compile would find no compiler for this device.

    What it makes for a CPU is C++. For other devices torch itself says what is missing.
    """
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if device.type == "cpu" and shutil.which(compiler) is None:
        raise ValueError(
            f"The 'compile' parameter needs a C++ compiler on a CPU, and there is no {compiler!r}. Install one, on "
            f"Debian with 'apt-get install g++', name yours in the environment variable CXX, or leave 'compile' out."
        )


def find_device(name: str) -> torch.device:
    """Return the device of this name; auto is CUDA where there is one.

    Raises:
        ValueError: If it is not one of this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition(".")[0]
        raise ValueError(
            f"The 'device' parameter must be auto, cpu or a device of this machine. Got {name!r} instead ({reason})."
        ) from None
    return device

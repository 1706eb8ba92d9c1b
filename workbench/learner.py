"""What learns: a backbone, a loss and their optimiser, and the one step that changes all three."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from workbench import data, losses, models
from workbench.augmentation import augment
from workbench.config import RunConfig
from workbench.randomness import generator, mixed_seed


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

    Raises:
        ValueError: If the device is not one of this machine.
    """

    def __init__(self, config: RunConfig, *, shape: tuple[int, int, int], classes: int) -> None:
        self.config = config
        self.device = find_device(config.device)
        with torch.random.fork_rng():
            torch.manual_seed(mixed_seed(config.seed, "weights"))
            self.model = backbone(config, shape).to(self.device)
            self.head = losses.create(config.loss, config.dim, classes, **config.resolved_options()).to(self.device)
        if config.recipe != "published" and self.head.weight.requires_grad:
            # Normal(0, 0.01) makes rows of length 0.2 in 512 dimensions but of 0.02 in 3, where the first steps throw
            # them far out: long rows turn slowly, and class centres would stay where the first epoch left them.
            with torch.no_grad():
                self.head.weight.copy_(nn.functional.normalize(self.head.weight))
        self.optimizer = torch.optim.SGD(
            [*self.model.parameters(), *self.head.parameters()],
            lr=config.lr,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        )

    def step(self, step: int, images: Tensor, labels: Tensor, *, lr: float, contrast: bool = True) -> Step:
        """Take one step of SGD on uint8 images [N, C, H, W] and their labels [N]; its draws depend on `step` alone.

        A loss of several views gets them, with the raised dropout, only if `contrast` is true.
        """
        config = self.config
        views = self.head.views if contrast else 1
        self.model.dropout.p = config.views_dropout if views > 1 else config.dropout
        self.model.dropout.generator = generator(config.seed, "dropout", step, device=self.device)
        inputs = augment(
            data.to_float(images.to(self.device)),
            flip=config.flip,
            shift=config.shift,
            generator=generator(config.seed, "augmentation", step),
        )
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._uses_bfloat16()):
            embeddings = self.model(inputs, views=views)
        loss: Tensor = self.head(embeddings, labels.to(self.device), generator=generator(config.seed, "margins", step))
        self.optimizer.zero_grad()
        loss.backward()
        limit = math.inf if config.clip_norm is None else config.clip_norm
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), limit)
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
        return torch.cat([self.model(data.to_float(part.to(self.device))).cpu() for part in parts])

    def centres(self) -> Tensor:
        """Return one direction for each class as float32 [C, D] on the CPU."""
        return self.head.class_centres().float().cpu()

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next step depends on, by name."""
        state = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        state |= {f"head.{name}": value for name, value in self.head.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            state[f"momentum.{index:05d}"] = slots["momentum_buffer"]
        return state

    def is_finite(self) -> bool:
        """Return whether the state holds neither NaN nor infinity."""
        return all(bool(value.isfinite().all()) for value in self.state().values())

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go back to what `state()` returned."""
        self.model.load_state_dict(_under("model.", state))
        self.head.load_state_dict(_under("head.", state))
        optimizer = self.optimizer.state_dict()
        momentum = _under("momentum.", state)
        optimizer["state"] = {int(index): {"momentum_buffer": value} for index, value in momentum.items()}
        self.optimizer.load_state_dict(optimizer)

    def _uses_bfloat16(self) -> bool:
        return self.config.precision == "bfloat16" or (self.config.precision == "auto" and self.device.type == "cuda")


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


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

"""The trainer: one readable loop.

    run = Trainer(RunConfig(loss="arcface", dim=3), "reports/arcface").fit()

The same call again goes on where it was stopped, and ends with the same bits.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from workbench import data, environment, losses, models
from workbench.augmentation import augment
from workbench.config import RunConfig
from workbench.randomness import generator, mixed_seed, reproducible
from workbench.runs import Run
from workbench.schedules import learning_rate


class Trainer:
    """Trains a backbone and a loss together, as a RunConfig says, into a run folder.

    Args:
        config: what to train.
        folder: where the run lives; an existing run with the same config is continued.
        images: the image set, if it is not one that `config.data` names.
        progress: show a progress bar.

    Raises:
        ValueError: If the data cannot be split into two or more classes to train on and some to hold out.
    """

    def __init__(
        self, config: RunConfig, folder: Path | str, *, images: data.ImageSet | None = None, progress: bool = True
    ) -> None:
        self.config = config
        self.folder = Path(folder)
        self.progress = progress
        self.device = _device(config.device)
        images = data.load(config.data) if images is None else images
        self.images = data.split(images, by=config.held_out, share=config.share)
        train = self.images.train
        if len(train) < config.batch_size:
            raise ValueError(
                f"The 'batch_size' parameter must be at most {len(train)}, the number of training images. "
                f"Got {config.batch_size} instead."
            )
        self.steps_per_epoch = len(train) // config.batch_size
        self.steps = self.steps_per_epoch * config.epochs
        with torch.random.fork_rng():
            torch.manual_seed(mixed_seed(config.seed, "weights"))
            self.model = models.create(config.model, config.dim, shape=train.shape, dropout=config.dropout)
            self.head = losses.create(config.loss, config.dim, train.classes, **config.resolved_options())
        self.model.to(self.device)
        self.head.to(self.device)
        self.optimizer = torch.optim.SGD(
            [*self.model.parameters(), *self.head.parameters()],
            lr=config.lr,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        )
        self._probe = _probe(self.images.held_out.labels, config)

    def fit(self) -> Run:
        """Train to the end and return the run.

        Raises:
            ValueError: If the folder holds a run with other parameters.
        """
        run = Run.open(self.folder, self.config, self._facts())
        with reproducible():
            done = self._restore(run)
            if done == 0:
                self._keep_snapshot(run, 0)
            with tqdm(
                total=self.steps,
                initial=done * self.steps_per_epoch,
                desc=self.config.loss,
                unit="step",
                disable=not self.progress,
                mininterval=0.5,
            ) as bar:
                for epoch in range(done + 1, self.config.epochs + 1):
                    record = self._train_epoch(epoch, bar)
                    run.append_record(record)
                    if _is_kept(epoch, self.config):
                        self._keep_snapshot(run, epoch)
                    if epoch % self.config.checkpoint_every == 0 or epoch == self.config.epochs:
                        run.save_checkpoint(epoch, self._state())
        return run

    def _train_epoch(self, epoch: int, bar: Any) -> dict[str, Any]:
        config, train = self.config, self.images.train
        order = torch.randperm(len(train), generator=generator(config.seed, "order", epoch))
        self.model.train()
        started = time.perf_counter()
        tally = _Tally()
        for position in range(self.steps_per_epoch):
            step = (epoch - 1) * self.steps_per_epoch + position
            batch = order[position * config.batch_size : (position + 1) * config.batch_size]
            lr = learning_rate(config, step, self.steps)
            loss, norm = self._train_step(step, train.images[batch], train.labels[batch], lr)
            tally.add(loss, norm, self.head)
            bar.update()
        seconds = time.perf_counter() - started
        record = tally.record()
        bar.set_postfix(
            loss=f"{record['loss']:.3f}",
            accuracy=f"{record['accuracy']:.1%}",
            images_per_s=f"{self.steps_per_epoch * config.batch_size / seconds:.0f}",
            refresh=False,
        )
        return {
            "epoch": epoch,
            "step": epoch * self.steps_per_epoch,
            "lr": lr,
            **record,
            "images_per_second": self.steps_per_epoch * config.batch_size / seconds,
            "seconds": seconds,
        }

    def _train_step(self, step: int, images: Tensor, labels: Tensor, lr: float) -> tuple[Tensor, Tensor]:
        config = self.config
        torch.manual_seed(mixed_seed(config.seed, "dropout", step))
        inputs = augment(
            data.to_float(images.to(self.device)),
            flip=config.flip,
            shift=config.shift,
            generator=generator(config.seed, "augmentation", step),
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._uses_bfloat16()):
            embeddings = self.model(inputs, views=self.head.views)
        loss: Tensor = self.head(embeddings, labels.to(self.device), generator=generator(config.seed, "margins", step))
        self.optimizer.zero_grad()
        loss.backward()
        limit = float("inf") if config.clip_norm is None else config.clip_norm
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        return loss.detach(), norm

    def _uses_bfloat16(self) -> bool:
        return self.config.precision == "bfloat16" or (self.config.precision == "auto" and self.device.type == "cuda")

    def _keep_snapshot(self, run: Run, epoch: int) -> None:
        probe = self.images.held_out.select(self._probe)
        run.save_snapshot(
            epoch,
            embeddings=embed(self.model, probe.images).numpy(),
            centres=self.head.weight.detach().float().cpu().numpy(),
            labels=probe.labels.numpy(),
            indices=self._probe.numpy(),
        )

    def _state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        state = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        state |= {f"head.{name}": value for name, value in self.head.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            state[f"momentum.{index:05d}"] = slots["momentum_buffer"]
        return state

    def _restore(self, run: Run) -> int:
        checkpoint = run.load_checkpoint()
        if checkpoint is None:
            return 0
        epoch, tensors = checkpoint
        self.model.load_state_dict(_under("model.", tensors))
        self.head.load_state_dict(_under("head.", tensors))
        optimizer = self.optimizer.state_dict()
        optimizer["state"] = {
            int(index): {"momentum_buffer": value} for index, value in _under("momentum.", tensors).items()
        }
        self.optimizer.load_state_dict(optimizer)
        return epoch

    def _facts(self) -> dict[str, Any]:
        train, held_out = self.images
        return {
            "data": {
                "name": self.config.data,
                "source": train.source,
                "digest": train.digest(),
                "train": len(train),
                "held_out": len(held_out),
                "classes": train.classes,
                "held_out_classes": held_out.classes,
            },
            "begun": datetime.now(UTC).isoformat(timespec="seconds"),
            **environment.facts(str(self.device)),
        }


@torch.no_grad()
def embed(model: nn.Module, images: Tensor, *, batch_size: int = 512) -> Tensor:
    """Return the embeddings of uint8 images [N, C, H, W] as float32 [N, D] on the CPU; the model is in eval mode."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        return torch.cat([model(data.to_float(part.to(device))).float().cpu() for part in images.split(batch_size)])
    finally:
        model.train(was_training)


class _Tally:
    """Means over an epoch, kept on the device so that a step never waits for one."""

    def __init__(self) -> None:
        self.rows: list[Tensor] = []

    def add(self, loss: Tensor, norm: Tensor, head: losses.Head) -> None:
        seen = head.observed
        angle = losses.margins.angle(seen["cosine"])
        spread = seen["margin"].std(correction=0) if len(seen["margin"]) else loss.new_zeros(())
        self.rows.append(
            torch.stack(
                [loss, seen["correct"].float().mean(), angle.mean(), seen["margin"].mean(), spread, norm.to(loss)]
            ).float()
        )

    def record(self) -> dict[str, float]:
        names = ("loss", "accuracy", "angle", "margin", "margin_std", "grad_norm")
        return dict(zip(names, torch.stack(self.rows).mean(0).tolist(), strict=True))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"The 'device' parameter must be auto, cpu or a device of this machine. Got {name!r} instead ({error})."
        ) from None
    return device


def _probe(labels: Tensor, config: RunConfig) -> Tensor:
    """Pick the held-out images that are followed through training, the same share of every class."""
    order = torch.randperm(len(labels), generator=generator(config.seed, "probe"))
    if len(labels) <= config.probe:
        return order.sort().values
    # Every class gives its first image, then its second...: the first `probe` of these are evenly spread.
    turn = torch.empty_like(order)
    for c in labels.unique().tolist():
        members = order[labels[order] == c]
        turn[members] = torch.arange(len(members))
    return order[turn[order].argsort(stable=True)][: config.probe].sort().values


def _is_kept(epoch: int, config: RunConfig) -> bool:
    """Whether this epoch is one of the evenly spread `snapshots`; the last one always is."""
    frames = min(config.snapshots, config.epochs)
    return epoch * frames // config.epochs > (epoch - 1) * frames // config.epochs

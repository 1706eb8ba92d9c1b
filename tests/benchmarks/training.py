"""Training through `workbench.training` beside a bare loop over the same model, loss, optimiser and batches."""

import math
import statistics
import tempfile
from typing import Any

import torch
from torch import nn

from tests.benchmarks.harness import Row, medians
from workbench import data
from workbench.batches import shuffled
from workbench.config import RunConfig
from workbench.learner import Learner
from workbench.randomness import generator
from workbench.schedules import learning_rate
from workbench.training import Trainer


class Job:
    """What is trained, by the trainer and by the bare loop."""

    def __init__(self, images: data.ImageSet | None = None, **changes: Any) -> None:
        self.config = RunConfig(**changes)
        self.images = images

    def trainer(self, folder: str) -> Trainer:
        return Trainer(self.config, folder, images=self.images, progress=False)

    def epochs(self) -> list[float]:
        """Train into a new folder; return the seconds of each epoch alone."""
        with tempfile.TemporaryDirectory() as folder:
            return [record["seconds"] for record in self.trainer(folder).fit().records()]

    def bare(self) -> None:
        config = self.config
        train = self._train
        learner = Learner(config, shape=train.shape, classes=train.classes)
        model, head = learner.model, learner.head
        parameters = [*model.parameters(), *head.parameters()]
        optimizer = torch.optim.SGD(
            parameters, lr=config.lr, momentum=config.momentum, weight_decay=config.weight_decay
        )
        model.train()
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        for batches, lr in self._order:
            inputs = train.images[batches].contiguous(memory_format=layout).float().div_(127.5).sub_(1)
            loss = head(model(inputs), train.labels[batches])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm or math.inf)
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.step()

    def prepare(self) -> None:
        """Make the batches of the bare loop: the same."""
        config = self.config
        with tempfile.TemporaryDirectory() as folder:
            trainer = self.trainer(folder)
        self._train = trainer.images.train
        steps = trainer.steps_per_epoch * config.epochs
        self._order: list[tuple[torch.Tensor, float]] = []
        for epoch in range(1, config.epochs + 1):
            order = shuffled(self._train.labels, per_class=1, generator=generator(config.seed, "order", epoch))
            for batch in order.split(config.batch_size)[: trainer.steps_per_epoch]:
                self._order.append((batch, learning_rate(config, len(self._order), steps)))


def rows() -> list[Row]:
    digits = Job()
    faces = Job(data.load("synthetic-faces", identities=60, images=16, size=48), epochs=5, dim=64)
    return [
        *_beside_bare("digits", digits, repeats=5),
        *_beside_bare("faces of 48 x 48", faces, repeats=3),
        *_options(),
        _second_view(),
    ]


def _beside_bare(name: str, job: Job, *, repeats: int) -> list[Row]:
    """The epochs alone, then with the snapshots and checkpoints that a bare loop does not write."""
    job.prepare()
    epochs: list[float] = []
    seconds = medians({"fit": lambda: epochs.append(sum(job.epochs())), "bare": job.bare}, repeats=repeats)
    alone = statistics.median(epochs[1:])
    return [
        Row(f"training, {name}: epochs / bare loop", alone / seconds["bare"], "x", 1.25, 1.03),
        Row(f"training, {name}: epochs, snapshots, checkpoints / bare loop", seconds["fit"] / seconds["bare"], "x"),
        Row(f"training, {name}: {job.config.epochs} epochs", alone, "s"),
    ]


def _options() -> list[Row]:
    """What the options of a run change, on a network of many convolutions."""
    options: dict[str, dict[str, Any]] = {
        "as it is": {},
        "channels_last=false": {"channels_last": False},
        "precision=bfloat16": {"precision": "bfloat16"},
        "compile=true": {"compile": True},
        "head_products=bfloat16": {"head_products": "bfloat16"},
    }
    seconds = _side_by_side(options)
    usual = seconds.pop("as it is")
    return [Row(f"training, mobilefacenet: {name} / as it is", time / usual, "x") for name, time in seconds.items()]


def _second_view() -> Row:
    """What CoReFace's second view adds where the backbone, which sees each image once, is nearly all."""
    seconds = _side_by_side({"arcface": {}, "coreface": {"loss": "coreface", "views_from": 0.0}})
    ratio = seconds["coreface"] / seconds["arcface"]
    return Row("training, mobilefacenet: coreface from the first step / arcface", ratio, "x", 1.15, 1.1)


def _side_by_side(variants: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the seconds of an epoch of each variant of a run, the median over three runs of each in turn."""
    images = data.load("synthetic-faces", identities=20, images=16, size=48)
    jobs = {name: Job(images, model="mobilefacenet", epochs=4, dim=128, **given) for name, given in variants.items()}
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(3):
        for name, job in jobs.items():
            seconds[name] += job.epochs()[1:]  # a compiler works in the first
    return {name: statistics.median(times) for name, times in seconds.items()}

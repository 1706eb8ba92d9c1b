"""What a loss is made of, followed through a training: the terms beside its class loss, epoch by epoch."""

import tempfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workbench.config import RunConfig
from workbench.data import ImageSet
from workbench.learner import Step
from workbench.training import Trainer

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def loss_terms(config: RunConfig, *, images: ImageSet | None = None) -> dict[str, Curve]:
    """Train a run to its end and return the means of its loss's `terms` over each epoch: name to epochs and values.

        contrast = loss_terms(RunConfig(loss="coreface"))["contrast"]

    It trains anew each time, in a folder that is thrown away: a run on disk does not keep its terms.

    Args:
        config: what to train.
        images: the image set, if it is not one that `config.data` names.

    Returns:
        For each term the epochs in which the loss had it, and its mean over the batches of each; CoReFace has none
        before its second view. Empty for a loss without terms.

    Raises:
        ValueError: As a `Trainer`.
    """
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, folder, images=images, progress=False)
        watcher = _Watcher(trainer)
        trainer.fit(watcher)
    names = dict.fromkeys(name for record in watcher.records for name in record)
    return {name: _curve(name, watcher.records) for name in names}


class _Watcher:
    """Collects terms, epoch by epoch."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._steps: list[Mapping[str, Tensor]] = []
        self.records: list[dict[str, float]] = []

    def after_step(self, step: int, done: Step) -> bool:
        self._steps.append({name: term.clone() for name, term in self._trainer.learner.head.terms.items()})
        return True

    def after_epoch(self, epoch: int, record: Mapping[str, float]) -> bool:
        names = dict.fromkeys(name for step in self._steps for name in step)
        found = {name: [float(step[name]) for step in self._steps if name in step] for name in names}
        self.records.append({name: float(np.mean(values)) for name, values in found.items()})
        self._steps = []
        return True


def _curve(name: str, records: list[dict[str, float]]) -> Curve:
    known = [(epoch, record[name]) for epoch, record in enumerate(records, 1) if name in record]
    epochs, values = np.array(known, dtype=np.float64).T
    return epochs, values

"""A sweep with worker processes beside the same runs one after another in one process with all threads."""

import tempfile
from pathlib import Path

from tests.benchmarks.harness import Row, medians
from workbench import data, sweeps
from workbench.evaluation import evaluate
from workbench.sweeps.results import jobs
from workbench.training import Trainer

LOSSES, SEEDS, EPOCHS = ["arcface", "softmax"], 4, 30


def rows() -> list[Row]:
    sweep = sweeps.load(None, losses=LOSSES, seeds=SEEDS, epochs=EPOCHS, device="cpu")

    def by_workers() -> None:
        with tempfile.TemporaryDirectory() as root:
            sweeps.run(sweep, root, page=False, progress=False)

    def in_turn() -> None:
        with tempfile.TemporaryDirectory() as root:
            config = sweep.cells()[0].config
            images = data.load(config.data, progress=False, **config.data_options)
            for job in jobs(sweep, Path(root)):
                evaluate(Trainer(job.config, job.folder, images=images, progress=False).fit(), images=images)

    seconds = medians({"workers": by_workers, "in turn": in_turn}, repeats=1)
    return [Row("sweep of 8 runs / the same in turn", seconds["workers"] / seconds["in turn"], "x", 0.9, 0.7)]

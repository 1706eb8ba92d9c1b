"""Every loss trains by its name alone: at the published scale and margin, and at those for small data."""

from pathlib import Path

import pytest
import torch

from workbench import losses
from workbench.config import RunConfig
from workbench.training import Trainer


@pytest.mark.parametrize("recipe", ["small", "published"])
@pytest.mark.parametrize("name", [*losses.names(), "unpg-elasticface-arc+", "unpg-coreface", "unpg-jcsc"])
def test_on_the_digits(tmp_path: Path, name: str, recipe: str) -> None:
    config = RunConfig(loss=name, recipe=recipe, model="mlp", dim=16, epochs=4, snapshots=1, probe=8, device="cpu")
    run = Trainer(config, tmp_path / "run", progress=False).fit()
    first, *_, last = run.records()
    assert last["loss"] < first["loss"]
    assert last["accuracy"] > 0.9
    assert last["angle"] < first["angle"]
    checkpoint = run.load_checkpoint()
    assert all(value.isfinite().all() for value in checkpoint.tensors.values())
    assert torch.linalg.vector_norm(checkpoint.tensors["head.weight"], dim=1).gt(0).all()

"""The small backbones: shapes, and layers that come last."""

import pytest
import torch
from torch import nn

from workbench import models

SMALL = ("convnet", "mlp")


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 1, 1), (1, 7, 5), (3, 33, 18), (2, 4, 50)])
@pytest.mark.parametrize("dim", [2, 3, 64])
def test_embeddings_have_the_width_asked_for_whatever_the_images(
    name: str, shape: tuple[int, int, int], dim: int
) -> None:
    model = models.create(name, dim, shape=shape, width=4)
    images = torch.rand(5, *shape)
    assert model.dim == dim
    for mode in (model.train(), model.eval()):
        assert mode(images).shape == (5, dim)
        assert mode(images).dtype == torch.float32
        assert mode(images, views=3).shape == (3, 5, dim)


@pytest.mark.parametrize(("size", "stages"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (112, 6)])
def test_the_convnet_halves_images_down_to_four_pixels_or_fewer(size: int, stages: int) -> None:
    model = models.create("convnet", 3, shape=(1, size, size), width=2)
    body = [layer for layer in model.body if not isinstance(layer, nn.Flatten)]
    assert len(body) == stages
    sides = body[-1][0].out_channels, model.project.in_features // body[-1][0].out_channels
    assert sides[0] == min(2 * 2 ** (stages - 1), 8), "channels double up to 4 times the first"
    assert sides[1] <= 16


def test_dropout_leaves_out_the_share_asked_for_and_keeps_the_mean() -> None:
    model = models.create("mlp", 3, dropout=0.25).train()
    kept = model.dropout(torch.ones(100_000))
    assert (kept == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert kept.mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", SMALL)
def test_the_last_layer_gives_embeddings_a_length_of_about_root_dim(name: str) -> None:
    model = models.create(name, 16).train()
    embeddings = model(torch.rand(400, 1, 8, 8))
    assert embeddings.square().sum(1).mean().item() == pytest.approx(16, rel=0.01)
    assert not model.normalize.weight.requires_grad
    assert torch.equal(model.normalize.weight, torch.ones(16))

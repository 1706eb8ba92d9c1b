"""Backbones: shapes, views, and what does not depend on chance."""

import pytest
import torch
from torch import nn

from workbench import models


@pytest.mark.parametrize("name", models.names())
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


@pytest.mark.parametrize("name", models.names())
def test_views_are_dropout_masks_over_one_pass_of_the_body(name: str) -> None:
    model = models.create(name, 8, dropout=0.4).train()
    calls = []
    model.body.register_forward_hook(lambda *_: calls.append(1))
    first, second = model(torch.rand(6, 1, 8, 8), views=2)
    assert len(calls) == 1
    assert not torch.equal(first, second)


@pytest.mark.parametrize("name", models.names())
def test_without_dropout_and_in_evaluation_all_views_are_alike(name: str) -> None:
    images = torch.rand(6, 1, 8, 8)
    model = models.create(name, 3, dropout=0.5)
    model(images)
    model.eval()
    alone = model(images)
    assert torch.equal(model(images, views=2), torch.stack([alone, alone]))
    assert torch.allclose(model(images[:1]), alone[:1], atol=1e-6), "an image is embedded without regard to the others"
    first, second = models.create(name, 3).train()(images, views=2)
    assert torch.equal(first, second)


def test_dropout_leaves_out_the_share_asked_for_and_keeps_the_mean() -> None:
    model = models.create("mlp", 3, dropout=0.25).train()
    kept = model.dropout(torch.ones(100_000))
    assert (kept == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert kept.mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", models.names())
def test_the_last_layer_gives_embeddings_a_length_of_about_root_dim(name: str) -> None:
    model = models.create(name, 16).train()
    embeddings = model(torch.rand(400, 1, 8, 8))
    assert embeddings.square().sum(1).mean().item() == pytest.approx(16, rel=0.01)
    assert not model.normalize.weight.requires_grad
    assert torch.equal(model.normalize.weight, torch.ones(16))


@pytest.mark.parametrize("name", models.names())
def test_every_parameter_that_learns_gets_a_gradient(name: str) -> None:
    model = models.create(name, 3)
    (model(torch.rand(6, 1, 8, 8)) * torch.rand(6, 3)).sum().backward()
    learning = {key: value for key, value in model.named_parameters() if value.requires_grad}
    assert "normalize.weight" not in learning
    assert [key for key, value in learning.items() if value.grad is None] == []


NO_DEPTH = "There is no parameter of the model 'mlp' named 'depth'."


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("convnett", {}, "There is no model 'convnett'. Did you mean 'convnet'? Known: convnet, mlp."),
        (
            "mlp",
            {"dim": 0},
            "The 'dim' parameter of models.create must be a whole number of at least 1. Got 0 instead.",
        ),
        (
            "mlp",
            {"dim": 2.0},
            "The 'dim' parameter of models.create must be a whole number of at least 1. Got 2.0 instead.",
        ),
        (
            "convnet",
            {"dropout": 1.0},
            "The 'dropout' parameter of models.create must be a number in [0, 0.99]. Got 1.0 instead.",
        ),
        (
            "mlp",
            {"depth": 2},
            f"{NO_DEPTH} Did you mean 'width' or 'dropout'? Known: dropout, shape, width.",
        ),
    ],
)
def test_errors_say_what_to_do(name: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        models.create(name, **{"dim": 3, **options})
    assert str(error.value) == sentence

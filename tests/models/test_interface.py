"""What all backbones share: names, options, shapes, views."""

import doctest

import pytest
import torch

from workbench import models

# Sizes that are no multiple of what the networks halve; the deeper ones differ from these in counts alone.
SHAPES = {"convnet": (1, 9, 7), "mlp": (1, 9, 7), "iresnet18": (3, 33, 20), "mobilefacenet": (3, 33, 20)}
BACKBONES = pytest.mark.parametrize("name", SHAPES)


def create(name: str, dim: int = 8, **options: object) -> models.Backbone:
    return models.create(name, dim, shape=SHAPES[name], **options)


@BACKBONES
def test_embeddings_are_as_wide_as_asked_for(name: str) -> None:
    model = create(name, 5)
    images = torch.rand(4, *SHAPES[name])
    assert isinstance(model, models.Backbone)
    assert model.dim == 5
    for mode in (model.train(), model.eval()):
        assert mode(images).shape == (4, 5)
        assert mode(images).dtype == torch.float32
        assert mode(images, views=3).shape == (3, 4, 5)


@BACKBONES
def test_views_are_dropout_masks_over_one_pass_of_the_body(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = create(name, dropout=0.4).train()
    calls = []
    extract = model.extract
    monkeypatch.setattr(model, "extract", lambda images: calls.append(1) or extract(images))
    first, second = model(torch.rand(6, *SHAPES[name]), views=2)
    assert len(calls) == 1
    assert not torch.allclose(first, second)


@BACKBONES
def test_views_are_those_that_the_masks_make_one_after_the_other(name: str) -> None:
    """By hand: one pass of the body, then dropout and all that follows for each view, with its own statistics."""
    model, images = create(name, dropout=0.4).train(), torch.rand(6, *SHAPES[name])
    torch.manual_seed(1)
    views = model(images, views=2)
    torch.manual_seed(1)
    features = model.extract(images)
    alone = [model.embed(features), model.embed(features)]
    assert torch.allclose(views, torch.stack(alone), atol=1e-5)
    for view in views:
        assert torch.allclose(view.mean(0), torch.zeros(8), atol=1e-5), "each view is normalised by itself"


@BACKBONES
def test_without_dropout_and_in_evaluation_all_views_are_alike(name: str) -> None:
    images = torch.rand(6, *SHAPES[name])
    model = create(name, dropout=0.5)
    model(images)
    model.eval()
    alone = model(images)
    assert torch.equal(model(images, views=2), torch.stack([alone, alone]))
    near = {"rtol": 1e-4, "atol": 1e-4 * alone.abs().max().item()}
    assert torch.allclose(model(images[:1]), alone[:1], **near), "an image is embedded without regard to the others"
    first, second = create(name).train()(images, views=2)
    assert torch.equal(first, second)


@BACKBONES
def test_the_share_of_dropout_may_change_between_steps(name: str) -> None:
    model, images = create(name).train(), torch.rand(6, *SHAPES[name])
    features = model.extract(images)
    assert torch.equal(model.embed(features), model.embed(features))
    model.dropout.p = 0.6
    assert not torch.allclose(model.embed(features), model.embed(features))


@BACKBONES
def test_every_parameter_that_learns_gets_a_gradient(name: str) -> None:
    model = create(name)
    (model(torch.rand(6, *SHAPES[name])) * torch.rand(6, 8)).sum().backward()
    learning = {key: value for key, value in model.named_parameters() if value.requires_grad}
    assert [key for key, value in learning.items() if value.grad is None] == []
    fixed = {key for key, value in model.named_parameters() if not value.requires_grad}
    assert fixed == {"iresnet18": {"features.weight"}, "mobilefacenet": set()}.get(name, {"normalize.weight"})


@pytest.mark.parametrize("name", ["convnet", "iresnet18", "mobilefacenet"])
def test_memory_in_the_order_of_channels_changes_nothing(name: str) -> None:
    model, images = create(name).eval(), torch.rand(2, *SHAPES[name])
    usual = model(images)
    other = model.to(memory_format=torch.channels_last)(images.contiguous(memory_format=torch.channels_last))
    assert torch.allclose(other, usual, rtol=1e-4, atol=1e-4 * usual.abs().max().item())


def test_names_and_their_options() -> None:
    assert models.names() == [
        *("convnet", "mlp", "iresnet18", "iresnet34", "iresnet50", "iresnet100", "mobilefacenet", "mobilefacenet-large")
    ]
    assert models.parameters("iresnet50") == {"shape": (3, 112, 112), "dropout": 0.0}
    assert models.parameters("mlp") == {"shape": (1, 8, 8), "width": 128, "dropout": 0.0}
    large = {"shape": (3, 112, 112), "blocks": (2, 8, 12, 4), "scale": 4, "dropout": 0.0}
    assert models.parameters("mobilefacenet-large") == large


def test_examples() -> None:
    assert doctest.testmod(models.registry) == doctest.TestResults(failed=0, attempted=1)


KNOWN = "convnet, iresnet100, iresnet18, iresnet34, iresnet50, mlp, mobilefacenet, mobilefacenet-large"
WHOLE = "The 'dim' parameter of models.create must be a whole number of at least 1. Got"
SHARE = "The 'dropout' parameter of models.create must be a number in [0, 0.99]. Got 1.0 instead."
NO_DEPTH = "There is no parameter of the model 'mlp' named 'depth'."
BLOCKS = "The 'blocks' parameter of models.create must be four whole numbers of at least 1. Got (1, 4, 0, 2) instead."


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("convnett", {}, f"There is no model 'convnett'. Did you mean 'convnet'? Known: {KNOWN}."),
        *((name, {"dim": 0}, f"{WHOLE} 0 instead.") for name in SHAPES),
        *((name, {"dim": 2.0}, f"{WHOLE} 2.0 instead.") for name in SHAPES),
        *((name, {"dropout": 1.0}, SHARE) for name in SHAPES),
        ("mobilefacenet", {"blocks": (1, 4, 0, 2)}, BLOCKS),
        ("mobilefacenet", {"blocks": (1, 4)}, BLOCKS.replace("(1, 4, 0, 2)", "(1, 4)")),
        (
            "mobilefacenet",
            {"scale": 0},
            "The 'scale' parameter of models.create must be a whole number of at least 1. Got 0 instead.",
        ),
        (
            "mlp",
            {"depth": 2},
            f"{NO_DEPTH} Did you mean 'width' or 'dropout'? Known: dropout, shape, width.",
        ),
        (
            "iresnet18",
            {"width": 2},
            "There is no parameter of the model 'iresnet18' named 'width'. Known: dropout, shape.",
        ),
    ],
)
def test_errors_say_what_to_do(name: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        models.create(name, **{"dim": 3, **options})
    assert str(error.value) == sentence


def test_options_of_an_unknown_model() -> None:
    with pytest.raises(ValueError) as error:
        models.parameters("iresnet")
    assert str(error.value).startswith("There is no model 'iresnet'. Did you mean ")

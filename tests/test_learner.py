"""One step: SGD as written down, with draws that depend on nothing but seed and step."""

import pytest
import torch
from torch import Tensor

from tests.small import config, greys
from workbench import data, losses
from workbench.learner import Learner
from workbench.randomness import generator, reproducible

IMAGES = greys()


def learner(**changes: object) -> Learner:
    return Learner(config(**changes), shape=IMAGES.shape, classes=IMAGES.classes)


def advance(learner: Learner, steps: range, *, lr: float = 0.05) -> None:
    for step in steps:
        batch = torch.arange(16) + step % 4
        learner.step(step, IMAGES.images[batch], IMAGES.labels[batch], lr=lr)


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


CHANCE = {"dropout": 0.3, "flip": True, "shift": 1, "loss": "elasticface-cos+"}


def test_the_first_weights_are_a_function_of_the_seed() -> None:
    torch.manual_seed(1)
    first = learner().state()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert same(learner().state(), first)
    assert torch.equal(torch.get_rng_state(), before)
    others = learner(seed=1).state()
    assert not torch.equal(others["model.project.weight"], first["model.project.weight"])
    assert not torch.equal(others["head.weight"], first["head.weight"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        CHANCE,
        {"momentum": 0.0},
        {"model": "convnet", "loss": "softmax", "loss_options": {"bias": True}},
        {"precision": "bfloat16"},
        {"model": "mobilefacenet", "loss": "coreface", "dropout": 0.4, "dim": 8},
        *({"loss": name} for name in losses.names()),
    ],
    ids=str,
)
def test_a_restored_state_goes_on_with_the_same_bits(changes: dict[str, object]) -> None:
    through, first, second = (learner(**changes) for _ in range(3))
    advance(through, range(6))
    advance(first, range(3))
    kept = {name: value.clone() for name, value in first.state().items()}
    advance(second, range(2))  # whatever it has learnt is forgotten
    second.load_state(kept)
    torch.manual_seed(99)
    advance(second, range(3, 6))
    assert same(second.state(), through.state())
    advance(first, range(3, 6))
    assert same(first.state(), through.state())


@pytest.mark.parametrize("source", ["dropout", "flip", "shift", "loss"])
def test_each_chance_depends_on_the_step(source: str) -> None:
    """Otherwise the same half of the neurons, say, would rest throughout a run."""
    still = {"loss": "normface"}
    states = []
    for step in (0, 0, 1):
        one = learner(**(still | {source: CHANCE[source]}))
        one.step(step, IMAGES.images[:16], IMAGES.labels[:16], lr=0.1)
        states.append(one.state())
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


def test_a_step_is_sgd_with_clipping_momentum_and_decay() -> None:
    lr, wanted = 0.07, {"lr": 0.5, "momentum": 0.9, "weight_decay": 0.01, "clip_norm": 0.2, "loss": "arcface"}
    one, oracle = learner(**wanted), learner(**wanted)
    velocity: dict[str, Tensor] = {}
    for step in range(3):
        advance(one, range(step, step + 1), lr=lr)
        batch = torch.arange(16) + step
        oracle.model.train()
        embeddings = oracle.model(data.to_float(IMAGES.images[batch]))
        loss = oracle.head(embeddings, IMAGES.labels[batch])
        modules = {"model": oracle.model, "head": oracle.head}
        learning = {
            f"{name}.{key}": p for name, m in modules.items() for key, p in m.named_parameters() if p.requires_grad
        }
        gradients = dict(zip(learning, torch.autograd.grad(loss, list(learning.values())), strict=True))
        length = sum(float(g.square().sum()) for name, g in gradients.items() if name.startswith("model.")) ** 0.5
        assert length > 0.2, "otherwise nothing is clipped"
        with torch.no_grad():
            for name, parameter in learning.items():
                factor = (
                    0.2 / length if name.startswith("model.") else 1.0
                )  # the head is not clipped, as in ElasticFace
                change = factor * gradients[name] + 0.01 * parameter
                velocity[name] = change if step == 0 else 0.9 * velocity[name] + change
                parameter -= lr * velocity[name]
    expected = oracle.state()
    for name, value in one.state().items():
        if not name.startswith("momentum"):
            assert torch.allclose(value, expected[name], rtol=1e-4, atol=1e-6), name
    assert torch.equal(one.model.normalize.weight, torch.ones(3)), "decay does not reach what does not learn"


def test_without_clipping_a_step_takes_the_whole_gradient() -> None:
    whole, unclipped, clipped = learner(clip_norm=1e9), learner(clip_norm=None), learner(clip_norm=0.01)
    for one in (whole, unclipped, clipped):
        advance(one, range(2))
    assert same(whole.state(), unclipped.state())
    assert not same(whole.state(), clipped.state())


def test_a_step_tells_what_it_saw() -> None:
    one = learner(loss="elasticface-arc", std=0.1)
    step = one.step(5, IMAGES.images[:16], IMAGES.labels[:16], lr=0.1)
    assert step.loss.shape == step.grad_norm.shape == ()
    assert step.cosine.shape == step.correct.shape == step.margin.shape == (16,)
    assert not any(value.requires_grad for value in (*step[:-1], *step.terms.values()))
    drawn = 0.5 + 0.1 * torch.randn(16, generator=generator(0, "margins", 5))
    assert torch.equal(step.margin, drawn)


def test_embedding_is_that_of_a_finished_model_and_changes_nothing() -> None:
    one = learner(dropout=0.5)
    advance(one, range(3))
    before = {name: value.clone() for name, value in one.state().items()}
    embeddings = one.embed(IMAGES)
    assert embeddings.shape == (60, 3)
    assert embeddings.dtype == torch.float32
    assert not embeddings.requires_grad
    assert torch.allclose(one.embed(IMAGES, batch_size=7), embeddings, atol=1e-5)
    one.model.eval()
    assert torch.equal(one.model(data.to_float(IMAGES.images)), embeddings)
    assert same(one.state(), before)
    assert torch.equal(one.centres(), one.head.weight)
    advance(one, range(3, 4))
    assert one.model.training


@pytest.mark.parametrize("products", ["float32", "bfloat16"])
def test_the_head_rounds_its_products_as_the_run_says(products: str) -> None:
    head = learner(head_products=products).head
    assert isinstance(head, losses.Head)
    assert head.products == products


def test_half_precision_is_for_the_backbone_alone() -> None:
    full, half = learner(precision="float32"), learner(precision="bfloat16")
    seen = []
    half.model.project.register_forward_hook(lambda *arguments: seen.append(arguments[2].dtype))
    for one in (full, half):
        advance(one, range(1))
    assert seen == [torch.bfloat16]
    assert half.head.weight.dtype == torch.float32
    assert not torch.equal(full.head.weight, half.head.weight)
    assert torch.cosine_similarity(full.head.weight, half.head.weight).min() > 0.99
    assert half.embed(IMAGES).dtype == torch.float32


@pytest.mark.parametrize(
    "place", ["head.weight", "model.project.weight", "momentum.00000", "model.normalize.running_var"]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_one_number_that_is_not_finite_is_found_wherever_it_is(place: str, value: float) -> None:
    one = learner()
    advance(one, range(1))
    assert one.is_finite()
    one.state()[place].view(-1)[-1] = value
    assert not one.is_finite()


@pytest.mark.parametrize("name", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there(name: str) -> None:
    rule = f"The 'device' parameter must be auto, cpu or a device of this machine. Got '{name}' instead ("
    with pytest.raises(ValueError) as error:
        learner(device=name)
    assert str(error.value).startswith(rule)
    assert "\n" not in str(error.value)


def test_who_draws_from_torch_s_generator_in_the_middle_of_a_step_changes_nothing() -> None:
    alone, beside = (learner(loss="coreface", dropout=0.5, views_from=0.0) for _ in range(2))
    drawn = []
    beside.model.dropout.register_forward_pre_hook(lambda *_: drawn.append(torch.rand(3)))
    advance(alone, range(3))
    advance(beside, range(3))
    assert len(drawn) == 6  # two views a step
    assert same(alone.state(), beside.state())


@pytest.mark.parametrize("channels_last", [True, False])
def test_a_step_after_a_restored_state_has_the_bits_of_one_without(channels_last: bool) -> None:
    settings = config(model="convnet", dim=8, loss="arcface", channels_last=channels_last)
    images = greys(16).images.repeat_interleave(4, 2).repeat_interleave(4, 3)  # for more than one convolution
    labels = greys(16).labels
    first, second = (Learner(settings, shape=(1, 16, 16), classes=4) for _ in range(2))
    assert sum(parameter.ndim == 4 for parameter in first.model.parameters()) > 1
    with reproducible():
        first.step(0, images, labels, lr=0.1)
        second.load_state({name: value.clone().contiguous() for name, value in first.state().items()})
        for learner in (first, second):
            learner.step(1, images, labels, lr=0.1)
    assert all(torch.equal(value, second.state()[name]) for name, value in first.state().items())

"""What is particular to one of the heads with a fixed margin, or with none."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses import oracle
from tests.losses.cases import LABELS, C, D, samples
from tests.losses.oracle import assert_close
from workbench import losses
from workbench.losses.margins import BeyondPi, straight_through


def twins(first: tuple[str, dict[str, object]], second: tuple[str, dict[str, object]]) -> list[list[Tensor]]:
    """Return loss and gradients of two losses on the same weights and embeddings."""
    embeddings, weight = samples(), torch.randn(C, D, dtype=torch.float64)
    results = []
    for name, options in (first, second):
        head = losses.create(name, D, C, **{"scale": 4.0, **options}).double()
        head.load_state_dict({"weight": weight})
        rows = embeddings.clone().requires_grad_()
        loss = head(rows, LABELS)
        results.append([loss, *torch.autograd.grad(loss, (rows, head.weight))])
    return results


@pytest.mark.parametrize(
    ("combined", "other"),
    [
        ({"m2": 0.4, "m3": 0.0}, ("arcface", {"margin": 0.4})),
        ({"m2": 0.0, "m3": 0.4}, ("cosface", {"margin": 0.4})),
        ({"m2": 0.0, "m3": 0.4, "gradient": "detached"}, ("cosface", {"margin": 0.4})),
        ({"m2": 0.4, "m3": 0.0, "gradient": "detached"}, ("arcface-detached", {"margin": 0.4})),
        ({"m1": 1 + 1e-12, "m2": 0.3, "m3": 0.2}, ("combined", {})),
    ],
)
def test_combined_holds_the_others(combined: dict[str, object], other: tuple[str, dict[str, object]]) -> None:
    for mine, theirs in zip(*twins(("combined", combined), other), strict=True):
        assert_close(mine, theirs)


def test_arcface_detached_is_an_option_of_arcface() -> None:
    for mine, theirs in zip(*twins(("arcface-detached", {}), ("arcface", {"gradient": "detached"})), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("beyond_pi", ["formula", "linear"])
def test_detached_has_the_value_but_not_the_gradient(beyond_pi: BeyondPi) -> None:
    exact, detached = twins(("arcface", {"beyond_pi": beyond_pi}), ("arcface-detached", {"beyond_pi": beyond_pi}))
    assert_close(exact[0], detached[0])
    assert (exact[1] - detached[1]).abs().max() > 1e-3


def test_detached_takes_the_margin_for_a_constant() -> None:
    embeddings = samples().requires_grad_()
    head = losses.create("arcface-detached", D, C, scale=4.0).double()
    loss = head(embeddings, LABELS)
    naive = oracle.head_loss(
        embeddings,
        head.weight,
        LABELS,
        lambda cosine: straight_through((cosine.detach().acos() + 0.5).cos(), cosine),
        scale=4.0,
    )
    assert_close(loss, naive)
    inputs = embeddings, head.weight
    for mine, theirs in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(naive, inputs), strict=True):
        assert_close(mine, theirs)


def test_softmax_is_a_linear_layer_with_cross_entropy() -> None:
    embeddings = samples().requires_grad_()
    head = losses.create("softmax", D, C, bias=True).double()
    torch.nn.init.normal_(head.weight)
    torch.nn.init.normal_(head.bias)
    loss, naive = head(embeddings, LABELS), F.cross_entropy(F.linear(embeddings, head.weight, head.bias), LABELS)
    assert_close(loss, naive)
    inputs = embeddings, head.weight, head.bias
    for mine, theirs in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(naive, inputs), strict=True):
        assert_close(mine, theirs)
    # The bias decides who is recognised, but is no part of the angle.
    assert_close(head.observed["cosine"], F.cosine_similarity(embeddings, head.weight[LABELS]))
    recognised = F.linear(embeddings, head.weight, head.bias).argmax(1) == LABELS
    assert torch.equal(head.observed["correct"], recognised)


def test_softmax_has_a_bias_only_if_asked() -> None:
    assert [name for name, _ in losses.create("softmax", D, C).named_parameters()] == ["weight"]
    assert losses.create("softmax", D, C, bias=True).bias.eq(0).all()


def test_a_class_weight_of_zeros_has_no_cosine() -> None:
    head = losses.create("softmax", D, C)
    head.load_state_dict({"weight": torch.zeros(C, D)})
    head(samples(dtype=torch.float32), LABELS)
    assert head.observed["cosine"].eq(0).all()
    assert not head.observed["correct"].any()


def test_softmax_can_be_lowered_by_growing_and_the_others_cannot() -> None:
    weight = torch.randn(C, D)
    embeddings = weight[LABELS]
    for name in ("softmax", "normface"):
        head = losses.create(name, D, C)
        head.load_state_dict({"weight": F.normalize(weight, dim=1)})
        assert (head(embeddings * 2, LABELS) < 0.9 * head(embeddings, LABELS)) == (name == "softmax")


def test_margins_have_units() -> None:
    units = {name: losses.create(name, D, C).margin_unit for name in losses.names()}
    assert units == {
        "softmax": "",
        "normface": "",
        "sphereface": "factor",
        "cosface": "cosine",
        "arcface": "rad",
        "arcface-detached": "rad",
        "combined": "rad",
        "elasticface-arc": "rad",
        "elasticface-cos": "cosine",
        "elasticface-arc+": "rad",
        "elasticface-cos+": "cosine",
        "adaface": "rad",
        "magface": "rad",
        "curricularface": "rad",
        "subcenter-arcface": "rad",
        "coreface": "rad",
        "jcsc": "rad",
        "unpg-arcface": "rad",
        "unpg-cosface": "cosine",
        "unpg-magface": "rad",
        **dict.fromkeys(("supcon", "circle", "multi-similarity", "contrastive", "triplet"), ""),
    }


def test_float32_is_as_good_as_the_usual_arc_cosine() -> None:
    """The head against the obvious one, both in float32, where features lie close to their classes."""
    weight = F.normalize(torch.randn(50, 64), dim=1)
    labels = torch.arange(50)
    embeddings = weight + 0.02 * torch.randn(50, 64)
    head = losses.create("arcface", 64, 50, scale=16.0)
    head.load_state_dict({"weight": weight})

    def gradients(loss: Tensor, *inputs: Tensor) -> list[Tensor]:
        return [loss, *torch.autograd.grad(loss, inputs)]

    def arc(cosine: Tensor) -> Tensor:
        return torch.cos(cosine.acos() + 0.5)

    leaf = embeddings.clone().requires_grad_()
    ours = gradients(head(leaf, labels), leaf, head.weight)
    naive = gradients(oracle.head_loss(leaf, head.weight, labels, arc, scale=16.0), leaf, head.weight)
    precise = embeddings.double().requires_grad_(), weight.double().requires_grad_()
    truth = gradients(oracle.head_loss(*precise, labels, arc, scale=16.0), *precise)
    for mine, theirs, exact in zip(ours, naive, truth, strict=True):
        off_mine, off_theirs = ((value - exact).abs().max() for value in (mine, theirs))
        assert off_mine <= off_theirs + 5e-7 * exact.abs().max()

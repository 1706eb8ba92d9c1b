"""CoReFace: masks, protocols and the adaptive margin."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses.oracle import assert_close
from workbench import losses

N, D, C = 7, 5, 6


def views(noise: float = 0.3) -> Tensor:
    base = torch.randn(N, D, dtype=torch.float64)
    return F.normalize(torch.stack([base, base + noise * torch.randn(N, D, dtype=torch.float64)]), dim=2)


def loss(labels: Tensor, both: Tensor, *, scale: float = 4.0, **options: object) -> Tensor:
    return losses.create("coreface", D, C, scale=scale, **options).double().contrast(both[0], both[1], labels)


def test_zero_and_removed_masks_differ_by_the_masked_terms() -> None:
    labels, both = torch.tensor([0, 0, 1, 2, 3, 4, 5]), views()
    fixed = {"momentum": 0.0, "initial_margin": 0.25}
    cosine = both[0] @ both[1].T
    for mask, filler in (("zero", 0.0), ("removed", -torch.inf)):
        same = (labels[:, None] == labels) & ~torch.eye(N, dtype=torch.bool)
        logits = 4 * (cosine.masked_fill(same, filler) - 0.25 * torch.eye(N))
        assert_close(loss(labels, both, mask=mask, **fixed), F.cross_entropy(logits, torch.arange(N)))


def test_one_class_gives_nothing_to_contrast_only_if_pairs_are_removed() -> None:
    labels, both = torch.zeros(N, dtype=torch.long), views()
    assert loss(labels, both, mask="removed").item() == 0
    assert loss(labels, both, mask="zero").item() > 0.5


def test_without_a_mask_pairs_of_one_class_are_negatives_like_all() -> None:
    both, fixed = views(), {"momentum": 0.0, "protocol": "2n"}
    alike, apart = torch.tensor([0, 0, 1, 2, 3, 4, 5]), torch.arange(N)
    assert_close(loss(alike, both, mask="none", **fixed), loss(apart, both, mask="removed", **fixed))
    assert loss(alike, both, mask="none", **fixed) > loss(alike, both, mask="removed", **fixed)


def test_the_margin_keeps_the_loss_level_while_views_grow_alike() -> None:
    """With views that are nearly the same, the loss vanishes without the margin and stays with it."""
    labels = torch.arange(N) % C
    for noise in (0.5, 0.05, 0.001):
        both = views(noise)
        assert loss(labels, both, scale=32.0).item() > 0.2
    assert loss(labels, both, scale=32.0, momentum=0.0).item() < 0.02


def test_momentum_weighs_the_batch() -> None:
    labels, both = torch.arange(N) % C, views()
    fresh = losses.create("coreface", D, C, momentum=1.0).double()
    fresh.contrast(both[0], both[1], labels)
    for momentum in (0.01, 0.99):
        head = losses.create("coreface", D, C, momentum=momentum, initial_margin=0.5).double()
        head.contrast(both[0], both[1], labels)
        assert_close(head.contrast_margin, momentum * fresh.contrast_margin + (1 - momentum) * 0.5)


@pytest.mark.parametrize("protocol", ["n", "double-n", "2n", "full"])
def test_protocols_count_their_candidates(protocol: str) -> None:
    """At scale 1e-9 every candidate weighs the same, so the loss is the log of their number."""
    labels = torch.arange(N)
    head = losses.create("coreface", D, N, scale=1e-9, protocol=protocol, mask="removed").double()
    candidates, directions = {"n": (N, 1), "double-n": (N, 2), "2n": (2 * N - 1, 1), "full": (2 * N - 1, 2)}[protocol]
    both = views()
    plain = losses.create("arcface", D, N, scale=1e-9).double()
    plain.weight = head.weight
    added = head(both, labels) - plain(both, labels)
    assert added.item() == pytest.approx(0.05 * directions * torch.tensor(float(candidates)).log().item(), rel=1e-6)


def test_one_view_is_arcface() -> None:
    rows, labels = views()[0], torch.arange(N) % C
    head, plain = (losses.create(name, D, C).double() for name in ("coreface", "arcface"))
    plain.weight = head.weight
    assert torch.equal(head(rows, labels), plain(rows, labels))


def test_the_released_code_moves_the_margin_twice() -> None:
    labels, both = torch.arange(N) % C, views()
    margins = {}
    for updates in ("once", "twice"):
        head = losses.create("coreface", D, C, margin_updates=updates).double()
        head.load_state_dict({"weight": torch.ones(C, D)}, strict=False)
        value = head(both, labels)
        margins[updates] = head.contrast_margin.item(), value.item()
    assert margins["once"][1] == margins["twice"][1]
    assert abs(margins["once"][0] - margins["twice"][0]) > 1e-6

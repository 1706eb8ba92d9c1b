"""JCSC, our reconstruction: the identities that its parts must satisfy."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses.oracle import assert_close
from workbench import losses

N, D, C = 10, 5, 4
OFF = {"guidance": 0.0, "cluster_weight": 0.0, "align_weight": 0.0}


def batch() -> tuple[Tensor, Tensor]:
    return torch.randn(N, D, dtype=torch.float64, requires_grad=True), torch.arange(N) % C


def build(**options: object) -> losses.JCSC:
    return losses.create("jcsc", D, C, scale=8.0, **options).double()


def test_it_says_that_it_is_a_reconstruction() -> None:
    assert "reconstructed from its abstract" in losses.describe("jcsc").splitlines()[0]


def test_without_its_parts_it_is_arcface_to_the_bit() -> None:
    embeddings, labels = batch()
    head, plain = build(**OFF), losses.create("arcface", D, C, scale=8.0).double()
    plain.weight = head.weight
    assert torch.equal(head(embeddings, labels), plain(embeddings, labels))


def test_constant_hardness_gives_arcface() -> None:
    embeddings, labels = batch()
    rows = F.normalize(torch.eye(C, D, dtype=torch.float64))[labels]
    head = build(guidance=0.3, cluster_weight=0.0, align_weight=0.0)
    plain = losses.create("arcface", D, C, scale=8.0).double()
    plain.weight = head.weight
    assert_close(head(rows, labels), plain(rows, labels))
    assert abs(head(embeddings, labels) - plain(embeddings, labels)) > 1e-6


@pytest.mark.parametrize("hardness", ["cosine", "posterior"])
@pytest.mark.parametrize("guidance", [0.2, -0.2])
def test_guidance_gives_harder_samples_more_or_less(hardness: str, guidance: float) -> None:
    embeddings, labels = batch()
    head = build(guidance=guidance, hardness=hardness, start="weights", momentum=1.0)
    head(embeddings, labels)
    margin, cosine = head.observed["margin"], (F.normalize(embeddings) * head.clusters[labels]).sum(1)
    assert margin.mean().item() == pytest.approx(0.5, abs=1e-9)
    if hardness == "cosine":
        assert torch.equal(margin.argsort(descending=guidance > 0), cosine.argsort())
    assert head.hardness_of is not None
    assert margin.std() > 1e-3


def test_margins_stay_within_their_bounds() -> None:
    embeddings, labels = batch()
    head = build(guidance=5.0, low_margin=0.45, high_margin=0.55)
    head(embeddings, labels)
    assert 0.45 <= head.observed["margin"].min() < head.observed["margin"].max() <= 0.55


def test_clusters_equal_to_the_weights_make_the_clustering_a_normalised_softmax() -> None:
    embeddings, labels = batch()
    head = build(start="weights", temperature=1 / 8, **{**OFF, "cluster_weight": 1.0})
    head.clusters = F.normalize(head.weight.detach())
    normface, plain = (losses.create(name, D, C, scale=8.0).double() for name in ("normface", "arcface"))
    normface.weight = plain.weight = head.weight
    assert_close(head(embeddings, labels) - plain(embeddings, labels), normface(embeddings, labels))


def test_alignment_is_0_where_aligned_and_2_where_opposed() -> None:
    head, labels = build(start="weights"), torch.arange(C)
    head.clusters = F.normalize(head.weight.detach())
    assert head.alignment(labels).item() == pytest.approx(0, abs=1e-12)
    head.clusters = -head.clusters
    assert head.alignment(labels).item() == pytest.approx(2, abs=1e-12)


def test_clusters_begin_with_the_features_and_follow_them() -> None:
    embeddings, labels = batch()
    head = build(momentum=0.9)
    head(embeddings[:3], labels[:3])
    unit = F.normalize(embeddings.detach())
    assert_close(head.clusters[:3], unit[:3])
    assert not head.clusters[3].any()
    before = head.clusters.clone()
    head(embeddings[4:5], labels[4:5])
    assert_close(head.clusters[0], F.normalize(0.9 * before[0] + 0.1 * unit[4], dim=0))
    assert torch.equal(head.clusters[1:], before[1:])


def test_clusters_carry_no_gradient_and_the_slope_is_true() -> None:
    embeddings, labels = batch()
    head = build(guidance=0.0).eval()
    head.clusters = F.normalize(torch.randn(C, D, dtype=torch.float64))

    def loss(rows: Tensor, weight: Tensor) -> Tensor:
        return torch.func.functional_call(head, {"weight": weight}, (rows, labels))

    assert torch.autograd.gradcheck(loss, (embeddings, head.weight.detach().requires_grad_()))
    assert not head.clusters.requires_grad


def test_the_numbers_of_the_classes_do_not_matter() -> None:
    embeddings, labels = batch()
    order = torch.randperm(C)
    head, renamed = build(), build()
    renamed.weight.data = head.weight.data[order]
    for _ in range(2):
        ours, theirs = head(embeddings, labels), renamed(embeddings, order.argsort()[labels])
    assert_close(theirs, ours)

"""What every loss of classes promises: its equation, its gradient, its limits, and what it tells."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses.cases import LABELS, C, Case, D, N, build, gradients, samples
from tests.losses.oracle import assert_close
from workbench import losses

OTHERS = [(0.7, 130.0), (2.0, 250.0)]
"""Length and direction of two class weights of the plane; the own one is 1.5 long and points to 0 degrees."""


def polar(length: float, degrees: float) -> list[float]:
    return [length * math.cos(math.radians(degrees)), length * math.sin(math.radians(degrees))]


def in_the_plane(case: Case, dtype: torch.dtype = torch.float64, **options: float) -> torch.nn.Module:
    head = case.create(2, 3, **options).to(dtype)
    weight = torch.tensor([[1.5, 0.0], *(polar(*other) for other in OTHERS)], dtype=torch.float64)
    head.load_state_dict({"weight": weight}, strict=False)
    return head


def closed_form(case: Case, head: torch.nn.Module, x: float, degrees: float) -> float:
    """Return the loss of an embedding of length x, written with numbers alone."""
    own = case.psi(math.radians(degrees), x, 1.5)
    lengths = [
        (x if case.embedding_length and not case.penalty(x) else 1) * (w if case.weight_length else 1)
        for w, _ in OTHERS
    ]
    others = [
        length * case.negative(math.cos(math.radians(other - degrees)), own)
        for length, (_, other) in zip(lengths, OTHERS, strict=True)
    ]
    return math.log1p(sum(math.exp(head.scale * (other - own)) for other in others)) + case.penalty(x)


class ClassesContract:
    # The equation

    def test_sweep_equals_the_closed_form(self, case: Case) -> None:
        head = in_the_plane(case)
        zero = torch.tensor([0])
        for degrees in range(181):
            embedding = torch.tensor([polar(3, degrees)], dtype=torch.float64)
            loss, *slopes = gradients(head, embedding, zero)
            assert loss.item() == pytest.approx(closed_form(case, head, 3, degrees), rel=1e-10, abs=1e-10), degrees
            assert all(slope.isfinite().all() for slope in slopes), degrees

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    @pytest.mark.parametrize("degrees", [0, 180])
    def test_vectors_in_line(self, case: Case, degrees: int, dtype: torch.dtype) -> None:
        head = in_the_plane(case, torch.float32)
        embedding = torch.tensor([polar(3, degrees)]).round().to(dtype)
        loss, *slopes = gradients(head, embedding, torch.tensor([0]))
        assert loss.item() == pytest.approx(closed_form(case, head, 3, degrees), rel=2e-6, abs=1e-30)
        assert all(slope.isfinite().all() for slope in slopes)

    def test_float32_rounds_cosines_beyond_one(self, case: Case) -> None:
        head = build(case, 64, 200, torch.float32)
        embeddings = torch.cat([head.weight.detach() * 3, -head.weight.detach()])
        loss, *slopes = gradients(head, embeddings, torch.arange(200).repeat(2))
        assert head.observed["cosine"].abs().max() >= 1
        assert loss.isfinite()
        assert all(slope.isfinite().all() for slope in slopes)

    def test_without_margin_it_is_normface(self, case: Case) -> None:
        embeddings = torch.nn.functional.normalize(samples(), dim=1)
        head = build(case, **({"margin": 0.0} if case.no_margin is None else case.no_margin))
        head.weight.data = torch.nn.functional.normalize(head.weight.data, dim=1)
        normface = losses.create("normface", D, C, scale=3.0).double()
        normface.load_state_dict({"weight": head.weight.detach()})
        expected = gradients(normface, embeddings)
        if case.no_margin is None:
            assert abs(head(embeddings, LABELS) - expected[0]) > 1e-3
            return
        for mine, theirs in zip(gradients(head, embeddings), expected, strict=True):
            # Lengths may still matter: only what turns the vectors is compared.
            if mine.ndim:
                vectors = embeddings if len(mine) == N else head.weight.detach()
                mine = mine - (mine * vectors).sum(1, keepdim=True) * vectors
            assert_close(mine, theirs)

    # Gradients

    def test_gradcheck(self, case: Case) -> None:
        # Both sides of every bend: theta = pi - m, and the multiples of 45 degrees of SphereFace.
        angles = (10, 40, 50, 100, 125, 140, 147, 155, 170)
        embeddings = torch.tensor([polar(2, angle) for angle in angles], dtype=torch.float64)
        head = in_the_plane(case, scale=2.0)
        labels = torch.zeros(len(angles), dtype=torch.long)

        def loss(embeddings: Tensor, weight: Tensor) -> Tensor:
            return torch.func.functional_call(head, {"weight": weight}, (embeddings, labels))

        inputs = embeddings.requires_grad_(), head.weight.detach().requires_grad_()
        assert torch.autograd.gradcheck(loss, inputs, raise_exception=False) == case.true_gradient

    def test_the_length_of_weights_matters_only_where_it_should(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        loss, _, by_weight = gradients(head, embeddings)
        along = (by_weight * head.weight).sum(1).abs()
        head.weight.data *= torch.linspace(0.001, 1000, C, dtype=torch.float64)[:, None]
        if case.weight_length:
            assert abs(head(embeddings, LABELS) - loss) > 1e-3
            assert along.max() > 1e-3
        else:
            assert_close(head(embeddings, LABELS), loss)
            assert along.max() < 1e-10

    # What it is made of, and what it tells

    def test_is_the_mean_over_samples(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        each = torch.stack([head(embeddings[i : i + 1], LABELS[i : i + 1]) for i in range(N)])
        assert_close(head(embeddings, LABELS), each.mean())
        assert each.std() > 0.01

    def test_is_the_mean_over_views(self, case: Case) -> None:
        head, views = build(case), samples(3, N, D)
        assert_close(head(views, LABELS), torch.stack([head(view, LABELS) for view in views]).mean())

    def test_one_class_may_fill_the_batch(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        loss, *slopes = gradients(head, embeddings, torch.full((N,), 2))
        each = torch.stack([head(row[None], torch.tensor([2])) for row in embeddings])
        assert_close(loss, each.mean())
        assert all(slope.isfinite().all() for slope in slopes)

    @pytest.mark.parametrize("left_out", [False, True])
    def test_observes_the_last_batch(self, case: Case, left_out: bool) -> None:
        head, views = build(case), samples(2, N, D)
        labels = torch.where(torch.arange(N) == 2, -1, LABELS) if left_out else LABELS
        views[0] += 10 * head.weight.detach()[LABELS]  # these are recognised, most of the others are not
        head(views.requires_grad_(), labels)
        kept = labels >= 0
        rows, own = views[:, kept].flatten(0, 1), labels[kept].repeat(2)
        scores = rows @ (head.weight if case.weight_length else F.normalize(head.weight, dim=1)).T
        assert set(head.observed) == {"cosine", "correct", "margin"}
        assert not any(values.requires_grad for values in head.observed.values())
        assert_close(head.observed["cosine"], F.cosine_similarity(rows, head.weight[own], dim=1))
        assert torch.equal(head.observed["correct"], scores.argmax(1) == own)
        assert 0 < head.observed["correct"].sum() < len(own)
        demanded = [case.demanded(x) if case.demanded else head.margin for x in rows.detach().norm(dim=1).tolist()]
        assert_close(head.observed["margin"], torch.tensor(demanded, dtype=torch.float64))

"""What every loss of pairs promises: its equation, its gradient, its limits, and the class centres it follows."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses.cases import LABELS, C, Case, D, N, build, gradients, samples
from tests.losses.oracle import assert_close

DIRECTIONS = [20.3, 75.6, 130.1, 169.7, 250.2]
"""Of samples of the plane beside the one that is swept, in degrees; no two distances are ever equal."""
CLASSES = [0, 0, 1, 1, 0, 2]


def plane(degrees: list[float], dtype: torch.dtype = torch.float64) -> Tensor:
    radians = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    lengths = torch.linspace(0.5, 2, len(degrees), dtype=torch.float64)[:, None]
    return (torch.stack([radians.cos(), radians.sin()], dim=1) * lengths).to(dtype)


def naive(case: Case, embeddings: Tensor, labels: Tensor) -> float:
    unit = F.normalize(embeddings.double(), dim=1)
    return case.pairs((unit @ unit.T).tolist(), labels.tolist())


class PairsContract:
    # The equation

    def test_sweep_equals_the_naive_formula(self, case: Case) -> None:
        head, labels = build(case, 2), torch.tensor(CLASSES)
        for degrees in range(181):
            embeddings = plane([degrees, *DIRECTIONS])
            loss, slopes, _ = gradients(head, embeddings, labels)
            assert loss.item() == pytest.approx(naive(case, embeddings, labels), rel=1e-10), degrees
            assert slopes.isfinite().all(), degrees

    def test_batches_of_any_composition_equal_the_naive_formula(self, case: Case) -> None:
        head = build(case)
        for _ in range(20):
            size = int(torch.randint(2, 12, ()))
            embeddings, labels = samples(size, D), torch.randint(C, (size,))
            expected = naive(case, embeddings, labels)
            assert head(embeddings, labels).item() == pytest.approx(expected, rel=1e-10, abs=1e-12)

    def test_views_are_further_samples(self, case: Case) -> None:
        head, views = build(case), samples(3, N, D)
        assert_close(head(views, LABELS), head(views.flatten(0, 1), LABELS.repeat(3)))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_samples_in_line(self, case: Case, dtype: torch.dtype) -> None:
        head = build(case, 2, dtype=torch.float32)
        embeddings = plane([0, 0, 0, 180, 180, 180], dtype)
        loss, slopes, _ = gradients(head, embeddings, torch.tensor([0, 0, 1, 1, 0, 2]))
        assert loss.isfinite()
        assert slopes.isfinite().all()

    @pytest.mark.parametrize("labels", [[2] * N, list(range(N))], ids=["one class", "all different"])
    def test_one_kind_of_pairs_may_be_missing(self, case: Case, labels: list[int]) -> None:
        head, embeddings = build(case), samples()
        loss, slopes, _ = gradients(head, embeddings, torch.tensor(labels))
        assert loss.item() == pytest.approx(naive(case, embeddings, torch.tensor(labels)), rel=1e-10, abs=1e-12)
        assert slopes.isfinite().all()

    def test_a_lone_sample_has_no_pairs(self, case: Case) -> None:
        loss, slopes, _ = gradients(build(case), samples(1, D), LABELS[:1])
        assert loss == 0
        assert slopes.eq(0).all()

    # The gradient

    def test_gradcheck(self, case: Case) -> None:
        head = build(case, 2, **({"scale": 2.0} if "scale" in case.parameters else {}))
        if case.name == "circle":
            # Its weights carry no gradient, so that of the value is another.
            weighted = torch.autograd.gradcheck(
                lambda rows: head(rows, torch.tensor(CLASSES)),
                plane([3, *DIRECTIONS]).requires_grad_(),
                raise_exception=False,
            )
            assert not weighted
            return
        embeddings = plane([3, *DIRECTIONS]).requires_grad_()
        assert torch.autograd.gradcheck(lambda rows: head(rows, torch.tensor(CLASSES)), embeddings)

    # The class centres it follows

    def test_class_centres_follow_the_mean_of_the_batch(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        before = head.weight.clone()
        head(embeddings, LABELS)
        unit = F.normalize(embeddings, dim=1)
        for c in range(C):
            rows = unit[c == LABELS]
            expected = 0.9 * before[c] + 0.1 * rows.mean(0) if len(rows) else before[c]
            assert_close(head.weight[c], expected)
        assert torch.equal(head.class_centres(), head.weight)
        before = head.eval().weight.clone()
        head(embeddings, LABELS)
        assert torch.equal(head.weight, before)

    def test_observes_the_last_batch(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        embeddings[:3] += 10 * head.weight[LABELS[:3]]
        labels = torch.where(torch.arange(N) == 4, -1, LABELS)
        kept, before = labels >= 0, head.weight.clone()
        head(embeddings.requires_grad_(), labels)
        cosines = F.normalize(embeddings[kept], dim=1) @ F.normalize(before, dim=1).T
        assert_close(head.observed["cosine"], cosines.gather(1, labels[kept][:, None]).squeeze(1))
        assert torch.equal(head.observed["correct"], cosines.argmax(1) == labels[kept])
        assert head.observed["margin"].eq(0).all()
        assert not any(values.requires_grad for values in head.observed.values())
        assert math.isclose(head.observed["correct"].double().mean().item(), 1) is False

"""The draws of ElasticFace: how they are distributed, and who gets which."""

import math

import pytest
import torch
from torch import Tensor

from tests.losses.oracle import assert_close
from workbench import losses
from workbench.losses.margins import margins_by_distance

PLAIN, PLUS = ["elasticface-arc", "elasticface-cos"], ["elasticface-arc+", "elasticface-cos+"]
FIXED = {"elasticface-arc": "arcface", "elasticface-cos": "cosface"}


def batch(N: int = 8, *, classes: int = 10, dim: int = 16) -> tuple[Tensor, Tensor]:
    return torch.randn(N, dim), torch.randint(classes, (N,))


def rank_correlation(a: Tensor, b: Tensor) -> float:
    ranks = torch.stack([values.argsort().argsort() for values in (a, b)]).double()
    return torch.corrcoef(ranks)[0, 1].item()


@pytest.mark.parametrize("assignment", ["paper", "released"])
@pytest.mark.parametrize("name", [*PLAIN, *PLUS])
def test_without_spread_it_is_the_fixed_margin(name: str, assignment: str) -> None:
    embeddings, labels = batch()
    fixed = losses.create(FIXED[name.removesuffix("+")], 16, 10, margin=0.4, scale=20.0)
    elastic = losses.create(name, 16, 10, margin=0.4, scale=20.0, std=0.0, assignment=assignment)
    elastic.load_state_dict(fixed.state_dict())
    results = []
    for head in (fixed, elastic):
        loss = head(embeddings, labels)
        results.append((loss, *torch.autograd.grad(loss, list(head.parameters()))))
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize(("margin", "std"), [(0.5, 0.05), (0.2, 0.3)])
@pytest.mark.parametrize("name", [*PLAIN, *PLUS])
def test_margins_are_normal_draws_one_for_each_sample(name: str, margin: float, std: float) -> None:
    N = 20_000
    head = losses.create(name, 2, 3, margin=margin, std=std)
    head(*batch(N, classes=3, dim=2))
    drawn = head.observed["margin"]
    z = (drawn - margin) / std
    assert len(drawn.unique()) > 0.99 * N
    assert abs(z.mean()) < 3 / math.sqrt(N)
    assert abs(z.std() - 1) < 3 / math.sqrt(2 * N)
    for bound, share in ((1.0, 0.3173), (2.0, 0.0455), (3.0, 0.0027)):  # two-sided tails of the normal distribution
        assert abs((z.abs() > bound).double().mean() - share) < 3 * math.sqrt(share / N)
    assert drawn.min() < margin - 3.2 * std  # not clamped
    assert drawn.max() > margin + 3.2 * std


@pytest.mark.parametrize("name", PLUS)
def test_plus_hands_out_the_draws_it_made(name: str) -> None:
    margins = []
    for options in ({"plus": False}, {}, {"assignment": "released"}):
        head = losses.create(name, 16, 10, **options)
        head.load_state_dict({"weight": torch.ones(10, 16).cumsum(0).cos()})
        head(torch.arange(8.0)[:, None] + torch.arange(16.0).sin(), torch.arange(8), generator=torch.manual_seed(5))
        margins.append(head.observed["margin"])
    drawn, paper, released = margins
    assert all(torch.equal(handed.sort().values, drawn.sort().values) for handed in (paper, released))
    assert not torch.equal(drawn, paper)
    assert not torch.equal(drawn, released)
    assert not torch.equal(paper, released)


@pytest.mark.parametrize("name", PLAIN)
def test_assignment_does_nothing_without_plus(name: str) -> None:
    embeddings, labels = batch()
    results = []
    for assignment in ("paper", "released"):
        head = losses.create(name, 16, 10, assignment=assignment)
        head.load_state_dict({"weight": torch.ones(10, 16).cumsum(0).cos()})
        results.append(head(embeddings, labels, generator=torch.Generator().manual_seed(5)))
    assert torch.equal(*results)


@pytest.mark.parametrize("name", PLUS)
def test_paper_gives_the_farther_sample_the_larger_margin(name: str) -> None:
    head = losses.create(name, 16, 10)
    for _ in range(5):
        head(*batch(64))
        assert rank_correlation(head.observed["cosine"], head.observed["margin"]) == pytest.approx(-1)


@pytest.mark.parametrize("N", [16, 64])
@pytest.mark.parametrize("name", PLUS)
def test_released_leaves_margin_and_distance_uncorrelated(name: str, N: int) -> None:
    """A permutation and its inverse share their fixed points, about one, which leaves a correlation of -1 / (N - 1)."""
    head = losses.create(name, 16, 10, assignment="released")
    found = []
    for _ in range(300):
        head(*batch(N))
        found.append(rank_correlation(head.observed["cosine"], head.observed["margin"]))
    correlations = torch.tensor(found)
    assert abs(correlations.mean() + 1 / (N - 1)) < 3 * correlations.std() / math.sqrt(len(found))
    assert correlations.std() < 1.5 / math.sqrt(N - 1)  # about that of independent ranks


def test_assignments_follow_their_definitions() -> None:
    cosine, draws = torch.randn(50).tanh(), torch.randn(50)
    order = sorted(range(50), key=lambda i: -cosine[i])
    mu = sorted(draws.tolist())
    paper, released = [0.0] * 50, [0.0] * 50
    for k in range(50):
        paper[order[k]] = mu[k]
        released[k] = mu[order[k]]
    assert torch.equal(margins_by_distance(cosine, draws, "paper"), torch.tensor(paper))
    assert torch.equal(margins_by_distance(cosine, draws, "released"), torch.tensor(released))
    assert margins_by_distance(cosine, draws, "paper")[cosine.argmin()] == draws.max()
    assert margins_by_distance(cosine[:0], draws[:0], "paper").shape == (0,)


@pytest.mark.parametrize("name", [*PLAIN, *PLUS])
def test_given_margins_replay_a_draw(name: str) -> None:
    embeddings, labels = batch()
    head = losses.create(name, 16, 10)
    generator = torch.Generator().manual_seed(7)
    expected = head(embeddings, labels, generator=generator)
    assert torch.equal(head(embeddings, labels, margins=head.observed["margin"]), expected)


@pytest.mark.parametrize("name", [*FIXED.values(), *PLAIN])
def test_given_margins_stay_with_their_rows(name: str) -> None:
    embeddings, labels = torch.randn(2, 4, 16), torch.tensor([1, -1, 7, 0])
    margins = torch.linspace(0, 0.7, 8)
    head = losses.create(name, 16, 10, scale=4.0)
    loss = head(embeddings, labels, margins=margins)
    kept = [0, 2, 3, 4, 6, 7]
    assert torch.equal(head.observed["margin"], margins[kept])
    rows, own = embeddings.flatten(0, 1), labels.repeat(2)
    each = [head(rows[i : i + 1], own[i : i + 1], margins=margins[i : i + 1]) for i in kept]
    assert_close(loss, torch.stack(each).mean(), torch.float32)


@pytest.mark.parametrize("name", [*PLAIN, *PLUS])
def test_each_view_of_a_sample_has_its_own_draw(name: str) -> None:
    embeddings, labels = batch()
    head = losses.create(name, 16, 10)
    head(torch.stack([embeddings, embeddings]), labels)
    assert len(head.observed["margin"].unique()) == 16


@pytest.mark.parametrize(("margin", "std"), [(0.5, 0.05), (0.3, 0.4)])
def test_the_mean_of_the_drawn_targets(margin: float, std: float) -> None:
    """For a normal margin, E cos(theta + eps) = exp(-std^2 / 2) cos(theta + m)."""
    theta, N = 1.1, 200_000
    head = losses.create("elasticface-arc", 2, 2, margin=margin, std=std)
    cosine = torch.full((N,), math.cos(theta))
    targets = head.target(cosine, head.draw_margin(cosine, batch=None, generator=None), torch.ones(N))
    expected = math.exp(-(std**2) / 2) * math.cos(theta + margin)
    assert abs(targets.mean() - expected) < 3 * targets.std() / math.sqrt(N)

"""Dropout from a generator: the right share, the right scale, and nobody else's draws."""

import pytest
import torch

from workbench.models.dropout import Dropout

X = torch.randn(400, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def dropout(p: float, seed: int | None = 0) -> Dropout:
    module = Dropout(p)
    module.generator = None if seed is None else torch.Generator().manual_seed(seed)
    return module


def test_a_share_is_dropped_and_the_rest_scaled_up() -> None:
    out = dropout(0.4)(X)
    kept = out != 0
    assert kept.double().mean() == pytest.approx(0.6, abs=4 * (0.24 / X.numel()) ** 0.5)
    torch.testing.assert_close(out[kept], X[kept] / 0.6)


def test_masks_come_from_the_generator_alone() -> None:
    first = dropout(0.5)(X)
    torch.rand(5)
    assert torch.equal(dropout(0.5)(X), first)
    assert not torch.equal(dropout(0.5, seed=1)(X), first)
    before = torch.get_rng_state()
    dropout(0.5)(X)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_generator_it_is_torch_s_own() -> None:
    torch.manual_seed(3)
    expected = torch.nn.Dropout(0.5)(X)
    torch.manual_seed(3)
    assert torch.equal(dropout(0.5, seed=None)(X), expected)


def test_nothing_is_dropped_in_evaluation_or_without_a_share() -> None:
    assert torch.equal(dropout(0.0)(X), X)
    assert torch.equal(dropout(0.5).eval()(X), X)


def test_the_gradient_is_the_mask() -> None:
    x = X.clone().requires_grad_()
    out = dropout(0.5)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, (out != 0).double() * 2)

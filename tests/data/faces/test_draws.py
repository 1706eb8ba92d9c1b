"""Random numbers by address."""

import numpy as np
import pytest
import torch

from workbench.data.faces.draws import normals, uniforms

MASK = 2**64 - 1


def splitmix(x: int) -> int:
    """The published finaliser, in Python's whole numbers."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def by_hand(key: int, *address: int) -> float:
    golden = 0x9E3779B97F4A7C15
    state = splitmix((key + golden) & MASK)
    for part in address:
        state = splitmix((state + (part + 1) * golden) & MASK)
    return ((state >> 12) + 0.5) / 2**52


def test_each_number_is_a_hash_of_its_address() -> None:
    found = uniforms(2**62 + 5, np.arange(3), np.array([7, 0, 7]), count=4)
    for row, address in enumerate([(0, 7), (1, 0), (2, 7)]):
        assert found[row].tolist() == [by_hand(2**62 + 5, *address, place) for place in range(4)]


def test_what_else_is_drawn_changes_nothing() -> None:
    many = uniforms(1, np.arange(100), 3, count=9)
    assert torch.equal(uniforms(1, np.arange(40, 50), 3, count=9), many[40:50])
    assert torch.equal(uniforms(1, np.arange(100), 3, count=2), many[:, :2])


def test_keys_and_places_of_the_address_are_told_apart() -> None:
    draws = [uniforms(k, a, b, count=1).item() for k in range(3) for a in range(3) for b in range(3)]
    assert len(set(draws)) == 27


def test_numbers_are_spread_as_they_should_be() -> None:
    u = uniforms(0, np.arange(2000), count=10)
    assert 0 < u.min() < 1e-3
    assert 1 - 1e-3 < u.max() < 1
    assert u.histc(10, 0, 1).sub(2000).abs().max() < 5 * 2000**0.5
    assert torch.corrcoef(u.T).fill_diagonal_(0).abs().max() < 5 / 2000**0.5
    z = normals(0, np.arange(2000), count=10)
    assert z.mean().item() == pytest.approx(0, abs=0.03)
    assert z.std().item() == pytest.approx(1, abs=0.03)
    assert torch.allclose(torch.special.ndtr(z), u)

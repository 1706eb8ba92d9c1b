"""All pairs scored in float32 and settled in float64, beside float64 throughout."""

import numpy as np
import pytest
import torch

from workbench.geometry import mixed, pair_counts, tar_at_far

SAMPLES, CLASSES = 1500, 70
KINDS = ("gaussian", "low rank", "shifted", "rectified", "heavy tails", "float16", "sizes", "narrow", "copies")


def features(kind, samples=SAMPLES, dim=96, seed=0):
    """Noisy images of some classes, float32, and their labels in no order; classes differ in size."""
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(samples, generator=generator) ** 2 * CLASSES).long()
    x = torch.randn(CLASSES, dim, generator=generator)[labels] + torch.randn(samples, dim, generator=generator)
    if kind == "low rank":
        x = x[:, : min(5, dim)] @ torch.randn(min(5, dim), dim, generator=generator)
    elif kind == "shifted":
        x += 3
    elif kind == "rectified":
        x.relu_()[:, 0] += 0.1
    elif kind == "heavy tails":
        x = torch.sinh(2 * x)
    elif kind == "float16":
        x = x.half()
    elif kind == "sizes":
        x *= torch.logspace(-18, 18, samples)[:, None]
    elif kind == "narrow":
        x[:, 3:] = 0
    elif kind == "copies":  # cosines of 1 and -1, and every cosine four times
        x[1::4], x[2::4], x[3::4] = x[::4], 2 * x[::4], -x[::4]
    return x, labels


def brute_force(x, labels, bins=4000):
    """Counts of genuine and impostor pairs: one float64 matrix, and a search among the edges."""
    unit = x.double().numpy()
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    i, j = np.triu_indices(len(unit), 1)
    cosine, same = (unit @ unit.T)[i, j].clip(-1, 1), labels.numpy()[i] == labels.numpy()[j]
    edges = (2 * np.arange(bins + 1) - bins) / bins
    place = np.minimum(np.searchsorted(edges, cosine, side="right") - 1, bins - 1)
    counts = [np.bincount(place[kind], minlength=bins) for kind in (same, ~same)]
    return cosine[same], cosine[~same], *counts


@pytest.fixture
def compiled(monkeypatch):
    """Let small sets take the way of large ones; the list tells of each set whether float32 was good enough for it."""
    taken, fill = [], mixed.fill
    monkeypatch.setattr(mixed, "LEAST", 1)
    monkeypatch.setattr(mixed, "fill", lambda *arguments: taken.append(fill(*arguments)) or taken[-1])
    return taken


def plain(monkeypatch, *arguments, **options):
    with monkeypatch.context() as patch:
        patch.setattr(mixed, "suits", lambda *_: False)
        return pair_counts(*arguments, **options)


def assert_same(ours, exact, *, hardest=True):
    for a, b in ((ours.genuine, exact.genuine), (ours.impostor, exact.impostor)):
        assert a.counts.dtype == np.int64
        assert np.array_equal(a.counts, b.counts)
        assert np.array_equal(a.without, b.without)
        assert (a.lowest, a.highest) == pytest.approx((b.lowest, b.highest), abs=1e-14)
        assert a.mean == pytest.approx(b.mean, abs=1e-7)
        assert a.variance == pytest.approx(b.variance, rel=1e-5, abs=0)
        np.testing.assert_allclose(a.hardest.cosine, b.hardest.cosine, atol=1e-14)
        if hardest:
            assert np.array_equal(a.hardest.first, b.hardest.first)
            assert np.array_equal(a.hardest.second, b.hardest.second)
    assert ours.gaussian == pytest.approx(exact.gaussian, rel=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "copies"])
@pytest.mark.parametrize("block", [100, 1024])
def test_everything_is_as_in_float64(kind, block, compiled, monkeypatch):
    x, labels = features(kind)
    ours = pair_counts(x, labels, block=block)
    assert compiled == [True]
    assert_same(ours, plain(monkeypatch, x, labels))


@pytest.mark.parametrize("kind", ["gaussian", "shifted", "heavy tails"])
def test_counts_and_hardest_pairs_are_those_of_one_float64_matrix(kind, compiled):
    x, labels = features(kind, dim=512)
    genuine, impostor, *counts = brute_force(x, labels)
    ours = pair_counts(x, labels, hardest=300)
    assert compiled == [True]
    assert np.array_equal(ours.genuine.counts, counts[0])
    assert np.array_equal(ours.impostor.counts, counts[1])
    np.testing.assert_allclose(ours.genuine.hardest.cosine, np.sort(genuine)[:300], atol=1e-14)
    np.testing.assert_allclose(ours.impostor.hardest.cosine, np.sort(impostor)[::-1][:300], atol=1e-14)


@pytest.mark.parametrize("far", [1e-1, 1e-2, 1e-3])
def test_tar_at_far_is_that_of_all_cosines_within_a_bin(far, compiled):
    x, labels = features("gaussian")
    genuine, impostor, *_ = brute_force(x, labels)
    found = tar_at_far(pair_counts(x, labels), far)
    assert compiled == [True]
    # The lowest threshold of the grid that accepts few enough impostors, and what it accepts.
    assert (impostor >= found.threshold).mean() <= far < (impostor >= found.threshold - 0.0005).mean()
    assert found.tar.value == (genuine >= found.threshold).mean()
    exact = np.sort(impostor)[::-1][int(far * len(impostor))]  # of all thresholds, not of the grid's
    assert (genuine > exact + 0.0005).mean() <= found.tar.value <= (genuine > exact).mean()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_nothing_but_the_time(threads, compiled):
    before = torch.get_num_threads()
    x, labels = features("gaussian")
    one = pair_counts(x, labels, block=200)
    try:
        torch.set_num_threads(threads)
        other = pair_counts(x, labels, block=200)
    finally:
        torch.set_num_threads(before)
    assert_same(one, other)
    assert (one.gaussian, one.impostor.mean, one.impostor.variance) == (
        other.gaussian,
        other.impostor.mean,
        other.impostor.variance,
    )


@pytest.mark.parametrize("dim", [2, 16, 128, 512, 1024])
@pytest.mark.parametrize("kind", KINDS)
def test_float32_cosines_are_off_by_less_than_is_allowed(kind, dim):
    x, _ = features(kind, samples=1200, dim=dim)
    values, inverse = mixed.scaled(x, torch.arange(len(x)))
    rough = (values @ values.T) * inverse.float() * inverse.float()[:, None]
    cosine = (values.double() @ values.double().T) * inverse * inverse[:, None]
    level, slope = mixed.allowed(dim)
    assert float(((rough - cosine).abs() / (level + slope * cosine.abs())).max()) <= (
        0.7 if kind == "heavy tails" else 0.5
    )


def test_a_set_on_which_float32_is_worse_than_allowed_is_scored_in_float64(compiled, monkeypatch):
    x, labels = features("gaussian")
    monkeypatch.setattr(mixed, "allowed", lambda dim: (1e-8, 1e-8))
    ours = pair_counts(x, labels)
    assert compiled == [False]
    assert_same(ours, plain(monkeypatch, x, labels))


def test_some_pairs_on_an_edge_lie_in_the_bin_that_starts_there(compiled, monkeypatch):
    x, labels = features("gaussian", dim=32)
    x[:40], x[40:80] = 0, 0
    x[range(40), [k % 8 for k in range(40)]] = 1  # axes: cosines of 0 and 1
    x[range(40, 80), [k % 8 for k in range(40)]] = -2
    ours = pair_counts(x, labels)
    assert compiled == [True]
    assert_same(ours, plain(monkeypatch, x, labels), hardest=False)
    assert ours.impostor.counts[2000] >= 500


@pytest.mark.parametrize("kind", ["binary", "axes", "one place", "copies", "two places"])
def test_sets_full_of_ties_and_collapsed_sets_are_counted_exactly(kind, compiled, monkeypatch):
    x, labels = features("copies" if kind == "copies" else "gaussian", dim=16)
    if kind == "binary":
        x = (x > 0).float() * 2 - 1
    elif kind == "axes":
        x = torch.eye(16)[labels % 16]
    elif kind == "one place":
        x = torch.ones_like(x) + 1e-5 * x
    elif kind == "two places":
        x = torch.eye(16)[labels % 2] + 1e-4 * x
    ours = pair_counts(x, labels, bins=4096)
    exact = plain(monkeypatch, x, labels, bins=4096)
    assert_same(ours, exact, hardest=False)


def test_bad_rows_are_named_as_they_were_given(compiled):
    x, labels = features("gaussian")
    x[1234] = 0
    with pytest.raises(ValueError, match="Row 1234 of the embeddings is all zeros"):
        pair_counts(x, labels)
    x[7, 3] = torch.nan
    with pytest.raises(ValueError, match="Row 7 of the embeddings holds NaN or infinity"):
        pair_counts(x, labels)


def test_only_large_float32_sets_on_the_cpu_on_grids_that_are_not_too_fine_are_scored_so():
    x = torch.zeros(mixed.LEAST, 2)
    assert mixed.suits(x, 4000)
    assert mixed.suits(x.half(), 4000)
    assert not mixed.suits(x.double(), 4000)
    assert not mixed.suits(x[1:], 4000)
    assert not mixed.suits(x, 100_000)
    assert not mixed.suits(x.to("meta"), 4000)

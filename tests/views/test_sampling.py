import numpy as np
import pytest

from workbench.views.sampling import stratified


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50, 199, 200, 500])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_class_keeps_its_share(count: int, seed: int) -> None:
    labels = np.random.default_rng(3).choice(5, p=[0.62, 0.3, 0.05, 0.03, 0.0], size=200)
    chosen = stratified(labels, count, seed=seed)
    assert len(chosen) == len(set(chosen)) == min(count, 200)
    sizes, taken = np.bincount(labels, minlength=5), np.bincount(labels[chosen], minlength=5)
    exact = sizes * min(count / 200, 1)
    if count >= 4:
        assert (taken[sizes > 0] > 0).all()
    # A rare class that is kept may cost the others one more than rounding does.
    assert (np.abs(taken - exact) < 2).all()
    assert (taken <= sizes).all()


def test_the_largest_remainders_are_rounded_up() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    assert np.bincount(labels[stratified(labels, 7, seed=0)]).tolist() == [4, 2, 1]  # exact: 3.5, 2.1, 1.4


def test_the_seed_decides() -> None:
    labels = np.arange(1000) % 10
    assert stratified(labels, 100, seed=1).tolist() == stratified(labels, 100, seed=1).tolist()
    assert set(stratified(labels, 100, seed=1)) != set(stratified(labels, 100, seed=2))


def test_the_order_favours_no_class() -> None:
    labels = np.repeat([0, 1], 500)
    chosen = stratified(labels, 400, seed=0)
    assert 70 < labels[chosen][:200].sum() < 130


def test_nothing_to_choose_from() -> None:
    assert stratified(np.zeros(0, dtype=np.int64), 10, seed=0).tolist() == []

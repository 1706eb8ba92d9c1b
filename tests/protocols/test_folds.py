import json
import math

import numpy as np
import pytest

from workbench.protocols import fold_accuracy


def made(seed, pairs=200, *, digits=None):
    rng = np.random.default_rng(seed)
    same = rng.random(pairs) < 0.5
    scores = np.where(same, 0.5, 0.1) + rng.normal(0, 0.2, pairs)
    return (scores if digits is None else scores.round(digits)).clip(-1, 1), same


def right(scores, same, threshold):
    return int(((scores >= threshold) == same).sum())


@pytest.mark.parametrize("seed", range(20))
def test_the_threshold_is_the_best_of_the_other_folds(seed):
    scores, same = made(seed, digits=1 if seed % 2 else None)
    folds = np.random.default_rng(seed).integers(7, size=len(same))
    measured = fold_accuracy(scores, same, folds)
    for k, (accuracy, threshold) in enumerate(zip(measured.accuracy, measured.threshold, strict=True)):
        other = folds != k
        cuts = [-math.inf, *(np.unique(scores[other])[:-1] + np.diff(np.unique(scores[other])) / 2), math.inf]
        counts = [right(scores[other], same[other], t) for t in cuts]
        best = [t for t, count in zip(cuts, counts, strict=True) if count == max(counts)]
        assert threshold == pytest.approx(best[len(best) // 2])
        assert accuracy == right(scores[~other], same[~other], threshold) / (~other).sum()
        assert measured.pairs[k] == (~other).sum()
    assert measured.mean == pytest.approx(sum(measured.accuracy) / 7)


def field_grid(scores, same, folds):
    """The loop of published evaluations: 400 distances, strictly below, the first best."""
    accuracies, thresholds = [], []
    for k in range(max(folds) + 1):
        best, chosen = -1.0, None
        for step in range(400):
            accepted = 2 - 2 * scores[folds != k] < step * 0.01
            share = np.mean(accepted == same[folds != k])
            if share > best:
                best, chosen = share, step * 0.01
        accuracies.append(np.mean((2 - 2 * scores[folds == k] < chosen) == same[folds == k]))
        thresholds.append(1 - chosen / 2)
    return accuracies, thresholds


@pytest.mark.parametrize("seed", range(10))
def test_the_grid_is_the_fields(seed):
    scores, same = made(seed)
    folds = np.arange(200) // 20
    measured = fold_accuracy(scores, same, thresholds="grid")
    accuracies, thresholds = field_grid(scores, same, folds)
    np.testing.assert_array_equal(measured.accuracy, accuracies)
    np.testing.assert_allclose(measured.threshold, thresholds, atol=1e-12)


def test_a_score_on_the_grid_is_not_below_its_threshold():
    # All genuine pairs at a squared distance of exactly 0.5: accepted from the step after it on.
    scores = np.array([0.75] * 4 + [-0.75] * 4)
    measured = fold_accuracy(scores, scores > 0, np.arange(8) % 2, thresholds="grid")
    np.testing.assert_allclose(measured.threshold, 1 - 0.51 / 2)
    assert measured.mean == 1


def test_a_distance_that_equals_the_threshold_is_rejected():
    scores = np.array([0.75, 0.2, 0.75, 1 - 0.51 / 2])
    measured = fold_accuracy(scores, np.array([True, False] * 2), np.array([0, 0, 1, 1]), thresholds="grid")
    np.testing.assert_allclose(measured.threshold, 1 - 0.51 / 2)
    assert measured.accuracy.tolist() == [1, 1]


def test_blocks_are_those_of_an_unshuffled_k_fold():
    from sklearn.model_selection import KFold

    scores, same = made(3, pairs=97)
    labels = np.empty(97, dtype=int)
    for k, (_, test) in enumerate(KFold(10, shuffle=False).split(scores)):
        labels[test] = k
    blocks, given = fold_accuracy(scores, same), fold_accuracy(scores, same, labels + 5)
    np.testing.assert_array_equal(blocks.accuracy, given.accuracy)
    np.testing.assert_array_equal(blocks.threshold, given.threshold)
    assert blocks.pairs.tolist() == [10] * 7 + [9] * 3


def test_spread_is_named_by_its_divisor():
    scores, same = made(8)
    measured = fold_accuracy(scores, same)
    a = measured.accuracy
    assert measured.std == pytest.approx(math.sqrt(sum((a - a.mean()) ** 2) / 10))
    assert measured.standard_error == pytest.approx(math.sqrt(sum((a - a.mean()) ** 2) / 9 / 10))
    half = 2.2621571627409915 * measured.standard_error  # t of 9 degrees of freedom
    assert measured.interval == pytest.approx((measured.mean - half, min(measured.mean + half, 1)))


def test_nothing_is_learned_from_the_fold_itself():
    scores, same = made(9)
    flipped = same.copy()
    flipped[:20] = ~flipped[:20]
    one, other = fold_accuracy(scores, same), fold_accuracy(scores, flipped)
    assert one.threshold[0] == other.threshold[0]
    assert one.accuracy[0] == pytest.approx(1 - other.accuracy[0])


def test_folds_of_one_kind_accept_all_or_none():
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    measured = fold_accuracy(scores, np.array([True, True, False, False]), np.array([0, 0, 1, 1]))
    assert measured.threshold.tolist() == [math.inf, -math.inf]
    assert measured.accuracy.tolist() == [0, 0]
    headline = measured.headline()
    assert json.loads(json.dumps(headline, allow_nan=False)) == headline
    assert headline["thresholds"] == [None, None]
    assert headline["threshold_rule"] == "exact"


def test_what_is_refused():
    scores, same = made(0)
    with pytest.raises(ValueError, match=r"'thresholds' parameter of fold_accuracy must be one of 'exact', 'grid'"):
        fold_accuracy(scores, same, thresholds="best")
    with pytest.raises(ValueError, match=r"must be cosines in \[-1, 1\] for .* Got 1.5 .* Or use thresholds"):
        fold_accuracy(np.append(scores, 1.5), np.append(same, True), thresholds="grid")
    with pytest.raises(ValueError, match=r"'folds' parameter of fold_accuracy must be a whole number of at least 2"):
        fold_accuracy(scores, same, 1)
    with pytest.raises(ValueError, match=r"'folds' .* must be at most the number of pairs, 200\. Got 201 instead"):
        fold_accuracy(scores, same, 201)
    with pytest.raises(ValueError, match=r"^Choosing a threshold .* needs at least two folds, got one\.$"):
        fold_accuracy(scores, same, np.zeros(200, dtype=int))
    with pytest.raises(ValueError, match=r"'folds' .* must be whole numbers \[200\], the fold of each pair"):
        fold_accuracy(scores, same, np.zeros(3, dtype=int))

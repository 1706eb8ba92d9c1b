import itertools
import json
import math

import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters
from workbench import geometry
from workbench.protocols import verify
from workbench.protocols.scores import allowed


def listed(rng, genuine, impostor, *, ties):
    """Scores of both kinds in any order; with ties on few values."""
    scores = np.concatenate([rng.normal(0.4, 0.3, genuine), rng.normal(0, 0.3, impostor)])
    scores = np.round(scores, 1) if ties else scores
    same = np.arange(genuine + impostor) < genuine
    order = rng.permutation(len(same))
    return scores[order], same[order]


def brute_tar_at_far(scores, same, far):
    """Accept score >= t for every t there is, and take the lowest with few enough false accepts."""
    best = None
    for t in sorted({*scores, math.inf}, reverse=True):
        if np.mean(scores[~same] >= t) <= far:
            best = (np.mean(scores[same] >= t), t, int((scores[~same] >= t).sum()))
    return best


@pytest.mark.parametrize("seed", range(60))
def test_tar_at_far_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    scores, same = listed(rng, int(rng.integers(1, 60)), int(rng.integers(10, 300)), ties=seed % 3 > 0)
    impostors = int((~same).sum())
    # Half of the targets can be met exactly, where `<` and `<=` differ.
    far = int(rng.integers(10, impostors + 1)) / impostors if seed % 2 else float(rng.uniform(10 / impostors, 1))
    (at,) = verify(scores, same, fars=[far]).tar
    assert (at.tar.value, at.threshold, at.achieved.count) == brute_tar_at_far(scores, same, far)
    assert at.achieved.value <= at.far == far


def test_allowed_is_the_largest_count_however_it_rounds():
    rng = np.random.default_rng(0)
    for total in [*range(1, 300), 3000, 9_999_991, 15_638_932]:
        met = rng.integers(total + 1, size=50) / total
        just_missed = np.nextafter(met, 0)
        far = np.concatenate([met, just_missed, rng.uniform(size=50), [0, 1], 10.0 ** -np.arange(7)])
        count = allowed(far, total)
        assert (count / total <= far).all()
        assert ((count + 1) / total > far).all()


@pytest.mark.parametrize("seed", range(30))
def test_the_curve_has_every_operating_point_or_lies_between_two(seed):
    rng = np.random.default_rng(seed)
    scores, same = listed(rng, int(rng.integers(1, 40)), int(rng.integers(1, 60)), ties=seed % 2 == 0)
    roc = verify(scores, same, fars=[]).roc
    assert (roc.threshold[-1], roc.far[-1], roc.tar[-1], roc.far[0], roc.tar[0]) == (math.inf, 0, 0, 1, 1)
    assert (np.diff(roc.threshold) > 0).all()
    for t, far, tar in zip(roc.threshold, roc.far, roc.tar, strict=True):
        assert (far, tar) == (np.mean(scores[~same] >= t), np.mean(scores[same] >= t))
    for t in scores:
        far, tar = np.mean(scores[~same] >= t), np.mean(scores[same] >= t)
        on = (roc.far == far) & (roc.tar == tar)
        level = (roc.tar == tar) & (roc.far.min() <= far)
        upright = roc.far == far
        assert on.any() or level.sum() == 2 or upright.sum() == 2
    inner = slice(1, -1)
    for values in (roc.far, roc.tar):
        assert not ((values[:-2] == values[inner]) & (values[inner] == values[2:])).any()
    assert (roc.genuine_total, roc.impostor_total) == (same.sum(), (~same).sum())


@pytest.mark.parametrize("seed", range(30))
def test_eer_is_where_two_broken_lines_cross(seed):
    rng = np.random.default_rng(seed)
    scores, same = listed(rng, int(rng.integers(1, 60)), int(rng.integers(1, 60)), ties=seed % 2 == 0)
    eer = verify(scores, same, fars=[]).eer
    points = sorted({*scores})
    far = np.array([*(np.mean(scores[~same] >= t) for t in points), 0.0])
    frr = np.array([*(np.mean(scores[same] < t) for t in points), 1.0])
    along = np.linspace(0, len(far) - 1, 20_001)
    gap = np.interp(along, np.arange(len(far)), frr) - np.interp(along, np.arange(len(far)), far)
    near = along[np.abs(gap).argmin()]
    assert eer.value == pytest.approx(np.interp(near, np.arange(len(far)), far), abs=0.01)
    # On both sides of the threshold one of the two errors is the rarer one.
    below, above = eer.threshold - 1e-9, eer.threshold + 1e-9
    assert np.mean(scores[same] < below) - np.mean(scores[~same] >= below) <= 1e-12
    assert np.mean(scores[same] < above) - np.mean(scores[~same] >= above) >= -1e-12
    assert eer.interval.low <= eer.value <= eer.interval.high


@pytest.mark.parametrize(
    ("genuine", "impostor", "value", "threshold"),
    [
        ([0.7, 0.9], [0.1, 0.3], 0, 0.5),  # the middle of the gap
        ([-0.5], [0.5], 1, 0.0),  # the wrong way round
        ([0.0] * 3, [0.0] * 5, 0.5, 0.0),  # all alike
        ([-0.5] + [0.7] * 9, [0.1] * 10 + [-0.9] * 90, 0.1, -0.2),  # 1 of 10 is 10 of 100
        ([0.2, 0.4], [0.1, 0.3], 0.5, 0.25),
    ],
)
def test_eer_in_closed_form(genuine, impostor, value, threshold):
    same = [True] * len(genuine) + [False] * len(impostor)
    eer = verify(np.array(genuine + impostor), np.array(same), fars=[]).eer
    assert eer.value == value
    assert eer.threshold == pytest.approx(threshold)


def pairs_of(x, y):
    """All pairs i < j of a set as scores, marks and subjects."""
    unit = (x / x.norm(dim=1, keepdim=True)).numpy()
    i, j = np.array(list(itertools.combinations(range(len(y)), 2))).T
    ends = np.stack([y.numpy()[i], y.numpy()[j]], 1)
    return (unit[i] * unit[j]).sum(1), ends[:, 0] == ends[:, 1], ends


def test_all_pairs_of_a_set_are_what_geometry_says():
    """The same rates, and the same jackknife over the same groups of identities, up to the grid."""
    x, y = clusters(150, 30, 8, noise=0.9)
    scores, same, ends = pairs_of(x, y)
    measured = verify(scores, same, fars=[0.1, 0.01], subjects=ends)
    counted = geometry.pair_counts(x, y, bins=40_000)
    for at in measured.tar:
        expected = geometry.tar_at_far(counted, at.far)
        assert at.tar.count == expected.tar.count
        assert at.tar.wilson == expected.tar.wilson
        assert at.tar.interval == pytest.approx(expected.tar.interval, abs=2e-3)
        assert at.achieved.interval == pytest.approx(expected.achieved.interval, abs=2e-3)
        width = at.tar.interval.high - at.tar.interval.low
        assert width > 1.5 * (at.tar.wilson.high - at.tar.wilson.low)
    expected = geometry.equal_error_rate(counted)
    assert measured.eer.value == pytest.approx(expected.value, abs=1e-3)
    assert measured.eer.interval == pytest.approx(expected.interval, abs=3e-3)
    assert measured.left_out == "subjects"


def test_folds_are_left_out_in_turn():
    rng = np.random.default_rng(4)
    scores, same = listed(rng, 200, 400, ties=False)
    folds = rng.integers(5, size=600)
    measured = verify(scores, same, fars=[0.1], folds=folds)
    left_out = [brute_tar_at_far(scores[folds != k], same[folds != k], 0.1)[0] for k in range(5)]
    rate = measured.tar[0].tar
    half = 2.7764451051977987 * math.sqrt(4 / 5 * np.sum((left_out - np.mean(left_out)) ** 2))  # t of 4 degrees
    assert rate.interval.low == pytest.approx(min(rate.value - half, rate.wilson.low))
    assert rate.interval.high == pytest.approx(max(rate.value + half, rate.wilson.high))
    assert measured.left_out == "folds"
    without = [verify(scores[folds != k], same[folds != k], fars=[]).eer.value for k in range(5)]
    half = 2.7764451051977987 * math.sqrt(4 / 5 * np.sum((without - np.mean(without)) ** 2))
    alone = geometry.wilson(measured.eer.value * same.sum(), int(same.sum()))  # of the rarer kind
    assert measured.eer.interval.low == pytest.approx(min(measured.eer.value - half, alone.low))
    assert measured.eer.interval.high == pytest.approx(max(measured.eer.value + half, alone.high))
    assert measured.eer.interval != alone
    k = int(np.searchsorted(-measured.roc.far, -0.1))
    band = (measured.roc.tar_low[k], measured.roc.tar_high[k])
    assert band == verify(scores, same, fars=[float(measured.roc.far[k])], folds=folds).tar[0].tar.interval


def test_without_subjects_or_folds_the_interval_is_wilsons():
    scores, same = listed(np.random.default_rng(5), 50, 100, ties=True)
    measured = verify(torch.from_numpy(scores), torch.from_numpy(same).int(), fars=[0.5])
    assert measured.left_out == "nothing"
    assert measured.tar[0].tar.interval == measured.tar[0].tar.wilson
    assert "too narrow" in measured.headline()["intervals"]
    assert (measured.roc.tar_low <= measured.roc.tar).all()
    assert (measured.roc.tar <= measured.roc.tar_high).all()


def test_one_pair_of_people_tells_nothing_of_others():
    scores = np.array([0.9, 0.1] * 50)
    ends = np.array([[1, 1], [1, 2]] * 50)
    assert verify(scores, ends[:, 0] == ends[:, 1], fars=[0.5], subjects=ends).tar[0].tar.interval == (0, 1)


def test_fars_that_the_pairs_cannot_tell_are_refused():
    scores, same = listed(np.random.default_rng(6), 10, 1000, ties=False)
    measured = verify(scores, same)
    assert [at.far for at in measured.tar] == [0.1, 0.01]
    assert [(one.rate, one.trials, one.needed) for one in measured.refused] == [
        (1e-3, 1000, 10_000),
        (1e-4, 1000, 100_000),
        (1e-5, 1000, 1_000_000),
        (1e-6, 1000, 10_000_000),
    ]
    assert verify(scores, same, fars=[0]).refused[0].needed is None
    one_less = np.flatnonzero(~same)[0]
    fewer = verify(np.delete(scores, one_less), np.delete(same, one_less), fars=[0.01])
    assert (fewer.tar, fewer.refused[0].needed) == ((), 1000)


def test_the_headline_is_json_with_the_pairs_behind_each_rate():
    scores, same = listed(np.random.default_rng(7), 10, 100, ties=False)
    scores[scores.argmax()] = 5
    same[scores.argmax()] = False
    headline = verify(scores, same, fars=[0.1, 0.001]).headline()
    assert json.loads(json.dumps(headline, allow_nan=False)) == headline
    assert headline["tar_at_far"][0]["impostor_pairs"] == headline["impostor_pairs"] == (~same).sum()
    assert headline["tar_at_far"][0]["false_accepts"] == 10
    assert headline["refused"] == [{"far": 0.001, "impostor_pairs": int((~same).sum()), "needed": 10_000}]
    assert set(headline["eer"]) == {"value", "low", "high", "threshold"}


def test_what_is_no_list_of_scores():
    good, same = np.array([0.5, 0.1]), np.array([True, False])
    with pytest.raises(ValueError, match=r"^Score 1 is nan\. A pair without a score cannot be judged\.$"):
        verify(np.array([0.5, np.nan]), same)
    with pytest.raises(ValueError, match=r"'scores' parameter of verify must be floating point .* Got 'int64 \[2\]'"):
        verify(np.array([1, 0]), same)
    with pytest.raises(ValueError, match=r"'same' parameter of verify must be True or False .* each of the 2 pairs"):
        verify(good, np.array([2, 0]))
    with pytest.raises(ValueError, match=r"^There is no impostor pair among the 2\. Both kinds are needed\.$"):
        verify(good, np.array([True, True]))
    with pytest.raises(ValueError, match=r"^There is no genuine pair among the 2\."):
        verify(good, np.array([False, False]))
    with pytest.raises(ValueError, match=r"'fars' parameter of verify must be a number in \[0, 1\]\. Got 1.5 instead"):
        verify(good, same, fars=[1.5])
    with pytest.raises(ValueError, match=r"'fars' parameter of verify must be a list of rates in \[0, 1\]\. Got 0.1"):
        verify(good, same, fars=0.1)
    with pytest.raises(ValueError, match=r"'subjects' parameter of verify must be whole numbers \[2, 2\], the ident"):
        verify(good, same, subjects=np.array([1, 2]))
    with pytest.raises(ValueError, match=r"'folds' parameter of verify must be whole numbers \[2\], the fold of each"):
        verify(good, same, folds=np.array([1, 2, 3]))


def test_subjects_that_contradict_the_marks():
    with pytest.raises(ValueError) as error:
        verify(np.array([0.5, 0.1]), np.array([True, False]), subjects=np.array([[1, 1], [4, 4]]))
    expected = "Pair 1 is marked as impostor, but its subjects are 4 and 4. One of the two must be wrong."
    assert str(error.value) == expected
    with pytest.raises(ValueError, match=r"^Pair 0 is marked as genuine, .* 1 and 2 \(2 pairs disagree\)\. One of"):
        verify(np.array([0.5, 0.1]), np.array([True, False]), subjects=np.array([[1, 2], [4, 4]]))

import math
import re

import numpy as np
import pytest
from scipy import stats

from workbench.comparison import holm, mean_interval, paired_difference, paired_differences, seeds_needed

ONE = [0.91, 0.93, 0.90, 0.95, 0.92]
OTHER = [0.90, 0.91, 0.91, 0.92, 0.90]
THIRD = [0.85, 0.86, 0.84, 0.88, 0.84]


def test_the_interval_of_a_mean_is_that_of_scipy():
    assert mean_interval(ONE) == pytest.approx(stats.ttest_1samp(ONE, 0).confidence_interval(0.95), abs=1e-12)
    assert mean_interval(ONE, comparisons=5) == pytest.approx(
        stats.ttest_1samp(ONE, 0).confidence_interval(0.99), abs=1e-12
    )


def test_the_interval_of_a_mean_by_hand():
    """Mean 2, s = 1, n = 3, t = 4.302653."""
    assert mean_interval([1, 2, 3]) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))


def test_one_value_tells_nothing_of_its_spread():
    assert mean_interval([0.9]) == (-math.inf, math.inf)
    assert paired_difference([0.9], [0.1]).verdict == "cannot tell"
    assert math.isnan(paired_difference([0.9], [0.1]).effect)


@pytest.mark.parametrize("values", [[], [0.1, math.nan], [math.inf, 0.0]])
def test_values_that_have_no_mean(values):
    sentence = f"The 'values' parameter of mean_interval must be finite numbers, at least one. Got {values!r} instead."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        mean_interval(values)


def test_no_comparison():
    sentence = "The 'comparisons' parameter of mean_interval must be a whole number of at least 1. Got 0 instead."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        mean_interval(ONE, comparisons=0)


def test_intervals_cover_the_mean_as_often_as_they_say():
    """Of 2000 samples of five normal values; the standard error of a share of 0.95 is 0.005."""
    draws = np.random.default_rng(0).normal(3.0, 2.0, (2000, 5))
    covered = np.mean([low <= 3.0 <= high for low, high in map(mean_interval, draws)])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_several_intervals_hold_together():
    """Six comparisons of four independent methods that do not differ: a false alarm in at most 5 % of studies."""
    draws = np.random.default_rng(1).normal(size=(400, 4, 5))
    alarms = [
        any(d.verdict != "cannot tell" for d in paired_differences(dict(zip("abcd", study, strict=True))).values())
        for study in draws.tolist()
    ]
    assert 0 < np.mean(alarms) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_a_paired_difference_is_the_interval_of_the_differences():
    found = paired_difference(ONE, OTHER)
    assert found.values == pytest.approx((0.01, 0.02, -0.01, 0.03, 0.02))
    assert found.mean == pytest.approx(0.014)
    assert found.interval == pytest.approx(stats.ttest_rel(ONE, OTHER).confidence_interval(0.95), abs=1e-12)
    assert paired_difference(OTHER, ONE).mean == -found.mean


def test_what_a_seed_makes_easy_for_both_leaves_the_difference():
    seeds = np.random.default_rng(0).normal(size=5)
    assert paired_difference((seeds + 0.1).tolist(), seeds.tolist()).interval == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (ONE, THIRD, "higher"),
        (THIRD, ONE, "lower"),
        (ONE, OTHER, "cannot tell"),
        (ONE, ONE, "cannot tell"),
        ([1.001, 2.001], [1, 2], "higher"),
    ],
)
def test_a_verdict_is_where_the_interval_leaves_out_zero(one, other, verdict):
    assert paired_difference(one, other).verdict == verdict


def test_other_seeds_cannot_be_paired():
    sentence = (
        "The 'one' parameter of paired_difference must be as many results as the other's 5, seed by seed. "
        "Got 2 instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        paired_difference([0.1, 0.2], OTHER)


def test_the_effect_is_the_mean_in_units_of_the_spread():
    """Differences 1, 2, 3: mean 2, s = 1."""
    assert paired_difference([1, 2, 3], [0, 0, 0]).effect == 2
    found = paired_difference(ONE, OTHER)
    assert found.effect * math.sqrt(5) == pytest.approx(stats.ttest_rel(ONE, OTHER).statistic)


def test_p_is_that_of_scipy_s_paired_test():
    assert paired_difference(ONE, OTHER).p == pytest.approx(stats.ttest_rel(ONE, OTHER).pvalue, rel=1e-9)
    assert paired_difference(ONE, THIRD, comparisons=3).p == pytest.approx(3 * stats.ttest_rel(ONE, THIRD).pvalue)
    assert paired_difference(ONE, OTHER, comparisons=10).p == 1
    assert [paired_difference(*pair).p for pair in (([0.9], [0.1]), ([2, 3], [2, 3]), ([3, 4], [2, 3]))] == [1, 1, 0]


@pytest.mark.parametrize("comparisons", [1, 4])
def test_p_is_below_5_percent_exactly_where_the_interval_leaves_out_zero(comparisons):
    draws = np.random.default_rng(0).normal(0.8, 1.0, (500, 5)).tolist()
    found = [paired_difference(draw, [0.0] * 5, comparisons=comparisons) for draw in draws]
    assert [one.p < 0.05 for one in found] == [one.verdict != "cannot tell" for one in found]
    assert 20 < sum(one.p < 0.05 for one in found) < 480


def test_the_effect_of_few_seeds_is_unbiased_by_hedges_factor():
    """E[d_z] is that of the noncentral t: effect x sqrt(v / 2) Gamma((v - 1) / 2) / Gamma(v / 2), v = n - 1."""
    for seeds in (3, 5, 10, 200):
        d_z = stats.nct(seeds - 1, 0.7 * math.sqrt(seeds)).mean() / math.sqrt(seeds)
        differences = np.linspace(-1, 1, seeds)
        given = (differences / differences.std(ddof=1) + d_z).tolist()
        found = paired_difference(given, [0.0] * seeds)
        assert found.effect == pytest.approx(d_z)
        assert found.hedges == pytest.approx(0.7, rel=1e-9)
    assert math.isnan(paired_difference([1, 2], [0, 0]).hedges)
    assert paired_difference([3, 4, 5], [2, 3, 4]).hedges == math.inf


def textbook_holm(p):
    """Holm's adjusted values as textbooks have them: max over j <= i of min(1, (m - j) p_(j)), from j = 0."""
    order = np.argsort(p)
    adjusted = np.maximum.accumulate(np.minimum(1, (len(p) - np.arange(len(p))) * np.asarray(p)[order]))
    return adjusted[np.argsort(order)].tolist()


def test_holm_takes_the_smallest_p_times_all_and_the_next_times_one_less():
    draws = np.random.default_rng(3).normal([2.5, 0.3, 1.2, 0.0, 1.6], 1.0, (200, 6, 5))
    corrected = alone = 0
    for draw in draws:
        raw = {key: paired_difference(draw[:, key].tolist(), [0.0] * 6) for key in range(5)}
        found = holm(raw)
        assert list(found) == list(raw)
        p = [stats.ttest_1samp(draw[:, key], 0).pvalue for key in range(5)]
        assert [one.p for one in found.values()] == pytest.approx(textbook_holm(p))
        for one, before in zip(found.values(), raw.values(), strict=True):
            assert (one.p < 0.05) == (one.verdict != "cannot tell")
            assert (one.values, one.mean) == (before.values, before.mean)
            assert one.interval.low <= before.interval.low
        corrected += sum(one.p < 0.05 for one in found.values())
        alone += sum(one.p < 0.05 for one in raw.values())
    assert 100 < corrected < alone


def test_holm_s_intervals_are_as_wide_as_their_tests():
    """Of three: the first at 1 - 0.05 / 3, the second at 1 - 0.05 / 2; it cannot be told, so the third is too."""
    spread = [-1.0, 0.5, 0.5, -0.5, 0.5]
    raw = {
        name: paired_difference([mean + s for s in spread], [0.0] * 5)
        for name, mean in {"unclear": 0.6, "clear": 4.0, "likely": 0.95}.items()
    }
    found = holm(raw)
    for name, factor in {"clear": 3, "likely": 2, "unclear": 2}.items():
        assert found[name].interval == mean_interval(raw[name].values, comparisons=factor)
    assert [one.verdict for one in found.values()] == ["cannot tell", "higher", "cannot tell"]
    assert raw["likely"].verdict == "higher"
    assert holm({"alone": raw["likely"]}) == {"alone": raw["likely"]}


def test_holm_is_wrong_in_at_most_one_study_of_twenty():
    """Four differences of which two are real, in 1000 studies."""
    wrong = found = bonferroni = 0
    for study in np.random.default_rng(5).normal([0.0, 0.0, 1.5, 1.5], 1.0, (1000, 8, 4)):
        told = holm({k: paired_difference(study[:, k].tolist(), [0.0] * 8) for k in range(4)})
        wrong += any(told[k].verdict != "cannot tell" for k in (0, 1))
        found += sum(told[k].verdict == "higher" for k in (2, 3))
        bonferroni += sum(
            paired_difference(study[:, k].tolist(), [0.0] * 8, comparisons=4).verdict == "higher" for k in (2, 3)
        )
    assert 0 < wrong / 1000 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert found > bonferroni


def test_the_effect_where_all_seeds_agree():
    assert paired_difference([3, 4], [2, 3]).effect == math.inf
    assert paired_difference([2, 3], [3, 4]).effect == -math.inf
    assert paired_difference([2, 3], [2, 3]).effect == 0


def test_the_effect_of_five_seeds_is_too_large_by_a_quarter():
    draws = np.random.default_rng(0).normal(1.0, 1.0, (2000, 5)).tolist()
    effects = [paired_difference(draw, [0.0] * 5).effect for draw in draws]
    assert np.mean(effects) == pytest.approx(1.2533, abs=0.06)


def test_each_with_each_and_each_with_one():
    results = {"a": ONE, "b": OTHER, "c": THIRD}
    every = paired_differences(results)
    assert list(every) == [("b", "a"), ("c", "a"), ("c", "b")]
    assert every["c", "b"] == paired_difference(THIRD, OTHER, comparisons=3)
    against = paired_differences(results, baseline="b")
    assert list(against) == [("a", "b"), ("c", "b")]
    assert against["c", "b"] == paired_difference(THIRD, OTHER, comparisons=2)
    assert against["c", "b"].interval.low > every["c", "b"].interval.low


UNEQUAL = (
    "The 'results' parameter of paired_differences must be of the same seeds for every method. Got {'a': 5, 'b': 1} "
    "instead."
)
TOO_SMALL = (
    "The 'effect' parameter of seeds_needed must be large enough to be found with 100000 seeds. Got 0.0001 instead."
)


@pytest.mark.parametrize(
    ("results", "baseline", "sentence"),
    [
        (
            {"a": ONE},
            None,
            "The 'results' parameter of paired_differences must be at least two methods. Got ['a'] instead.",
        ),
        ({"a": ONE, "b": OTHER}, "c", "There is no method 'c'. Known: a, b."),
        ({"a": ONE, "b": [0.5]}, None, UNEQUAL),
    ],
)
def test_methods_that_cannot_be_compared(results, baseline, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        paired_differences(results, baseline=baseline)


@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10), (-1.0, 10)])
def test_seeds_needed_as_tables_of_power_have_them(effect, seeds):
    """The matched-pairs t test at 5 % and a power of 80 %, as G*Power 3.1 and Cohen's tables give it."""
    assert seeds_needed(effect) == seeds


def test_seeds_needed_of_few_seeds_have_few_degrees_of_freedom():
    """With four seeds the power is 0.8986 by the noncentral t of three degrees of freedom, and more by one of four."""
    draws = np.random.default_rng(0).normal(2.5, 1.0, (200_000, 4))
    found = np.mean(draws.mean(1) / (draws.std(1, ddof=1) / 2) > 3.182446)
    assert found == pytest.approx(0.8986, abs=0.002)
    assert seeds_needed(2.5, power=0.9) == 5
    assert seeds_needed(2.5, power=0.898) == 4


def test_seeds_needed_up_to_the_most_it_looks_at():
    """For small effects n is (1.959964 + 0.841621)^2 / effect^2 and two more."""
    assert seeds_needed(0.009) == pytest.approx((1.959964 + 0.841621) ** 2 / 0.009**2, abs=3)
    with pytest.raises(ValueError, match="large enough to be found with 100000 seeds"):
        seeds_needed(0.0088)


def test_seeds_needed_find_the_effect_that_often():
    seeds = seeds_needed(1.5, power=0.9, comparisons=3)
    draws = np.random.default_rng(0).normal(1.5, 1.0, (1000, seeds)).tolist()
    found = [paired_difference(draw, [0.0] * seeds, comparisons=3).verdict == "higher" for draw in draws]
    assert 0.9 - 0.02 < np.mean(found) < 0.96
    fewer = [paired_difference(draw[1:], [0.0] * (seeds - 1), comparisons=3).verdict == "higher" for draw in draws]
    assert np.mean(fewer) < 0.9


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"effect": 0.0}, "The 'effect' parameter of seeds_needed must be a number in (0, inf). Got 0.0 instead."),
        ({"effect": 1e-4}, TOO_SMALL),
        (
            {"effect": 1.0, "power": 1.0},
            "The 'power' parameter of seeds_needed must be a number in [0.05, 0.999]. Got 1.0 instead.",
        ),
        (
            {"effect": 1.0, "comparisons": 0},
            "The 'comparisons' parameter of seeds_needed must be a whole number of at least 1. Got 0 instead.",
        ),
    ],
)
def test_seeds_needed_for_nothing(options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        seeds_needed(**options)

import numpy as np
import pytest

from workbench import geometry, views
from workbench.views.pair_similarity import coarsen
from workbench.views.payload import unpack


@pytest.mark.parametrize(
    ("bins", "merged"), [(2, 2), (2000, 2000), (2001, 667), (4000, 2000), (6000, 2000), (10007, 10007)]
)
def test_merging_loses_no_pair(bins: int, merged: int) -> None:
    counts = np.random.default_rng(0).integers(0, 1000, bins).astype(float)
    coarse = coarsen(counts)
    assert coarse.shape == (merged,)
    edges = np.arange(0, merged + 1) * bins // merged
    np.testing.assert_array_equal(np.cumsum(coarse), np.cumsum(counts)[edges[1:] - 1])


def test_counts_are_exact() -> None:
    genuine = np.array([0, 2**52, 3])
    impostor = np.array([7, 0, 2**40 + 1])
    _, blocks = unpack(views.pair_similarity({"a": views.PairHistograms(genuine, impostor)}).payload)
    assert blocks["genuine0"].tolist() == genuine.tolist()
    assert blocks["impostor0"].tolist() == impostor.tolist()


def test_takes_measured_pairs() -> None:
    rng = np.random.default_rng(0)
    pairs = geometry.pair_counts(rng.normal(size=(40, 8)), np.arange(40) % 4, bins=200)
    _, blocks = unpack(views.pair_similarity({"a": pairs}).payload)
    assert blocks["genuine0"].tolist() == pairs.genuine.counts.tolist()
    assert blocks["impostor0"].sum() == pairs.impostor.total


def test_the_caption_warns() -> None:
    ones = np.ones(4, dtype=np.int64)
    view = views.pair_similarity({"a": views.PairHistograms(ones, ones), "b": views.PairHistograms(ones, ones)})
    assert "pairs share images, so the true uncertainty is larger" in view.caption
    assert view.summary.endswith("runs a, b.")


@pytest.mark.parametrize("bad", [[1, -1], [0.5, 1], [np.nan, 1], [[1, 1]], [1, 1, 1], [2**53, 0]])
def test_errors_name_the_run(bad: list[float]) -> None:
    ones = np.ones(2, dtype=np.int64)
    with pytest.raises(ValueError, match="'impostor' parameter of the run 'mine' must be"):
        views.pair_similarity({"mine": views.PairHistograms(ones, np.array(bad))})


def test_no_run() -> None:
    with pytest.raises(ValueError, match="a mapping of at least one run"):
        views.pair_similarity({})


def measured(seed: int = 0) -> tuple[geometry.PairCounts, geometry.ClassNegatives]:
    rng = np.random.default_rng(seed)
    labels, centres = np.arange(60) % 6, rng.normal(size=(6, 8))
    x = centres[labels] + rng.normal(size=(60, 8))
    return geometry.pair_counts(x, labels), geometry.class_negatives(x, labels, centres)


def test_jackknife_intervals_travel_as_half_widths() -> None:
    """On the page's grid, the wider of Wilson's and rate -+ half is what `geometry.rates` reports."""
    pairs, _ = measured()
    header, blocks = unpack(views.pair_similarity({"a": pairs}).payload)
    for e in (0, 400, 1100, 1500, 1999):
        reported = geometry.rates(pairs, float(pairs.edges[2 * e]))
        for kind, rate in (("impostor", reported.far), ("genuine", reported.tar)):
            half = float(blocks[f"{kind}Half0"][e])
            low, high = max(0.0, rate.value - half), min(1.0, rate.value + half)
            found = min(low, rate.wilson.low), max(high, rate.wilson.high)
            assert found == pytest.approx(rate.interval, abs=1e-7)
    assert "the wider of Wilson's and a jackknife over groups of identities" in header["caption"]


def test_what_no_threshold_changes_is_said() -> None:
    pairs, negatives = measured()
    header, blocks = unpack(views.pair_similarity({"a": pairs}, class_negatives={"a": negatives}).payload)
    numbers = header["runs"][0]["numbers"]
    eer, apart = geometry.equal_error_rate(pairs), geometry.separation(pairs)
    assert numbers["eer"] == {
        "value": f"{100 * eer.value:.3g} %",
        "lines": [
            f"{100 * eer.interval.low:.3g} to {100 * eer.interval.high:.3g} %",
            f"at threshold {eer.threshold:.3f}".replace("-", "−"),
        ],
    }
    assert numbers["dPrime"]["value"] == f"{apart.d_prime:.2f}"
    assert numbers["gap"]["value"] == f"{apart.gap:.3f}".replace("-", "−")
    assert numbers["centre"]["value"] == f"{negatives.highest:.3f}"
    assert blocks["centre0"].sum() == negatives.total == 60 * 5
    assert "the only negatives that a loss of class weights sees" in header["caption"]


def test_counts_alone_give_the_equal_error_rate_and_wilson() -> None:
    pairs, _ = measured()
    counts = views.PairHistograms(pairs.genuine.counts, pairs.impostor.counts)
    header, blocks = unpack(views.pair_similarity({"a": counts, "b": pairs}).payload)
    alone, known = (run["numbers"] for run in header["runs"])
    assert alone["eer"]["value"] == known["eer"]["value"]
    assert alone["eer"]["lines"][1] == known["eer"]["lines"][1]
    assert alone["gap"] == alone["dPrime"] == {"value": "–", "lines": ["needs the cosines, not their counts alone"]}
    assert "genuineHalf0" not in blocks
    assert "The intervals are Wilson's" in header["caption"]


def test_no_pairs_have_no_numbers() -> None:
    none = np.zeros(4, dtype=np.int64)
    header, _ = unpack(views.pair_similarity({"a": views.PairHistograms(none, none)}).payload)
    assert header["runs"][0]["numbers"]["eer"] == {"value": "–", "lines": ["no pairs"]}


def test_class_negatives_must_be_of_a_run_and_of_its_grid() -> None:
    ones = np.ones(4, dtype=np.int64)
    runs = {"mine": views.PairHistograms(ones, ones)}
    with pytest.raises(ValueError, match=r"There is no run 'mime'\. Did you mean 'mine'\?"):
        views.pair_similarity(runs, class_negatives={"mime": ones})
    with pytest.raises(ValueError, match="'class_negatives' parameter of the run 'mine' must be whole numbers"):
        views.pair_similarity(runs, class_negatives={"mine": np.ones(5, dtype=np.int64)})

import json
import math

import numpy as np
import pytest
import torch
from scipy.special import stdtrit

from tests.geometry.sets import clusters
from workbench.protocols import gallery_and_probes, identify
from workbench.protocols import search as searching


def naive(gallery, gallery_labels, probes, probe_labels):
    """Rank, mate's score and best score of each probe, by loops."""
    found = []
    for x, own in zip(probes, probe_labels, strict=True):
        score = {}
        for g, who in zip(gallery, gallery_labels, strict=True):
            cosine = float(x @ g / math.sqrt((x @ x) * (g @ g)))
            score[int(who)] = max(score.get(int(who), -2), cosine)
        mate = score.get(int(own))
        others = [s for who, s in score.items() if who != own]
        rank = None if mate is None else 1 + sum(s >= mate for s in others)
        found.append((rank, mate, max(score.values())))
    return found


def split(seed, *, several):
    x, y = (part.numpy() for part in clusters(260, 60, 5, noise=1.0, seed=seed))
    known = y < 40
    enrolled = np.zeros(len(y), dtype=bool)
    enrolled[np.unique(np.where(known, y, -1), return_index=True)[1][1:]] = True
    if several:
        enrolled |= known & (np.random.default_rng(seed).random(len(y)) < 0.3)
    return x[enrolled], y[enrolled], x[~enrolled], y[~enrolled]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("within", [1, 3, None])
def test_every_rate_against_loops(several, within, monkeypatch):
    monkeypatch.setattr(searching, "_COSINES_AT_ONCE", 700)  # so that there are many blocks
    sets = split(0, several=several)
    measured = identify(*sets, ranks=(1, 2, 7), fpirs=(0.5, 0.3, 0.15, 0.01), within=within)
    found = naive(*sets)
    mated = [(rank, mate) for rank, mate, _ in found if rank]
    tops = [top for rank, _, top in found if rank is None]
    assert (measured.mated, measured.non_mated, measured.identities) == (len(mated), len(tops), 40)
    for at in measured.ranks:
        assert at.rate.count == sum(rank <= at.rank for rank, _ in mated)
    for k, share in enumerate(measured.cmc, 1):
        assert share == sum(rank <= k for rank, _ in mated) / len(mated)
    assert measured.cmc[-1] == 1
    assert [at.fpir for at in measured.tpir] == [0.5, 0.3, 0.15]
    assert [(one.rate, one.trials, one.needed) for one in measured.refused] == [(0.01, len(tops), 1000)]
    for at in measured.tpir:
        every = sorted([*tops, *(mate for rank, mate in mated if within is None or rank <= within), math.inf])
        threshold = next(t for t in every if sum(top >= t for top in tops) / len(tops) <= at.fpir)
        assert at.threshold == pytest.approx(threshold, abs=1e-12)
        assert at.achieved.count == sum(top >= threshold for top in tops)
        hits = sum(mate >= threshold and (within is None or rank <= within) for rank, mate in mated)
        assert at.tpir.count == hits
        assert at.tpir.total == len(mated)


def test_an_equal_score_of_another_comes_first():
    gallery = np.array([[1.0, 0], [1, 0], [0, 1]])
    measured = identify(gallery, np.array([0, 1, 2]), gallery[:1], np.array([0]), ranks=(1, 2), fpirs=())
    assert [at.rate.value for at in measured.ranks] == [0, 1]


def test_order_and_norms_do_not_matter():
    gallery, who, probes, own = split(1, several=True)
    rng = np.random.default_rng(0)
    g, p = rng.permutation(len(who)), rng.permutation(len(own))
    one = identify(gallery, who, probes, own, fpirs=(0.2,)).headline()
    scaled = torch.from_numpy(gallery[g] * 3)
    other = identify(scaled, torch.from_numpy(who[g]), probes[p] / 7, own[p], fpirs=(0.2,)).headline()
    for kind in ("ranks", "tpir_at_fpir"):
        assert [at["count"] for at in one[kind]] == [at["count"] for at in other[kind]]


def test_intervals_leave_out_the_probes_of_people():
    gallery, who, probes, own = split(2, several=False)
    measured = identify(gallery, who, probes, own, ranks=(1,), fpirs=(0.2,), groups=60)
    people = np.unique(own[np.isin(own, who)])
    rank = np.array([rank or 0 for rank, _, _ in naive(gallery, who, probes, own)])
    left_out = np.array([np.mean(rank[(own != k) & (rank > 0)] == 1) for k in people])
    spread = math.sqrt((len(people) - 1) / len(people) * np.sum((left_out - left_out.mean()) ** 2))
    rate = measured.ranks[0].rate
    half = stdtrit(len(people) - 1, 0.975) * spread
    assert rate.interval.low == pytest.approx(rate.value - half)
    assert rate.interval.high == pytest.approx(max(rate.value + half, rate.wilson.high))
    assert rate.interval.low < rate.wilson.low
    tpir = measured.tpir[0].tpir
    assert tpir.interval.low < tpir.wilson.low < tpir.value < tpir.wilson.high < tpir.interval.high


def test_the_headline_is_json():
    headline = identify(*split(3, several=False), fpirs=(0.2, 0.001)).headline()
    assert json.loads(json.dumps(headline, allow_nan=False)) == headline
    assert headline["tpir_within_rank"] == 1
    assert headline["tpir_at_fpir"][0]["non_mated_probes"] == headline["non_mated_probes"]
    assert headline["refused"] == [{"fpir": 0.001, "non_mated_probes": headline["non_mated_probes"], "needed": 10_000}]


def test_a_gallery_of_everybody_refuses_every_fpir():
    gallery, who, probes, own = split(4, several=False)
    known = np.isin(own, who)
    measured = identify(gallery, who, probes[known], own[known])
    assert measured.tpir == ()
    assert [one.trials for one in measured.refused] == [0, 0, 0]


def test_what_is_refused():
    gallery, who, probes, own = split(5, several=False)
    with pytest.raises(ValueError) as error:
        identify(gallery, who, probes, own + 100)
    assert str(error.value) == (
        "No probe has a mate: none of the 59 identities of the probes is in the gallery. Give both the same numbering."
    )
    with pytest.raises(ValueError, match=r"'probes' parameter of identify must be of the width of the gallery, 5\."):
        identify(gallery, who, probes[:, :4], own)
    with pytest.raises(ValueError, match=r"'probe_labels' parameter of identify must be whole numbers"):
        identify(gallery, who, probes, own[:-1])
    with pytest.raises(ValueError, match=r"'gallery_labels' parameter of identify must be whole numbers"):
        identify(gallery, who.astype(float), probes, own)
    with pytest.raises(ValueError, match=r"'ranks' parameter of identify must be a whole number of at least 1\. Got 0"):
        identify(gallery, who, probes, own, ranks=(0,))
    with pytest.raises(ValueError, match=r"'within' parameter of identify must be a whole number of at least 1"):
        identify(gallery, who, probes, own, within=0)
    with pytest.raises(ValueError, match=r"^Row 0 .* of the gallery is all zeros\."):
        identify(gallery * 0, who, probes, own)


def test_the_first_image_of_each_is_enrolled():
    labels = torch.tensor([5, 3, 5, 3, 9, 5])
    enrolment = gallery_and_probes(labels)
    assert enrolment.gallery.tolist() == [0, 1, 4]
    assert enrolment.probes.tolist() == [2, 3, 5]


def test_random_enrolment_is_a_function_of_the_seed():
    labels = np.random.default_rng(0).integers(20, size=400)
    draws = [gallery_and_probes(labels, "random", seed=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0].gallery, draws[1].gallery)
    assert (draws[0].gallery != draws[2].gallery).any()
    for one in draws:
        assert sorted(labels[one.gallery]) == list(range(20))
        assert sorted([*one.gallery, *one.probes]) == list(range(400))
        assert (np.diff(one.probes) > 0).all()
        assert (np.diff(one.gallery) > 0).all()
    often = np.bincount(
        np.concatenate([gallery_and_probes(np.zeros(4, int), "random", seed=seed).gallery for seed in range(400)])
    )
    assert (np.abs(often - 100) < 45).all()  # each of four images is drawn a quarter of the time


def test_unknown_people_are_probes_without_a_mate():
    labels = np.repeat(np.arange(10), 3)
    enrolment = gallery_and_probes(labels, unknown=0.3, seed=4)
    out = set(range(10)) - set(labels[enrolment.gallery].tolist())
    assert len(out) == 3
    assert sum(int(label in out) for label in labels[enrolment.probes]) == 9
    assert (enrolment.gallery % 3 == 0).all()
    assert set(labels[gallery_and_probes(labels, unknown=0.3, seed=5).gallery]) != set(labels[enrolment.gallery])


def test_enrolments_that_are_refused():
    with pytest.raises(ValueError, match=r"'choose' parameter of gallery_and_probes must be one of 'first', 'random'"):
        gallery_and_probes(np.arange(3), "last")
    with pytest.raises(ValueError, match=r"'unknown' .* must be a share that leaves some of the 3 identities enrolled"):
        gallery_and_probes(np.arange(3), unknown=1)
    with pytest.raises(ValueError, match=r"'labels' .* must be whole numbers"):
        gallery_and_probes(np.ones(3))

"""The truth holds what was asked for, and draws do not depend on what else is drawn."""

from typing import Any

import pytest
import torch

from workbench.data import faces
from workbench.data.faces import TRAITS, FaceTruth
from workbench.data.faces.truth import SENSOR_NOISE, VARIATION


def truth(**options: Any) -> FaceTruth:
    return faces.truth(**{"identities": 40, "images": 30, **options})


def same_draws(one: FaceTruth, other: FaceTruth) -> None:
    """The images that both have are the same images."""
    assert torch.equal(one.labels, other.labels)
    assert torch.equal(one.quality, other.quality)
    assert torch.equal(one.sensor, other.sensor)
    for name, value in one.nuisance.items():
        assert torch.equal(value, other.nuisance[name]), name


def test_shapes() -> None:
    found = truth()
    assert len(found) == 1200
    assert found.identities.shape == (40, len(TRAITS))
    assert found.families.tolist() == list(range(40)), "without families everybody has an own one"
    assert found.labels.bincount().tolist() == [30] * 40
    for name in VARIATION:
        assert found.nuisance[name].shape == (1200,)


@pytest.mark.parametrize(("identities", "share", "held_out"), [(40, 0.25, 10), (40, 0.0, 0), (10, 0.5, 5)])
def test_whole_people_are_held_out(identities: int, share: float, held_out: int) -> None:
    found = truth(identities=identities, test_share=share)
    out = found.labels[found.held_out].unique()
    assert out.tolist() == list(range(identities - held_out, identities))
    assert not torch.isin(found.labels[~found.held_out], out).any()


def test_more_people_or_images_leave_the_others_as_they_were() -> None:
    small, large = truth(), truth(identities=60, images=50)
    assert torch.equal(large.identities[:40], small.identities)
    number = torch.arange(len(large)) % 50
    same_draws(small, large.select((large.labels < 40) & (number < 30)))


@pytest.mark.parametrize("option", [{"families": 4}, {"label_noise": 0.4}, {"test_share": 0.5}, {"size": 96}])
def test_other_options_leave_pose_and_light_as_they_were(option: dict[str, Any]) -> None:
    same_draws(truth(), truth(**option))


def test_a_seed_is_a_set() -> None:
    one, other = truth(seed=1), truth(seed=2)
    same_draws(one, truth(seed=1))
    assert not torch.isclose(one.identities, other.identities).any()
    assert not torch.isclose(one.nuisance["yaw"], other.nuisance["yaw"]).any()


def test_people_are_independent_standard_normal() -> None:
    vectors = truth(identities=2000, images=2).identities
    assert vectors.mean(0).abs().max() < 5 / 2000**0.5
    assert (vectors.std(0) - 1).abs().max() < 5 / 4000**0.5
    assert torch.corrcoef(vectors.T).fill_diagonal_(0).abs().max() < 5 / 2000**0.5


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_the_spread_scales_what_varies(spread: float) -> None:
    found = truth(spread=spread, identities=200)
    assert torch.equal(found.spread, torch.full((200,), spread, dtype=torch.double))
    for name, (middle, deviation, low, high) in VARIATION.items():
        values = found.nuisance[name]
        assert low <= values.min() <= values.max() <= high
        free = (values > low) & (values < high)
        if free.double().mean() > 0.999:  # the limits do not narrow it
            assert values.mean().item() == pytest.approx(middle, abs=5 * deviation * spread / 6000**0.5 + 1e-9)
            assert values.std().item() == pytest.approx(deviation * spread, rel=0.05, abs=1e-9)


def test_the_spread_of_people_is_log_normal() -> None:
    found = truth(identities=2000, images=2, spread=0.7, spread_varies=0.4)
    logs = (found.spread / 0.7).log()
    assert logs.mean().item() == pytest.approx(0, abs=0.05)
    assert logs.std().item() == pytest.approx(0.4, rel=0.08)


def test_the_pose_of_people_varies_as_their_spread_says() -> None:
    found = truth(images=300, spread=0.3, spread_varies=0.5)
    for c in range(40):
        own = found.nuisance["yaw"][found.labels == c]
        assert own.std().item() == pytest.approx(0.3 * found.spread[c].item(), rel=0.25)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_quality_is_graded_evenly_over_its_share(share: float) -> None:
    found = truth(low_quality=share, images=100)
    low = found.quality[found.quality < 1]
    assert len(low) / 4000 == pytest.approx(share, abs=0.04)
    if share:
        assert low.histc(4, 0, 1).sub(len(low) / 4).abs().max() < 5 * (len(low) / 4) ** 0.5


def test_low_quality_has_causes_and_good_quality_none() -> None:
    found = truth(low_quality=0.5, images=100)
    good, nuisance = found.quality == 1, found.nuisance
    for name, none in {"blur": 0, "coarse": 0, "noise": SENSOR_NOISE, "dim": 1, "cover_size": 0}.items():
        assert (nuisance[name][good] == none).all(), name
    low = 1 - found.quality[~good]
    for name, full in {"blur": 0.035, "coarse": 0.07}.items():
        ratio = nuisance[name][~good] / (full * low)
        assert 0.5 <= ratio.min() < 0.52
        assert 0.98 < ratio.max() <= 1
    assert (nuisance["dim"][~good] <= 1 - 0.275 * low + 1e-12).all()
    hidden = nuisance["cover_size"][~good] > 0
    assert hidden.double().mean().item() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("similarity", [0.0, 0.5, 0.9])
def test_families_share_as_much_of_their_vectors_as_asked(similarity: float) -> None:
    found = truth(identities=400, images=2, families=20, family_similarity=similarity)
    assert found.families.bincount().tolist() == [20] * 20
    vectors = found.identities
    products = vectors @ vectors.T / vectors.shape[1]
    kin = found.families[:, None] == found.families
    kin.fill_diagonal_(False)
    strangers = found.families[:, None] != found.families
    assert products[kin].mean().item() == pytest.approx(similarity, abs=0.15)
    assert products[strangers].mean().item() == pytest.approx(0, abs=0.03)
    assert products.diagonal().mean().item() == pytest.approx(1, abs=0.1), "everybody is as unusual as before"


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.9])
def test_wrong_labels_are_as_many_as_asked_and_only_in_training(noise: float) -> None:
    found = truth(label_noise=noise, images=200)
    wrong = found.given_labels != found.labels
    assert not wrong[found.held_out].any()
    # Four standard errors, and less than the share that a draw of the own label would take away.
    assert wrong[~found.held_out].double().mean().item() == pytest.approx(noise, abs=0.022)
    given = found.given_labels[wrong]
    if noise:
        assert given.unique().tolist() == list(range(30)), "wrong labels are those of other people trained on"


def test_a_long_tail_is_a_power_law_of_the_same_sum() -> None:
    found = truth(identities=400, images=20, long_tail=1.0)
    counts = found.labels.bincount(minlength=400)
    trained = counts[:300].sort(descending=True).values
    assert counts[300:].tolist() == [20] * 100
    assert trained.sum() == 20 * 300
    assert trained.min() >= 1
    rank = torch.arange(1, 301).double()
    expected = 1 + 19 * 300 / rank / (1 / rank).sum()
    assert (trained - expected).abs().max() <= 1
    assert counts[:300].tolist() != trained.tolist(), "people are not numbered by their rank"


def test_select_and_having_change_what_they_name() -> None:
    found = truth()
    part = found.select(torch.tensor([5, 3]))
    assert part.labels.tolist() == found.labels[[5, 3]].tolist()
    assert torch.equal(part.nuisance["yaw"], found.nuisance["yaw"][[5, 3]])
    assert len(found.select(found.held_out)) == 300
    turned = part.having(yaw=0.5, blur=torch.tensor([0.0, 0.01], dtype=torch.double))
    assert turned.nuisance["yaw"].tolist() == [0.5, 0.5]
    assert turned.nuisance["blur"].tolist() == [0, 0.01]
    assert torch.equal(turned.nuisance["pitch"], part.nuisance["pitch"])
    assert not torch.equal(part.nuisance["yaw"], turned.nuisance["yaw"])


def test_an_unknown_nuisance_comes_with_the_nearest() -> None:
    with pytest.raises(ValueError) as error:
        truth().having(yay=1)
    assert str(error.value).startswith("There is no nuisance 'yay'. Did you mean 'yaw'? Known: backdrop_green, ")

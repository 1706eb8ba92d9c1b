"""Pictures follow from the truth alone, bit for bit, and show what it says."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from workbench.data import faces
from workbench.data.faces import FaceTruth, head, window

render_module = import_module("workbench.data.faces.render")


def truth(**options: Any) -> FaceTruth:
    return faces.truth(**{"identities": 6, "images": 8, "test_share": 0, **options})


def plain(**options: Any) -> FaceTruth:
    """Everybody in the same pose and light, without noise."""
    return truth(**{"spread": 0, "low_quality": 0, **options}).having(noise=0)


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
        assert torch.get_num_threads() == count, "the caller's number of threads stays"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == count, "that of threads to come too"
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("size", [32, 47, 48])
def test_neither_company_nor_order_change_an_image(size: int) -> None:
    found = truth(size=size, spread=1.5, low_quality=0.5)
    together = faces.render(found)
    some = torch.tensor([40, 3, 17, 4])
    assert torch.equal(faces.render(found.select(some)), together[some])
    for i in (0, 29):
        assert torch.equal(faces.render(found.select(torch.tensor([i])))[0], together[i])


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_blocks_change_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = truth(low_quality=0.5)
    expected = faces.render(found)
    monkeypatch.setattr(render_module, "_BLOCK_PIXELS", block * 48 * 48)
    assert torch.equal(faces.render(found), expected)


@pytest.mark.parametrize("count", [2, 3])
def test_threads_change_nothing(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = truth(low_quality=0.5)
    expected = faces.render(found)
    monkeypatch.setattr(render_module, "_BLOCK_PIXELS", 11 * 48 * 48)
    with threads(count):
        assert torch.equal(faces.render(found), expected)


@pytest.mark.parametrize("size", [33, 64])
def test_windows_hold_all_of_their_features(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """People at the ends of all their traits, at three times the usual spread: against windows as large as images."""
    found = truth(identities=24, spread=3, size=size, low_quality=0)
    found = replace(found, identities=found.identities.sign() * 2.5)
    expected = faces.render(found)

    def everywhere(areas: Sequence[window.Area], *_: Any) -> list[window.Place]:
        count = len(areas[0].left)
        everything = torch.arange(size).expand(count, -1)
        return [window.Place(torch.arange(count), everything, everything)] * len(areas)

    monkeypatch.setattr(render_module, "places", everywhere)
    assert torch.equal(faces.render(found), expected)


def test_the_mirrored_pose_makes_the_mirrored_image() -> None:
    found = plain(identities=3, images=6)
    symmetric = found.identities.clone()
    for name in ("hair_parting", "mole_x"):
        symmetric[:, list(faces.TRAITS).index(name)] = 0
    odd = ("yaw", "roll", "shift_x", "light_azimuth", "gaze_x", "backdrop_slope_x")
    drawn = truth(identities=3, images=6, low_quality=0).nuisance
    found = replace(found, identities=symmetric).having(**{name: drawn[name] for name in odd})
    mirrored = found.having(**{name: -drawn[name] for name in odd})
    assert torch.equal(faces.render(mirrored), faces.render(found).flip(3))
    assert not torch.equal(faces.render(mirrored), faces.render(found))


def test_turning_back_undoes_turning() -> None:
    angles = {"yaw": torch.tensor([-0.9, 0.4, 0.8]), "pitch": torch.tensor([0.4, -0.5, 0.1])}
    how = {f"{name}_cos": value.cos()[:, None, None] for name, value in angles.items()}
    how |= {f"{name}_sin": value.sin()[:, None, None] for name, value in angles.items()}
    points = torch.nn.functional.normalize(torch.randn(3, 3, 1, 20), dim=0)
    there = head.seen_at(how, *points)
    assert torch.allclose(torch.stack(there).square().sum(0), torch.ones(3, 1, 20), atol=1e-5)
    assert torch.allclose(torch.stack(head._turned_back(how, *there)), points.expand(3, 3, 1, 20), atol=1e-5)
    nose = head.seen_at(how, torch.zeros(1), torch.zeros(1), torch.ones(1))
    assert (nose[0][:, 0, 0].sign() == angles["yaw"].sign()).all(), "positive yaw: to the right of the image"
    assert (nose[1][:, 0, 0].sign() == angles["pitch"].sign()).all(), "positive pitch: down"


def test_without_spread_images_of_a_person_differ_by_noise_alone() -> None:
    found = truth(spread=0, low_quality=0)
    images = faces.render(found).view(6, 8, 3, 48, 48)
    assert len({image.numpy().tobytes() for image in images.flatten(0, 1)}) == 48
    assert (images.float() - images[:, :1].float()).abs().max() < 30
    clean = faces.render(found.having(noise=0)).view(6, 8, 3, 48, 48)
    assert (clean == clean[:, :1]).all()
    assert len({image.numpy().tobytes() for image in clean[:, 0]}) == 6


def test_all_of_black_to_white_is_used() -> None:
    images = faces.render(truth())
    assert images.dtype == torch.uint8
    assert images.shape == (48, 3, 48, 48)
    assert int(images.min()) == 0
    assert int(images.max()) == 255


def test_grey_is_what_pillow_makes_of_the_colours() -> None:
    colours = faces.render(truth(images=2))
    greys = faces.render(truth(images=2, grey=True))
    assert greys.shape == (12, 1, 48, 48)
    for colour, grey in zip(colours, greys, strict=True):
        expected = Image.fromarray(colour.permute(1, 2, 0).numpy()).convert("L")
        assert np.array_equal(np.asarray(expected), grey[0].numpy())


def test_sizes_show_the_same_people() -> None:
    """Twice the size, averaged over 2 x 2 pixels, is nearly the small image."""
    small, large = (faces.render(plain(size=size)).float() for size in (48, 96))
    assert (torch.nn.functional.avg_pool2d(large, 2) - small).abs().mean() < 4
    other = small.view(6, 8, -1)[:, 0]
    assert (other[1:] - other[:-1]).abs().mean() > 12


def within(images: Tensor, labels: Tensor) -> Tensor:
    """Standard deviation of the pixels inside each person."""
    images = images.float()
    return torch.stack([images[labels == c].var(0).mean().sqrt() for c in labels.unique()])


@pytest.mark.parametrize(("varies", "low", "high"), [(0.0, 0.0, 0.25), (0.6, 0.35, 2.0)])
def test_pixels_of_people_are_spread_as_equally_as_asked(varies: float, low: float, high: float) -> None:
    found = truth(identities=24, images=24, spread=0.5, spread_varies=varies, low_quality=0)
    measured = within(faces.render(found), found.labels).log()
    assert low <= measured.std().item() < high
    if varies:
        both = torch.stack([measured.double(), found.spread.log()])
        assert torch.corrcoef(both)[0, 1] > 0.9


def test_pixels_are_spread_more_with_more_spread() -> None:
    spreads = [within(faces.render(t), t.labels).mean() for t in (truth(spread=s, low_quality=0) for s in (0, 0.5, 1))]
    assert spreads[0] < 0.5 * spreads[1]
    assert spreads[1] < 0.8 * spreads[2]


def test_families_look_alike() -> None:
    found = plain(identities=40, images=2, families=8, family_similarity=0.85)
    images = faces.render(found)[::2].double().flatten(1)
    distance = torch.cdist(images, images)
    kin = found.families[:, None] == found.families
    strangers = distance[~kin].mean()
    assert distance[kin.fill_diagonal_(False)].mean() < 0.75 * strangers
    alone = plain(identities=40, images=2)
    images = faces.render(alone)[::2].double().flatten(1)
    distance = torch.cdist(images, images)
    assert distance[kin].mean().item() == pytest.approx(distance[distance > 0].mean().item(), rel=0.1)


def fine_detail(images: Tensor) -> Tensor:
    """Mean square of what a mean over 3 x 3 pixels takes away."""
    images = images.float()
    smooth = torch.nn.functional.avg_pool2d(images, 3, stride=1)
    return (images[..., 1:-1, 1:-1] - smooth).square().flatten(1).mean(1)


def test_low_quality_is_less_detail_more_noise_and_less_light() -> None:
    found = truth(spread=0, low_quality=1, images=60).having(cover_size=0)
    detail = fine_detail(faces.render(found.having(noise=0, dim=1)))
    sharp = fine_detail(faces.render(found.having(noise=0, dim=1, blur=0, coarse=0)))
    assert torch.corrcoef(torch.stack([(detail / sharp).log().double(), found.quality]))[0, 1] > 0.8
    clean, noisy = faces.render(found.having(noise=0)).float(), faces.render(found).float()
    noise = (noisy - clean).flatten(1).std(1).double()
    assert torch.corrcoef(torch.stack([noise, found.quality]))[0, 1] < -0.8
    light = clean.flatten(1).mean(1).double()
    for c in range(6):
        own = found.labels == c
        assert torch.corrcoef(torch.stack([light[own], found.quality[own]]))[0, 1] > 0.7


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        ({"mouth_open": 1}, slice(24, 48)),
        ({"smile": 1}, slice(24, 48)),
        ({"eyes_open": 0.2}, slice(8, 30)),
        ({"gaze_x": 1}, slice(8, 30)),
        ({"brow_raise": 1}, slice(8, 30)),
    ],
)
def test_expressions_change_their_part_of_the_face(change: dict[str, float], rows: slice) -> None:
    found = plain(identities=12, images=2)
    changed = (faces.render(found) != faces.render(found.having(**change))).any(1).flatten(1)
    assert changed.any(1).float().mean() > 0.5, "a fringe or dark skin may hide it, but not on most"
    elsewhere = changed.view(-1, 48, 48)
    elsewhere[:, rows] = False
    assert not elsewhere.any()


def test_glasses_are_worn_by_those_who_have_some_and_can_be_taken_off() -> None:
    found = plain(identities=100, images=2).select(torch.arange(0, 200, 2))
    on, off = (faces.render(found.having(glasses_off=value)) for value in (0.7, 0.9))
    trait = torch.special.ndtr(found.identities[:, list(faces.TRAITS).index("glasses")])
    assert torch.equal((on != off).flatten(1).any(1), trait > 0.7)
    assert torch.equal(on, faces.render(found))


def test_light_falls_from_its_side() -> None:
    found = plain(identities=12, images=2).having(light_azimuth=1.2, contrast=0.8)
    images = faces.render(found).float().mean(1)
    assert (images[:, 20:34, 32:38].mean((1, 2)) > images[:, 20:34, 10:16].mean((1, 2))).float().mean() > 0.9


@pytest.mark.parametrize("roll", [-0.4, 0.0, 0.3])
def test_the_light_stays_where_it_is_when_the_head_rolls(roll: float) -> None:
    """Lit is the cosine between surface and light: n · (right, -up, front), in the image's own directions."""
    azimuth, elevation = torch.tensor(0.6), torch.tensor(0.5)
    angles = {"light_azimuth": azimuth, "light_elevation": elevation, "roll": torch.tensor(roll)}
    how = {f"{name}_cos": angle.cos() for name, angle in angles.items()}
    how |= {f"{name}_sin": angle.sin() for name, angle in angles.items()}
    x, y, z = torch.nn.functional.normalize(torch.randn(3, 1, 1, 50), dim=0)
    light = (elevation.cos() * azimuth.sin(), -elevation.sin(), elevation.cos() * azimuth.cos())
    u, v = how["roll_cos"] * x + how["roll_sin"] * y, how["roll_cos"] * y - how["roll_sin"] * x
    expected = (x * light[0] + y * light[1] + z * light[2]).clamp(min=0)
    assert torch.allclose(head._lit(how, u, v, z), expected, atol=1e-6)


def test_the_skin_covers_the_human_range() -> None:
    cheeks = faces.render(plain(identities=300, images=2))[::2, :, 25:29, 17:20].float().mean((1, 2, 3))
    assert cheeks.min() < 60
    assert cheeks.max() > 190
    assert cheeks.histc(4, 50, 210).min() > 30

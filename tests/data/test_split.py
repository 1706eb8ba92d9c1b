"""What is held out: the same for the same seed, with nothing in common with what is trained on."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from workbench import data
from workbench.data import ImageSet


def numbered(labels: list[int], classes: int) -> ImageSet:
    """Images that carry their position in their pixels, so that they can be told apart."""
    positions = torch.arange(len(labels))
    pixels = torch.stack([positions // 256, positions % 256], dim=1).to(torch.uint8)[:, None, None, :]
    return ImageSet(pixels, torch.tensor(labels), [f"class {c}" for c in range(classes)])


def positions(images: ImageSet) -> Tensor:
    return (images.images[:, 0, 0].long() * torch.tensor([256, 1])).sum(1)


@pytest.fixture
def images() -> ImageSet:
    return numbered([c for c in range(10) for _ in range(10 + 3 * c)], 10)


@pytest.mark.parametrize("by", ["images", "classes"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_every_image_is_on_one_side(images: ImageSet, by: str, share: float) -> None:
    train, held_out = data.split(images, by=by, share=share)
    both = torch.cat([positions(train), positions(held_out)])
    assert sorted(both.tolist()) == list(range(len(images)))


@pytest.mark.parametrize("by", ["images", "classes"])
def test_a_seed_is_a_split(images: ImageSet, by: str) -> None:
    first = positions(data.split(images, by=by, seed=1).held_out)
    torch.rand(10)
    assert torch.equal(positions(data.split(images, by=by, seed=1).held_out), first)
    assert not torch.equal(positions(data.split(images, by=by, seed=2).held_out), first)


def test_the_digits_are_split_as_published() -> None:
    """Every number of a report rests on this draw."""
    train, held_out = data.split(data.load("digits"))
    assert (len(train), len(held_out)) == (1258, 539)
    assert held_out.digest() == "7464221203ded2ea5484609acc6519303973f63be1b89e5d2fffb4b657f207a0"
    train, held_out = data.split(data.load("digits"), by="classes")
    assert list(held_out.names) == ["0", "6", "8"]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_by_images_takes_the_same_share_of_every_class(images: ImageSet, share: float) -> None:
    train, held_out = data.split(images, share=share)
    whole, out = (Counter(part.labels.tolist()) for part in (images, held_out))
    assert all(abs(out[c] - share * whole[c]) <= 0.5 for c in whole)
    assert list(train.names) == list(held_out.names) == list(images.names)


def test_a_class_with_two_images_has_one_on_either_side_and_a_single_one_is_trained_on() -> None:
    for share in (0.01, 0.99):
        train, held_out = data.split(numbered([0, 0, 1, 1, 2], 3), share=share)
        assert train.labels.tolist() == [0, 1, 2]
        assert held_out.labels.tolist() == [0, 1]


def test_by_classes_holds_out_whole_classes_and_renumbers_both_parts(images: ImageSet) -> None:
    train, held_out = data.split(images, by="classes", share=0.3)
    assert (train.classes, held_out.classes) == (7, 3)
    assert not set(train.names) & set(held_out.names)
    for part in (train, held_out):
        assert part.labels.unique().tolist() == list(range(part.classes))
        own = [part.names[c] for c in part.labels.tolist()]
        assert own == [images.names[c] for c in images.labels[positions(part)].tolist()]


def test_classes_that_are_only_named_are_not_held_out() -> None:
    sparse = numbered([2, 2, 5, 5, 8, 8], 100)
    train, held_out = data.split(sparse, by="classes", share=0.34)
    assert sorted([*train.names, *held_out.names]) == ["class 2", "class 5", "class 8"]
    assert held_out.classes == 1


TWO_CLASSES = "A training set must have at least two classes: one class leaves nothing to tell apart."
SHARE = "The 'share' parameter of split must be a number inside (0, 1)."


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        ([0, 0, 1, 1], {"share": 0.0}, f"{SHARE} Got 0.0 instead."),
        ([0, 0, 1, 1], {"share": 1.0}, f"{SHARE} Got 1.0 instead."),
        (
            [0, 0, 1, 1],
            {"by": "people"},
            "The 'by' parameter of split must be 'auto', 'images', 'classes' or 'protocol'. Got 'people' instead.",
        ),
        ([0, 0, 0], {}, f"{TWO_CLASSES} Got 1 of 1 after holding out 0.3 by images."),
        ([0, 0, 1, 1], {"by": "classes"}, f"{TWO_CLASSES} Got 1 of 2 after holding out 0.3 by classes."),
        ([0, 0, 1, 1], {"by": "classes", "share": 0.9}, f"{TWO_CLASSES} Got 0 of 2 after holding out 0.9 by classes."),
        ([0, 1, 2], {}, "No image can be held out: every class has only one. Hold out whole classes instead."),
    ],
)
def test_errors_say_what_to_do(labels: list[int], options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        data.split(numbered(labels, 3), **options)
    assert str(error.value) == sentence


def with_protocol(labels: list[int], held_out: list[bool]) -> ImageSet:
    return replace(numbered(labels, 4), held_out=torch.tensor(held_out))


def test_by_protocol_holds_out_what_the_set_says() -> None:
    images = with_protocol([3, 0, 1, 3, 2], [True, False, False, True, False])
    train, held_out = data.split(images, by="protocol", share=0.9)
    assert positions(train).tolist() == [1, 2, 4]
    assert positions(held_out).tolist() == [0, 3]
    assert (list(train.names), train.labels.tolist()) == (["class 0", "class 1", "class 2"], [0, 1, 2])
    assert (list(held_out.names), held_out.labels.tolist()) == (["class 3"], [0, 0])


def test_a_protocol_that_shares_classes_keeps_their_numbers() -> None:
    train, held_out = data.split(with_protocol([3, 1, 3, 1], [False, False, True, True]), by="protocol")
    assert (train.labels.tolist(), held_out.labels.tolist()) == ([3, 1], [3, 1])
    assert list(train.names) == list(held_out.names) == [f"class {c}" for c in range(4)]


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (
            numbered([0, 1, 2], 3),
            (
                "The image set has no protocol: nothing says which images are for testing. Load it with "
                "test_people=, or hold "
                "out 'images' or 'classes'."
            ),
        ),
        (
            with_protocol([0, 1], [False, False]),
            "The protocol of the image set holds out nothing that is left in it.",
        ),
        (
            with_protocol([0, 1, 1], [True, False, False]),
            f"{TWO_CLASSES} Got 1 of 2 after holding out what its protocol keeps for testing.",
        ),
    ],
)
def test_errors_of_protocols_say_what_to_do(images: ImageSet, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        data.split(images, by="protocol")
    assert str(error.value) == sentence

"""Labelled images: what is refused, and what a digest sees."""

import struct
from hashlib import sha256

import numpy as np
import pytest
import torch
from torch import Tensor

from workbench import data
from workbench.data import ImageSet, digests


def images(count: int = 4, channels: int = 1) -> Tensor:
    return torch.arange(count * channels * 6).reshape(count, channels, 2, 3).to(torch.uint8)


def labels(*values: int) -> Tensor:
    return torch.tensor(values, dtype=torch.int64)


IMAGES = "The images of an ImageSet must be a uint8 tensor [N, channels, height, width]."
LABELS = "The labels of an ImageSet must be 4 int64 numbers, one for each image."


@pytest.mark.parametrize(
    ("pixels", "classes", "sentence"),
    [
        (
            images().float(),
            labels(0, 1, 0, 1),
            f"{IMAGES} Got torch.float32 of shape [4, 1, 2, 3] instead.",
        ),
        (
            images()[:, 0],
            labels(0, 1, 0, 1),
            f"{IMAGES} Got torch.uint8 of shape [4, 2, 3] instead.",
        ),
        (
            images(0),
            labels(),
            "An ImageSet must hold at least one image. Got none: look at the source and its filters.",
        ),
        (
            images(),
            labels(0, 1, 0),
            f"{LABELS} Got torch.int64 of shape [3] instead.",
        ),
        (
            images(),
            torch.tensor([0, 1, 0, 1], dtype=torch.int32),
            f"{LABELS} Got torch.int32 of shape [4] instead.",
        ),
        (
            images(),
            labels(0, 1, 2, 1),
            "The labels of an ImageSet must lie in [0, 2), the number of names. Got labels from 0 to 2.",
        ),
        (
            images(),
            labels(0, 1, -1, 1),
            "The labels of an ImageSet must lie in [0, 2), the number of names. Got labels from -1 to 1.",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(pixels: Tensor, classes: Tensor, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        ImageSet(pixels, classes, ["a", "b"])
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("mask", "given"),
    [(torch.ones(3, dtype=torch.bool), "torch.bool of shape [3]"), (torch.ones(4), "torch.float32 of shape [4]")],
)
def test_a_mask_of_another_length_or_type_is_refused(mask: Tensor, given: str) -> None:
    with pytest.raises(ValueError) as error:
        ImageSet(images(), labels(0, 1, 0, 1), ["a", "b"], held_out=mask)
    assert str(error.value) == (
        f"The held_out mask of an ImageSet must be 4 truth values, one for each image. Got {given} instead."
    )


def test_what_is_held_out_goes_along() -> None:
    mask = torch.tensor([True, False, False, True])
    found = ImageSet(images(), labels(3, 1, 3, 0), list("abcd"), held_out=mask)
    assert found.select(torch.tensor([3, 1])).held_out.tolist() == [True, False]
    assert found.select(mask).held_out.tolist() == [True, True]
    assert found.renumbered().held_out.tolist() == mask.tolist()
    assert ImageSet(images(), labels(0, 0, 0, 0), ["a"]).select(mask).held_out is None


def test_sizes() -> None:
    found = ImageSet(images(4, channels=3), labels(0, 0, 0, 0), ["seen", "only named"])
    assert len(found) == 4
    assert found.classes == 2
    assert found.shape == (3, 2, 3)


def test_selecting_keeps_numbers_and_names_and_renumbering_leaves_out_the_unseen() -> None:
    everything = ImageSet(images(), labels(3, 1, 3, 0), list("abcd"), "source")
    for chosen in (everything.select(torch.tensor([2, 1])), everything.select(labels(2, 1))):
        assert chosen.labels.tolist() == [3, 1]
        assert torch.equal(chosen.images, images()[[2, 1]])
        assert (list(chosen.names), chosen.source) == (list("abcd"), "source")
    masked = everything.select(torch.tensor([False, True, True, False]))
    assert masked.labels.tolist() == [1, 3]
    renumbered = everything.renumbered()
    assert renumbered.labels.tolist() == [2, 1, 2, 0]
    assert list(renumbered.names) == ["a", "b", "d"]
    assert torch.equal(renumbered.images, images())


def test_the_digest_sees_every_pixel_label_and_shape() -> None:
    base = ImageSet(images(), labels(0, 1, 0, 1), ["a", "b"])
    pixel = images()
    pixel[3, 0, 1, 2] += 1
    others = [
        ImageSet(pixel, base.labels, base.names),
        ImageSet(images(), labels(0, 1, 1, 1), base.names),
        ImageSet(images().transpose(2, 3).reshape(4, 1, 3, 2), base.labels, base.names),
        ImageSet(images().reshape(4, 1, 3, 2), base.labels, base.names),
        base.select(torch.tensor([1, 0, 2, 3])),
    ]
    assert len({base.digest(), *(other.digest() for other in others)}) == 6


def test_the_digest_is_that_of_the_content_not_of_its_layout_or_names() -> None:
    base = ImageSet(images(4, 3), labels(0, 1, 0, 1), ["a", "b"])
    strided = images(4, 3).to(memory_format=torch.channels_last)
    assert ImageSet(strided, base.labels, ["x", "y"], "elsewhere").digest() == base.digest()


@pytest.mark.parametrize(("channels", "shape"), [(1, (4, 2, 3)), (3, (4, 2, 3, 3))])
def test_thumbnails_are_as_pictures_are_shown(channels: int, shape: tuple[int, ...]) -> None:
    found = ImageSet(images(4, channels), labels(0, 0, 0, 0), ["a"]).thumbnails()
    assert found.dtype == np.uint8
    assert found.shape == shape
    pixel = images(4, channels)[2, :, 1, 2].numpy()
    assert np.array_equal(np.atleast_1d(found[2, 1, 2]), pixel)


def test_pixels_become_numbers_from_minus_one_to_one() -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert data.to_float(pixels).tolist() == pytest.approx([-1, -0.6, 1])
    assert pixels.tolist() == [0, 51, 255]


def full() -> ImageSet:
    files = ["d/1.png", "b/1.png", "d/2.png", "a/1.png"]
    held_out = torch.tensor([True, False, True, False])
    skipped = [data.Skipped("c/1.png", "it is empty")]
    return ImageSet(images(), labels(3, 1, 3, 0), list("abcd"), "source", files, held_out, skipped, "digest")


def test_files_and_protocol_go_with_the_images() -> None:
    for chosen in (torch.tensor([2, 1]), torch.tensor([False, True, True, False])):
        part = full().select(chosen)
        positions = torch.arange(4)[chosen].tolist()
        assert part.files == [full().files[n] for n in positions]
        assert part.held_out is not None
        assert part.held_out.tolist() == [[True, False, True, False][n] for n in positions]
        assert (part.skipped, part.source) == (full().skipped, "source")
    renumbered = full().renumbered()
    assert (renumbered.files, renumbered.held_out.tolist()) == (full().files, [True, False, True, False])


def test_a_recorded_digest_is_that_of_these_images_and_labels_alone() -> None:
    assert full().digest() == "digest"
    computed = ImageSet(images(), labels(3, 1, 3, 0), list("abcd")).digest()
    assert full().select(torch.arange(4)).digest() == computed
    assert full().renumbered().digest() == ImageSet(images(), labels(2, 1, 2, 0), list("abd")).digest()


def spelled_out(pixels: np.ndarray, labels: list[int], step: int) -> str:
    """What the digest of a set is, image by image, of blocks of `step` images."""
    whole = sha256(str(pixels.shape).encode("ascii"))
    block = sha256()
    for number, image in enumerate(pixels, 1):
        block.update(image.tobytes())
        if number % step == 0 or number == len(pixels):
            whole.update(block.digest())
            block = sha256()
    whole.update(struct.pack(f"<{len(labels)}q", *labels))
    return whole.hexdigest()


@pytest.mark.parametrize(
    ("count", "channels", "side", "step"),
    [
        (1, 1, 3, 512),
        (512, 1, 3, 512),
        (1300, 3, 5, 512),
        (25, 3, 1024, 2),  # of 3 MiB each
        (3, 1, 3000, 1),  # more than a block each
        (120, 3, 224, 55),
    ],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_the_digest_is_that_of_its_blocks(count: int, channels: int, side: int, step: int, threads: int) -> None:
    """On any number of threads, of a tensor, of rows of a file, and of what is selected of either."""
    pixels = np.random.default_rng(0).integers(0, 256, (count + 7, channels, side, side), dtype=np.uint8)
    numbers = torch.randperm(count + 7)[:count]
    of = (numbers % 5).tolist()
    expected = spelled_out(pixels[numbers.numpy()], of, step)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for whole in (torch.from_numpy(pixels), data.Rows(pixels)):
            everything = ImageSet(whole, torch.arange(count + 7) % 5, list("abcde"))
            assert everything.select(numbers).digest() == expected
            assert everything.digest() == spelled_out(pixels, everything.labels.tolist(), step)
    finally:
        torch.set_num_threads(before)


def test_the_digest_reads_no_more_than_a_block_for_each_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "BLOCK_BYTES", 3 * 6)
    read: list[int] = []

    class Counted(data.Rows):
        def __getitem__(self, index: Tensor | slice | int) -> Tensor:
            found = super().__getitem__(index)
            read.append(len(found))
            return found

    ImageSet(Counted(images(10).numpy()), torch.zeros(10, dtype=torch.int64), ["a"]).digest()
    assert sorted(read) == [1, 3, 3, 3]


def test_files_and_protocol_are_one_for_each_image() -> None:
    with pytest.raises(ValueError) as error:
        ImageSet(images(), labels(0, 0, 0, 0), ["a"], files=["1.png"])
    assert str(error.value) == "The files of an ImageSet must be 4 names, one for each image, or none. Got 1 instead."
    for held_out in (torch.tensor([True]), torch.tensor([1, 0, 1, 0])):
        with pytest.raises(ValueError) as error:
            ImageSet(images(), labels(0, 0, 0, 0), ["a"], held_out=held_out)
        assert str(error.value) == (
            "The held_out mask of an ImageSet must be 4 truth values, one for each image. Got "
            f"{held_out.dtype} of shape {list(held_out.shape)} instead."
        )

"""The synthetic faces as a data set: these very images, their labels, and what is held out."""

import torch

from workbench import data
from workbench.data import faces

DIGEST = "3406ef75a6596e9a837c52c523fa5a42ea15a1c74d87f010eb8b6d4ed418bbaf"


def test_these_options_are_exactly_these_images() -> None:
    images = data.load("synthetic-faces", identities=5, images=4, low_quality=0.5, spread_varies=0.3, label_noise=0.5)
    assert images.digest() == DIGEST, "other images would make other numbers under the same name"


def test_labels_names_and_held_out_people_are_those_of_the_truth() -> None:
    options = {"identities": 12, "images": 6, "label_noise": 0.3, "long_tail": 0.8, "seed": 3}
    images, truth = data.load("synthetic-faces", **options), faces.truth(**options)
    assert torch.equal(images.labels, truth.given_labels)
    assert not torch.equal(images.labels, truth.labels)
    assert torch.equal(images.images, faces.render(truth))
    assert images.held_out is not None
    assert torch.equal(images.held_out, truth.held_out)
    assert images.held_out.sum() == 3 * 6
    train, test = (set(images.labels[mask].tolist()) for mask in (~images.held_out, images.held_out))
    assert (train, test) == (set(range(9)), {9, 10, 11})
    assert list(images.names[:2]) == ["person 00", "person 01"]
    assert images.classes == 12


def test_nobody_is_held_out_if_nobody_is_asked_for() -> None:
    assert data.load("synthetic-faces", identities=3, images=2, test_share=0).held_out is None


def test_the_source_says_what_is_not_as_usual() -> None:
    sentence = "Drawn faces of people who do not exist; who, pose, light and quality of each image are known"
    assert data.describe("synthetic-faces").startswith(f"{sentence}.\n")
    images = data.load("synthetic-faces", identities=3, images=2, grey=True, spread=1.0)
    assert images.source == f"{sentence}: identities 3, images 2, grey True."
    assert images.shape == (1, 48, 48)


def test_people_can_be_told_apart_but_not_by_pixels_alone() -> None:
    """Images of a person are nearer to each other than to others, and most nearest neighbours are strangers still."""
    images = data.load("synthetic-faces", identities=60, images=10, low_quality=0, test_share=0)
    pixels = images.images.float().flatten(1)
    pixels -= pixels.mean(0)
    distance = torch.cdist(pixels, pixels).fill_diagonal_(torch.inf)
    same = images.labels[:, None] == images.labels
    assert distance[same & distance.isfinite()].mean() < 0.98 * distance[~same].mean()
    right = (images.labels[distance.argmin(1)] == images.labels).float().mean()
    assert 3 / 60 < right < 0.6

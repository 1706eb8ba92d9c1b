"""How batches come to the device: the same bits, from a tensor at hand or from a thread that is a batch ahead."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.small import config, contents, greys, trainer
from workbench import data, environment, feed
from workbench.data import ImageSet, Rows
from workbench.feed import Feed
from workbench.learner import Step
from workbench.training import Trainer

CPU = torch.device("cpu")
IMAGES = greys(50)
ORDER = torch.randperm(50, generator=torch.Generator().manual_seed(3))


def on_disk(folder: Path, images: ImageSet = IMAGES) -> ImageSet:
    return data.import_set(images, folder / "set", progress=False)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)


@pytest.mark.parametrize("where", ["in memory", "on disk", "ahead of a device without room"])
def test_batches_are_the_images_in_the_order_asked_for(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where.startswith("ahead"):
        monkeypatch.setattr(feed, "fits", lambda images, device: False)
    fed = Feed(on_disk(tmp_path) if where == "on disk" else IMAGES, CPU)
    assert fed.resident == (where == "in memory")
    found = list(fed.batches(ORDER, 16))
    assert len(found) == 3, "two images are less than a batch"
    assert torch.equal(torch.cat([images for images, _ in found]), IMAGES.images[ORDER[:48]])
    assert torch.equal(torch.cat([labels for _, labels in found]), IMAGES.labels[ORDER[:48]])
    assert found[0][0].dtype == torch.uint8


@pytest.mark.usefixtures("_quick")
def test_a_run_has_the_same_bits_wherever_its_images_are(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"flip": True, "shift": 1, "loss": "elasticface-cos+", "dropout": 0.3}
    trainer(tmp_path / "memory", images=IMAGES, **changes).fit()
    trainer(tmp_path / "disk", images=on_disk(tmp_path), **changes).fit()
    assert contents(tmp_path / "disk") == contents(tmp_path / "memory")


class Watched(Rows):
    """Rows that tell which batches were read, and by what thread."""

    def __init__(self, pixels: np.ndarray, numbers: torch.Tensor | None = None) -> None:
        super().__init__(pixels, numbers)
        self.reads: list[list[int]] = []
        self.threads: set[str] = set()
        self.turn = threading.Semaphore(0)

    def read(self, index: torch.Tensor | slice, *, out: torch.Tensor) -> torch.Tensor:
        assert isinstance(index, torch.Tensor)
        self.reads.append(index.tolist())
        self.threads.add(threading.current_thread().name)
        result = super().read(index, out=out)
        self.turn.release()
        return result


def watched() -> tuple[Watched, Feed]:
    assert isinstance(IMAGES.images, torch.Tensor)
    rows = Watched(IMAGES.images.numpy())
    return rows, Feed(ImageSet(rows, IMAGES.labels, IMAGES.names), CPU)


def test_the_next_batch_is_read_while_one_is_in_use_and_no_other() -> None:
    rows, fed = watched()
    batches = fed.batches(ORDER, 10)
    for number in range(5):
        next(batches)
        for _ in range(2 if number == 0 else 1 if number < 4 else 0):
            assert rows.turn.acquire(timeout=30), "nobody reads while the batch is in use"
        assert rows.reads == [batch.tolist() for batch in ORDER[: 10 * min(number + 2, 5)].split(10)]
    assert list(batches) == []
    assert all(name.startswith("feed") for name in rows.threads)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("feed")]


def test_no_thread_is_left_behind() -> None:
    _, fed = watched()
    batches = fed.batches(ORDER, 10)
    next(batches)
    assert threads()
    batches.close()  # as a watcher does who ends the epoch
    assert not threads()
    list(fed.batches(ORDER, 10))
    assert not threads()


def test_what_goes_wrong_in_the_thread_is_told_where_the_batch_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, fed = watched()

    def failing(index: torch.Tensor, *, out: torch.Tensor) -> torch.Tensor:
        raise OSError("the disk is gone")

    monkeypatch.setattr(rows, "read", failing)
    with pytest.raises(OSError, match="the disk is gone"):
        next(fed.batches(ORDER, 10))


@pytest.mark.parametrize(("free", "fitting"), [(4 * 50 * 16, True), (4 * 50 * 16 - 1, False)])
def test_on_a_gpu_images_fit_that_take_a_quarter_of_what_is_free(
    free: int, fitting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def told(device: torch.device) -> tuple[int, int]:
        asked.append(device)
        return free, 10**9

    monkeypatch.setattr(torch.cuda, "mem_get_info", told)
    device = torch.device("cuda:3")
    assert feed.fits(IMAGES, device) == fitting
    assert asked == [device]


def test_elsewhere_only_what_is_in_the_memory_of_the_cpu_is_at_hand(tmp_path: Path) -> None:
    assert feed.fits(IMAGES, CPU)
    assert not feed.fits(on_disk(tmp_path), CPU)
    assert not feed.fits(IMAGES, torch.device("mps"))


def test_images_on_disk_come_to_a_device_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "fits", lambda images, device: True)
    fed = Feed(on_disk(tmp_path, greys(1100)), CPU)
    (images, labels), *_ = fed.batches(torch.arange(1100), 1100)
    assert torch.equal(images, greys(1100).images)
    assert torch.equal(labels, greys(1100).labels)


class Few:
    """Looks at three steps, and ends the run."""

    def after_step(self, step: int, done: Step) -> bool:
        return step < 2

    def after_epoch(self, epoch: int, record: Any) -> bool:
        raise AssertionError("it was to be ended before")


@pytest.mark.usefixtures("_quick")
def test_a_set_larger_than_the_memory_trains(tmp_path: Path) -> None:
    """240 images of an imported set, at both ends of a file that is twice as large as the memory."""
    some = data.load("synthetic-faces", identities=20, images=12, size=112)
    folder = tmp_path / "set"
    data.import_set(some, folder, progress=False)
    rows = 2 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // some.images[0].numel()
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=(rows, *some.shape))
    pixels[:120], pixels[-120:] = some.images[:120].numpy(), some.images[120:].numpy()
    del pixels  # what lies between is a hole, which takes no disk
    meta = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps(meta | {"rows_left_out": list(range(120, rows - 120))}))
    images = data.load(folder, progress=False)
    assert torch.equal(images.images[torch.tensor([3, 200])], some.images[torch.tensor([3, 200])])
    trained = Trainer(config(batch_size=32), tmp_path / "run", images=images, progress=False)
    assert not trained.fit(Few()).finished

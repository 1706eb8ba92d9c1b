"""Imported sets: whole or not there, the same however often they were stopped, and read by the row."""

import errno
import json
import os
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.data.pictures import decoded, descriptors, encoded, insightface, people_in, picture, same_content
from tests.small import config, contents, files_of_at_most, greys, in_a_child
from workbench import data, files
from workbench.data import digests, importing, journal
from workbench.data.rows import Rows
from workbench.training import Trainer

BLOCK = 4


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "BLOCK_BYTES", BLOCK * 3 * 12 * 10)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return people_in(tmp_path / "set", {"Ann": 9, "Bob": 8, "Cem": 1}, kind="jpeg")


def bring(source: object, dest: Path, **options: Any) -> data.ImageSet:
    return data.import_set(source, dest, **{"progress": False, "processes": 1, **options})


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


WHOLE = ["files.json", "labels.npy", "names.json", "pixels.npy", "set.json"]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_imported_set_is_the_set(tree: Path, tmp_path: Path, processes: int) -> None:
    loaded = data.load(tree, progress=False)
    before = descriptors()
    found = bring(tree, tmp_path / "done", processes=processes)
    del found
    assert descriptors() == before
    found = data.load(tmp_path / "done")
    assert same_content(found, loaded)
    assert found.source == loaded.source
    assert found.digest() == loaded.digest() == replace(found, recorded_digest=None).digest()
    assert files_in(tmp_path / "done") == WHOLE
    assert isinstance(found.images, Rows)
    assert np.load(tmp_path / "done" / "pixels.npy", allow_pickle=False).shape == (18, 3, 12, 10)


@pytest.mark.parametrize("source", ["rec", "npz", "name", "set"])
def test_every_source_can_be_imported(tmp_path: Path, source: str) -> None:
    if source == "rec":
        insightface(tmp_path / "train.rec", [3, 4])
    np.savez(tmp_path / "faces.npz", images=[picture(n) for n in range(4)], labels=[0, 0, 1, 1])
    what: Any = {"rec": tmp_path / "train.rec", "npz": tmp_path / "faces.npz", "name": "digits", "set": greys()}[source]
    expected = what if source == "set" else data.load(what, progress=False)
    found = bring(what, tmp_path / "done")
    assert same_content(found, expected)
    assert found.digest() == expected.digest()


def test_options_are_those_of_load(tree: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.txt"
    people.write_text("Bob\n")
    options: dict[str, Any] = {"size": 8, "grey": True, "test_people": people}
    loaded = data.load(tree, progress=False, **options)
    found = bring(tree, tmp_path / "done", **options)
    assert same_content(found, loaded)
    assert found.held_out is not None
    assert found.held_out.tolist() == [False] * 9 + [True] * 8 + [False]
    assert files_in(tmp_path / "done") == sorted([*WHOLE, "held_out.npy"])
    train, test = data.split(data.load(tmp_path / "done"), by="protocol")
    assert (list(train.names), list(test.names)) == (["Ann", "Cem"], ["Bob"])


def test_an_imported_set_can_be_filtered_but_not_resized(tree: Path, tmp_path: Path) -> None:
    bring(tree, tmp_path / "done")
    found = data.load(tmp_path / "done", min_images=9)
    assert list(found.names) == ["Ann"]
    assert isinstance(found.images, Rows)
    assert data.load(tmp_path / "done", size=None).shape == (3, 12, 10)
    with pytest.raises(ValueError) as error:
        data.load(tmp_path / "done", size=8)
    assert str(error.value) == (
        "The set was imported with 3 x 12 x 10 pixels (channels x height x width). Import its source again with "
        "other options "
        "to another folder: size=8, grey=False."
    )


def stopped(tree: Path, dest: Path, blocks: int, how: Any, **options: Any) -> int:
    """Import in a child that stops after so many blocks; return how it ended."""

    def work() -> None:
        add = journal.Journal.add
        count = [0]

        def counted(self: Any, block: range, failures: Any) -> None:
            add(self, block, failures)
            count[0] += 1
            if count[0] == blocks:
                if self._writing is not None:
                    self._writing.result()
                    self._write()
                    self._writing.result()
                how()

        journal.Journal.add = counted  # type: ignore[method-assign]
        bring(tree, dest, **options)

    return in_a_child(work)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", [kill, interrupt])
@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_an_import_goes_on_where_it_was_stopped(tree: Path, tmp_path: Path, blocks: int, how: Any) -> None:
    whole = bring(tree, tmp_path / "whole").digest()
    dest = tmp_path / "done"
    assert stopped(tree, dest, blocks, how) == (-signal.SIGKILL if how is kill else 1)
    assert files_in(dest) == ["importing.jsonl", "pixels.npy"]
    room = (dest / "pixels.npy").stat()
    assert room.st_blocks * 512 >= room.st_size > 18 * 360, (
        "a full disk must show before the work, not in the midst of it"
    )
    with pytest.raises(ValueError) as error:
        data.load(dest)
    assert str(error.value) == (
        f"The folder {dest} holds an import that is not done. Call data.import_set again with the same source, "
        f"folder and "
        "options: it goes on where it was stopped."
    )
    decoded_again: list[int] = []
    fill = importing.decode

    def counted(images: Any, form: Any, target: int, todo: Any, done: Any, **options: Any) -> None:
        decoded_again.extend(block[0] for block in todo)
        fill(images, form, target, todo, done, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "decode", counted)
        found = bring(tree, dest)
    assert decoded_again == [n * BLOCK for n in range(blocks, 5)]
    assert found.digest() == replace(found, recorded_digest=None).digest() == whole
    assert files_in(dest) == WHOLE


@pytest.mark.parametrize("processes", [1, 2])
def test_pixels_are_hashed_while_they_are_decoded_and_not_read_again(
    tree: Path, tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(tree, tmp_path / "done", 3, kill)
    monkeypatch.setattr(Rows, "__getitem__", lambda self, index: pytest.fail("pixels were read"))
    for dest in (tmp_path / "done", tmp_path / "new"):
        digest = bring(tree, dest, processes=processes).digest()
        pixels = np.load(dest / "pixels.npy", allow_pickle=False)
        whole = sha256(b"(18, 3, 12, 10)")
        for first in range(0, 18, BLOCK):
            whole.update(sha256(pixels[first : first + BLOCK].tobytes()).digest())
        whole.update(np.load(dest / "labels.npy", allow_pickle=False).tobytes())
        assert digest == whole.hexdigest()


def test_blocks_whose_digests_were_not_noted_are_read_again(tree: Path, tmp_path: Path) -> None:
    """As in the journals of earlier versions."""
    dest = tmp_path / "done"
    stopped(tree, dest, 3, kill)
    plan, *lines = map(json.loads, (dest / "importing.jsonl").read_text().splitlines())
    assert all(len(line.pop("digest")) == 64 for line in lines)
    (dest / "importing.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (plan, *lines)))
    assert bring(tree, dest).digest() == data.load(tree, progress=False).digest()


def test_a_journal_that_was_cut_short_counts_up_to_there(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "done"
    stopped(tree, dest, 3, kill)
    lines = dest / "importing.jsonl"
    lines.write_bytes(lines.read_bytes()[:-5])
    with (dest / "pixels.npy").open("r+b") as file:  # what the block that does not count left behind
        file.seek(-18 * 360 + 2 * BLOCK * 360, os.SEEK_END)
        file.write(bytes(BLOCK * 360))
    found = bring(tree, dest)
    assert same_content(found, data.load(tree, progress=False))


def test_a_lost_file_of_pixels_starts_anew(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "done"
    stopped(tree, dest, 3, kill)
    (dest / "pixels.npy").unlink()
    assert same_content(bring(tree, dest), data.load(tree, progress=False))


def test_a_source_that_has_changed_is_imported_anew(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "done"
    stopped(tree, dest, 3, kill)
    (tree / "Ann" / "Ann_0001.jpeg").write_bytes(encoded(picture(99), "jpeg", quality=30))
    found = bring(tree, dest)
    assert torch.equal(found.images[0], decoded((tree / "Ann" / "Ann_0001.jpeg").read_bytes()))


@pytest.mark.parametrize("step", ["labels.npy", "names.json", "files.json", "set.json"])
def test_a_kill_at_the_end_leaves_no_half_set(tree: Path, tmp_path: Path, step: str) -> None:
    dest = tmp_path / "done"

    def work() -> None:
        rename = Path.replace

        def killed(self: Path, target: Path) -> Path:
            if Path(target).name == step:
                kill()
            return rename(self, target)

        Path.replace = killed  # type: ignore[method-assign,assignment]
        bring(tree, dest)

    assert in_a_child(work) == -signal.SIGKILL
    assert not (dest / "set.json").exists()
    with pytest.raises(ValueError, match="holds an import that is not done"):
        data.load(dest)
    assert same_content(bring(tree, dest), data.load(tree, progress=False))


def test_done_is_done(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "done"
    bring(tree, dest)
    before = contents(dest)
    (dest / "importing.jsonl").write_text("left behind by a kill after the last step")
    bring(tree, dest, on_error="skip", processes=2)
    assert contents(dest) == before


def test_other_content_is_never_overwritten(tree: Path, tmp_path: Path) -> None:
    other = people_in(tmp_path / "other", {"Zoë": 5})
    dest, half, mine = tmp_path / "done", tmp_path / "half", tmp_path / "mine"
    bring(tree, dest)
    stopped(tree, half, 2, kill)
    mine.mkdir()
    (mine / "thesis.txt").write_text("do not lose this")
    for folder, source, options, what in (
        (dest, other, {}, f"a set by the source '{tree}'"),
        (half, other, {}, f"a set by the source '{tree}'"),
        (
            dest,
            tree,
            {"size": 8},
            "a set by the options {'grey': False, 'min_images': 1, 'people': None, 'size': None, 'test_people': None}",
        ),
        (mine, tree, {}, "other files"),
    ):
        before = contents(folder)
        with pytest.raises(ValueError) as error:
            bring(source, folder, **options)
        assert str(error.value) == (
            f"The folder {folder} holds something else ({what}). Choose another folder, or remove this one if it is "
            f"not needed."
        )
        assert contents(folder) == before
    (tree / "Ann" / "Ann_0001.jpeg").write_bytes(encoded(picture(99), "jpeg", quality=30))
    with pytest.raises(ValueError, match=r"holds something else \(a set of other images of that source\)"):
        bring(tree, dest)


def test_a_full_disk_is_told_before_the_work(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "done"
    with files_of_at_most(4000), pytest.raises(OSError) as error:
        bring(tree, dest)
    assert str(error.value) == (
        f"There is no room for 6.61e-06 GB of pixels in {dest} (File too large). Make room, or choose another folder "
        f"or a "
        "smaller size."
    )
    assert files_in(dest) == ["importing.jsonl"]
    assert same_content(bring(tree, dest), data.load(tree, progress=False))


def test_a_disk_that_fails_later_is_told_of(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dest = tmp_path / "done"
    sync = os.fsync

    def failing(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "pixels.npy":
            raise OSError(errno.EIO, "Input/output error")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="Input/output error"):
            bring(tree, dest)
    assert len((dest / "importing.jsonl").read_text().splitlines()) == 1, "no block counts that may not be on disk"
    assert same_content(bring(tree, dest), data.load(tree, progress=False))


def test_two_imports_do_not_meet(tree: Path, tmp_path: Path) -> None:
    with files.alone(tmp_path / "done"), pytest.raises(ValueError, match="Another process is at work in"):
        bring(tree, tmp_path / "done")


def test_a_broken_image_stops_or_is_left_out(tree: Path, tmp_path: Path) -> None:
    broken = tree / "Ann" / "Ann_0007.jpeg"
    broken.write_bytes(b"junk")
    (tree / "Cem" / "Cem_0001.jpeg").write_bytes(encoded(picture(1, height=5), "jpeg"))
    dest = tmp_path / "done"
    with pytest.raises(ValueError, match=r"Ann_0007\.jpeg cannot be used: it is no JPEG"):
        bring(tree, dest)
    assert files_in(dest) == ["importing.jsonl", "pixels.npy"]
    found = bring(tree, dest, on_error="skip")
    loaded = data.load(tree, progress=False, on_error="skip")
    assert same_content(found, loaded)
    assert list(found.skipped) == list(loaded.skipped) == list(data.load(dest).skipped)
    assert [entry.file for entry in found.skipped] == ["Ann/Ann_0007.jpeg", "Cem/Cem_0001.jpeg"]
    assert found.source == "16 images of 2 people in the folder set. 2 more could not be read and were left out."
    assert found.digest() == loaded.digest()


def test_what_was_left_out_before_a_stop_is_still_known_after_it(tree: Path, tmp_path: Path) -> None:
    (tree / "Ann" / "Ann_0002.jpeg").write_bytes(b"junk")
    dest = tmp_path / "done"
    assert stopped(tree, dest, 3, kill, on_error="skip") == -signal.SIGKILL
    with pytest.raises(ValueError, match=r"Ann_0002\.jpeg cannot be used: it is no JPEG"):
        bring(tree, dest)
    found = bring(tree, dest, on_error="skip")
    loaded = data.load(tree, progress=False, on_error="skip")
    assert same_content(found, loaded)
    assert list(found.skipped) == list(loaded.skipped)
    assert found.digest() == loaded.digest()


def test_colours_that_show_late_are_no_obstacle(tmp_path: Path) -> None:
    tree = people_in(tmp_path / "set", {"Ann": 70}, grey=True)
    (tree / "Ann" / "Ann_0002.png").write_bytes(encoded(picture(1)))
    found = bring(tree, tmp_path / "done")
    assert same_content(found, data.load(tree, progress=False))
    assert found.shape == (3, 12, 10)


@pytest.mark.parametrize(
    ("file", "content", "how"),
    [
        ("labels.npy", b"", "labels.npy cannot be read"),
        ("pixels.npy", b"junk", "pixels.npy cannot be read"),
        ("names.json", b"{", "names.json cannot be read"),
        ("set.json", b"[]", "set.json is not that of a set"),
    ],
)
def test_damage_is_named(tree: Path, tmp_path: Path, file: str, content: bytes, how: str) -> None:
    dest = tmp_path / "done"
    bring(tree, dest)
    (dest / file).write_bytes(content)
    with pytest.raises(ValueError) as error:
        data.load(dest)
    assert str(error.value).startswith(f"The set in {dest} is damaged: {how}")
    assert str(error.value).endswith("Remove the folder and import the set again.")


def test_files_that_do_not_match_and_later_formats(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "done"
    bring(tree, dest)
    np.save(dest / "labels.npy", np.zeros(3, dtype=np.int64))
    with pytest.raises(ValueError, match="its files do not match each other"):
        data.load(dest)
    meta = json.loads((dest / "set.json").read_text())
    (dest / "set.json").write_text(json.dumps(meta | {"format": 3}))
    with pytest.raises(ValueError) as error:
        data.load(dest)
    assert str(error.value) == (
        f"The set in {dest} has format 3, and this version reads format 2. Import it again, or use the version that "
        f"wrote it."
    )


def test_a_run_is_the_same_from_disk_as_from_memory(tmp_path: Path) -> None:
    images = greys()
    stored = bring(images, tmp_path / "set")
    runs = []
    for name, given in (("memory", images), ("disk", stored)):
        run = Trainer(config(epochs=2), tmp_path / name, images=given, progress=False).fit()
        runs.append(run.load_checkpoint())
        Trainer.restored(run, images=images)
    assert all(torch.equal(value, runs[1].tensors[name]) for name, value in runs[0].tensors.items())
    assert np.array_equal(stored.thumbnails(), images.thumbnails())

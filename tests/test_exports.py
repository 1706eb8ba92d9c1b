"""Embeddings for other tools."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench import exports
from workbench.embeddings import EmbeddingSet


def some(count: int = 30, dim: int = 5, **more: object) -> EmbeddingSet:
    rows = np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32) * 3
    labels = np.arange(count) % 4
    return EmbeddingSet(rows, labels, ["Ann", "B\tob", "Cid\nDee", "<script>"], **more)


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_neighbours_are_the_nearest_others_by_cosine() -> None:
    given = some()
    table = exports.table(given)
    unit = given.embeddings / np.linalg.norm(given.embeddings, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    expected = np.argsort(-cosines, axis=1)[:, :10]
    assert table["neighbours"].to_pylist() == expected.tolist()
    assert np.allclose(np.take_along_axis(cosines, expected, 1), table["neighbour_cosines"].to_pylist(), atol=1e-6)
    assert table["label"].to_pylist()[:4] == ["Ann", "B\tob", "Cid\nDee", "<script>"]
    assert np.allclose(table["embeddings"].to_pylist(), given.embeddings)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_blocks_do_not_matter(block: int) -> None:
    rows = some().embeddings
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.array_equal(exports.neighbours(unit, 5, block=block)[0], exports.neighbours(unit, 5)[0])


def test_few_rows_have_few_neighbours() -> None:
    assert len(exports.table(some(3))["neighbours"][0]) == 2


def test_coordinates_hold_the_most_variance() -> None:
    given = some(200)
    given.embeddings[:, 1] *= 20
    table = exports.table(given)
    unit = given.embeddings / np.linalg.norm(given.embeddings, axis=1, keepdims=True)
    centred = unit - unit.mean(0)
    found = np.stack([table[axis].to_numpy() for axis in "xyz"])
    expected = np.linalg.svd(centred, compute_uv=False)[:3] ** 2
    assert np.allclose((found**2).sum(1), expected, rtol=1e-4)
    assert np.allclose(found @ found.T, np.diag(expected), atol=1e-3)


def test_the_projector_gets_one_line_for_each(tmp_path: Path) -> None:
    folder = exports.projector(some(files=[f"a/{i}.jpg" for i in range(30)]), tmp_path)
    vectors = np.loadtxt(folder / "vectors.tsv", delimiter="\t")
    assert np.allclose(vectors, some().embeddings, rtol=1e-6)
    metadata = (folder / "metadata.tsv").read_text().splitlines()
    assert metadata[:4] == ["label\tfile", "Ann\ta/0.jpg", "B ob\ta/1.jpg", "Cid Dee\ta/2.jpg"]
    assert len(metadata) == 31
    entry = json.loads((folder / "config.json").read_text())["embeddings"][0]
    assert entry["tensorShape"] == [30, 5]
    assert (folder / entry["tensorPath"]).is_file()
    assert (folder / entry["metadataPath"]).is_file()
    assert "sprite" not in entry
    assert "sprite" not in (folder / "projector_config.pbtxt").read_text()


def test_a_single_column_has_no_heading(tmp_path: Path) -> None:
    folder = exports.projector(some(), tmp_path)
    assert (folder / "metadata.tsv").read_text().splitlines()[0] == "Ann"


@pytest.mark.parametrize("colour", [(), (3,)])
def test_the_sprite_holds_every_thumbnail(tmp_path: Path, colour: tuple[int, ...]) -> None:
    pictures = np.arange(30, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8) * 8
    pictures = pictures if not colour else np.repeat(pictures[..., None], 3, axis=3)
    folder = exports.projector(some(thumbnails=pictures), tmp_path)
    sheet = opened(folder / "sprite.png")
    assert sheet.shape == (48, 48, 3)
    for i in range(30):
        row, column = divmod(i, 6)
        assert (sheet[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] == 8 * i).all()
    assert json.loads((folder / "config.json").read_text())["embeddings"][0]["sprite"]["singleImageDim"] == [8, 8]
    assert (folder / "projector_config.pbtxt").read_text().count("single_image_dim: 8") == 2


def test_a_sprite_stays_within_what_the_projector_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_SPRITE_SIDE", 30)
    folder = exports.projector(some(thumbnails=np.zeros((30, 8, 8), np.uint8)), tmp_path)
    assert opened(folder / "sprite.png").shape == (30, 30, 3)
    monkeypatch.setattr(exports, "_SPRITE_SIDE", 5)
    with pytest.raises(ValueError, match=r"takes a sprite of at most 5 pixels on a side\. 30 thumbnails do not fit"):
        exports.projector(some(thumbnails=np.zeros((30, 8, 8), np.uint8)), tmp_path)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        exports.save(tmp_path / "set.csv", some())
    assert str(error.value) == (
        f"Embeddings are written to a file that ends in .npz, .npy, .parquet. Got {tmp_path / 'set.csv'} instead."
    )
    assert not list(tmp_path.iterdir())

"""Anybody's embeddings: what is found in a file, and what is said where nothing is."""

import datetime as dt
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from workbench import checks, embeddings, exports, parquet, parquet_worker
from workbench.embeddings import EmbeddingSet

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3) + 1
WHO = np.array(["Ann", "Bob", "Ann", "Cid"])


def npz(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "set.npz", **arrays)
    return folder / "set.npz"


def check(found: EmbeddingSet) -> None:
    assert np.array_equal(found.embeddings, ROWS)
    assert found.embeddings.dtype == np.float32
    assert found.labels.tolist() == [0, 1, 0, 2]
    assert list(found.names) == ["Ann", "Bob", "Cid"]


@pytest.mark.parametrize("vectors", ["embeddings", "features", "E", "x", "anything"])
@pytest.mark.parametrize("labels", ["labels", "identity", "y"])
def test_usual_names_are_found(tmp_path: Path, vectors: str, labels: str) -> None:
    check(embeddings.load(npz(tmp_path, **{vectors: ROWS, labels: WHO})))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_any_floating_point_becomes_float32(tmp_path: Path, dtype: str) -> None:
    check(embeddings.load(npz(tmp_path, embeddings=ROWS.astype(dtype), labels=WHO)))


def test_identities_are_the_folders_of_files(tmp_path: Path) -> None:
    files = np.array(["lfw/Ann/Ann_0001.jpg", "Bob/Bob_0001.jpg", "lfw\\Ann\\Ann_0002.jpg", "Cid/1.png"])
    found = embeddings.load(npz(tmp_path, E=ROWS, u=files))
    check(found)
    assert list(found.files) == files.tolist()


def test_numbers_get_their_names(tmp_path: Path) -> None:
    numbers = np.array([7, 2, 7, 9])
    found = embeddings.load(npz(tmp_path, embeddings=ROWS, labels=numbers))
    assert found.labels.tolist() == [1, 0, 1, 2]
    assert list(found.names) == ["2", "7", "9"]
    names = np.array([f"person {c}" for c in range(10)])
    found = embeddings.load(npz(tmp_path, embeddings=ROWS, labels=numbers, names=names))
    assert list(found.names) == ["person 2", "person 7", "person 9"]


def test_labels_from_another_file(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", ROWS)
    (tmp_path / "who.txt").write_text("\n".join(WHO) + "\n")
    np.save(tmp_path / "who.npy", WHO)
    for file in ("who.txt", "who.npy"):
        check(embeddings.load(tmp_path / "rows.npy", labels=tmp_path / file))


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_what_is_saved_is_loaded(tmp_path: Path, suffix: str) -> None:
    given = EmbeddingSet(ROWS, np.array([0, 1, 0, 2]), ["Ann", "Bob", "Cid"], ["a/1", "b/1", "a/2", "c/1"])
    path = exports.save(tmp_path / f"set{suffix}", given)
    found = embeddings.load(path)
    check(found)
    assert list(found.files) == list(given.files)
    assert found.source == f"4 embeddings of 3 identities in set{suffix}"
    assert list(tmp_path.iterdir()) == [path]


def test_thumbnails_travel_in_npz(tmp_path: Path) -> None:
    pictures = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
    given = EmbeddingSet(ROWS, np.array([0, 1, 0, 2]), ["Ann", "Bob", "Cid"], thumbnails=pictures)
    assert np.array_equal(embeddings.load(exports.save(tmp_path / "set.npz", given)).thumbnails, pictures)


def test_parquet_with_one_column_for_each_number(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    columns = {"label": WHO, "e1": ROWS[:, 1], "e0": ROWS[:, 0], "e2": ROWS[:, 2], "e10_note": ["-"] * 4}
    write_table(pa.table(columns), tmp_path / "set.parquet")
    check(embeddings.load(tmp_path / "set.parquet"))


def test_parquet_with_lists_of_several_lengths_has_no_embeddings(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    write_table(pa.table({"embeddings": [[1.0], [1.0, 2.0, 3.0]], "label": ["a", "b"]}), tmp_path / "set.parquet")
    with pytest.raises(ValueError, match="holds no embeddings"):
        embeddings.load(tmp_path / "set.parquet")


def complaint(path: Path, **options: object) -> str:
    with pytest.raises(ValueError) as error:
        embeddings.load(path, **options)
    return str(error.value)


def test_says_what_is_missing(tmp_path: Path) -> None:
    path = npz(tmp_path, embeddings=ROWS)
    assert complaint(path) == (
        f"{path} says nothing of identities: 'labels', or 'files' whose folders are identities, was looked for. It has "
        f"'embeddings' float32 [4, 3]. Give a file with one label for each embedding as `labels`."
    )
    path = npz(tmp_path, labels=WHO, rows=ROWS.astype(int))
    assert complaint(path) == (
        f"{path} holds no embeddings: a matrix [N, D] of floating point named 'embeddings' was looked for. It has "
        f"'labels' <U3 [4], 'rows' int64 [4, 3]."
    )
    path = npz(tmp_path, embeddings=ROWS, labels=WHO[:3])
    assert complaint(path) == f"{path} must have one label for each of the 4 embeddings. Got [3] instead."
    assert complaint(tmp_path / "set.csv").endswith(f".npz, .npy, .parquet. Got {tmp_path / 'set.csv'} instead.")
    assert complaint(tmp_path / "no.npz") == f"There is no file {tmp_path / 'no.npz'}."
    assert complaint(path, labels=tmp_path / "no.txt") == f"There is no file {tmp_path / 'no.txt'} with labels."


def test_objects_are_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    path = npz(tmp_path, embeddings=ROWS, labels=np.array([Trap()] * 4, dtype=object))
    assert complaint(path) == (
        f"{path} cannot be read as NumPy arrays: 'labels': it holds Python objects, which are never run."
    )
    (tmp_path / "set.npy").write_bytes(pickle.dumps(Trap()))
    assert "nothing else is ever run" in complaint(tmp_path / "set.npy")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".parquet"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"PAR1 cut short", b"\x93NUMPY\x01\x00"])
def test_files_that_are_damaged(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"set{suffix}"
    path.write_bytes(content)
    said = complaint(path)
    assert re.match(rf"{re.escape(str(path))} cannot be read as (NumPy arrays|Parquet): ", said)
    assert "\n" not in said


def test_a_table_that_ends_the_process_that_reads_it_is_refused(tmp_path: Path) -> None:
    path = ROOT / "tests/fuzz/corpus/embeddings-parquet/0-4318/faces.parquet"
    assert complaint(path) == f"{path} cannot be read as Parquet: the process that read it was ended by SIGABRT."


def test_a_table_may_take_no_more_memory_than_it_is_given(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    path = tmp_path / "set.parquet"
    write_table(pa.table({"x": np.random.default_rng(0).random(2**22)}), path)
    for room, says in ((2**24, b"more memory than a file of its size can be worth ("), (2**28, b'{"kind": "end"}')):
        command = [sys.executable, "-P", parquet_worker.__file__, str(path), str(room)]
        answers = subprocess.run(command, capture_output=True, check=True).stdout
        assert says in answers.splitlines()[-1]


def test_texts_dates_and_nothing_come_out_of_a_table(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    days = [dt.date(2026, 1, day) for day in (1, 2, 1, 3)]
    columns = {"embeddings": list(ROWS), "label": ["ü", None, "ü", "c"], "names": days, "k": [True, None, False, True]}
    write_table(pa.table(columns), tmp_path / "set.parquet")
    found = parquet.read(tmp_path / "set.parquet")
    assert found["label"].tolist() == ["ü", "None", "ü", "c"]
    assert found["names"].tolist() == days
    assert found["k"].tolist() == ["True", "None", "False", "True"]
    assert np.array_equal(found["embeddings"], ROWS)


def test_without_pyarrow_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda package: None)
    (tmp_path / "set.parquet").write_bytes(b"")
    assert complaint(tmp_path / "set.parquet") == (
        "A Parquet file needs the package pyarrow, which is not installed. Install it with: pip install "
        "'hypersphere-workbench[parquet]'."
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"embeddings": ROWS.astype(np.float64)}, "must be float32 of the shape [N, D]. Got float64 of shape [4, 3]"),
        ({"embeddings": ROWS[:0]}, "must be float32 of the shape [N, D]. Got float32 of shape [0, 3]"),
        ({"labels": np.zeros(3, np.int64)}, "must be 4 int64 numbers, one for each embedding. Got int64 of shape [3]"),
        ({"labels": np.array([0, 1, 0, 3])}, "must lie in [0, 3), the number of names. Got labels from 0 to 3."),
        ({"files": ["a"]}, "The files of an EmbeddingSet must be one for each of 4 embeddings. Got 1."),
    ],
)
def test_a_set_that_does_not_fit(changes: dict[str, object], sentence: str) -> None:
    sound = {"embeddings": ROWS, "labels": np.array([0, 1, 0, 2]), "names": ["Ann", "Bob", "Cid"]}
    with pytest.raises(ValueError) as error:
        EmbeddingSet(**(sound | changes))
    assert sentence in str(error.value)


def test_the_real_ones(shared: Path) -> None:
    found = embeddings.load(shared / "data" / "lfw" / "lfw_mobilefacenet_128d.npz")
    assert found.embeddings.shape == (13_233, 128)
    assert len(found.names) == 5749

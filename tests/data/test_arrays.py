"""Images that come as arrays: `.npz`, `.mat`, and what scikit-learn fetches."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from tests.data.pictures import encoded, picture
from workbench import data

COLOURS = np.stack([picture(n) for n in range(4)])
GREYS = np.stack([picture(n, grey=True) for n in range(4)])
LABELS = np.array([3, 1, 3, 8])


@pytest.mark.parametrize(
    "images",
    [
        COLOURS,
        COLOURS.transpose(0, 3, 1, 2),
        COLOURS / 255,
        COLOURS.astype(np.int32),
        COLOURS.astype(np.float32),
    ],
    ids=["NHWC", "NCHW", "unit", "int32", "float32"],
)
@pytest.mark.parametrize("keys", [("images", "labels"), ("X", "y"), ("data", "target"), ("arr_0", "arr_1")])
def test_npz_in_every_usual_way(tmp_path: Path, images: np.ndarray, keys: tuple[str, str]) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, **{keys[0]: images, keys[1]: LABELS})
    found = data.load(path)
    assert torch.equal(found.images, torch.from_numpy(COLOURS).permute(0, 3, 1, 2))
    assert found.labels.tolist() == [1, 0, 1, 2]
    assert list(found.names) == ["1", "3", "8"]
    assert found.source == "4 images of 3 people in faces.npz."


def test_npz_with_names_and_files_and_things_besides(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    files = ["a/1.jpg", "b/1.jpg", "a/2.jpg", "b/2.jpg"]
    besides = np.array([{"anything": 1}], dtype=object)
    np.savez(path, images=GREYS, labels=[[2], [0], [2], [0]], names=["a", "b", "c"], files=files, notes=besides)
    found = data.load(path)
    assert found.shape == (1, 12, 10)
    assert (list(found.names), found.labels.tolist(), list(found.files)) == (["a", "b", "c"], [2, 0, 2, 0], files)
    np.savez(path, images=GREYS > 100, labels=np.array(["x", "ä", "x", "y"]))
    found = data.load(path)
    assert set(found.images.unique().tolist()) == {0, 255}
    assert (list(found.names), found.labels.tolist()) == (["x", "y", "ä"], [0, 2, 0, 1])


class Evil:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_npz_with_objects_runs_nothing(tmp_path: Path) -> None:
    path, mark = tmp_path / "evil.npz", tmp_path / "mark"
    np.savez(path, images=np.array([Evil(mark)], dtype=object), labels=[0])
    with pytest.raises(ValueError) as error:
        data.load(path)
    assert str(error.value) == (
        f"The file {path} cannot be read as .npz ('images': it holds Python objects, which are never run). Save images "
        "and labels with numpy.savez, as numbers or texts, or fetch it again."
    )
    assert not mark.exists()
    np.load(path, allow_pickle=True)["images"]
    assert mark.exists(), "the file would have done it"


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        (
            {"images": GREYS, "labels": [0, 1]},
            "The labels of {} must be 4, one for each image. Got labels of shape [2] instead.",
        ),
        (
            {"images": GREYS[0], "labels": [0]},
            (
                "The images of {} must be of shape [N, height, width], or have 1 or 3 channels besides. Got [12, 10] "
                "instead. "
                "Reshape them and save them again."
            ),
        ),
        (
            {"images": GREYS - 300.0, "labels": LABELS},
            (
                "The pixels of {} must be in [0, 255], or in [0, 1]. Got numbers from -300 to {high:g}. Bring "
                "them to that "
                "range and save them again."
            ),
        ),
        ({"images": GREYS.astype(str), "labels": LABELS}, "The images of {} must be numbers. Got <U3 instead."),
        (
            {"images": GREYS, "labels": LABELS + 0.5},
            "The labels of {} must be whole numbers or names. Got float64 instead.",
        ),
        (
            {"images": GREYS, "labels": LABELS, "names": ["a", "b"]},
            "The labels of {} must lie in [0, 2), as there are 2 names. Got labels from 1 to 8.",
        ),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, arrays: dict[str, Any], sentence: str) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError) as error:
        data.load(path)
    expected = sentence.replace("{}", str(path)).replace("{high:g}", f"{GREYS.max() - 300.0:g}")
    assert str(error.value) == expected


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    np.savez(path, embeddings=GREYS)
    with pytest.raises(ValueError) as error:
        data.load(path)
    assert str(error.value) == (
        f"The file {path} must have images (images, x, data, faces, imgs, pixels, fea, x_train, arr_0) and labels "
        f"(labels, "
        "y, target, targets, label, ids, gnd, identity, y_train, arr_1). It has embeddings."
    )
    whole = path.read_bytes()
    for content in (whole[:50], b"", b"junk"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"^The (file|array).* cannot be read.*[Ff]etch"):
            data.load(path)


def test_the_olivetti_faces_are_upright(shared: Path) -> None:
    """The mean face of another cut of the same photographs tells which way is up."""
    path = shared / "data" / "orl" / "olivettifaces.mat"
    faces = data.load(path)
    assert (len(faces), faces.classes, faces.shape) == (400, 40, (1, 64, 64))
    assert faces.labels.tolist() == [person for person in range(40) for _ in range(10)]
    with np.load(shared / "data" / "orl" / "orl_112x92.npz") as orl:
        mean = Image.fromarray(orl["images"].mean(0)[30:102, 10:82].astype(np.uint8)).resize((64, 64))
    expected = np.asarray(mean).astype(float)
    found = faces.images[:, 0].double().mean(0).numpy()

    def likeness(turned: np.ndarray) -> float:
        return float(np.corrcoef(turned.ravel(), expected.ravel())[0, 1])

    others = [likeness(t) for t in (found.T, found[::-1], found.T[::-1], found.T[:, ::-1], found[::-1, ::-1])]
    assert likeness(found) > 0.75
    assert max(others) < 0.5


@pytest.fixture
def home(shared: Path, tmp_path: Path) -> Path:
    """A folder as scikit-learn leaves it behind: the Olivetti faces as it stores them, and some of LFW in its tree."""
    content = scipy.io.loadmat(shared / "data" / "orl" / "olivettifaces.mat")
    joblib.dump(content["faces"].T.copy(), tmp_path / "olivetti_py3.pkz", compress=1)
    folder = tmp_path / "lfw_home" / "lfw_funneled"
    for seed, (name, count) in enumerate({"Ann_Lee": 2, "Bob_Ray": 3}.items()):
        (folder / name).mkdir(parents=True)
        for number in range(1, count + 1):
            pixels = picture(10 * seed + number, height=250, width=250)
            (folder / name / f"{name}_{number:04d}.jpg").write_bytes(encoded(pixels, "jpeg"))
    pairs = "Ann_Lee\t1\t2\nBob_Ray\t1\t3\n" + "Ann_Lee\t1\tBob_Ray\t1\nBob_Ray\t2\tAnn_Lee\t2\n"
    for name in ("pairs.txt", "pairsDevTrain.txt", "pairsDevTest.txt"):
        (tmp_path / "lfw_home" / name).write_text(("10\t2\n" + pairs * 10) if name == "pairs.txt" else "2\n" + pairs)
    return tmp_path


def test_olivetti_by_name_is_the_mat_file(home: Path, shared: Path) -> None:
    faces = data.load("olivetti", data_home=home)
    stretched = data.load(shared / "data" / "orl" / "olivettifaces.mat").images.double()
    # scikit-learn stretches the whole set to [0, 1].
    expected = (stretched - stretched.min()) / (stretched.max() - stretched.min()) * 255
    assert (faces.images - expected).abs().max() <= 0.51
    assert faces.source == data.describe("olivetti")
    assert list(faces.names) == [str(n) for n in range(1, 41)]


def test_lfw_people_by_name(home: Path) -> None:
    faces = data.load("lfw-people", data_home=home, min_images=3)
    assert (len(faces), list(faces.names), faces.shape) == (3, ["Bob Ray"], (3, 125, 94))
    folder = home / "lfw_home" / "lfw_funneled" / "Bob_Ray"
    expected = {np.asarray(Image.open(path))[70:195, 78:172].tobytes() for path in folder.iterdir()}
    assert {image.permute(1, 2, 0).contiguous().numpy().tobytes() for image in faces.images} == expected


@pytest.mark.parametrize(("subset", "count", "folds"), [("10_folds", 40, 10), ("train", 4, 1), ("test", 4, 1)])
def test_lfw_pairs_by_name(home: Path, subset: str, count: int, folds: int) -> None:
    found = data.load_verification("lfw-pairs", data_home=home, subset=subset, size=16, grey=True)
    assert len(found.pairs) == count
    assert found.images.shape == (1, 16, 16)
    assert found.pairs.same.tolist() == [True, True, False, False] * (count // 4)
    assert found.pairs.fold.tolist() == [n * folds // count for n in range(count)]
    assert torch.equal(found.images.images[found.pairs.first[2]], found.images.images[found.pairs.first[0]])


def test_what_cannot_be_fetched_says_where_to_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(**options: Any) -> None:
        assert options["data_home"] == str(tmp_path)
        raise OSError("no network")

    monkeypatch.setattr("sklearn.datasets.fetch_olivetti_faces", offline)
    with pytest.raises(ValueError) as error:
        data.load("olivetti", data_home=tmp_path)
    assert str(error.value) == (
        "The Olivetti faces are not in scikit-learn's folder and cannot be fetched (no network). Fetch them once on "
        "a machine "
        "with a network, and give the folder as 'data_home'."
    )


@pytest.mark.parametrize("form", ["DN", "ND", "HWN", "HWCN", "NHW"])
def test_mat_in_every_usual_way(tmp_path: Path, form: str) -> None:
    squares = np.stack([picture(n, height=6, width=6, grey=form != "HWCN") for n in range(4)])
    columns = squares.transpose(0, 2, 1).reshape(4, -1) if squares.ndim == 3 else squares
    arrays = {
        "DN": columns.T,
        "ND": columns,
        "HWN": np.moveaxis(squares, 0, -1),
        "HWCN": np.moveaxis(squares, 0, -1),
        "NHW": squares,
    }
    path = tmp_path / "faces.mat"
    names = np.array(["a", "bb", "c", "d"], dtype=object)
    scipy.io.savemat(path, {"fea": arrays[form], "gnd": LABELS[:, None] % 4, "names": names})
    found = data.load(path)
    expected = (
        torch.from_numpy(squares)[:, None] if squares.ndim == 3 else torch.from_numpy(squares).permute(0, 3, 1, 2)
    )
    assert torch.equal(found.images, expected)
    assert [found.names[c] for c in found.labels.tolist()] == ["d", "bb", "d", "a"]


def test_mat_files_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "faces.mat"
    for arrays, sentence in (
        (
            {"a": [1]},
            (
                f"The file {path} must have images (images, x, data, faces, imgs, pixels, fea, x_train, arr_0) "
                "and labels (labels, y, target, targets, label, ids, gnd, identity, y_train, arr_1). It has a."
            ),
        ),
        (
            {"fea": np.zeros((4, 6)), "gnd": [0, 1, 2]},
            f"The labels of {path} must be one for each image. Got 3 labels and images of shape [4, 6].",
        ),
        (
            {"fea": np.zeros((4, 6)), "gnd": [0, 1, 2, 3]},
            (
                f"The images of {path} are vectors of 6 numbers, which make no square. Save them as height x width x "
                f"images."
            ),
        ),
    ):
        scipy.io.savemat(path, arrays)
        with pytest.raises(ValueError) as error:
            data.load(path)
        assert str(error.value) == sentence
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(100))
    with pytest.raises(ValueError) as error:
        data.load(path)
    assert str(error.value) == (
        f"The file {path} cannot be read as .mat: it is of MATLAB's version 7.3, and save(..., '-v7') writes one that "
        f"can be read. Fetch it again, or save it as .npz."
    )
    path.write_bytes(b"junk" * 100)
    with pytest.raises(ValueError, match=rf"^The file {path} cannot be read as \.mat: it is none\. Fetch it again, or"):
        data.load(path)

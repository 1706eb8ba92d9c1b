"""A network on faces it was not trained on: from images to the numbers, and the commands that do it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.small import on_digits
from tests.test_cli import Command
from tests.test_cli import workbench as workbench
from workbench import data, embedders, embeddings, protocols, recognition
from workbench.data import ImageSet, Pairs
from workbench.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network that tells digits apart well but not perfectly."""
    folder = tmp_path_factory.mktemp("run") / "cosface"
    return on_digits(folder, loss="cosface", batch_size=128, lr=0.05, dim=8).fit()


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 digits as a folder tree in LFW's manner, with a list of pairs in two folds."""
    root = tmp_path_factory.mktemp("faces")
    digits = data.load("digits")
    lines = ["2\t10"]
    for c in range(10):
        (root / "tree" / f"Digit_{c}").mkdir(parents=True)
        for i, row in enumerate((digits.labels == c).nonzero().flatten()[:12]):
            file = root / "tree" / f"Digit_{c}" / f"Digit_{c}_{i + 1:04d}.png"
            Image.fromarray(digits.images[row, 0].numpy()).save(file)
    for fold in range(2):
        lines += [f"Digit_{c}\t{1 + fold}\t{4 + fold}" for c in range(10)]
        lines += [f"Digit_{c}\t{2 + fold}\tDigit_{(c + 1 + fold) % 10}\t{5 + fold}" for c in range(10)]
    (root / "pairs.txt").write_text("\n".join(lines) + "\n")
    return root


def tree(faces: Path) -> ImageSet:
    return data.load(faces / "tree", progress=False)


def test_embeddings_know_where_they_come_from(run: Run, faces: Path) -> None:
    images = tree(faces)
    found = recognition.embed(embedders.load(run.folder), images, thumbnails=True)
    assert found.files[0] == "Digit_0/Digit_0_0001.png"
    assert list(found.names) == [f"Digit_{c}" for c in range(10)]
    assert found.labels.tolist() == images.labels.tolist()
    assert np.array_equal(found.thumbnails, images.images[:, 0].numpy())
    assert found.source == images.source


def test_numbers_are_those_of_the_protocols(run: Run, faces: Path) -> None:
    images = tree(faces)
    pairs = data.read_pairs(faces / "pairs.txt", images)
    embedder = embedders.load(run.folder)
    found = recognition.evaluate(embedder, images, pairs)
    rows = embedder.embed(images.images).astype(np.float64)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = (unit[pairs.first] * unit[pairs.second]).sum(1)
    expected = protocols.fold_accuracy(cosines, pairs.same.numpy(), pairs.fold.numpy())
    assert found.folds.accuracy.tolist() == expected.accuracy.tolist()
    assert 0.7 < found.folds.mean < 1
    assert found.verification.roc.genuine_total == found.verification.roc.impostor_total == 20
    # Everybody's first image is enrolled; each other image is looked for.
    best = np.array([unit[i] @ unit[images.labels.numpy() == images.labels[i].item()][0] for i in range(120)])
    gallery = np.stack([unit[images.labels.numpy() == c][0] for c in range(10)])
    rank = 1 + ((gallery @ unit.T) > best + 1e-9).sum(0)
    probes = np.delete(np.arange(120), np.arange(0, 120, 12))
    assert found.closed_set.ranks[0].rate.value == pytest.approx((rank[probes] == 1).mean())
    assert found.closed_set.non_mated == 0
    assert found.open_set.non_mated == 2 * 12
    assert found.measured.counts() == {
        "images": 120,
        "classes": 10,
        "genuine_pairs": 10 * 66,
        "impostor_pairs": 120 * 119 // 2 - 660,
    }
    numbers = found.headline()
    assert json.loads(json.dumps(numbers)) == numbers
    assert numbers["network"]["kind"] == "run"


def test_a_mirrored_image_can_be_added(run: Run, faces: Path) -> None:
    images, embedder = tree(faces), embedders.load(run.folder)
    found = recognition.evaluate(embedder, images, flip="sum")
    both = embedder.embed(images.images) + embedder.embed(images.images.flip(3))
    assert np.allclose(found.embeddings.embeddings, both, atol=1e-5)
    assert found.headline()["flip"] == "sum"
    assert found.folds is None
    assert found.verification is None


def test_images_of_nobody_need_pairs(run: Run, faces: Path) -> None:
    images = tree(faces)
    alone = ImageSet(images.images[::12].clone(), torch.arange(10), [str(n) for n in range(10)])
    with pytest.raises(ValueError) as error:
        recognition.evaluate(embedders.load(run.folder), alone)
    assert str(error.value) == (
        "Nothing can be measured: of 10 images no two show one person, and no list of pairs is given. Give one as "
        "'pairs', or a set with several images of each person."
    )
    pairs = Pairs(torch.tensor([0, 2]), torch.tensor([1, 3]), torch.tensor([True, False]), torch.tensor([0, 0]))
    found = recognition.evaluate(embedders.load(run.folder), alone, pairs)
    assert found.folds is None, "one fold has no others to choose a threshold on"
    assert found.closed_set is found.open_set is found.measured is None


def test_pictures_are_found_by_their_files(run: Run, faces: Path) -> None:
    images = tree(faces)
    few = recognition.embed(embedders.load(run.folder), images.select(torch.tensor([17, 3])))
    shown = recognition.with_pictures(few, images).thumbnails
    assert np.array_equal(shown, images.images[[17, 3], 0].numpy())
    with pytest.raises(ValueError) as error:
        recognition.with_pictures(few, images.select(torch.tensor([3, 4])))
    assert str(error.value) == (
        "The pictures of the embeddings cannot be found among 2 images: 'Digit_1/Digit_1_0006.png' and 0 more are not. "
        "Give the very images that were embedded."
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_small(channels: int) -> None:
    images = torch.randint(0, 255, (3, channels, 96, 64), dtype=torch.uint8)
    shown = recognition.pictures(ImageSet(images, torch.arange(3), ["a", "b", "c"]))
    assert shown.shape == (3, 48, 32, *((3,) if channels == 3 else ()))
    box = images.float().reshape(3, channels, 48, 2, 32, 2).mean((3, 5)).permute(0, 2, 3, 1)
    assert np.abs(shown.reshape(box.shape) - box.numpy()).max() <= 1


# -- the commands


def test_evaluate_prints_every_number_with_its_interval(
    workbench: Command, run: Run, faces: Path, tmp_path: Path
) -> None:
    pairs, tested = str(faces / "pairs.txt"), str(faces / "tree")
    code, out, _ = workbench(
        *("evaluate", "--model", str(run.folder), "--data", tested, "--pairs", pairs, "-o", "numbers.json"),
        *("--embeddings", "rows.npz", "-d", "progress=false"),
    )
    assert code == 0
    numbers = json.loads(Path("numbers.json").read_text())
    assert f"{100 * numbers['folds']['accuracy']['value']:.2f} %" in out.splitlines()[2]
    for words in (
        "120 images of 10 people in the folder tree.",
        "2 folds, standard error",
        "20 genuine and 20 impostor pairs listed",
        "FAR 0.1 and less cannot be told: it takes 100 impostor pairs, not 20.",
        "Search: 10 identities enrolled, 110 probes",
        "24 further probes of people who are not enrolled:",
        "All pairs: 660 genuine, 6480 impostor",
        "In brackets: 95 % intervals.",
    ):
        assert words in out
    kept = embeddings.load("rows.npz")
    assert kept.embeddings.shape == (120, 8)
    assert kept.thumbnails.shape == (120, 8, 8)


def test_evaluate_a_run_on_what_it_has_held_out(workbench: Command, run: Run) -> None:
    code, out, _ = workbench("evaluate", "--model", str(run.folder), "-o", "numbers.json")
    assert code == 0
    assert json.loads(Path("numbers.json").read_text()) == json.loads((run.folder / "evaluation.json").read_text())
    assert [line.split()[0] for line in out.splitlines()] == ["accuracy", "EER", "TAR", "TAR", "TAR", "TAR"]


def test_embed_and_export(workbench: Command, run: Run, faces: Path) -> None:
    command = ("embed", "--model", str(run.folder), "--data", str(faces / "tree"), "-o", "rows.npz", "--thumbnails")
    assert workbench(*command).out == "120 embeddings of 10 identities are in rows.npz\n"
    assert workbench("export", "rows.npz", "-o", "rows.parquet").out == "120 embeddings are in rows.parquet\n"
    assert workbench("export", "rows.npz", "-o", "projector").out == (
        "tensorboard --logdir projector   shows 120 embeddings\n"
    )
    assert embeddings.load("rows.parquet").files == embeddings.load("rows.npz").files
    assert sorted(path.name for path in Path("projector").iterdir()) == [
        "config.json",
        "metadata.tsv",
        "projector_config.pbtxt",
        "sprite.png",
        "vectors.tsv",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("evaluate", "--model", "RUN", "--data", "digits", "-p", "scalng=unit"),
            "There is no parameter of a network named 'scalng'. Did you mean 'scaling'? Known: ",
        ),
        (("evaluate", "--model", "no.onnx", "--data", "digits"), "There is no no.onnx to load a network from."),
        (("evaluate", "--model", "no.onnx"), "Give --data: no.onnx is no run that could say which images it has held"),
        (("evaluate", "--model", "RUN", "--data", "nowhere"), "There is no data set 'nowhere'."),
        (
            ("evaluate", "--model", "RUN", "--data", "digits", "--pairs", "no.txt"),
            "The pairs of no.txt name files, but",
        ),
        (
            ("embed", "--model", "RUN", "--data", "digits", "-o", "rows.csv"),
            "Embeddings are written to a file that ends",
        ),
        (("embed", "--model", "RUN", "--data", "digits", "-d", "sise=3", "-o", "rows.npy"), "There is no parameter of"),
        (("export", "no.npz", "-o", "x.parquet"), "There is no file no.npz."),
    ],
)
def test_what_is_wrong_is_one_sentence(
    workbench: Command,
    run: Run,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    given = [str(run.folder) if part == "RUN" else part for part in arguments]
    assert workbench.fails(*given).startswith(sentence)
    assert list(Path().iterdir()) == []


# -- on real faces


def test_a_bin_set_agrees_with_the_tree_it_was_made_of(shared: Path) -> None:
    """The first fold of LFW's View 2, as InsightFace packs it, by a published network."""
    pytest.importorskip("onnxruntime")
    folder = shared / "data"
    embedder = embedders.load(folder / "models" / "MobileFaceNet.onnx", scaling="imagenet")
    held = data.load_bin(folder / "lfw_mini" / "lfw_fold1.bin", progress=False)
    scores = protocols.pair_cosines(embedder.embed(held.images.images), held.pairs.first, held.pairs.second)
    stored = embeddings.load(folder / "lfw" / "lfw_mobilefacenet_128d.npz")
    place = {file: i for i, file in enumerate(stored.files)}
    same: list[bool] = []
    positions: list[tuple[int, int]] = []
    for line in (folder / "lfw" / "protocol" / "pairs.txt").read_text().splitlines()[1:601]:
        parts = line.split("\t")
        first, second = ((parts[0], parts[1]), (parts[-2] if len(parts) == 4 else parts[0], parts[-1]))
        positions.append(tuple(place[f"{who}/{who}_{int(n):04d}.jpg"] for who, n in (first, second)))
        same.append(len(parts) == 3)
    assert held.pairs.same.tolist() == same
    expected = protocols.pair_cosines(stored.embeddings, *np.array(positions).T)
    accuracy: dict[str, Any] = {}
    for name, found in (("bin", scores), ("tree", expected)):
        best = max(((found >= t) == np.array(same)).mean() for t in found)
        accuracy[name] = best
    assert abs(accuracy["bin"] - accuracy["tree"]) < 0.005
    assert accuracy["tree"] > 0.99

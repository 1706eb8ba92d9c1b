"""The readers, each through its public entry, and the files that its fuzzing begins from.

A new reader: one function that makes seeds, one line in `TARGETS`. What happens to a file is told by its ending, see
`formats.mutations_of`.
"""

import io
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from tests.conftest import ROOT
from tests.data.pictures import encoded, insightface, picture, rec_content, rec_record
from tests.fuzz import formats
from tests.fuzz.harness import Files, Target
from tests.protocols import ijb_sets
from tests.small import greys, trainer
from workbench import data, embedders, embeddings, exports, models, notation, parquet, parquet_worker, protocols, sweeps
from workbench.config import RunConfig
from workbench.runs import Run
from workbench.sweeps.results import Results

Image.init()  # Pillow loads its other formats at the first file that is of none
_REAL = ROOT.parent / "shared" / "data"  # reference material beside the checkout, if it is there
_QUIET: dict[str, Any] = {"progress": False, "processes": 1}


def _written(write: Callable[[Path], object]) -> Files:
    """Return the files that something writes into a folder, those that matter first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }


def _real(archive: str, count: int) -> list[bytes]:
    """Return the first files of an archive of the reference material."""
    if not (_REAL / archive).exists():
        return []
    found = []
    with tarfile.open(_REAL / archive) as tar:
        for member in tar:
            if member.isfile() and member.name.endswith((".jpg", ".pgm")) and (file := tar.extractfile(member)):
                found.append(file.read())
                if len(found) == count:
                    break
    return found


def _head(path: str, lines: int, first: bytes) -> list[bytes]:
    """Return some lines of a text of the reference material, with another first line."""
    if not (_REAL / path).exists():
        return []
    return [b"\n".join([first, *(_REAL / path).read_bytes().split(b"\n")[1 : lines + 1]]) + b"\n"]


def _is_odd(path: Path) -> bool:
    """Choose between two ways of reading, by the content alone."""
    return bool(zlib.crc32(path.read_bytes()) & 1) if path.is_file() else False


def _used(images: data.ImageSet) -> None:
    """Look at all that a reader returned."""
    assert images.images[:].shape[0] == len(images.labels)
    assert len([str(name) for name in images.names]) == images.classes
    images.digest()


# -- images


def _jpegs() -> list[bytes]:
    exif = (
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    )
    return [
        encoded(picture(1), "jpeg"),
        encoded(picture(2, grey=True), "jpeg"),
        encoded(picture(3), "jpeg", progressive=True, quality=60),
        encoded(picture(4), "jpeg", exif=exif, subsampling=0),
        *_real("lfw/lfw_112x112.tar.gz", 1),
    ]


def _pictures() -> list[Files]:
    kinds = {"png": "png", "ppm": "ppm", "bmp": "bmp", "webp": "webp"}
    found = [{"a/one.jpg": content} for content in _jpegs()]
    found += [{f"a/one.{end}": encoded(picture(5), kind)} for kind, end in kinds.items()]
    found += [
        {"a/one.png": encoded(picture(6, grey=True), "png")},
        {"a/one.pgm": encoded(picture(6, grey=True), "ppm")},
    ]
    huge = b"\x00\x00\x1b\x58\x00\x00\x1b\x58\x08\x02\x00\x00\x00"  # 7000 x 7000
    small = encoded(picture(5), "png")
    found.append({"a/one.png": small[:16] + huge + zlib.crc32(b"IHDR" + huge).to_bytes(4, "big") + small[33:]})
    return found


def _read_picture(path: Path) -> None:
    # The one image lies in the folder of a person, and that in the folder of the set.
    options: dict[str, Any] = {"size": 8, "grey": True} if _is_odd(path) else {}
    _used(data.load(path.parent.parent, **_QUIET, **options))


def _recs() -> list[Files]:
    images = [encoded(picture(n), "jpeg" if n % 2 else "png") for n in range(3)]
    plain = b"".join(rec_record(rec_content(image, float(n), n)) for n, image in enumerate(images))
    vectors = b"".join(rec_record(rec_content(image, [float(n), 0.5], n)) for n, image in enumerate(images))
    parts = bytearray(encoded(picture(2), "bmp"))
    parts[60:64] = parts[200:204] = b"\x0a\x23\xd7\xce"
    whole = _written(lambda folder: insightface(folder / "train.rec", [2, 1]))
    listed = b"1\t0.0\tAnna/1.jpg\n2\t0.0\tAnna/2.jpg\n3\t1.0\tBo/1.jpg\n"
    return [
        {"train.rec": plain},
        {"train.rec": vectors},
        {"train.rec": plain + rec_record(rec_content(bytes(parts), 4.0, 9))},
        {"train.rec": whole["train.rec"], "train.idx": whole["train.idx"]},
        {"train.rec": whole["train.rec"], "train.idx": whole["train.idx"], "train.lst": listed},
    ]


def _read_rec(path: Path) -> None:
    if path.is_dir():
        path = path / "train.rec"
    _used(data.load(path, on_error="skip" if _is_odd(path) else "raise", **_QUIET))


def _bins() -> list[Files]:
    import pickle

    images, same = [encoded(picture(n), "jpeg") for n in range(4)], [True, False]
    arrays = [np.frombuffer(image, dtype=np.uint8).copy() for image in images]
    pixels = [picture(n) for n in range(4)]
    kinds: list[tuple[Any, Any]] = [(images, same), (arrays, np.array(same)), (pixels, [np.bool_(one) for one in same])]
    found = [{"lfw.bin": pickle.dumps(kind, protocol)} for kind in kinds for protocol in (0, 2, 4, 5)]
    # Each pair twice over in the next: as a text, as a key or in a sentence it would have 2**40 parts.
    deep = b"N" + b"\x94h\x00h\x00\x86" + b"".join(b"\x94h%c" % n + b"h%c" % n + b"\x86" for n in range(1, 40))
    nested = (b"\x80\x04N" + b"\x94h\x00h\x00\x86" * 40 + b".", b"\x80\x04" + deep + b".")
    key = b"\x80\x04}" + deep[1:] + b"Ns."
    match = b"\x80\x04]q\xf0(" + b"".join(b"C\x01x" for _ in range(2)) + b"e]q\xf1N" + deep[1:] + b"a\x86."
    odd = (*nested, key, match, *(formats.pickled(op) for op in formats.PICKLE))
    return found + [{"lfw.bin": content} for content in odd]


def _read_bin(path: Path) -> None:
    found = data.load_bin(path, on_error="skip" if _is_odd(path) else "raise", **_QUIET)
    _used(found.images)
    assert found.pairs.folds >= 1


def _arrays(**arrays: Any) -> bytes:
    written = io.BytesIO()
    packed = arrays.pop("packed", False)
    (np.savez_compressed if packed else np.savez)(written, **arrays)
    return written.getvalue()


def _image_arrays() -> list[Files]:
    images = greys(6).images[:, 0].numpy()
    labels = np.arange(6) % 3
    texts = np.array(["Anna", "Bo", "Cy"])
    files = np.array([f"a/{n}.png" for n in range(6)])
    return [
        {"set.npz": content}
        for content in (
            _arrays(images=images, labels=labels),
            _arrays(images=images[:, None], labels=labels, names=texts, files=files),
            _arrays(x=images / np.float32(255), y=texts[labels], packed=True),
            _arrays(images=images, labels=labels, extra=np.array([{}], dtype=object)),
            _arrays(images=np.zeros((6, 100, 100), np.uint8), labels=labels, packed=True),
        )
    ]


def _mats() -> list[Files]:
    from scipy.io import savemat

    images, labels = greys(6).images[:, 0].numpy().transpose(1, 2, 0), np.arange(6) % 3
    found = []
    for content in (
        {"images": images, "labels": labels},
        {"fea": images.reshape(16, 6).T.astype(float), "gnd": labels + 1},
        {"images": images, "labels": labels, "names": np.array(["Anna", "Bo", "Cy"], dtype=object)},
    ):
        for options in ({"do_compression": True}, {"do_compression": False}, {"format": "4"}):
            if options == {"format": "4"} and len(content) == 3:
                continue
            written = io.BytesIO()
            plain = {
                name: value.reshape(16, 6) if options == {"format": "4"} and value.ndim == 3 else value
                for name, value in content.items()
            }
            savemat(written, plain, **options)
            found.append({"faces.mat": written.getvalue()})
    return found


def _stored_sets() -> list[Files]:
    plain = _written(lambda folder: data.import_set(greys(6), folder, progress=False))
    tree = {f"a/{n}.png": encoded(picture(n), "png") for n in range(2)} | {"b/0.png": b"broken"}

    def skipping(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as name:
            for file, content in tree.items():
                (Path(name) / file).parent.mkdir(exist_ok=True)
                (Path(name) / file).write_bytes(content)
            people = Path(name) / "people.txt"
            people.write_text("b\n")
            data.import_set(name, folder, on_error="skip", size=4, **_QUIET)

    return [plain, _written(skipping)]


def _read_set(path: Path) -> None:
    _used(data.load(path, **_QUIET))


def _journals() -> list[Files]:
    """An import that was stopped after its first block, as its folder looks then."""
    stopped: Files = {}

    def stop(folder: Path) -> None:
        source = _source()
        data.import_set(source, folder, **_QUIET)
        plan = __import__("json").loads((folder / "set.json").read_text())["plan"]
        lines = [{"plan": plan, "form": [1, 4, 4, False, False]}, {"first": 0, "failed": [], "digest": "00" * 32}]
        stopped["importing.jsonl"] = b"".join(formats.as_json(line) + b"\n" for line in lines)
        stopped["pixels.npy"] = (folder / "pixels.npy").read_bytes()

    _written(stop)
    return [stopped]


def _source() -> Path:
    folder = Path(tempfile.gettempdir()) / "fuzzed-source"
    for n in range(3):
        path = folder / "ab"[n % 2] / f"{n}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(picture(n, height=4, width=4, grey=True), "png"))
    return folder


def _resume(path: Path) -> None:
    if path.is_file():
        path = path.parent
    beside = path.parent / "resumed"
    beside.mkdir(exist_ok=True)
    for old in beside.iterdir():
        old.unlink()
    for file in path.iterdir():
        (beside / file.name).write_bytes(file.read_bytes())
    _used(data.import_set(_source(), beside, **_QUIET))


# -- lists


_IMAGES = greys(8)
_NAMED = data.ImageSet(
    _IMAGES.images,
    _IMAGES.labels,
    _IMAGES.names,
    "Made for tests.",
    [f"{name}/{name}_{n:04d}.jpg" for name in ("Anna_A", "Bo") for n in range(1, 5)],
)


def _pair_lists() -> list[Files]:
    lfw = b"Anna_A\t1\t2\nBo\t3\t4\nAnna_A\t1\tBo\t2\nAnna_A\t4\tBo\t4\n"
    paths = b"Anna_A/Anna_A_0001.jpg,Bo/Bo_0001.jpg,0\nx/Bo/Bo_0001.jpg,Bo/Bo_0002.jpg,1\n"
    real = [content.replace(b"Abel_Pacheco", b"Bo") for content in _head("lfw/protocol/pairs.txt", 4, b"1\t2")]
    contents = [b"1\t2\n" + lfw, b"2\n" + lfw, paths, b"one,two,same\n" + paths, paths.replace(b",", b" "), *real]
    return [{"pairs.txt": content} for content in contents] + [{"pairs.csv": paths}]


def _people_lists() -> list[Files]:
    contents = [b"Anna A\nBo\n", b"2\nAnna_A\t4\nBo\t4\n", b"2\n1\nBo\t1\n1\nAnna_A\t1\n", b"\xef\xbb\xbfBo\r\n"]
    _people()
    return [{"people.txt": content} for content in [*contents, *_head("lfw/protocol/people.txt", 5, b"5")]]


def _people() -> Path:
    path = Path(tempfile.gettempdir()) / "fuzzed-people.npz"
    if not path.exists():
        images = greys(8)
        path.write_bytes(
            _arrays(images=images.images.numpy(), labels=np.arange(8) % 2, names=np.array(["Anna_A", "Bo"]))
        )
    return path


def _read_people(path: Path) -> None:
    _used(data.load(_people(), people=path, progress=False))


def _ijbs() -> list[Files]:
    _, rows = ijb_sets.made(subjects=5)
    return [_written(lambda folder: ijb_sets.write_insightface(folder, rows))]


def _nists() -> list[Files]:
    _, rows = ijb_sets.made(subjects=5)
    found = [_written(partial(_write_nist, rows=rows, sightings=sightings)) for sightings in (True, False)]
    one = {"match.csv": b"101,101\n", "enroll_templates.csv": found[0]["gallery_G1.csv"]}
    return [*found, {**one, "verif_templates.csv": found[0]["probes.csv"], "match.csv": found[0]["match.csv"]}]


def _write_nist(folder: Path, *, rows: Sequence[Any], sightings: bool) -> None:
    for name, kind in (("gallery_G1.csv", "G1"), ("gallery_G2.csv", "G2"), ("probes.csv", "probes")):
        ijb_sets.write_csv(folder / name, rows, kind, sightings=sightings)
    seen = {(subject, f"frames/{medium}.png", medium) for _, _, subject, medium in rows}
    if not sightings:
        lines = [f"{subject},{file},{medium}" for subject, file, medium in sorted(seen)]
        (folder / "ijbc_metadata.csv").write_text("\n".join(["SUBJECT_ID,FILENAME,SIGHTING_ID", *lines]) + "\n")
    (folder / "match.csv").write_text("\n".join(f"{a},{b}" for a, b, _ in ijb_sets.pairs(rows)[:40]) + "\n")


# -- embeddings and networks


_EMBEDDINGS = embeddings.EmbeddingSet(
    np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32),
    np.arange(6, dtype=np.int64) % 3,
    ["Anna", "Bo", "Cy"],
    [f"{name}/{n}.jpg" for n, name in enumerate(("Anna", "Bo", "Cy") * 2)],
    np.zeros((6, 4, 4), np.uint8),
)


def _saved(name: str) -> Files:
    return _written(lambda folder: exports.save(folder / name, _EMBEDDINGS))


def _embedding_arrays() -> list[Files]:
    vectors, labels = _EMBEDDINGS.embeddings, _EMBEDDINGS.labels
    names = np.array(_EMBEDDINGS.names)
    contents = [
        _arrays(embeddings=vectors, labels=labels, names=names),
        _arrays(E=vectors.astype(np.float16), files=np.array(_EMBEDDINGS.files)),
        _arrays(other=vectors.astype(float), y=labels - 1, packed=True),
        _arrays(embeddings=np.zeros((10**4, 2), np.float32), labels=np.zeros(10**4, np.int8), packed=True),
        _arrays(embeddings=vectors, labels=np.array([{}] * 6, dtype=object)),
    ]
    return [_saved("faces.npz"), *({"faces.npz": content} for content in contents)]


def _matrices() -> list[Files]:
    labels = np.array(["Anna", "Bo", "Cy", "Anna", "Bo", "Cy"])
    written = io.BytesIO()
    np.save(written, labels)
    matrix = _saved("faces.npy")
    return [{**matrix, "labels.npy": written.getvalue()}, {**matrix, "labels.txt": b"Anna\nBo\nCy\nAnna\nBo\nCy\n"}]


def _read_matrix(path: Path) -> None:
    folder = path if path.is_dir() else path.parent
    labels = next((folder / name for name in ("labels.npy", "labels.txt") if (folder / name).exists()), None)
    embeddings.load(folder / "faces.npy", labels=labels)


def _tables() -> list[Files]:
    import pyarrow as pa
    from pyarrow import parquet

    numbers = {f"e{n}": _EMBEDDINGS.embeddings[:, n] for n in range(3)}
    names = [_EMBEDDINGS.names[n] for n in _EMBEDDINGS.labels]
    found = [_saved("faces.parquet")]
    for table, packing in (
        (pa.table({**numbers, "label": names}), "none"),
        (pa.table({"embeddings": list(_EMBEDDINGS.embeddings), "label": _EMBEDDINGS.labels}), "zstd"),
        (pa.table({**numbers, "label": pa.array(names).dictionary_encode()}), "gzip"),
        (pa.table({**numbers, "label": [None, *names[1:]]}), "snappy"),
        (pa.table({"embeddings": [[0.5]] * 10**4, "label": ["Anna"] * 10**4}), "snappy"),
    ):
        written = io.BytesIO()
        parquet.write_table(table, written, compression=packing)
        found.append({"faces.parquet": written.getvalue()})
    return found


def _read_table(path: Path) -> None:
    """Read a table by the code that the workbench runs in a process of its own, but in this one."""
    with mock.patch.object(parquet, "read", _read_here):
        embeddings.load(path)


def _read_here(path: Path) -> dict[str, np.ndarray]:
    answers = io.BytesIO()
    parquet_worker.write(str(path), answers)
    answers.seek(0)
    columns = parquet.received(path, answers)
    assert columns is not None
    return columns


def _network() -> Any:
    return models.create("mlp", 2, shape=(1, 4, 4))


def _weights(name: str) -> list[Files]:
    import torch
    from safetensors.torch import save

    state = _network().state_dict()
    if name.endswith(".safetensors"):
        half = {f"backbone.{key}": value.half() for key, value in state.items()}
        return [{name: save(state)}, {name: save(half, {"format": "pt"})}, {name: save({"x": torch.zeros(0, 3)})}]
    small = {"layer.weight": torch.zeros(2, 2), "layer.bias": torch.zeros(2)}
    found = []
    for content in (small, {"state_dict": small, "epoch": 3}, {key: value.half() for key, value in small.items()}):
        for zipped in (True, False):
            written = io.BytesIO()
            torch.save(content, written, _use_new_zipfile_serialization=zipped)
            found.append({name: written.getvalue()})
    return found


_SMALL: list[Any] = []


def _fill(path: Path) -> None:
    import torch

    if not _SMALL:
        layer = torch.nn.Module()
        layer.layer = torch.nn.Linear(2, 2)
        _SMALL.extend((_network(), layer))
    models.load_weights(_SMALL[path.suffix != ".safetensors"], path)


def _onnx() -> list[Files]:
    from onnxscript import ir

    node = ir.node(
        "GlobalAveragePool",
        [images := ir.Value(name="images", shape=ir.Shape([None, 3, 4, 4]), type=ir.TensorType(ir.DataType.FLOAT))],
    )
    out = node.outputs[0]
    out.name, out.shape, out.type = "pooled", ir.Shape([None, 3, 1, 1]), ir.TensorType(ir.DataType.FLOAT)
    weight = ir.Value(name="w", const_value=ir.tensor(np.ones((1, 3, 1, 1), np.float32), name="w"))
    scaled = ir.node("Mul", [out, weight])
    end = scaled.outputs[0]
    end.name, end.shape, end.type = "embeddings", ir.Shape([None, 3, 1, 1]), ir.TensorType(ir.DataType.FLOAT)
    graph = ir.Graph([images], [end], nodes=[node, scaled], initializers=[weight], opset_imports={"": 17}, name="g")
    model = ir.Model(graph, ir_version=8)
    return [{"net.onnx": ir.to_proto(model).SerializeToString()}]


def _embed(path: Path) -> None:
    embedders.load(path, threads=1).embed(np.zeros((2, 3, 4, 4), np.uint8))


# -- runs and sweeps


def _runs() -> list[Files]:
    done = _written(lambda folder: trainer(folder, epochs=2, snapshots=2, dim=2).fit())
    RunConfig()
    return [
        done,
        _written(lambda folder: trainer(folder, epochs=1, snapshots=2, loss="softmax", held_out="classes").fit()),
    ]


def _read_run(path: Path) -> None:
    run = Run.load(path if path.is_dir() else path.parent)
    assert run.finished in (True, False)
    assert isinstance(run.digest, str)
    run.records(), run.progress(), run.terms()
    run.load_checkpoint()
    run.snapshots()
    run.margins()


def _embed_by_run(path: Path) -> None:
    embedders.load(path if path.is_dir() else path.parent).embed(np.zeros((1, 1, 4, 4), np.uint8))


def _specs() -> list[Files]:
    from workbench.sweeps.spec import example

    RunConfig()  # what its checks import takes seconds
    texts = [
        example(),
        "losses: [arcface, {loss: softmax, label: a}]\nseeds: [0, 3]\ndim: 8\nmargin: [0.2, 0.5]\n",
        "losses: arcface\nseeds: 2\ndata:\n  - digits\n  - {data: synthetic-faces, data_options: {size: 16}, dim: 4}\n",
        "losses: &a [arcface, softmax]\nmilestones: [0.3, 0.6]\nschedule: step\nloss_options: {scale: 8}\n",
        "a: &a [1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"{y}: &{y} [{','.join([f'*{x}'] * 9)}]\n" for x, y in zip("abcdefgh", "bcdefghi", strict=True)),
        "seeds: 1000000000\nlosses: arcface\n",
        "losses: arcface\n"
        + "".join(
            f"{name}: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]\n"
            for name in ("margin", "dropout", "share", "lr", "warmup", "momentum", "weight_decay", "views_from")
        ),
        "{" * 3000,
        "".join(f"k{n}: 1\n" for n in range(20_000)),
    ]
    return [{"sweep.yaml": text.encode()} for text in texts]


def _values() -> list[Files]:
    texts = [
        "3",
        "1e-2",
        "[softmax, arcface]",
        "{margin: 0.3}",
        "a: &x [1]\nb: *x\nc: {<<: {d: 1}}",
        "2001-01-01",
        "!!int '3'",
    ]
    return [{"value.yaml": text.encode()} for text in texts] + _specs()[4:]


def _parse(path: Path) -> None:
    repr(notation.parse(path.read_bytes().decode("utf-8", "replace")))


def _sweep_results() -> list[Files]:
    spec = "losses: [arcface, softmax]\nseeds: 1\nmodel: mlp\nepochs: 1\nsnapshots: 1\n"

    def gathered(folder: Path) -> None:
        found = sweeps.gather(sweeps.load(__import__("yaml").safe_load(spec)), folder)
        for path in found.folder.iterdir():
            path.rename(folder / path.name)
        found.folder.rmdir()

    return [_written(gathered)]


def _read_results(path: Path) -> None:
    results = Results.read(path if path.is_dir() else path.parent)
    results.compared(), results.decisive(), results.unfinished


TARGETS: tuple[Target, ...] = (
    Target("rec", _recs, _read_rec),
    Target("bin", _bins, _read_bin),
    Target("npz", _image_arrays, _read_set),
    Target("mat", _mats, _read_set),
    Target("picture", _pictures, _read_picture),
    Target("stored", _stored_sets, _read_set),
    Target("journal", _journals, _resume, named=False),
    Target("pairs", _pair_lists, lambda path: data.VerificationSet(_NAMED, data.read_pairs(path, _NAMED))),
    Target("people", _people_lists, _read_people),
    Target("ijb", _ijbs, protocols.read_ijb),
    Target("nist", _nists, protocols.read_nist),
    Target("embeddings-npz", _embedding_arrays, embeddings.load),
    Target("embeddings-npy", _matrices, _read_matrix),
    Target("embeddings-parquet", _tables, _read_table, apart=embeddings.load),
    Target("safetensors", partial(_weights, "net.safetensors"), _fill),
    Target("pth", partial(_weights, "net.pth"), _fill),
    Target("onnx", _onnx, _embed, named=False),
    Target("run", _runs, _read_run),
    Target("run-network", _runs, _embed_by_run, named=False),
    Target("sweep", _specs, sweeps.load, named=False),
    Target("value", _values, _parse, named=False),
    Target("results", _sweep_results, _read_results),
)

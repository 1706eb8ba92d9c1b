"""Folders and files that lie about what they are: links, pipes, bombs, and names that lead elsewhere."""

import json
import os
import signal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.data.pictures import encoded, picture
from tests.hostile.test_pickles import a_run
from workbench import checkpoints, data, embedders, embeddings, files, intake, models
from workbench.data.decoding import UnreadableImageError, read
from workbench.runs import Run


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """A reader that waits for a pipe is ended, which fails the test."""

    def wait(*_: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, wait)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def _in_set(folder: Path, name: str) -> Path:
    images = data.ImageSet(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.arange(2), ["a", "b"])
    data.import_set(images, folder, progress=False)
    (folder / name).unlink()
    pipe(folder / name)
    return folder


PIPES: dict[str, Callable[[Path], Any]] = {
    "npz": lambda at: data.load(pipe(at / "x.npz"), progress=False),
    "mat": lambda at: data.load(pipe(at / "x.mat"), progress=False),
    "rec": lambda at: data.load(pipe(at / "x.rec"), progress=False),
    "idx": lambda at: (at / "x.rec").write_bytes(bytes(16)) and pipe(at / "x.idx") and data.load(at / "x.rec"),
    "bin": lambda at: data.load_bin(pipe(at / "x.bin"), progress=False),
    "people": lambda at: data.load("digits", people=pipe(at / "people.txt"), progress=False),
    "set.json": lambda at: data.load(_in_set(at / "set", "set.json")),
    "labels.npy": lambda at: data.load(_in_set(at / "set", "labels.npy")),
    "names.json": lambda at: data.load(_in_set(at / "set", "names.json")),
    "pixels.npy": lambda at: data.load(_in_set(at / "set", "pixels.npy")),
    "run.json": lambda at: Run.load(pipe(at / "run" / "run.json").parent),
    "embeddings": lambda at: embeddings.load(pipe(at / "x.npz")),
    "parquet": lambda at: embeddings.load(pipe(at / "x.parquet")),
    "weights": lambda at: models.load_weights(nn.Linear(2, 2), pipe(at / "x.pth")),
    "network": lambda at: embedders.load(pipe(at / "x.onnx")),
}


@pytest.mark.parametrize("what", PIPES)
def test_a_pipe_instead_of_a_file_is_refused_and_not_waited_for(tmp_path: Path, what: str) -> None:
    with pytest.raises(ValueError, match=r"is a pipe or a device|There is no"):
        PIPES[what](tmp_path)


@pytest.mark.parametrize("what", ["state.json", "metrics.jsonl", "epoch-00001.safetensors"])
def test_a_pipe_in_a_run_is_refused(tmp_path: Path, what: str) -> None:
    run = a_run(tmp_path / "run")
    at = run.folder / ("metrics.jsonl" if what == "metrics.jsonl" else f"checkpoint/{what}")
    at.unlink(missing_ok=True)
    pipe(at)
    with pytest.raises(ValueError, match="is a pipe or a device"):
        (run.load_checkpoint() if "metrics" not in what else run.progress())


def test_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "endless.npz").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="is a pipe or a device"):
        data.load(tmp_path / "endless.npz")


def test_a_folder_of_people_leaves_out_pipes_devices_and_loops(tmp_path: Path) -> None:
    person = tmp_path / "Ann"
    person.mkdir()
    for n in range(2):
        (person / f"{n}.png").write_bytes(encoded(picture(n), "png"))
    pipe(person / "pipe.jpg")
    (person / "device.jpg").symlink_to("/dev/zero")
    (person / "loop.jpg").symlink_to(person / "loop.jpg")
    (person / "lost.jpg").symlink_to(tmp_path / "nowhere")
    (person / "folder.jpg").mkdir()
    (tmp_path / "round").symlink_to(tmp_path)
    pipe(tmp_path / "pipe")
    images = data.load(tmp_path, processes=1, progress=False)
    assert images.names == ["Ann"]
    assert images.files == ["Ann/0.png", "Ann/1.png"]


def test_a_link_to_what_is_no_image_shows_nothing_of_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a password", encoding="utf-8")
    (tmp_path / "set" / "Ann").mkdir(parents=True)
    (tmp_path / "set" / "Ann" / "0.jpg").symlink_to(secret)
    with pytest.raises(ValueError) as error:
        data.load(tmp_path / "set", progress=False)
    assert "it is no JPEG" in str(error.value)
    assert "password" not in str(error.value)


def test_a_file_too_large_for_an_image_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UnreadableImageError, match="it has more than 200000000 bytes"):
        read((str(path), None))
    with pytest.raises(UnreadableImageError, match="it has more than 200000000 bytes"):
        read((str(path), [0, 2**28]))


def test_a_deep_tree_is_looked_into_no_deeper_than_people_and_images(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(200):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "x.jpg").write_bytes(encoded(picture(0), "jpeg"))
    with pytest.raises(ValueError, match="has no images"):
        data.load(tmp_path, progress=False)


# -- bombs


def bomb(path: Path, members: dict[str, int], *, block: bytes = bytes(2**20)) -> Path:
    """Write an archive of arrays of zeros, so many bytes of each."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in members.items():
            with archive.open(name, "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(
                    member, {"descr": "|u1", "fortran_order": False, "shape": (size // 16, 4, 4)}
                )
                for _ in range(size // len(block)):
                    member.write(block)
    return path


@pytest.fixture
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what the bombs of these tests come to, so that they need not be of gigabytes."""
    monkeypatch.setattr(intake, "ROOM", 2**24)


def test_the_room_is_a_quarter_of_a_gibibyte() -> None:
    assert (intake.ROOM, intake.GROWTH, intake.MEMBERS) == (2**28, 100, 10_000)


@pytest.mark.usefixtures("small_room")
@pytest.mark.parametrize("reader", ["images", "embeddings", "margins", "snapshots", "weights"])
def test_an_archive_that_would_explode_is_refused_before_it_is_unpacked(
    tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, run = tmp_path / ("x.pth" if reader == "weights" else "x.npz"), a_run(tmp_path / "run")
    if reader in ("margins", "snapshots"):
        path = run.folder / ("margins.npz" if reader == "margins" else "snapshots/epoch-00001.npz")
        path.parent.mkdir(exist_ok=True)
    bomb(path, {"images.npy": 2**25, "labels.npy": 2**20})
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # no member may be opened
    readers: dict[str, Callable[[], Any]] = {
        "images": lambda: data.load(path, progress=False),
        "embeddings": lambda: embeddings.load(path),
        "margins": lambda: run.margins(),
        "snapshots": lambda: run.snapshots(),
        "weights": lambda: models.load_weights(nn.Linear(2, 2), path),
    }
    with pytest.raises(ValueError, match=r"would grow to 34,\d+,\d+, more than 100 times.*Nothing of it was unpacked"):
        readers[reader]()


def test_an_honest_archive_is_read_however_well_it_shrinks(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", images=np.zeros((4000, 8, 8), np.uint8), labels=np.arange(4000) % 2)
    assert len(data.load(tmp_path / "x.npz", progress=False)) == 4000


def test_an_archive_of_very_many_members_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(10_001):
            archive.writestr(f"{n}.npy", b"")
    with pytest.raises(ValueError, match="has 10,001 members, and 10,000 are the most"):
        embeddings.load(path)
    with pytest.raises(ValueError, match="has 10,001 members, and 10,000 are the most"):
        data.load(path)


def test_a_member_that_is_no_array_or_lies_elsewhere_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "in" / "x.npz"
    path.parent.mkdir()
    np.savez(path, embeddings=np.eye(3, dtype=np.float32), labels=np.array(["a", "b", "b"]))
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../pwned", "/tmp/pwned-by-a-test", "..\\pwned", "readme.txt"):
            archive.writestr(name, b"pwned")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    found = embeddings.load(path)
    assert found.names == ["a", "b"]
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]
    assert not Path("/tmp/pwned-by-a-test").exists()


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar", ".xz", ".bz2"])
def test_no_archive_is_unpacked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"faces{suffix}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../pwned", b"pwned")
    with pytest.raises(ValueError, match="is an archive"):
        data.load(path)
    with pytest.raises(ValueError, match="is an archive"):
        data.import_set(path, tmp_path / "set")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.usefixtures("small_room")
def test_a_mat_file_that_would_explode_is_refused(tmp_path: Path) -> None:
    from scipy.io import savemat

    path = tmp_path / "x.mat"
    savemat(path, {"images": np.zeros((40, 40, 20_000), np.uint8), "labels": np.arange(20_000)}, do_compression=True)
    with pytest.raises(ValueError, match="would grow to more than 16,777,216 bytes"):
        data.load(path)


@pytest.mark.usefixtures("small_room")
def test_of_a_mat_file_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    from scipy.io import savemat

    path = tmp_path / "x.mat"
    wanted = {"images": np.zeros((4, 4, 20), np.uint8), "labels": np.arange(20)}
    savemat(path, {**wanted, "other": np.zeros(2**25, np.uint8)}, do_compression=True)
    assert len(data.load(path)) == 20


@pytest.mark.usefixtures("small_room")
def test_a_table_that_would_explode_is_refused(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path, n = tmp_path / "x.parquet", 100_000
    rows = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(n * 64, np.float32)), 64)
    pq.write_table(pa.table({"embeddings": rows, "label": pa.array(["a"] * n)}), path, compression="zstd")
    with pytest.raises(ValueError, match="would grow to 52,000,000, more than 100 times"):
        embeddings.load(path)


def test_a_name_that_stands_in_every_row_of_a_table_is_held_once(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path, n, name = tmp_path / "x.parquet", 2000, "x" * 100_000
    rows = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(n * 2, np.float32)), 2)
    for column in (pa.array([name] * (n - 1) + ["a"]), pa.array([name] * (n - 1) + ["a"]).dictionary_encode()):
        pq.write_table(pa.table({"embeddings": rows, "label": column}), path)
        code = (
            f"import pathlib, re; from workbench import embeddings; import pyarrow.parquet; "
            f"most = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1]); "
            f"before = most(); "
            f"found = embeddings.load({str(path)!r}); assert found.names == ['a', 'x' * 100_000], found.names[0]; "
            f"print(most() - before)"
        )
        grown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        assert int(grown) < 150_000, "kilobytes; it would be 200 MB, and 800 MB as an array of texts"


# -- names that lead elsewhere


@pytest.mark.parametrize(
    "name", ["../../secret.safetensors", "{}", "..", "", ".", "a/../b", "checkpoint/../../x", "a\0b", 7, None, ["x"]]
)
@pytest.mark.parametrize("key", ["file", "parts"])
def test_a_checkpoint_that_names_a_file_elsewhere_is_refused(tmp_path: Path, key: str, name: Any) -> None:
    secret = tmp_path / "secret.safetensors"
    save_file({"secret": torch.ones(1)}, secret)
    run = a_run(tmp_path / "runs" / "run")
    name = str(secret) if name == "{}" else name
    state = {"epoch": 1, "file": name} if key == "file" else {"epoch": 1, "file": "x", "parts": [name]}
    (run.folder / "checkpoint" / "state.json").write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(ValueError, match=r"state\.json names .*, which is no file of a checkpoint"):
        run.load_checkpoint()
    assert secret.exists()


def test_what_is_dropped_of_a_checkpoint_lies_in_its_folder(tmp_path: Path) -> None:
    kept, run = tmp_path / "kept", a_run(tmp_path / "run")
    kept.mkdir()
    (kept / "epoch-00003.safetensors").write_bytes(b"")
    (run.folder / "checkpoint" / "epoch-00002.safetensors").symlink_to(kept / "epoch-00003.safetensors")
    checkpoints.drop_others(run.folder / "checkpoint")
    assert (kept / "epoch-00003.safetensors").exists()
    assert [path.name for path in (run.folder / "checkpoint").iterdir()] == ["state.json"]


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "checkpoint", "pixels.npy", "importing.jsonl"])
def test_a_folder_in_which_a_link_leads_elsewhere_is_not_written_in(tmp_path: Path, name: str) -> None:
    target, folder = tmp_path / "profile", tmp_path / "run"
    target.write_text("mine", encoding="utf-8")
    folder.mkdir()
    (folder / name).symlink_to(target)
    with pytest.raises(ValueError, match=f"{name}' is a link, and what is written through it"), files.alone(folder):
        pass
    images = data.ImageSet(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.arange(2), ["a", "b"])
    with pytest.raises(ValueError, match="is a link"):
        data.import_set(images, folder)
    assert target.read_text(encoding="utf-8") == "mine"


def test_a_link_where_a_file_is_begun_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "profile"
    target.write_text("mine", encoding="utf-8")
    (tmp_path / "report.html.partial").symlink_to(target)
    files.write_text(tmp_path / "report.html", "ours")
    (tmp_path / "linked.html").symlink_to(target)
    files.write_text(tmp_path / "linked.html", "ours")
    assert target.read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "linked.html").read_text(encoding="utf-8") == "ours"


@pytest.mark.parametrize("place", ["../secret.bin", "{}", "link.bin"])
def test_a_network_cannot_take_weights_from_outside_its_folder(tmp_path: Path, place: str) -> None:
    onnx, _ = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    secret, folder = tmp_path / "secret.bin", tmp_path / "net"
    secret.write_bytes(struct.pack("<12f", *range(12)))
    folder.mkdir()
    (folder / "link.bin").symlink_to(secret)
    (folder / "own.bin").write_bytes(secret.read_bytes())

    def write(location: str) -> Path:
        weight = onnx.TensorProto(name="w", data_type=1, dims=[12], data_location=1)
        weight.external_data.add(key="location", value=location)
        shape = onnx.helper.make_tensor("shape", 7, [2], [-1, 12])
        nodes = [
            onnx.helper.make_node("Reshape", ["x", "shape"], ["r"]),
            onnx.helper.make_node("Add", ["r", "w"], ["y"]),
        ]
        ends = [onnx.helper.make_tensor_value_info("x", 1, ["N", 3, 2, 2])]
        outs = [onnx.helper.make_tensor_value_info("y", 1, ["N", 12])]
        graph = onnx.helper.make_graph(nodes, "g", ends, outs, [weight, shape])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
        model.ir_version = 8
        (folder / "net.onnx").write_bytes(model.SerializeToString())
        return folder / "net.onnx"

    assert embedders.load(write("own.bin")).network(torch.zeros(1, 3, 2, 2)).tolist() == [list(range(12))]
    with pytest.raises(ValueError, match=r"cannot be opened as an ONNX network \(External data path"):
        embedders.load(write(str(secret) if place == "{}" else place))


def test_a_network_of_operators_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    onnx, _ = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    ends = [onnx.helper.make_tensor_value_info(name, 1, ["N", 3, 2, 2]) for name in "xy"]
    node = onnx.helper.make_node("Run", ["x"], ["y"], domain="attacker.invalid", library="/tmp/evil.so")
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    sets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("attacker.invalid", 1)]
    model = onnx.helper.make_model(graph, opset_imports=sets)
    model.ir_version = 8
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="cannot be opened as an ONNX network"):
        embedders.load(tmp_path / "net.onnx")

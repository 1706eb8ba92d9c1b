"""No pickle is executed, ever: not in a set, not in an array, not in a file of weights."""

import codecs
import copyreg
import io
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.hostile.payloads import PICKLES
from workbench import data, embeddings, models
from workbench.data.unpickling import ForbiddenPickleError, unpickled

# What Python tells of before it does it. `pickle.find_class` comes from the C reader alone, `import` also from ours.
ALARMING = {
    "exec",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.remove",
    "shutil.rmtree",
    "subprocess.Popen",
    "socket.connect",
    "socket.getaddrinfo",
    "urllib.Request",
    "ctypes.dlopen",
    "webbrowser.open",
    "pickle.find_class",
}
_heard: list[str] | None = None


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard is None:
        return
    writes = event == "open" and isinstance(arguments[1], str) and any(mode in arguments[1] for mode in "wax+")
    secret = event == "open" and str(arguments[0]) == "/etc/passwd"
    if event in ALARMING or writes or secret or (event == "import" and arguments[0] == "antigravity"):
        _heard.append(f"{event} {arguments}")


@contextmanager
def listening() -> Iterator[list[str]]:
    """Yield what alarming things happen inside. The hook cannot be removed again: it sleeps outside."""
    global _heard
    if not getattr(sys, "_hostile_hook", False):
        sys.addaudithook(_listen)
        sys._hostile_hook = True  # type: ignore[attr-defined]
    _heard = []
    try:
        yield _heard
    finally:
        _heard = None


@pytest.fixture(autouse=True, scope="module")
def _imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the readers import and compile the first time is no alarm."""
    with pytest.raises(ForbiddenPickleError):
        unpickled(b"cos\nsystem\n.")
    warm = tmp_path_factory.mktemp("warm")
    torch.save({"a": torch.zeros(1)}, warm / "a.pt")
    torch.load(warm / "a.pt", weights_only=True)
    codecs.lookup("zip")  # of all codecs that Python has: PyTorch's reader may look them up, and only encodes by them
    np.savez(warm / "a.npz", images=np.zeros((2, 4, 4)), labels=np.arange(2))
    data.load(warm / "a.npz", progress=False)


def test_there_are_many_programs_and_the_tripwire_hears_them(tmp_path: Path) -> None:
    assert len(PICKLES) >= 60
    for name, heard_as in (("os.system by GLOBAL", "os.system"), ("exec", "exec")):
        mark = tmp_path / heard_as
        with listening() as heard:
            pickle.loads(PICKLES[name](str(mark)))
        assert any(event.startswith(heard_as) for event in heard), "the file would have done it"
        assert mark.exists()


@pytest.mark.parametrize("name", PICKLES)
def test_a_program_is_refused_and_nothing_of_it_runs(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "mark"
    program = PICKLES[name](str(mark))
    path = tmp_path / "set.bin"
    path.write_bytes(program)
    modules = set(sys.modules)
    with listening() as heard, pytest.raises(ValueError) as error:
        data.load_bin(path, progress=False)
    assert heard == []
    assert not mark.exists()
    assert set(sys.modules) == modules
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", PICKLES)
def test_a_program_instead_of_an_image_or_of_a_match_is_refused(tmp_path: Path, name: str) -> None:
    mark, path = tmp_path / "mark", tmp_path / "set.bin"
    program = PICKLES[name](str(mark))
    version = program[:2] if program[:1] == b"\x80" else b"\x80\x02"
    program = (program.removeprefix(version))[:-1]
    for whole in (b"](" + program + b"C\x01ae](\x88e\x86.", b"](C\x01aC\x01be](" + program + b"e\x86."):
        path.write_bytes(version + whole)
        with listening() as heard, pytest.raises(ValueError):
            data.load_bin(path, progress=False)
        assert heard == []
        assert not mark.exists()


def test_names_that_python_keeps_by_number_are_refused(tmp_path: Path) -> None:
    """EXT goes past `find_class` where a number was used before in this process."""
    copyreg.add_extension("os", "system", 200)
    program = b"\x80\x02\x82\xc8(X\x04\x00\x00\x00truetR."
    try:
        with listening() as heard:
            assert pickle.loads(program) == 0
        assert any(event.startswith("os.system") for event in heard)
        with listening() as heard, pytest.raises(ForbiddenPickleError, match="extension 200"):
            unpickled(program)
        assert heard == []
    finally:
        copyreg.remove_extension("os", "system", 200)
        copyreg.clear_extension_cache()


def test_a_note_of_a_high_number_makes_no_room_for_all_below_it() -> None:
    """The C reader takes 2 GB for these ten bytes."""
    tracemalloc.start()
    try:
        assert unpickled(b"\x80\x02]r" + struct.pack("<I", 2**27) + b".") == []
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("maker", ["bytes", "text", "array"])
def test_a_few_bytes_cannot_be_copied_without_end(maker: str) -> None:
    block = 10_000
    start, once = {
        "bytes": (
            b"C\x04" + bytes(4) + b"0B" + struct.pack("<I", block) + bytes(block),
            b"cbuiltins\nbytes\nh\x01\x85R",
        ),
        "text": (
            b"X" + struct.pack("<I", block) + b"a" * block,
            b"c_codecs\nencode\nh\x01X\x06\x00\x00\x00latin1\x86R",
        ),
        "array": (
            b"B" + struct.pack("<I", block) + bytes(block),
            b"cnumpy.core.numeric\n_frombuffer\n(h\x01cnumpy\ndtype\n(X\x02\x00\x00\x00u1I0\nI1\ntR(I10000\ntX\x01\x00\x00\x00CtR",
        ),
    }[maker]
    program = b"\x80\x03" + start + b"q\x010](" + once * 100 + b"e."
    with pytest.raises(ForbiddenPickleError, match="more bytes than it holds"):
        unpickled(program)
    assert len(unpickled(b"\x80\x03" + start + b"q\x010](" + once * 2 + b"e.")) == 2


def test_an_image_that_is_named_a_thousand_times_is_held_once(tmp_path: Path) -> None:
    image = np.zeros(100_000, dtype=np.uint8)
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([image] * 2000, [True] * 1000)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="None of"):
            data.load_bin(path, progress=False)
        assert tracemalloc.get_traced_memory()[1] < 100 * image.nbytes, "200 MB, were each held"
    finally:
        tracemalloc.stop()


def test_pixels_that_are_named_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.intake.ROOM", 2**20)
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([np.zeros((50, 50, 3), dtype=np.uint8)] * 2000, [True] * 1000)))
    with pytest.raises(ValueError, match=r"would grow to 15,000,000, more than 100 times as many"):
        data.load_bin(path, progress=False)


class Evil:
    """Leaves a file wherever it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def objects(mark: Path) -> np.ndarray:
    return np.array([Evil(mark), "Ann"], dtype=object)


@pytest.mark.parametrize(
    "kind", ["npz", "npy", "embeddings.npz", "labels.npy", "stored labels", "margins", "snapshots"]
)
def test_an_array_of_objects_is_refused(tmp_path: Path, kind: str) -> None:
    mark, path = tmp_path / "mark", tmp_path / f"{kind.split('.')[0].replace(' ', '-')}.npz"
    rows = np.ones((2, 3), dtype=np.float32)
    read: Any
    match kind:
        case "npz":
            np.savez(path, images=np.zeros((2, 4, 4), np.uint8), labels=objects(mark))
            read = lambda: data.load(path, progress=False)  # noqa: E731
        case "npy":
            np.save(path.with_suffix(".npy"), objects(mark))
            read = lambda: embeddings.load(path.with_suffix(".npy"))  # noqa: E731
        case "embeddings.npz":
            np.savez(path, embeddings=rows, labels=objects(mark))
            read = lambda: embeddings.load(path)  # noqa: E731
        case "labels.npy":
            np.savez(path, embeddings=rows)
            np.save(tmp_path / "names.npy", objects(mark))
            read = lambda: embeddings.load(path, labels=tmp_path / "names.npy")  # noqa: E731
        case "stored labels":
            images = data.ImageSet(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.arange(2), ["a", "b"])
            data.import_set(images, tmp_path / "set", progress=False)
            np.save(tmp_path / "set" / "labels.npy", objects(mark))
            read = lambda: data.load(tmp_path / "set", progress=False)  # noqa: E731
        case _:
            run = a_run(tmp_path / "run")
            if kind == "margins":
                np.savez(run.folder / "margins.npz", margins=objects(mark))
                read = run.margins
            else:
                (run.folder / "snapshots").mkdir()
                np.savez(run.folder / "snapshots" / "epoch-00001.npz", embeddings=objects(mark))
                read = run.snapshots
    with listening() as heard, pytest.raises(ValueError):
        read()
    assert heard == []
    assert not mark.exists()


def a_run(folder: Path) -> Any:
    """A finished run of nobody's, as far as its files say."""
    from workbench import files
    from workbench.config import RunConfig
    from workbench.runs import Run

    run = Run.open(folder, RunConfig(epochs=1), {"data": {"digest": "x"}})
    files.write_json(folder / "checkpoint" / "state.json", {"epoch": 1, "file": "epoch-00001.safetensors"})
    return run


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("form", ["bare", "zip", "legacy"])
def test_a_program_instead_of_weights_is_refused(tmp_path: Path, form: str, name: str) -> None:
    mark, path = tmp_path / "mark", tmp_path / "weights.pth"
    program = PICKLES[name](str(mark))
    if form == "zip":
        import zipfile

        torch.save({"weight": torch.zeros(2, 2)}, tmp_path / "honest.pth")
        with zipfile.ZipFile(tmp_path / "honest.pth") as honest, zipfile.ZipFile(path, "w") as file:
            for member in honest.namelist():
                file.writestr(member, program if member.endswith("data.pkl") else honest.read(member))
    else:
        magic = b"" if form == "bare" else pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
        path.write_bytes(magic + program)
    model = nn.Linear(2, 2)
    before = model.weight.clone()
    with listening() as heard, pytest.raises(ValueError):
        models.load_weights(model, path)
    assert heard == []
    assert not mark.exists()
    assert torch.equal(model.weight, before)


def test_other_forms_of_weights_that_hold_code_are_refused(tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "weights.pt"
    with tarfile.open(path, "w") as tar:
        for member in ("sys_info", "pickle", "storages", "tensors"):
            info = tarfile.TarInfo(member)
            content = pickle.dumps(Evil(mark))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with pytest.raises(ValueError):
        models.load_weights(nn.Linear(2, 2), path)
    torch.save({"weight": torch.zeros(2, 2), "bias": Evil(mark)}, path)
    with pytest.raises(ValueError, match="code in a file of weights is never executed"):
        models.load_weights(nn.Linear(2, 2), path)
    assert not mark.exists()
    subprocess.run([sys.executable, "-c", f"import torch; torch.load({str(path)!r}, weights_only=False)"], check=True)
    assert mark.exists(), "the file would have done it"

"""What is printed: commands that are copied into a shell, and text that reaches a terminal."""

import contextlib
import html
import io
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.data.pictures import encoded, picture
from tests.hostile.payloads import FOLDERS, NAMES, TEXTS
from workbench import cli, distributed, exports, files, intake, notation, reports
from workbench.claims import CLAIMS
from workbench.claims import page as claims_page
from workbench.cli.terminal import plain
from workbench.config import RunConfig
from workbench.embeddings import EmbeddingSet

# What a shell would start instead of ours, to see what it would have been given.
_STUB = """#!/bin/sh
exec {python} -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"
"""


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bin")
    for name in ("workbench", "tensorboard"):
        (folder / name).write_text(_STUB.format(python=sys.executable), encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def typed(command: str, stubs: Path, folder: Path) -> list[str]:
    """Return what a program gets when a command is copied into a shell; nothing else may have happened."""
    folder.mkdir(exist_ok=True)
    path = f"{stubs}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env={"PATH": path, "HOME": str(folder)}, capture_output=True, text=True
    )
    assert list(folder.iterdir()) == [], command
    assert (done.returncode, done.stderr) == (0, ""), command
    arguments: list[str] = json.loads(done.stdout)
    return arguments


def card(config: RunConfig) -> str:
    """The command on the run card of a run."""
    data = dict.fromkeys(("source", "train", "classes", "held_out", "held_out_classes", "digest"), "x")
    hardware = dict.fromkeys(("device", "name", "cores", "threads"), "x")
    facts = {"data": data, "hardware": hardware, "begun": "x", "commit": None, "versions": {}}
    run = SimpleNamespace(config=config, facts=facts, records=list)
    shown = reports.run_card({"x": SimpleNamespace(run=run)}).html  # type: ignore[dict-item]
    found = re.search(r'<pre class="copied">(.*?)</pre>', shown, re.DOTALL)
    assert found
    return html.unescape(found[1])


def read_back(arguments: list[str]) -> dict[str, Any]:
    return {name: notation.parse(value) for name, _, value in (pair.partition("=") for pair in arguments[2::2])}


@pytest.mark.parametrize("name", [f"./{folder}" for folder in FOLDERS] + [name for name in TEXTS if len(name) < 999])
def test_the_command_of_a_run_card_is_the_run_and_nothing_else(tmp_path: Path, stubs: Path, name: str) -> None:
    config = RunConfig(data=f"{name}.", loss_options={}, data_options={"people": name, "a": True})
    arguments = typed(card(config), stubs, tmp_path / "here")
    assert arguments[0] == "train"
    assert read_back(arguments) == {"data": f"{name}.", "data_options": {"people": name, "a": True}}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_command_after_an_import_is_about_the_folder_and_nothing_else(
    tmp_path: Path, stubs: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 4, 4), np.uint8), labels=np.arange(2))
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    said = run("data", "import", "--", str(tmp_path / "x.npz"), name)
    assert (tmp_path / "in" / name / "set.json").is_file()
    command = said.rstrip("\n").rpartition("\n\n")[2].removesuffix("   trains on it")
    if name.isprintable():  # others are shown as they are written, see below
        arguments = typed(command, stubs, tmp_path / "here")
        assert read_back(arguments) == {"data": f"./{name}"}
    elif "\n" not in name:
        assert command.isprintable()


@pytest.mark.parametrize("name", ["a b", "$(touch pwned)", "-rf", "'; touch pwned; '"])
def test_the_command_after_an_export_is_about_the_folder_and_nothing_else(
    tmp_path: Path, stubs: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "x.npz", embeddings=np.eye(4, dtype=np.float32), labels=np.arange(4))
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    said = run("export", str(tmp_path / "x.npz"), "-o", name)
    assert (tmp_path / "in" / name / "config.json").is_file()
    flag, folder = typed(said.partition("   shows")[0], stubs, tmp_path / "here")
    assert flag == "--logdir"
    assert (tmp_path / "in" / folder).resolve() == (tmp_path / "in" / name).resolve()
    assert not folder.startswith("-")


def test_the_commands_of_claims_are_whole(tmp_path: Path, stubs: Path) -> None:
    for claim in CLAIMS:
        for command in claims_page.commands(claim):
            assert typed(command, stubs, tmp_path / "here")[:3] == ["claims", "run", claim.id]


@pytest.mark.parametrize("name", [*TEXTS, *NAMES, *FOLDERS])
def test_a_value_is_read_back_as_it_was_written(name: str) -> None:
    name = name[:40_000]  # longer ones are refused
    for value in (name, [name, 1, None, True], {"key": name}):
        text = notation.written(value)
        assert notation.parse(text) == value
        assert "\n" not in text
        assert plain(text) == text


@pytest.mark.parametrize("name", ["$(touch pwned)", "a b\nc", "🙂", "\x7f", "true"])
def test_processes_are_started_with_arguments_and_no_shell(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    class Process:
        def __init__(self, command: Any, **options: Any) -> None:
            given.extend([command, options])

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Process)
    config = RunConfig(data=f"./{name}", batch_size=128)
    distributed.launch(config, tmp_path / "run", processes=2)
    command, options = given
    assert isinstance(command, list)
    assert "shell" not in options
    values = dict(itertools.pairwise(command))
    assert notation.parse(values["-p"].removeprefix("data=")) == f"./{name}"


def test_a_cluster_is_given_no_folder_that_could_be_a_command(tmp_path: Path) -> None:
    """submitit writes the folder into a shell script, in quotes that do not reach over the end of a comment's line."""
    pytest.importorskip("submitit")
    from workbench.sweeps import cluster

    for name in ("a\ntouch pwned\n", "a\rb", "\x1b[2J"):
        with pytest.raises(ValueError, match="Jobs cannot be submitted from"):
            next(cluster.work([], on="slurm", at_once=1, threads=1, folder=tmp_path / name, options={}))


# -- terminal


def run(*arguments: str) -> str:
    """Run the command line and return all that it printed, on both streams."""
    said = io.StringIO()
    before = sys.argv
    sys.argv = ["workbench", *arguments]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
            cli.main()
    finally:
        sys.argv = before
    return said.getvalue()


def steering(text: str) -> list[str]:
    """All in a text that is no letter: all but tab, line feed, carriage return, and what `str.isprintable` takes."""
    kept = "\n\t\r\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\ufeff\ufffe\uffff"
    return [letter for letter in text if not (letter.isprintable() or letter in kept)]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_steers_the_terminal(tmp_path: Path, name: str) -> None:
    short = name[:60].replace("/", "_").replace("\0", "_") or "x"
    asked = [
        ("data", "show", name.replace("\0", "")),
        ("data", "show", f"./{name}".replace("\0", "")),
        ("train", "-p", f"loss={notation.written(name)}"),
        ("train", "-p", f"{name}=1"),
        ("train", "-p", f"data=./{short}", "-o", str(tmp_path / "run")),
        ("losses", name),
        ("report", name),
        ("export", str(tmp_path / f"{short}.npz"), "-o", str(tmp_path / "out.parquet")),
        ("sweep", str(tmp_path / short)),
        ("claims", "list", name),
        (name,),
    ]
    for arguments in asked:
        said = run(*arguments)
        assert said.strip(), arguments
        assert steering(said) == [], arguments
        said.encode("utf-8")


def test_names_of_people_and_files_are_printed_plainly(tmp_path: Path) -> None:
    bad = b"b\xff\x1b[31m\xe2\x80\xae"
    folder = tmp_path / "set"
    for name in (b"Ann\x1b[2J\x07", bad, "Zoë🙂".encode()):
        (folder / name.decode("utf-8", "surrogateescape")).mkdir(parents=True)
        inner = folder / name.decode("utf-8", "surrogateescape")
        (inner / "0.png").write_bytes(encoded(picture(0), "png"))
        (inner / "1\x1b]0;x\x07.png").write_bytes(b"no image")
    said = run("data", "show", str(folder), "-d", "on_error=skip", "-d", "processes=1")
    assert "3 left out" in said
    assert steering(said) == []
    said.encode("utf-8")
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("Ann\x1b[2J\x07/0.png nobody\x1b[2J/9.png 1\n", encoding="utf-8")
    said = run("evaluate", "--model", "x.onnx", "--data", str(folder), "--pairs", str(pairs))
    assert steering(said) == []


def test_text_that_steers_nothing_is_printed_as_it_is() -> None:
    kept = "Zoë 🙂 ±\N{NO-BREAK SPACE}5 \N{NARROW NO-BREAK SPACE}% θ − 10⁻⁴\n\t\r"
    assert plain(kept) == kept
    assert plain("\x1b[31m\x9b\x7f\u202e\ud800") == r"\x1b[31m\x9b\x7f\u202e\ud800"


def test_what_is_not_printed_by_the_command_line_has_its_streams_back() -> None:
    before = sys.stdout, sys.stderr
    run("--version")
    assert (sys.stdout, sys.stderr) == before


# -- text


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_written_and_comes_back(tmp_path: Path, name: str) -> None:
    files.write_text(tmp_path / "page.html", name)
    files.write_json(tmp_path / "x.json", {"name": name})
    assert files.read_json(tmp_path / "x.json", of="a folder") == {"name": name}
    text = intake.as_text(name)
    assert text.encode("utf-8").decode() == text
    assert text == name or "\\ud83d" in text
    rows = np.eye(4, dtype=np.float32)
    found = EmbeddingSet(rows, np.arange(4), [text, "b", "c", "d"], [text, "b", "c", "d"])
    exports.projector(found, tmp_path / "projector")
    lines = (tmp_path / "projector" / "metadata.tsv").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 6, "no name begins a line of its own"
    assert [line.count("\t") for line in lines[:-1]] == [1] * 5


@pytest.mark.parametrize("content", ['["\\ud83d", "a"]'])
def test_half_letters_in_a_stored_set_are_written_out(tmp_path: Path, content: str) -> None:
    import torch

    from workbench import data

    images = data.ImageSet(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.arange(2), ["a", "b"])
    data.import_set(images, tmp_path / "set", progress=False)
    (tmp_path / "set" / "names.json").write_text(content, encoding="utf-8")
    assert data.load(tmp_path / "set").names == ["\\ud83d", "a"]


def test_half_letters_in_arrays_are_written_out(tmp_path: Path) -> None:
    from workbench import data, embeddings

    names = np.array(["\ud83d", "a"])
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 4, 4), np.uint8), labels=names, files=names)
    found = data.load(tmp_path / "x.npz", progress=False)
    assert (sorted(found.names), found.files) == (["\\ud83d", "a"], ["\\ud83d", "a"])
    np.savez(tmp_path / "e.npz", embeddings=np.eye(2, dtype=np.float32), labels=names, files=names)
    assert sorted(embeddings.load(tmp_path / "e.npz").names) == ["\\ud83d", "a"]


def test_the_folder_of_a_run_has_a_name_that_file_systems_take() -> None:
    for name in (*NAMES, *FOLDERS, "é" * 400, "🙂" * 400):
        found = RunConfig(data=f"./{name}".replace("\0", "")).folder_name()
        assert len(found.encode("utf-8", "backslashreplace")) < 255
        assert Path(found).name == found
        assert found.isprintable()

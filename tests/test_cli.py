"""The command line as a user meets it: what is printed where, and the exit code."""

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from workbench import __version__, cli, data, losses, reports
from workbench.cli.app import values
from workbench.config import ReportConfig, RunConfig
from workbench.runs import Run

QUICK = ("-p", "model=mlp", "-p", "epochs=1", "-p", "batch_size=500", "-p", "device=cpu")


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """`workbench ARGUMENTS`, without the wait for a new interpreter."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["workbench", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Result(ended.value.code or 0, *self._capsys.readouterr())

    def fails(self, *arguments: str) -> str:
        """Return what a user who gave something wrong is told."""
        code, out, err = self(*arguments)
        assert code == 2
        assert out == ""
        assert err.startswith("Error: ")
        return err.removeprefix("Error: ").rstrip("\n")


@pytest.fixture
def workbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return Command(monkeypatch, capsys)


# -- help


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["report", "train", "losses", "data", "--version"]),
        (("--help",), ["report", "train", "losses", "data", "--version"]),
        (("train", "--help"), ["-p, --parameter NAME=VALUE", "-o, --output DIR", "workbench train -p loss=arcface"]),
        (("report", "--help"), ["[notebook]", "-p 'losses=[cosface,elasticface-cos+]'"]),
        (("losses", "--help"), ["[name]"]),
        (("data", "--help"), ["show"]),
        (("data", "show", "--help"), ["{name}"]),
    ],
)
def test_help_is_readable(workbench: Command, arguments: tuple[str, ...], words: list[str]) -> None:
    code, out, err = workbench(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: ")
    for word in words:
        assert word in out
    assert "Undefined" not in out
    assert "\b" not in out


@pytest.mark.parametrize(("command", "schema"), [("train", RunConfig), ("report", ReportConfig)])
def test_help_lists_every_parameter_with_its_default(workbench: Command, command: str, schema: type[RunConfig]) -> None:
    lines = workbench(command, "--help").out.splitlines()
    for name, field in schema.model_fields.items():
        (line,) = [line for line in lines if line.startswith(f"    {name} ")]
        assert str(field.description) in line
        default = field.get_default(call_default_factory=True)
        assert ("[" in line) == (default not in (None, {}))
    assert (
        "    milestones        where `step` divides by 10, as shares of the run [0.308, 0.538, 0.769, 0.962]" in lines
    )
    assert "    weight_decay      weight decay; as in the papers [0.0005]" in lines


def test_version(workbench: Command) -> None:
    assert workbench("--version") == (0, f"{__version__}\n", "")


# -- lists


def test_losses_are_listed_and_explained(workbench: Command) -> None:
    code, out, _ = workbench("losses")
    assert code == 0
    for name in losses.names():
        assert re.search(rf"^{re.escape(name)} +\S", out, re.MULTILINE)
        assert workbench("losses", name) == (0, losses.describe(name) + "\n", "")
    assert "scale=64.0, margin=0.35" in out


def test_image_sets_are_listed_and_counted(workbench: Command) -> None:
    code, out, _ = workbench("data")
    assert code == 0
    assert "digits" in out
    assert workbench("data", "show", "digits").out.splitlines() == [
        data.load("digits").source,
        "images   1797 of 1 x 8 x 8 (channels x height x width), uint8",
        "classes  10, with 174 to 183 images each",
        f"SHA-256  {data.load('digits').digest()}",
    ]


# -- what was given wrong


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("losses", "arcfase"),
            "There is no loss 'arcfase'. Did you mean 'arcface' or 'unpg-arcface' or 'magface'? Known: ",
        ),
        (
            ("data", "show", "digts"),
            f"There is no data set 'digts'. Did you mean 'digits'? Known: {', '.join(sorted(data.names()))}.",
        ),
        (("report", "90_run_reprt"), "There is no notebook '90_run_reprt'. Did you mean '90_run_report'"),
        (("trian",), "No such command 'trian'. Did you mean 'train'?"),
        (("train", "--epochs=3"), "No such option: --epochs"),
        (("train", "-p"), "Option '-p' requires an argument."),
        (("data", "show"), "Missing parameter: name"),
        (("train", "arcface"), "Got unexpected extra argument(s) (arcface)"),
    ],
)
def test_what_is_unknown_is_told_on_stderr(workbench: Command, arguments: tuple[str, ...], sentence: str) -> None:
    assert workbench.fails(*arguments).startswith(sentence)


@pytest.mark.parametrize("command", ["train", "report"])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["epochs"], "A parameter must be given as NAME=VALUE, for example -p epochs=20. Got 'epochs' instead."),
        (["=3"], "A parameter must be given as NAME=VALUE, for example -p epochs=20. Got '=3' instead."),
        (["epochs=3", "epochs=4"], "The parameter 'epochs' is given twice. Give it once."),
        (["milestones=[0.1"], "The value of 'milestones' cannot be read: '[0.1'. Lists are written [a, b]."),
        (["data=2020-13-45"], "The value of 'data' cannot be read: '2020-13-45'. Lists are written [a, b]."),
        (["data=!!python/object:os.system {}"], "The value of 'data' cannot be read: '!!python/object:os.system {}'. "),
        (["epoch=3"], "There is no parameter 'epoch'. Did you mean 'epochs'? Known: "),
        (["share=2"], "The 'share' parameter must be less than 1. Got 2"),
    ],
)
def test_wrong_parameters_start_nothing(
    workbench: Command, tmp_path: Path, command: str, given: list[str], sentence: str
) -> None:
    arguments = [part for text in given for part in ("-p", text)]
    assert workbench.fails(command, *arguments).startswith(sentence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=3", 3),
        ("x=-3", -3),
        ("x=0.5", 0.5),
        ("x=1e-2", 0.01),
        ("x=5E3", 5000.0),
        ("x=-.5e+1", -5.0),
        ("x=2.5e-1", 0.25),
        ("x=true", True),
        ("x=False", False),
        ("x=null", None),
        ("x=arcface", "arcface"),
        ("x=elasticface-arc+", "elasticface-arc+"),
        ("x=e5", "e5"),
        ("x='3'", "3"),
        ("x=[softmax, arcface]", ["softmax", "arcface"]),
        ("x=[softmax,elasticface-arc+]", ["softmax", "elasticface-arc+"]),
        ("x=[0.1, 2e-1]", [0.1, 0.2]),
        ("x={margin: 4e-1, plus: true}", {"margin": 0.4, "plus": True}),
        ("x=a=b", "a=b"),
    ],
)
def test_values_are_read_as_what_they_look_like(text: str, value: Any) -> None:
    found = values([text])["x"]
    assert found == value
    assert type(found) is type(value)


# -- train


def test_train_prints_numbers_and_where_they_are(workbench: Command, tmp_path: Path) -> None:
    code, out, _ = workbench("train", *QUICK, "-p", "lr=5e-2", "-p", "loss_options={assignment: released}", "-o", "run")
    assert code == 0
    interval = r" +\d+\.\d %  \(\d+\.\d to \d+\.\d\)"
    assert [bool(re.fullmatch(pattern, line)) for pattern, line in zip(
        [
            rf"accuracy{interval}  nearest class centre",
            rf"EER{interval}",
            *(rf"TAR{interval}  at FAR {far}" for far in ("0.1", "0.01", "0.001", "0.0001")),
            "",
            "The run is in run, with these numbers in evaluation.json",
        ],
        out.splitlines(),
        strict=True,
    )] == [True] * 8  # fmt: skip
    run = Run.load(tmp_path / "run")
    assert run.finished
    assert (run.config.lr, run.config.loss_options) == (0.05, {"assignment": "released"})
    numbers = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert f"{100 * numbers['accuracy']['value']:.1f} %" in out


def test_without_an_output_a_run_lands_in_reports(workbench: Command, tmp_path: Path) -> None:
    code, out, _ = workbench("train", *QUICK, "-p", "held_out=classes")
    (folder,) = (tmp_path / "reports").iterdir()
    assert code == 0
    assert f"The run is in reports/{folder.name}," in out
    assert folder.name == Run.load(folder).config.folder_name()
    assert "accuracy" not in out, "classes that were held out have no centres"


def test_another_run_in_the_folder_is_refused(workbench: Command) -> None:
    assert workbench("train", *QUICK, "-o", "run").code == 0
    code, _, err = workbench("train", *QUICK, "-p", "lr=0.2", "-o", "run")
    assert code == 2
    assert "Error: The folder run holds a run with other parameters (lr=0.1 there, 0.2 here)." in err


def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(workbench: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, _, err = workbench("train", *QUICK, "-o", "file/run")
    assert code == 1
    assert err.splitlines()[-1].startswith("Error: file/run cannot be written (Not a directory). Choose a folder that ")
    assert err.endswith("Files that were whole before still are; the same command goes on from there.\n")


# -- report


def test_report_says_where_the_page_is(workbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def render(notebook: str, parameters: dict[str, Any], output: Path | None, *, progress: bool) -> Path:
        calls.append((notebook, parameters, output, progress))
        return tmp_path / "reports" / "mine" / "report.html"

    monkeypatch.setattr(reports, "render", render)
    assert workbench("report", "-p", "seed=3").out == f"\nThe report is {tmp_path}/reports/mine/report.html\n"
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "index.html").touch()
    out = workbench("report", "other.ipynb", "-o", "there").out
    assert f"All reports:  {tmp_path}/reports/index.html" in out
    assert calls == [("90_run_report", {"seed": 3}, None, True), ("other.ipynb", {}, Path("there"), True)]


def test_a_notebook_that_stops_is_told_with_code_1(workbench: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def render(*_: object, **__: object) -> Path:
        raise reports.ReportError("it stopped in cell 3")

    monkeypatch.setattr(reports, "render", render)
    assert workbench("report") == (1, "", "Error: it stopped in cell 3\n")

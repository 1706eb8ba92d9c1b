"""Parameters are data: of notebooks, of runs, of sweeps."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.hostile.payloads import MARK, PARAMETER_NAMES, TEXTS
from tests.reports.notebooks import notebook, saved
from workbench import notation, reports, sweeps
from workbench.config import RunConfig, checked
from workbench.reports.parameters import check

DECLARED = """
texts: list[str] = []
name: str = ""
options: dict[str, str] = {}
epochs: int = 3
"""
LETTERS = [text for text in TEXTS if text != "\ud800"]  # half a letter is refused, see below
ECHO = "import json\nprint(json.dumps([texts, name, options]))"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report by every payload at once, into a folder whose name is one too."""
    root = tmp_path_factory.mktemp("parameters")
    made = notebook(ECHO, "from pathlib import Path\nprint(Path.home() / 'secret', Path.cwd())", parameters=DECLARED)
    given = {"texts": LETTERS, "name": TEXTS[10], "options": {text: text for text in LETTERS}}
    folder = root / "{name} {epochs.__class__} $(touch pwned) `x` 'q' \"q\" {"
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        return reports.render(saved(root, made, "{texts}.ipynb"), given, folder, root=root)


def test_every_value_comes_into_a_notebook_as_it_was_given(rendered: Path) -> None:
    executed = nbformat.read(rendered.with_name("report.ipynb"), as_version=4)
    said = next(out.text for cell in executed.cells for out in cell.get("outputs", []) if out.text.startswith("[["))
    assert json.loads(said) == [LETTERS, TEXTS[10], {text: text for text in LETTERS}]


def test_no_value_and_no_path_becomes_code_or_another_path(rendered: Path) -> None:
    root = rendered.parent.parent
    assert not list(root.rglob(MARK))
    assert sorted(path.name for path in root.iterdir()) == sorted(["{texts}.ipynb", "index.html", rendered.parent.name])


def test_a_report_does_not_tell_whose_home_it_was_made_in(rendered: Path) -> None:
    home = str(Path.home())
    page = rendered.read_text(encoding="utf-8")
    assert "~/secret" in page
    assert f"{home}/secret" not in page
    meta = nbformat.read(rendered.with_name("report.ipynb"), as_version=4).metadata
    assert not {"input_path", "output_path", "parameters"} & meta.papermill.keys()


def test_half_a_letter_is_refused_before_anything_runs() -> None:
    for given in ({"name": "\ud800"}, {"texts": ["\udcff"]}, {"options": {"\ud800": "a"}}):
        with pytest.raises(ValueError, match="holds half a letter"):
            check(notebook(parameters=DECLARED), given)


@pytest.mark.parametrize("name", PARAMETER_NAMES)
def test_a_name_that_is_no_parameters_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="There is no parameter"):
        check(notebook(parameters=DECLARED), {name: 1})
    with pytest.raises(ValueError):
        checked(RunConfig, {name: 1})
    with pytest.raises(ValueError):
        sweeps.load({"losses": ["arcface"], name: 1})


TAGS = (
    "!!python/object/apply:os.system ['touch pwned']",
    "!!python/object/new:os.system ['touch pwned']",
    "!!python/object:os.system {}",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/tuple [1]",
    "!python/object/apply:os.system ['touch pwned']",
    "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch pwned']",
    "%TAG ! tag:yaml.org,2002:python/\n--- !object/apply:os.system ['touch pwned']",
    "a: !!python/object/apply:subprocess.check_call [[touch, pwned]]",
)


@pytest.mark.parametrize("text", TAGS)
def test_no_tag_names_a_class_or_calls_a_function(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="could not determine a constructor"):
        notation.parse(text)
    (tmp_path / "sweep.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):
        sweeps.load(tmp_path / "sweep.yaml")
    assert not (tmp_path / MARK).exists()


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_of_aliases_do_not_fill_the_memory(tmp_path: Path) -> None:
    assert notation.parse(laughs(3))["a1"] == [["x"] * 10] * 10
    with pytest.raises(ValueError, match="its aliases make more than 100000 values of it"):
        notation.parse(laughs(9))
    (tmp_path / "sweep.yaml").write_text(f"losses: [arcface]\n{laughs(40)}", encoding="utf-8")
    with pytest.raises(ValueError, match="its aliases make more than 100000 values of it"):
        sweeps.load(tmp_path / "sweep.yaml")


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a {b: *a}", "&a [1, &b [*a, *b]]"])
def test_what_holds_itself_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it holds itself"):
        notation.parse(text)


def test_a_long_honest_text_is_no_bomb() -> None:
    values: Any = list(range(8_000))
    assert notation.parse(json.dumps(values)) == values
    with pytest.raises(ValueError, match="values of more than 50000 are not read"):
        notation.parse(json.dumps(values * 2))

"""A folder of a stranger's modules: the command runs none of them, in any of its processes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from workbench import environment
from workbench.reports import find_notebook, notebooks, rendering

MODULES = ("json", "queue", "numpy", "torch", "pyarrow", "plotly", "workbench")
NOTEBOOK = new_notebook(
    cells=[
        new_code_cell("answer: int = 0", metadata={"tags": ["parameters"]}),
        new_code_cell("import queue, numpy, workbench; print(41 + 1)"),
    ],
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
)


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, full of modules that leave a mark when they are imported."""
    for name in MODULES:
        mark = f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\n"
        (tmp_path / f"{name}.py").write_text(mark, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    # The tests' own process looks for modules in the folder that it was started in, and its children would too.
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", str(Path.cwd()))])
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return tmp_path


def python(code: str, *options: str) -> None:
    """Run code as the command is run: `-P` keeps the current folder off the path, as a script does."""
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_modules_run_where_python_looks_for_them(strange: Path) -> None:
    python("import queue")
    assert (strange / "ran").read_text(encoding="utf-8") == "queue "


@pytest.mark.parametrize("own", [True, False])
def test_a_notebook_of_the_workbench_runs_none(strange: Path, own: bool) -> None:
    nbformat.write(NOTEBOOK, strange / "some.ipynb")
    code = "from pathlib import Path; from workbench.reports.execution import execute; execute"
    python(f"{code}(Path('some.ipynb'), {{}}, Path('done.ipynb'), own={own}, progress=False)", "-P")
    assert nbformat.read(strange / "done.ipynb", as_version=4).cells[-1].outputs[0].text == "42\n"
    assert (strange / "ran").exists() is not own, "those beside a notebook of one's own are meant"


def test_only_notebooks_of_the_workbench_are_run_as_such(strange: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def execute(notebook: Path, *_: Any, own: bool, **__: Any) -> None:
        told.append((notebook.name, own))
        raise KeyboardInterrupt

    monkeypatch.setattr(rendering, "execute", execute)
    nbformat.write(NOTEBOOK, strange / "some.ipynb")
    for notebook in ("some.ipynb", "90_run_report"):
        with pytest.raises(KeyboardInterrupt):
            rendering.render(notebook)
    assert told == [("some.ipynb", False), ("90_run_report.ipynb", True)]


def test_a_worker_of_a_sweep_runs_none(strange: Path) -> None:
    start = "from pathlib import Path; from workbench.sweeps.local import _Worker; worker = _Worker(0, 1, Path('log'))"
    python(f"{start}; worker._orders.close(); worker._process.wait(); assert worker._process.returncode == 0", "-P")
    assert not (strange / "ran").exists(), (strange / "log").read_text(encoding="utf-8")


def test_a_child_looks_where_its_parent_does(strange: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.of_a_child()["PYTHONSAFEPATH"] == "1"
    for place in ("", str(Path.cwd())):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "path", [place, *sys.path])
            assert "PYTHONSAFEPATH" not in environment.of_a_child()


def test_the_name_of_an_own_notebook_means_no_file_in_the_folder(strange: Path) -> None:
    (strange / "90_run_report").write_text("{}", encoding="utf-8")
    (strange / "90_run_report.ipynb").write_text("{}", encoding="utf-8")
    assert find_notebook("90_run_report") == notebooks()["90_run_report"]
    assert find_notebook("90_run_report.ipynb") == Path("90_run_report.ipynb"), "a path that was given is meant"

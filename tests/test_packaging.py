"""What is installed: a wheel with everything inside, and versions that are stated once."""

import re
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def _name(requirement: str) -> str:
    return re.split(r"[=<>\[; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options], check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("hypersphere_workbench-*.whl")))


def test_the_wheel_holds_notebooks_pages_and_types(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    for folder in ("notebooks", "workbench"):
        for path in (ROOT / folder).rglob("*"):
            if (
                path.suffix in (".ipynb", ".js", ".css", ".j2", ".py", ".typed")
                and ".ipynb_checkpoints" not in path.parts
            ):
                place = path.relative_to(ROOT).as_posix()
                assert (f"workbench/{place}" if folder == "notebooks" else place) in inside
    assert not any(name.startswith("tests/") for name in inside)


def test_a_report_can_be_found_outside_a_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = "import workbench.reports as r; print(r.find_notebook('90_run_report'))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(tmp_path / "workbench/notebooks/90_run_report.ipynb")


def test_versions_are_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {_name(line): line for line in constraints if line and not line.startswith("#")}
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[^\s+]+", line) for line in pinned.values())
    assert pinned["torch"] == "torch==2.13.0"
    needed = {*project["dependencies"], *chain(*project["optional-dependencies"].values())}
    assert {_name(requirement) for requirement in needed} <= set(pinned)

    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert conda == ["python=3.11", "make", "pip"]
    assert pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}


def test_notebooks_hold_no_outputs_and_steady_ids() -> None:
    import nbformat

    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        for index, cell in enumerate(notebook.cells):
            assert cell.id == f"cell-{index:02d}"
            if cell.cell_type == "code":
                assert cell.outputs == []
                assert cell.execution_count is None
                assert len(cell.source.splitlines()) <= (60 if "parameters" in cell.metadata.get("tags", []) else 40)

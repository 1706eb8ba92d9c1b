"""The lessons as files, and running them."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from tests.conftest import ROOT
from workbench import reports, teach

NOTEBOOKS = ROOT / "notebooks"
LESSONS = [outline.name for outline in teach.outlines()]


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


@cache
def exercises(name: str) -> list[str]:
    """The exercises that a notebook asks, in order."""
    found = [tag.partition(":")[2] for cell in read(name).cells for tag in tags(cell) if tag.startswith("exercise:")]
    assert len(found) == len(set(found))
    return found


def run(name: str, folder: Path, **parameters: Any) -> nbformat.NotebookNode:
    """Render a lesson at its smallest size, and return the executed notebook; its page is in the folder."""
    reports.render(name, {"smoke": True, **parameters}, folder)
    return nbformat.read(folder / "report.ipynb", as_version=4)


def verdicts(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What each check said, by exercise."""
    found = {}
    for cell in notebook.cells:
        if any(tag.startswith("check:") for tag in tags(cell)):
            (output,) = cell.outputs
            state, exercise = re.search(
                r'wb-verdict wb-([a-z-]+)".*?· (\d\d\.\d+)', output.data["text/html"], re.S
            ).groups()
            found[exercise] = state
    return found


def warnings(notebook: nbformat.NotebookNode) -> list[str]:
    """What the cells wrote to their error stream."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]


def size(path: Path) -> int:
    return path.stat().st_size

"""The main job from the command line: two losses trained on the digits, one HTML file; and where its time goes.

Papermill writes down when it began and how long each cell took. What is left before is the command's own start, what is
left between is the kernel's, and what is left after is the page.
"""

import datetime as dt
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from tests.benchmarks.harness import Row

WAYS = {"imports of the notebook": "from workbench", "training of two losses": ").fit()"}


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        started, clock = time.time(), time.perf_counter()
        command = [sys.executable, "-m", "workbench", "report", "--output", folder]
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - clock
        size = (Path(folder) / "report.html").stat().st_size / 2**20
        notebook = nbformat.read(Path(folder) / "report.ipynb", as_version=4)
    return [
        Row("make report: wall time", seconds, "s", 40),
        *(Row(f"  {name}", part, "s") for name, part in _parts(notebook, started, seconds).items()),
        Row("report.html", size, "MB", 4),
    ]


def _parts(notebook: nbformat.NotebookNode, started: float, seconds: float) -> dict[str, float]:
    """Where the seconds went, in the order in which they passed."""
    whole = notebook.metadata.papermill
    cells = {
        cell.source: cell.metadata.papermill.duration
        for cell in notebook.cells
        if cell.metadata.get("papermill", {}).get("duration")
    }
    named = {
        name: sum(took for source, took in cells.items() if mark in source and "views." not in source)
        for name, mark in WAYS.items()
    }
    before = dt.datetime.fromisoformat(whole.start_time).timestamp() - started
    return {
        "start of the command": before,
        "start of the kernel, saving": whole.duration - sum(cells.values()),
        **named,
        "measuring and drawing": sum(cells.values()) - sum(named.values()),
        "page and end": seconds - before - whole.duration,
    }

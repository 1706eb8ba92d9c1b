"""The main job from the command line: train two losses on the digits, measure, render one HTML file."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.harness import Row


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "workbench", "report", "--output", folder]
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - started
        size = (Path(folder) / "report.html").stat().st_size / 2**20
    return [Row("make report: wall time", seconds, "s", 90), Row("report.html", size, "MB", 4)]

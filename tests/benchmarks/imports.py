"""What `import workbench` costs beside the `import torch` that everybody pays."""

import subprocess
import sys

from tests.benchmarks.harness import Row, medians


def rows() -> list[Row]:
    def importing(names: str) -> None:
        subprocess.run([sys.executable, "-c", f"import {names}"], check=True)

    seconds = medians({name: lambda n=name: importing(n) for name in ("workbench, torch", "torch")}, repeats=7)
    return [Row("import workbench and torch / import torch", seconds["workbench, torch"] / seconds["torch"], "x", 1.15)]

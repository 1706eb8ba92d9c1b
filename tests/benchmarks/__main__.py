"""Run every benchmark, print the table, write it as JSON, and fail if a bound is missed."""

import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import torch

_THREADS = torch.get_num_threads()  # before the tests' own settings, which the imports bring, make it one

from tests.benchmarks import (  # noqa: E402
    faces,
    head,
    imports,
    losses,
    main_job,
    maps,
    pairs,
    processes,
    reading,
    scaling,
    sweeps,
    training,
    views,
)
from tests.benchmarks.harness import Row, table  # noqa: E402


def main() -> int:
    torch.set_num_threads(_THREADS)
    rows: list[Row] = []
    for module in (
        head,
        processes,
        scaling,
        losses,
        pairs,
        faces,
        imports,
        reading,
        training,
        main_job,
        sweeps,
        views,
        maps,
    ):
        print(f"{module.__name__}...", file=sys.stderr)
        rows += module.rows()
    machine = {"torch": torch.__version__, "threads": torch.get_num_threads(), "machine": platform.processor()}
    path = Path("build/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    print(table(rows))
    print(f"\ntorch {torch.__version__}, {torch.get_num_threads()} threads. Also in {path}")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.fuzz`: read many damaged inputs by every reader, print what came of them, and fail if one broke.

make fuzz                                               100 000 inputs for each reader
python -m tests.fuzz --target rec --target bin --count 1000 --seed 1
python -m tests.fuzz --target rec --first 4711 --count 1 --keep DIR      one input again, written to DIR
"""

import argparse
import sys
from pathlib import Path

from tests.fuzz.harness import Report, fuzz
from tests.fuzz.targets import TARGETS

HEAD = ("reader", "inputs", "inputs/s", "read", "refused", "sentences", "slowest, s CPU", "most memory, MB", "failed")


def row(report: Report) -> tuple[str, ...]:
    """Return what came of a target as texts under `HEAD`."""
    refused = ", ".join(f"{name} {count}" for name, count in sorted(report.refused.items()))
    return (
        report.target,
        str(report.inputs),
        f"{report.inputs / max(report.seconds, 1e-9):.0f}",
        str(report.accepted),
        refused or "0",
        str(len(report.sentences)),
        f"{report.slowest[1]:.2f}",
        f"{report.largest[1] / 2**20:.0f}",
        str(report.failed),
    )


def main() -> int:
    """Return 0 if nothing failed, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    names = [target.name for target in TARGETS]
    parser.add_argument("--target", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--count", type=int, default=100_000, help="inputs for each reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs")
    parser.add_argument("--keep", type=Path, default=Path(".fuzz"), help="where failing inputs are written")
    given = parser.parse_args()
    print(" | ".join(HEAD), flush=True)
    failed = 0
    for target in TARGETS:
        if given.target is None or target.name in given.target:
            report = fuzz(target, seed=given.seed, count=given.count, first=given.first, keep=given.keep)
            print(" | ".join(row(report)), flush=True)
            for failure in report.failures.values():
                print(f"\n{failure}\n", file=sys.stderr, flush=True)
            if report.ended:
                print(f"{target.name}: {report.ended} ended the process that read them, and were refused", flush=True)
            failed += report.failed
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Tuned parameters: `workbench tune`."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.app import Parameters, app, values

_TUNE = """Search for scale, margin and learning rate of losses on small data; what recipe "tuned" is made of.

Every loss gets as many trials, on drawn faces of people on whom nothing is ever tested. The equal error rate on those
of them who are not trained on decides. The first trial is recipe "small". The best go on under further seeds; what is
chosen then meets "small" again under seeds that had no part in the choice.

-p takes trials [10], finalists [3], repeats [2], confirmations [5], and parameters of `workbench train`. Runs are
ordinary run folders in DIR; the same command again goes on where it was stopped and repeats nothing.

\b
Examples:
  workbench tune arcface cosface
  workbench tune -p epochs=30 -p trials=20
  workbench tune --write workbench/losses/presets.json   the presets of the repository, anew"""


@app.command(help=_TUNE)
def tune(
    losses: Annotated[list[str] | None, typer.Argument(help="Losses; by default all that are listed.")] = None,
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the runs [reports].")] = Path(
        "reports"
    ),
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Runs at work at once; by default what cores and memory allow."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Where the record goes [DIR/presets.json].")
    ] = None,
) -> None:
    """Tune losses."""
    from workbench import sweeps
    from workbench.losses.presets import table
    from workbench.sweeps import tuning

    record = sweeps.tune(losses, output, workers=workers, **values(parameter))
    path = write or output / "presets.json"
    tuning.write(record, path)
    print(table(record))
    print(f"\nEvery trial is in {path}")

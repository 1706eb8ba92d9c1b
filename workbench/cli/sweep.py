"""Fair comparisons: `workbench sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.app import Parameters, app, fail, values

if TYPE_CHECKING:
    from workbench.sweeps import Results

_SWEEP = """Compare losses over several seeds, image sets and settings, everything else alike.

SPEC is a YAML file; without one the example is run, which --example prints: a file to begin with. -p goes before what
the spec says. A list of values means a grid: every loss is trained under every seed at every point of it.

\b
Keys of a spec:
  losses     names, or {loss: NAME, label: ..., parameters of its own}; compared with the first
  seeds      a count, or a list
  data       names or paths, or {data: NAME, label: ..., parameters of its own}
  measure    the number that decides, fixed before training [eer]
  threads    of every run, however many run at once; they decide its bits [1]
  question   what the page asks
  and every parameter of `workbench train` and of the losses: one value, or a list

Runs are ordinary run folders in DIR: what is there, done by `workbench train` or before, is used. The same command
again goes on where it was stopped, tries what failed, and ends with the same table. The results, and one HTML file of
them, are in a folder `sweep-...` in DIR.

\b
Examples:
  workbench sweep
  workbench sweep --example > sweep.yaml
  workbench sweep sweep.yaml -p seeds=10
  workbench sweep -p 'losses=[arcface, cosface]' -p data=digits -p 'margin=[0.2, 0.35, 0.5]'
  workbench sweep sweep.yaml --on slurm --submit slurm_partition=gpu --submit gpus_per_node=1"""


@app.command(help=_SWEEP)
def sweep(
    spec: Annotated[str | None, typer.Argument(help="A YAML file; by default the example.")] = None,
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the runs and the results [reports].")
    ] = Path("reports"),
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Runs at work at once; by default what cores and memory allow."),
    ] = None,
    on: Annotated[
        str, typer.Option("--on", metavar="WHERE", help="local [default], slurm, or local-submitit to try that out.")
    ] = "local",
    submit: Annotated[
        list[str],
        typer.Option("--submit", metavar="NAME=VALUE", help="An option of submitit's for its jobs; may be repeated."),
    ] = [],  # noqa: B006 - typer only reads it
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write the page of the results.")] = True,
    gather: Annotated[
        bool, typer.Option("--gather", help="Train nothing: tell what is there, and write the page.")
    ] = False,
    example: Annotated[bool, typer.Option("--example", help="Print the example and stop.")] = False,
) -> None:
    """Run a sweep."""
    from workbench import sweeps

    if example:
        print(sweeps.example(), end="")
        return
    asked = sweeps.load(spec, **values(parameter))
    if gather:
        results = sweeps.gather(asked, output)
    else:
        options = values(submit)
        results = sweeps.run(asked, output, on=on, workers=workers, options=options, page=False)  # type: ignore[arg-type]
    path = _page(results) if page else None
    print(sweeps.table(results))
    print(f"\nThe results are in {results.folder / 'results.jsonl'}")
    if path is not None:
        print(f"The page is {path}")
    if results.unfinished:
        raise typer.Exit(1)


def _page(results: "Results") -> Path | None:
    from workbench import reports, sweeps

    try:
        return sweeps.write_page(results, progress=True)
    except reports.ReportError as error:
        fail(str(error), code=1)

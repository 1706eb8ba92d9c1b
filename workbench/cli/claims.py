"""What the papers claim: `workbench claims`."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.app import app

_CLAIMS = """What the four papers claim, and whether it shows here: the verdicts, from stored results.

\b
Examples:
  workbench claims
  workbench claims list unpg
  workbench claims run coreface-level --on plain --results again
  workbench claims write -o docs/claims.md"""

claims_app = typer.Typer(help=_CLAIMS, invoke_without_command=True)
app.add_typer(claims_app, name="claims")

Names = Annotated[list[str] | None, typer.Argument(help="Claims by their ids, or papers; all without any.")]
On = Annotated[str, typer.Option("--on", metavar="SETTING", help="Only lines of this setting, such as plain.")]
Results = Annotated[
    Path | None,
    typer.Option("--results", metavar="DIR", help="Folder of the stored results; by default those that come along."),
]


@claims_app.callback()
def claims(context: typer.Context) -> None:
    """List all claims."""
    if context.invoked_subcommand is None:
        _list([], "", None)


@claims_app.command(name="list")
def list_(names: Names = None, on: On = "", results: Results = None) -> None:
    """List claims with the verdicts on their lines."""
    _list(names or [], on, results)


@claims_app.command()
def run(
    names: Names = None,
    on: On = "",
    results: Results = None,
    faces: Annotated[
        Path, typer.Option("--faces", metavar="DIR", help="Folder of ORL and LFW, see docs/claims.md [../shared/data].")
    ] = Path("../shared/data"),
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the runs [reports/claims].")
    ] = Path("reports/claims"),
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", help="Seeds from 0 on [10].")] = 10,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Runs at work at once; by default what cores allow.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folders of the runs, checkpoints and all.")] = False,
) -> None:
    """Train what claims need and is not stored, and store what comes of it. The same command goes on after a stop."""
    from workbench import claims as room
    from workbench.claims.page import only

    wanted, stored = only(room.chosen(names or []), on), results or room.RESULTS
    needs = [need for claim in wanted for need in claim.needs]
    skipped = [name for name, _ in needs if room.SETTINGS[name].needs_faces and not _found(faces, name)]
    for name in dict.fromkeys(skipped):
        print(f"Skipped: {name}, for there is no {faces / room.SETTINGS[name].data}. --faces names its folder.")
    needed = room.missing(needs, seeds=range(seeds), faces=faces, results=stored)
    failed = room.run(needed, output, results=stored, workers=workers, keep=keep)
    _list(names or [], on, stored)
    if failed:
        print("\n" + "\n".join(failed))
        raise typer.Exit(1)


@claims_app.command()
def write(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="[docs/claims.md]")] = Path(
        "docs/claims.md"
    ),
    results: Results = None,
) -> None:
    """Write the page of all claims from the stored results."""
    from workbench import claims as room
    from workbench import files

    files.write_text(output, room.markdown(room.read(results or room.RESULTS)))
    print(f"The page is {output}")


def _list(names: list[str], on: str, results: Path | None) -> None:
    from workbench import claims as room

    print(room.table(room.read(results or room.RESULTS), room.chosen(names), on=on))


def _found(faces: Path, setting: str) -> bool:
    from workbench import claims as room

    return (faces / room.SETTINGS[setting].data).exists()

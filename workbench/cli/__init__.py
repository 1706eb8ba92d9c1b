"""The command line: parse, call, print. Everything it does, the library does too."""

import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from workbench import __version__
from workbench.cli import claims as claims
from workbench.cli import course as course
from workbench.cli import listing as listing
from workbench.cli import plan as plan
from workbench.cli import recognition as recognition
from workbench.cli import sweep as sweep
from workbench.cli import training as training
from workbench.cli import tuning as tuning
from workbench.cli.app import app, fail
from workbench.environment import PATIENT_THREADS


@app.callback(invoke_without_command=True)
def workbench(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """See, compare and learn the margin losses of face recognition on the unit hypersphere."""
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line.

    Exits with 0 if it worked, 1 if a notebook failed or a file could not be written, 2 if what was given was wrong,
    and 130 if it was stopped.
    """
    for name, value in PATIENT_THREADS.items():
        os.environ.setdefault(name, value)
    try:
        code = app(standalone_mode=False)
        if code == 130:  # what Typer makes of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except TyperException as error:
        fail(f"{error}\n`workbench --help` lists the commands, `workbench COMMAND --help` their options.", code=2)
    except ValueError as error:
        fail(str(error), code=2)
    except OSError as error:
        fail(f"{error}. Files that were whole before still are; the same command goes on from there.", code=1)
    except (KeyboardInterrupt, typer.Abort):
        fail("stopped. The same command goes on from the last checkpoint.", code=130)

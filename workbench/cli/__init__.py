"""The command line: parse, call, print. Everything it does, the library does too."""

import os
import sys
import warnings
from typing import Annotated

import typer
from typer.exceptions import TyperException

from workbench import __version__, stopping
from workbench.cli import claims as claims
from workbench.cli import course as course
from workbench.cli import listing as listing
from workbench.cli import plan as plan
from workbench.cli import recognition as recognition
from workbench.cli import sweep as sweep
from workbench.cli import training as training
from workbench.cli import tuning as tuning
from workbench.cli.app import app, fail, stopped
from workbench.cli.terminal import plainly
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
    130 if it was stopped by Ctrl-C and 143 if by SIGTERM.
    """
    with plainly():
        _run()


def _run() -> None:
    for name, value in PATIENT_THREADS.items():
        os.environ.setdefault(name, value)
    warnings.formatwarning = lambda message, *_, **__: f"Warning: {message}\n"
    try:
        with stopping.sigterm():
            sys.exit(app(standalone_mode=False))
    except TyperException as error:
        fail(f"{error}\n`workbench --help` lists the commands, `workbench COMMAND --help` their options.", code=2)
    except ValueError as error:
        fail(str(error), code=2)
    except OSError as error:
        what = str(error).removesuffix(".")
        fail(f"{what}. Files that were whole before still are; the same command goes on from there.", code=1)
    except (KeyboardInterrupt, typer.Abort) as stop:
        stopped(stop)

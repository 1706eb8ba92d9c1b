"""What all commands share: the application, their common options, and how values are read and shown."""

import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from workbench import notation


class Commands(TyperGroup):
    """The commands; what a stop has to say is said, where Typer would tell no more than that there was one."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was given."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            stopped(stop)


app = typer.Typer(cls=Commands, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

Parameters = Annotated[
    list[str], typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Set a parameter; may be repeated.")
]
DataParameters = Annotated[
    list[str],
    typer.Option("-d", "--data-parameter", metavar="NAME=VALUE", help="Set a parameter of the data; may be repeated."),
]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write to.")]


def values(parameters: list[str]) -> dict[str, Any]:
    """Return NAME=VALUE texts as values; a value is read as YAML: 3, 0.5, true, arcface, [softmax, arcface]."""
    found: dict[str, Any] = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not (equals and name):
            raise ValueError(
                f"A parameter must be given as NAME=VALUE, for example -p epochs=20. Got {text!r} instead."
            )
        if name in found:
            raise ValueError(f"The parameter {name!r} is given twice. Give it once.")
        try:
            found[name] = notation.parse(value)
        except ValueError:
            raise ValueError(f"The value of {name!r} cannot be read: {value!r}. Lists are written [a, b].") from None
    return found


def percent(rate: dict[str, float], *, digits: int = 1) -> str:
    """Return a rate and its interval as people read them."""
    value, low, high = (f"{100 * rate[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value:>{digits + 4}} %  ({low} to {high})"


def stopped(stop: BaseException) -> NoReturn:
    """Say where it was stopped and what goes on from there, and end with 130 after Ctrl-C, with 143 after SIGTERM."""
    place = str(stop) or "Stopped"
    _say(f"{place}. All that is saved is whole. To go on:\n  {command()}")
    sys.exit(128 + int(getattr(stop, "signal", signal.SIGINT)))


def command() -> str:
    """Return the command that was given, as a shell takes it."""
    program = Path(sys.argv[0])
    found = shutil.which("workbench")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        here = f"--nproc-per-node={os.environ.get('LOCAL_WORLD_SIZE', '1')}"
        further = [] if os.environ.get("GROUP_WORLD_SIZE", "1") == "1" else ["..."]  # as on the other machines
        words = ["torchrun", *further, here, "-m", "workbench"]
    elif program.name == "__main__.py":
        words = [sys.orig_argv[0], "-m", "workbench"]
    else:
        words = ["workbench" if found and Path(found).resolve() == program.resolve() else str(program)]
    return shlex.join([*words, *sys.argv[1:]])


def fail(message: str, *, code: int) -> NoReturn:
    """Say what went wrong on the error stream, and end with this code.

    Of processes that torchrun has started, the first of each machine says it for all.
    """
    _say(f"Error: {message}")
    sys.exit(code)


def _say(message: str) -> None:
    if os.environ.get("LOCAL_RANK", "0") == "0":
        print(message, file=sys.stderr)

"""What all commands share: the application, their common options, and how values are read and shown."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from workbench import notation

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

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


def fail(message: str, *, code: int) -> NoReturn:
    """Say what went wrong on the error stream, and end with this code.

    Of processes that torchrun has started, the first of each machine says it for all.
    """
    if os.environ.get("LOCAL_RANK", "0") == "0":
        print(f"Error: {message}", file=sys.stderr)
    sys.exit(code)

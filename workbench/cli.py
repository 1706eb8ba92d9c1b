"""The command line: parse, call, print. Everything it does, the library does too."""

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from typer.exceptions import TyperException

from workbench import __version__
from workbench.config import ReportConfig, RunConfig, TrainingConfig, checked
from workbench.environment import PATIENT_THREADS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
data_app = typer.Typer(help="Image sets to train on.", invoke_without_command=True)
app.add_typer(data_app, name="data")

Parameters = Annotated[
    list[str], typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Set a parameter; may be repeated.")
]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write to.")]


def _help(schema: type[TrainingConfig], text: str) -> str:
    """Return the help of a command that takes the parameters of this schema."""
    first = ("loss", "losses", "data")
    fields = sorted(schema.model_fields.items(), key=lambda item: item[0] not in first)
    lines = [
        f"  {name:<17} {field.description}{_default(field.get_default(call_default_factory=True))}"
        for name, field in fields
    ]
    return f"{text}\n\nParameters and [defaults]:\n\n\b\n" + "\n".join(lines)


def _default(value: Any) -> str:
    if value is None or value == {}:
        return ""
    parts = value if isinstance(value, tuple) else (value,)
    return f" [{', '.join(f'{part:.3g}' if isinstance(part, float) else str(part) for part in parts)}]"


_REPORT = """Run a notebook and write one HTML file that opens offline.

Without a notebook: train losses side by side and show what they do to the feature space. The same command again
trains nothing twice.

\b
Examples:
  workbench report
  workbench report -p 'losses=[cosface,elasticface-cos+]' -p seed=1"""


@app.command(help=_help(ReportConfig, _REPORT))
def report(
    notebook: Annotated[str, typer.Argument(help="A notebook of the workbench, or a path.")] = "90_run_report",
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    output: Output = None,
) -> None:
    """Render a notebook."""
    from workbench import reports

    try:
        path = reports.render(notebook, _values(parameter), output, progress=True)
    except reports.ReportError as error:
        _fail(str(error), code=1)
    print(f"\nThe report is {path}")
    if (index := path.parent.parent / "index.html").exists():
        print(f"All reports:  {index}")


_TRAIN = """Train one loss on one data set.

The same command again goes on where it was stopped; a finished run is left as it is.

\b
Examples:
  workbench train -p loss=arcface -p margin=0.3
  workbench train -p loss=cosface -p dim=128 -o runs/cosface"""


@app.command(help=_help(RunConfig, _TRAIN))
def train(
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    output: Output = None,
) -> None:
    """Train and evaluate a run."""
    given = _values(parameter)
    config = checked(RunConfig, given)
    from workbench.evaluation import evaluate
    from workbench.training import Trainer

    folder = output or Path("reports") / config.folder_name()
    numbers = evaluate(Trainer(config, folder).fit()).headline()
    if numbers["accuracy"]:
        print(f"accuracy  {_percent(numbers['accuracy'])}  nearest class centre")
    print(f"EER       {_percent(numbers['eer'])}")
    for tar in numbers["tar_at_far"]:
        print(f"TAR       {_percent(tar)}  at FAR {tar['far']:g}")
    print(f"\nThe run is in {folder}, with these numbers in evaluation.json")


@app.command()
def losses(
    name: Annotated[str | None, typer.Argument(help="One of them, to have it explained.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/losses.md.")] = False,
) -> None:
    """List the losses, or explain one: its equation, its parameters, where their defaults come from."""
    from workbench import losses as room
    from workbench.losses import catalogue

    if name is not None:
        print(room.describe(name))
    elif markdown:
        print(catalogue.markdown(), end="")
    else:
        for known in room.names():
            one = catalogue.entry(known)
            options = ", ".join(f"{p.name}={p.default}" for p in one.parameters)
            print(f"{known:<18} {one.equation}\n{'':<18} {options}\n")
        print("workbench losses NAME explains one.")


@data_app.callback()
def data(context: typer.Context) -> None:
    """List the image sets."""
    from workbench import data as room

    if context.invoked_subcommand is None:
        for known in room.names():
            print(f"{known:<18} {room.describe(known).splitlines()[0]}")
        print("\nworkbench data show NAME loads one and counts it.")


@data_app.command()
def show(name: Annotated[str, typer.Argument(help="An image set, see `workbench data`.")]) -> None:
    """Load an image set and say what is in it."""
    from workbench import data as room

    images = room.load(name)
    counts = images.labels.bincount(minlength=images.classes)
    print(images.source)
    print(f"images   {len(images)} of {' x '.join(map(str, images.shape))} (channels x height x width), uint8")
    print(f"classes  {images.classes}, with {int(counts.min())} to {int(counts.max())} images each")
    print(f"SHA-256  {images.digest()}")


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


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: here 1e-2 is one, which PyYAML takes for a text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def _values(parameters: list[str]) -> dict[str, Any]:
    """Return NAME=VALUE texts as values; a value is read as YAML: 3, 0.5, true, arcface, [softmax, arcface]."""
    values: dict[str, Any] = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not (equals and name):
            raise ValueError(
                f"A parameter must be given as NAME=VALUE, for example -p epochs=20. Got {text!r} instead."
            )
        if name in values:
            raise ValueError(f"The parameter {name!r} is given twice. Give it once.")
        try:
            values[name] = yaml.load(value, _Loader)  # noqa: S506 - a SafeLoader
        except (yaml.YAMLError, ValueError):  # a ValueError for the 32nd of a month
            raise ValueError(f"The value of {name!r} cannot be read: {value!r}. Lists are written [a, b].") from None
    return values


def _percent(rate: dict[str, float]) -> str:
    return f"{100 * rate['value']:5.1f} %  ({100 * rate['low']:.1f} to {100 * rate['high']:.1f})"


def _fail(message: str, *, code: int) -> None:
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(code)


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
        _fail(f"{error}\n`workbench --help` lists the commands, `workbench COMMAND --help` their options.", code=2)
    except ValueError as error:
        _fail(str(error), code=2)
    except OSError as error:
        _fail(f"{error}. Files that were whole before still are; the same command goes on from there.", code=1)
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped. The same command goes on from the last checkpoint.", code=130)

"""What there is: `workbench losses`, `workbench data`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench import notation
from workbench.cli.app import DataParameters, app, values

if TYPE_CHECKING:
    from workbench.data import ImageSet

_DATA = """Image sets to train on.

Beside the names listed, a path works: a folder with a folder of images for each identity, InsightFace's .rec or folder,
an .npz with images and labels, Olivetti's .mat, or what `workbench data import` made."""

data_app = typer.Typer(help=_DATA, invoke_without_command=True)
app.add_typer(data_app, name="data")


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
def show(
    name: Annotated[str, typer.Argument(help="An image set, see `workbench data`, or a path.")],
    data_parameter: DataParameters = [],  # noqa: B006 - typer only reads it
) -> None:
    """Load an image set and say what is in it."""
    from workbench import data as room

    _say(room.load(name, **values(data_parameter)))


@data_app.command(name="import")
def import_(
    source: Annotated[str, typer.Argument(help="A folder or file of images, see `workbench data --help`.")],
    dest: Annotated[Path, typer.Argument(help="A new folder.")],
    data_parameter: DataParameters = [],  # noqa: B006 - typer only reads it
) -> None:
    """Convert images once to a folder from which they come at the speed of the disk.

    The same command again goes on where it was stopped. Afterwards the folder is an image set like any other.
    """
    from workbench import data as room

    _say(room.import_set(source, dest, **values(data_parameter)))
    command = shlex.join(["workbench", "train", "-p", f"data={notation.written(_as_path(dest))}"])
    print(f"\n{command}   trains on it")


def _as_path(folder: Path) -> str:
    """Return a folder as `-p data=` takes it for a path, whatever it is called."""
    return str(folder) if len(folder.parts) > 1 else f"./{folder}"


def _say(images: "ImageSet") -> None:
    counts = images.labels.bincount(minlength=images.classes)
    print(images.source)
    print(f"images   {len(images)} of {' x '.join(map(str, images.shape))} (channels x height x width), uint8")
    print(f"classes  {images.classes}, with {int(counts.min())} to {int(counts.max())} images each")
    if images.held_out is not None:
        print(f"testing  {int(images.held_out.sum())} images are kept for it by the set's own protocol")
    print(f"SHA-256  {images.digest()}")
    if images.skipped:
        print(f"\n{len(images.skipped)} left out:")
        for one in images.skipped[:20]:
            print(f"  {one}")

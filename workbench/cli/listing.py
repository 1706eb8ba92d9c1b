"""What there is: `workbench losses`, `workbench data`."""

from typing import Annotated

import typer

from workbench.cli.app import app

data_app = typer.Typer(help="Image sets to train on.", invoke_without_command=True)
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
def show(name: Annotated[str, typer.Argument(help="An image set, see `workbench data`.")]) -> None:
    """Load an image set and say what is in it."""
    from workbench import data as room

    images = room.load(name)
    counts = images.labels.bincount(minlength=images.classes)
    print(images.source)
    print(f"images   {len(images)} of {' x '.join(map(str, images.shape))} (channels x height x width), uint8")
    print(f"classes  {images.classes}, with {int(counts.min())} to {int(counts.max())} images each")
    print(f"SHA-256  {images.digest()}")

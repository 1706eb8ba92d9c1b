"""Planning: `workbench plan`."""

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.checks import is_whole
from workbench.cli.app import Parameters, app, values

if TYPE_CHECKING:
    from workbench.scaling import Plan

_PLAN = """Say what a step of a run would hold and take on a cluster of GPUs, before there is one.

-p takes the parameters of `workbench train`; batch_size is that of all processes together. Without --processes, numbers
of them that divide it are compared. The constants are those of an H100, NVLink and InfiniBand; docs/scaling.md says
which of them were measured, and how far predictions were off where they could be tried.

Where they are not given: model=iresnet100, dim=512, recipe=published, precision=bfloat16.

\b
Examples:
  workbench plan --classes 10000000 -p model=iresnet100 -p dim=512 -p batch_size=4096 \\
      -p head_products=bfloat16 -p sample_rate=0.1
  workbench plan --classes 10000000 --processes 32 -p loss=jcsc -p batch_size=4096"""


@app.command(help=_PLAN)
def plan(
    classes: Annotated[int, typer.Option("--classes", metavar="C", min=2, help="Identities to train on.")],
    processes: Annotated[
        int | None, typer.Option("--processes", metavar="K", min=1, help="GPUs; one of them in detail.")
    ] = None,
    images: Annotated[
        str, typer.Option("--images", metavar="CxHxW", help="Shape of the images [3x112x112].")
    ] = "3x112x112",
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
) -> None:
    """Plan a run."""
    from workbench import scaling
    from workbench.config import RunConfig, checked

    given = {"model": "iresnet100", "dim": 512, "recipe": "published", "precision": "bfloat16", **values(parameter)}
    config, shape = checked(RunConfig, given), _shape(images)

    def on(count: int) -> "Plan":
        return scaling.Plan(scaling.Job.of(config, classes=classes, shape=shape, processes=count), scaling.H100)

    if processes is not None:
        print("\n".join(_detail(on(processes))))
        return
    counts = [
        count for count in (2**power for power in range(11)) if config.batch_size % count == 0 and count <= classes
    ]
    print(f"{'GPUs':>5} {'GB each':>8} {'ms a step':>10} {'images/s':>9}  the largest part")
    for count in counts:
        one = on(count)
        name, seconds = max(one.seconds().items(), key=lambda part: part[1])
        rest = f"{1000 * one.step:>10.0f} {one.images_per_second:>9.0f}  {name}, {seconds / one.step:.0%}"
        print(f"{count:>5} {one.memory / 1e9:>8.1f} {rest if one.fits else '        does not fit'}")
    print("\nOne H100 is taken for each process. --processes K tells of one of these lines what it is made of.")


def _detail(one: "Plan") -> list[str]:
    lines = [
        f"Bytes of a process: {one.memory / 1e9:.1f} GB of {one.machine.memory / 1e9:.0f}"
        + ("" if one.fits else ": too many")
    ]
    lines += [f"  {name:<34} {size / 1e9:>9.3f} GB" for name, size in one.job.memory().items()]
    lines.append(f"A step: {1000 * one.step:.1f} ms, {one.images_per_second:.0f} images/s")
    lines += [f"  {name:<34} {1000 * seconds:>9.2f} ms" for name, seconds in one.seconds().items()]
    first, other = one.job.checkpoint()
    whole = (first + (one.job.processes - 1) * other) / 1e9
    return [*lines, f"A checkpoint: {whole:.1f} GB, written in {one.checkpoint_seconds:.0f} s"]


def _shape(text: str) -> tuple[int, int, int]:
    parts = text.split("x")
    if len(parts) != 3 or not all(is_whole(part) and int(part) > 0 for part in parts):
        raise ValueError(
            f"The shape of the images must be given as CxHxW, for example 3x112x112. Got {text!r} instead."
        )
    channels, height, width = map(int, parts)
    return channels, height, width

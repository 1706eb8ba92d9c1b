"""Other people's networks and embeddings: `workbench embed`, `workbench evaluate`, `workbench export`."""

import inspect
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from workbench import files
from workbench.checks import unknown_name
from workbench.cli.app import DataParameters, app, percent, values

if TYPE_CHECKING:
    from workbench.embedders import Embedder
    from workbench.recognition import Recognition

Model = Annotated[
    str, typer.Option("--model", metavar="ONNX|RUN|WEIGHTS", help="An ONNX file, a run's folder, or a .pth file.")
]
Data = Annotated[str, typer.Option("--data", metavar="SOURCE", help="An image set, a folder or file of faces.")]
Flip = Annotated[bool, typer.Option("--flip", help="Add the embedding of the mirrored image.")]
Network = Annotated[
    list[str],
    typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="How the network wants its images; may be repeated."),
]

_NETWORK = """Parameters of the network, with -p:

\b
  scaling    insightface [default], imagenet, unit or none
  mean, std  instead of scaling: (x / 255 - mean) / std, one number or [r, g, b]
  channels   rgb [default] or bgr
  output     name of the output, if an ONNX network has several
  threads    for an ONNX network
  model      the network of a .pth file: iresnet50, ...; and its dim and shape
  device     for a run or a .pth file: cpu, cuda

Parameters of the data, with -d: size, grey, min_images, people, on_error=skip and those of each set."""

_EMBED = f"""Embed faces with a network and write the embeddings to a file.

{_NETWORK}

\b
Example:
  workbench embed --model net.onnx -p scaling=imagenet --data lfw/ -o lfw.npz"""

_EVALUATE = f"""Measure how well a network tells faces apart that it was not trained on.

Listed pairs give accuracy by ten folds and error rates; several images of a person give a search for everybody's first
image, and the error rates of all pairs. A rate that so few pairs cannot tell is refused, not printed.

{_NETWORK}

\b
Examples:
  workbench evaluate --model net.onnx -p scaling=imagenet --data lfw/ --pairs pairs.txt
  workbench evaluate --model reports/my-run --data lfw.bin
  workbench evaluate --model backbone.pth -p model=iresnet50 --data cfp_fp.bin --flip"""


@app.command(help=_EMBED)
def embed(
    model: Model,
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help=".npz, .npy or .parquet")],
    parameter: Network = [],  # noqa: B006 - typer only reads it
    data_parameter: DataParameters = [],  # noqa: B006
    flip: Flip = False,
    thumbnails: Annotated[bool, typer.Option("--thumbnails", help="Keep small pictures (.npz).")] = False,
) -> None:
    """Embed faces with a network."""
    from workbench import data as room
    from workbench import exports, recognition

    exports.savable(output)
    embedder = _embedder(model, parameter)
    images = room.load(data, **values(data_parameter))
    found = recognition.embed(embedder, images, flip=_flip(flip), thumbnails=thumbnails, progress=True)
    exports.save(output, found)
    print(f"{len(found)} embeddings of {len(found.names)} identities are in {output}")


@app.command(help=_EVALUATE)
def evaluate(
    model: Model,
    data: Annotated[
        str | None, typer.Option("--data", metavar="SOURCE", help="Faces; by default those a run has held out.")
    ] = None,
    pairs: Annotated[Path | None, typer.Option("--pairs", metavar="FILE", help="Pairs to verify.")] = None,
    parameter: Network = [],  # noqa: B006 - typer only reads it
    data_parameter: DataParameters = [],  # noqa: B006
    flip: Flip = False,
    thresholds: Annotated[
        str, typer.Option("--thresholds", help="exact, or grid: 400 distances, as published numbers use.")
    ] = "exact",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the numbers as JSON.")
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option("--embeddings", metavar="FILE", help="Keep the embeddings: .npz, .npy or .parquet.")
    ] = None,
) -> None:
    """Evaluate a network."""
    from workbench import data as room
    from workbench import exports, recognition

    if data is None:
        _held_out(model, output)
        return
    if embeddings is not None:
        exports.savable(embeddings)
    embedder = _embedder(model, parameter)
    options = values(data_parameter)
    if pairs is not None or room.is_verification(data):
        held = room.load_verification(data, pairs=pairs, **options)
        images, listed = held.images, held.pairs
    else:
        images, listed = room.load(data, **options), None
    found = recognition.evaluate(
        embedder,
        images,
        listed,
        flip=_flip(flip),
        thresholds="grid" if thresholds == "grid" else "exact",
        thumbnails=embeddings is not None,
        progress=True,
    )
    if embeddings is not None:
        exports.save(embeddings, found.embeddings)
    if output is not None:
        files.write_json(output, found.headline())
    print("\n".join(table(found)))


@app.command()
def export(
    embeddings: Annotated[Path, typer.Argument(help="Embeddings: .npz, .npy or .parquet.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE|DIR", help=".parquet, .npz, .npy, or a folder.")
    ],
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", help="Labels, if the file has none.")
    ] = None,
) -> None:
    """Write embeddings for other tools.

    A .parquet file gets coordinates, labels and nearest neighbours; a folder gets what TensorBoard's Embedding
    Projector loads: vectors, labels, and a sprite of the thumbnails.
    """
    from workbench import embeddings as room
    from workbench import exports

    found = room.load(embeddings, labels=labels)
    if output.suffix in room.SUFFIXES:
        print(f"{len(found)} embeddings are in {exports.save(output, found)}")
    else:
        folder = str(exports.projector(found, output))
        command = shlex.join(["tensorboard", "--logdir", f"./{folder}" if folder.startswith("-") else folder])
        print(f"{command}   shows {len(found)} embeddings")


def held_out_table(numbers: dict[str, Any]) -> list[str]:
    """Return the numbers of a run on its held-out images as lines of text."""
    lines = [f"accuracy  {percent(numbers['accuracy'])}  nearest class centre"] if numbers["accuracy"] else []
    lines.append(f"EER       {percent(numbers['eer'])}")
    return lines + [f"TAR       {percent(tar)}  at FAR {tar['far']:g}" for tar in numbers["tar_at_far"]]


def table(found: "Recognition") -> list[str]:
    """Return the numbers of an evaluation as lines of text."""
    numbers = found.headline()
    lines = [numbers["data"]["source"], ""]
    if numbers["folds"]:
        folds = numbers["folds"]
        spread = f"{len(folds['folds'])} folds, standard error {100 * folds['standard_error']:.2f}"
        spread += f", std of folds {100 * folds['std_of_folds']:.2f}"
        lines.append(f"{'accuracy':<16} {percent(folds['accuracy'], digits=2)}  {spread}")
    if numbers["verification"]:
        part = numbers["verification"]
        lines += _rates(part, f"{part['genuine_pairs']} genuine and {part['impostor_pairs']} impostor pairs listed")
    if numbers["closed_set"]:
        part = numbers["closed_set"]
        lines += ["", f"Search: {part['identities']} identities enrolled, {part['mated_probes']} probes"]
        lines += [f"{'rank ' + str(at['rank']):<16} {percent(at)}" for at in part["ranks"]]
    if numbers["open_set"]:
        part = numbers["open_set"]
        lines.append(f"{part['non_mated_probes']} further probes of people who are not enrolled:")
        lines += [f"{'TPIR':<16} {percent(at)}  at FPIR {at['fpir']:g}" for at in part["tpir_at_fpir"]]
        lines += _refused(part["refused"], "FPIR", "fpir", "non_mated_probes")
    if numbers["all_pairs"]:
        part = numbers["all_pairs"]
        lines += ["", f"All pairs: {part['genuine_pairs']} genuine, {part['impostor_pairs']} impostor"]
        lines.append(f"{'EER':<16} {percent(part['eer'], digits=2)}")
        lines += [f"{'TAR':<16} {percent(at)}  at FAR {at['far']:g}" for at in part["tar_at_far"]]
    return [*lines, "", "In brackets: 95 % intervals."]


def _rates(part: dict[str, Any], heading: str) -> list[str]:
    lines = [heading, f"{'EER':<16} {percent(part['eer'], digits=2)}"]
    lines += [f"{'TAR':<16} {percent(at)}  at FAR {at['far']:g}" for at in part["tar_at_far"]]
    return lines + _refused(part["refused"], "FAR", "far", "impostor_pairs")


def _refused(refused: list[dict[str, Any]], name: str, key: str, trials: str) -> list[str]:
    """Name the largest rate that so few trials cannot tell; what is less cannot be told either."""
    if not refused:
        return []
    first = max(refused, key=lambda one: float(one[key]))
    what = trials.replace("_", " ").replace("non mated probes", "such probes")
    return [f"{name} {first[key]:g} and less cannot be told: it takes {first['needed']} {what}, not {first[trials]}."]


def _held_out(model: str, output: Path | None) -> None:
    """Measure a run on the images that it held out itself."""
    from workbench import evaluation
    from workbench.runs import Run

    if not Path(model).is_dir():
        raise ValueError(f"Give --data: {model} is no run that could say which images it has held out.")
    numbers = evaluation.evaluate(Run.load(model)).headline()
    if output is not None:
        files.write_json(output, numbers)
    print("\n".join(held_out_table(numbers)))


def _embedder(model: str, parameters: list[str]) -> "Embedder":
    from workbench import embedders

    given = values(parameters)
    known = [name for name in inspect.signature(embedders.load).parameters if name != "source"]
    for name in given:
        if name not in known:
            raise ValueError(unknown_name("parameter of a network named", name, known))
    return embedders.load(model, **given)


def _flip(flip: bool) -> Literal["none", "sum"]:
    return "sum" if flip else "none"

"""Training: `workbench train`, `workbench report`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.app import Output, Parameters, app, fail, values
from workbench.cli.recognition import held_out_table
from workbench.config import ReportConfig, RunConfig, TrainingConfig, checked


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
  workbench report -p 'losses=[cosface,elasticface-cos+]' -p seed=1
  workbench report --embeddings lfw.npz -p images=lfw/"""


@app.command(help=_help(ReportConfig, _REPORT))
def report(
    notebook: Annotated[str | None, typer.Argument(help="A notebook of the workbench, or a path.")] = None,
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    embeddings: Annotated[
        Path | None,
        typer.Option("--embeddings", metavar="FILE", help="Train nothing: show embeddings, .npz, .npy or .parquet."),
    ] = None,
    output: Output = None,
) -> None:
    """Render a notebook."""
    from workbench import reports

    given = values(parameter)
    if embeddings is not None:
        notebook = notebook or "92_embeddings_report"
        given = {"embeddings": str(embeddings.resolve()), **given}
    try:
        path = reports.render(notebook or reports.DEFAULT_NOTEBOOK, given, output, progress=True)
    except reports.ReportError as error:
        fail(str(error), code=1)
    print(f"\nThe report is {path}")
    if (index := path.parent.parent / "index.html").exists():
        print(f"All reports:  {index}")


_TRAIN = """Train one loss on one data set.

The same command again goes on where it was stopped; a finished run is left as it is.

Several processes share a run under torchrun, one for each GPU: each has a part of the batch and a range of the classes.
It can be gone on with by any number of them.

\b
Examples:
  workbench train -p loss=arcface -p margin=0.3
  torchrun --nproc-per-node=4 -m workbench train -p loss=arcface
  workbench train -p loss=cosface -p dim=128 -o runs/cosface"""


@app.command(help=_help(RunConfig, _TRAIN))
def train(
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    output: Output = None,
) -> None:
    """Train and evaluate a run."""
    given = values(parameter)
    config = checked(RunConfig, given)
    from workbench import distributed
    from workbench.evaluation import evaluate
    from workbench.training import Trainer

    folder = output or Path("reports") / config.folder_name()
    with distributed.joined(config.device) as processes:
        run = Trainer(config, folder, processes=processes).fit()
    if not processes.leads:
        return
    numbers = evaluate(run).headline()
    print("\n".join(held_out_table(numbers)))
    print(f"\nThe run is in {folder}, with these numbers in evaluation.json")

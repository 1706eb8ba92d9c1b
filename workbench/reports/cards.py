"""What a report says in words and numbers: headline, warnings, run card. A notebook shows them as they are."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench import losses, notation
from workbench.evaluation import CHECKPOINT_RULE, Evaluation, Measured
from workbench.headline import NUMBERS, Number
from workbench.protocols.verification import FARS
from workbench.reports.cells import SUMMARY
from workbench.reports.thumbnail import thumbnail
from workbench.views.text import count

ENVIRONMENT = Environment(loader=PackageLoader("workbench.reports"), autoescape=True, undefined=StrictUndefined)
ENVIRONMENT.filters["grouped"] = count


class Card:
    """A piece of HTML that a notebook shows, and what the list of reports takes from it."""

    def __init__(self, html: str, summary: Mapping[str, Any] | None = None) -> None:
        self.html = html
        self.summary = summary

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/html": self.html, "text/plain": repr(self)}
        return bundle if self.summary is None else {**bundle, SUMMARY: dict(self.summary)}


def headline(evaluations: Mapping[str, Evaluation], *, seeds: int = 1) -> Card:
    """Show the headline numbers of runs side by side, each with its 95 % interval, under what a reader must know.

    Args:
        evaluations: the runs of the first seed, by name.
        seeds: how many there are of each run.
    """
    title = _listed(evaluations) + " on " + next(iter(evaluations.values())).run.config.data_name()
    rows = _rows(evaluations)
    lines = [f"{name}: {_headline_line(evaluation)}" for name, evaluation in evaluations.items()]
    html = ENVIRONMENT.get_template("headline.html.j2").render(
        summary=_summary(evaluations),
        names=list(evaluations),
        rows=rows,
        warnings=warnings(evaluations, seeds=seeds),
        rule=CHECKPOINT_RULE,
    )
    snapshots = [evaluation.run.snapshots() for evaluation in evaluations.values()]
    spheres = [(snapshot.embeddings[-1], snapshot.labels) for snapshot in snapshots]
    return Card(html, {"title": title, "lines": lines, "thumbnail": thumbnail(spheres)})


def numbers(measured: Mapping[str, Measured], *, title: str) -> Card:
    """Show the headline numbers of embeddings side by side, each with its 95 % interval.

    Args:
        measured: what was measured, by name.
        title: of the report, for the list of reports.
    """
    html = ENVIRONMENT.get_template("numbers.html.j2").render(
        names=list(measured), rows=_rows(measured), counts=[one.counts() for one in measured.values()], fars=FARS
    )
    lines = [f"{name}: {_headline_line(one)}" for name, one in measured.items()]
    spheres = [(one.embeddings, one.labels) for one in measured.values()]
    return Card(html, {"title": title, "lines": lines, "thumbnail": thumbnail(spheres)})


def run_card(evaluations: Mapping[str, Evaluation]) -> Card:
    """Show all that is needed to repeat the runs: parameters, what differs from the defaults, data, versions."""
    runs = {}
    for name, evaluation in evaluations.items():
        config, facts = evaluation.run.config, evaluation.run.facts
        given = {key: value for key, value in config.model_dump().items() if value != type(config)().model_dump()[key]}
        options = [part for key, value in given.items() for part in ("-p", f"{key}={notation.written(value)}")]
        runs[name] = {
            "command": shlex.join(["workbench", "train", *options]),
            "config": config.model_dump(mode="json"),
            "changed": set(given),
            "loss": losses.parameters(config.loss) | config.resolved_options(),
            "facts": facts,
            "seconds": sum(record["seconds"] for record in evaluation.run.records()),
        }
    return Card(ENVIRONMENT.get_template("run_card.html.j2").render(runs=runs))


def warnings(evaluations: Mapping[str, Evaluation], *, seeds: int = 1) -> list[str]:
    """Return what a reader must know before believing the numbers, one sentence each."""
    found = []
    first = next(iter(evaluations.values()))
    if seeds == 1:
        found.append(
            "One seed for each loss: this is a demonstration, not a comparison. Another seed can turn the order round."
        )
    else:
        found.append(f"What is shown is the first of {seeds} seeds; the table of differences has all of them.")
    if first.centres is not None:
        found.append(
            "The held-out images show classes that were trained on (closed set). Faces are verified between people "
            "never seen in training: -p held_out=classes measures that."
        )
    for name, evaluation in evaluations.items():
        if (chance := 1 / evaluation.images.classes) and evaluation.accuracy and evaluation.accuracy.value < 2 * chance:
            found.append(f"{name} is hardly better than guessing ({chance:.0%}): look at its training record.")
    return found


def _listed(names: Iterable[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _summary(evaluations: Mapping[str, Evaluation]) -> str:
    """What was trained on what, in one line."""
    run = next(iter(evaluations.values())).run
    config, data, device = run.config, run.facts["data"], run.facts["hardware"]["device"]
    seconds = sum(record["seconds"] for e in evaluations.values() for record in e.run.records())
    return (
        f"{_listed(evaluations)}, {config.model} in {config.dim} dimensions, {config.epochs} epochs, seed "
        f"{config.seed}; {config.data_name()}: {data['train']} images of {data['classes']} classes to train on, "
        f"{data['held_out']} of {data['held_out_classes']} classes held out; {seconds:.0f} s on {device}."
    )


def _rows(evaluations: Mapping[str, Measured]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Name of each number that somebody has, and for each run its value and interval as text."""
    every = [evaluation.numbers() for evaluation in evaluations.values()]
    return [
        (number.name, [_cell(number, numbers) for numbers in every])
        for number in NUMBERS
        if any(number.of(numbers) for numbers in every)
    ]


def _cell(number: Number, numbers: Mapping[str, Any]) -> tuple[str, str]:
    estimate = number.of(numbers)
    if estimate is None:
        return number.missing, ""
    ends = [number.bare(end) for end in estimate.interval or ()]
    return number.bare(estimate.value) + number.suffix(), " to ".join(ends)


def _headline_line(evaluation: Measured) -> str:
    eer = f"EER {evaluation.geometry.roc.eer.value:.1%}"
    return eer if evaluation.accuracy is None else f"{evaluation.accuracy.value:.1%} right, {eer}"

"""What was equal for all runs of a sweep, and what was not."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from workbench import losses
from workbench.config import RunConfig
from workbench.evaluation import CHECKPOINT_RULE
from workbench.reports.cards import ENVIRONMENT, Card
from workbench.sweeps.results import Results

_OF_THE_LOSS = ("loss", "loss_options", "scale", "margin", "std")


def conditions(results: Results) -> Card:
    """Show how the checkpoint was chosen, what was equal for all runs and what was not, and the spec."""
    configs: dict[str, list[RunConfig]] = {}
    for cell in results.sweep.cells():
        configs.setdefault(cell.loss, []).append(cell.config)
    equal, apart = _parted([config for some in configs.values() for config in some])
    circumstances = _circumstances(results)
    html = ENVIRONMENT.get_template("sweep_conditions.html.j2").render(
        rule=CHECKPOINT_RULE,
        defaults=RunConfig().model_dump(mode="json"),
        equal=equal,
        apart=apart,
        losses=list(configs),
        unequal=_by_loss(configs, apart),
        seconds=[_seconds(results, loss) for loss in configs],
        alike={name: values[0] for name, values in circumstances.items() if len(set(values)) == 1},
        various={name: _counted(values) for name, values in circumstances.items() if len(set(values)) > 1},
        spec=results.sweep.text(),
    )
    return Card(html)


def _parted(configs: Sequence[RunConfig]) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters that all runs share, and the names of those that they do not, beside loss and seed."""
    every = [config.model_dump(mode="json", exclude={"seed", *_OF_THE_LOSS}) for config in configs]
    equal = {key: value for key, value in every[0].items() if all(one[key] == value for one in every)}
    return equal, [key for key in every[0] if key not in equal]


def _by_loss(configs: Mapping[str, Sequence[RunConfig]], apart: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return for each parameter that losses have of their own what each of them has."""
    columns = [
        [
            losses.parameters(config.loss) | config.resolved_options() | {key: getattr(config, key) for key in apart}
            for config in some
        ]
        for some in configs.values()
    ]
    keys = dict.fromkeys(key for column in columns for one in column for key in one)
    return [(key, [_listed([one[key] for one in column if key in one]) for column in columns]) for key in keys]


def _circumstances(results: Results) -> dict[str, list[str]]:
    """Return what the runs were begun with, run by run."""
    begun = [found.facts for found in results.runs.values() if found.facts]
    circumstances = {
        "Threads of a run": [str(facts["hardware"]["threads"]) for facts in begun],
        "Device": [f"{facts['hardware']['device']} ({facts['hardware']['name']})" for facts in begun],
        "Versions": [", ".join(f"{key} {value}" for key, value in facts["versions"].items()) for facts in begun],
        "Code": [facts["commit"] or "not from a checkout" for facts in begun],
    }
    for outcome in results.outcomes:
        if outcome.found.facts:
            circumstances.setdefault(f"Images of {outcome.data}", []).append(_images(outcome.found.facts["data"]))
    return circumstances


def _images(facts: Mapping[str, Any]) -> str:
    return (
        f"{facts['train']} of {facts['classes']} classes to train on, {facts['held_out']} of "
        f"{facts['held_out_classes']} held out. {facts['source']} SHA-256 {facts['digest'][:16]}…"
    )


def _seconds(results: Results, loss: str) -> str:
    took = [one.found.facts["seconds"] for one in results.outcomes if one.loss == loss and one.found.facts]
    return f"{mean(took):.3g} s" if any(took) else "–"


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(dict.fromkeys(map(str, values))) or "–"


def _counted(values: Sequence[str]) -> str:
    return "; ".join(f"{values.count(value)} runs: {value}" for value in dict.fromkeys(values))

"""The recipe "tuned": for each loss what a recorded search found on small data, and how far to believe it.

`presets.json` beside this file holds every trial of the search with its numbers. `workbench tune` writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from textwrap import fill
from typing import Any

from workbench.losses import registry

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Preset:
    """What was found for a loss. Numbers are equal error rates in percent, of people not trained on and not tested on.

    Attributes:
        loss: its name.
        values: what recipe "tuned" sets where nothing else is given: parameters of the loss, and the learning rate
            `lr`. Empty where no trial came out better than recipe "small".
        space: what was searched: by parameter the least value, the greatest, and whether evenly in the logarithm.
        trial: number of the trial that was chosen; 0 is recipe "small".
        value: its number, the mean over the seeds of the search. The least of many, so it flatters.
        runner_up: that of the next best trial; None if all others failed.
        small: that of recipe "small", over the same seeds; None if a run failed.
        gain: by how much it was better than "small" under seeds that had no part in the choice; None where "small"
            itself was chosen, or a run of either failed.
        interval: of the gain, 95 % over these seeds, corrected for all losses of the search by Holm's procedure.
        verdict: "better", "worse", "cannot tell", or "small" where that was chosen.
    """

    loss: str
    values: Mapping[str, float]
    space: Mapping[str, tuple[float, float, bool]]
    trial: int
    value: float
    runner_up: float | None
    small: float | None
    gain: float | None
    interval: tuple[float, float] | None
    verdict: str

    def settings(self) -> str:
        """Return the values as text: "scale=23, margin=0.31, lr=0.13"."""
        return ", ".join(f"{name}={value:g}" for name, value in self.values.items()) or "as small"

    def searched(self) -> str:
        """Return the space as text: "scale 4 to 64 by factors, margin 0.1 to 0.7"."""
        ends = (f"{name} {low:g} to {high:g}{' by factors' * log}" for name, (low, high, log) in self.space.items())
        return ", ".join(ends)

    def gained(self) -> str:
        """Return the gain with its interval as text, in points; nothing where there is none."""
        if self.gain is None or self.interval is None:
            return ""
        low, high = self.interval
        return f"{self.gain:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−")


def preset(loss: str) -> Preset:
    """Return what recipe "tuned" means for a loss, with what the search said of it.

    >>> sorted(preset("arcface").space)
    ['lr', 'margin', 'scale']

    Raises:
        ValueError: If there is no such loss, or no search has looked at it.
    """
    found = read(record())
    if loss not in found:
        registry.parameters(loss)  # refuses a name that is none
        raise ValueError(
            f"The loss {loss!r} has no tuned recipe: no search has looked at it. Give recipe 'small' and parameters of "
            f"your own. Tuned are: {', '.join(found)}."
        )
    return found[loss]


def read(record: Record) -> dict[str, Preset]:
    """Return the presets of a record, by loss."""
    found = {}
    for loss, content in record["losses"].items():
        one = dict(content["preset"])
        interval = one.pop("interval")
        space = {name: (low, high, bool(log)) for name, (low, high, log) in content["space"].items()}
        found[loss] = Preset(loss, space=space, interval=tuple(interval) if interval else None, **one)
    return found


@cache
def record() -> Record:
    """Return the search that the presets come from: how it was done, and for each loss its space and its trials."""
    text = (resources("workbench.losses") / "presets.json").read_text(encoding="utf-8")
    content: Record = json.loads(text)
    return content


HEAD = ("loss", "tuned", "EER, %", "runner-up", "small", "gain, points", "")


def rows(record: Record) -> list[tuple[str, ...]]:
    """Return the presets of a record as texts, a row for each loss under `HEAD`."""
    return [
        (one.loss, one.settings(), *map(_percent, (one.value, one.runner_up, one.small)), one.gained(), one.verdict)
        for one in read(record).values()
    ]


def table(record: Record) -> str:
    """Return the presets of a record as a table to print."""
    every = [HEAD, *rows(record)]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in every)


def explanation(record: Record) -> str:
    """Return how the presets of a record came about, as paragraphs."""
    search = record["search"]
    run, data, seeds = search["conditions"], search["data"], search["seeds"]
    faces = run["data"][0]["data_options"]
    versions = ", ".join(f"{name} {search['versions'][name]}" for name in ("hypersphere-workbench", "torch"))
    paragraphs = (
        f"""`recipe=tuned` is recipe `small` with the scale, the margin and the learning rate that a search found for
        each loss, unless others are given. Every loss had the same budget: {search["trials"]} trials of {run["epochs"]}
        epochs, with the model {run["model"]} in {run["dim"]} dimensions. The first trial is `small`; the others are
        points of Halton's sequence in the loss's space. The {search["finalists"]} best and `small` were trained under
        {len(seeds[1])} further seeds, and the least mean equal error rate was chosen.""",
        f"""It trained on {data["classes"]} drawn people and chose by {data["held_out_classes"]} others, pictures of
        {faces["size"]} x {faces["size"]} pixels. Nobody on whom losses are compared is among them: these people were
        drawn with seed {faces["seed"]}, and under another seed people are others.""",
        f"""The gain is by how much `small` had more errors under {len(seeds[2])} seeds that had no part in the choice,
        with its 95 % interval over these seeds, corrected for all losses together by Holm's procedure. "cannot tell"
        means that seeds alone do as much. The people are the same under all seeds, so the interval says nothing of
        other people. Nothing was tried on other images, models or numbers of epochs.""",
        f"""Searched on {search["begun"][:10]} with {versions}: {search["runs"]} runs, together
        {search["seconds"] / 60:.0f} minutes of a clock on a machine that had other work too.
        Every trial is in `workbench/losses/presets.json`.
        `workbench tune --write workbench/losses/presets.json` repeats the search, `workbench tune LOSS -p epochs=30`
        searches for one loss with another budget.""",
    )
    return "\n\n".join(fill(" ".join(text.split()), 120, break_on_hyphens=False) for text in paragraphs)


def _percent(value: float | None) -> str:
    return "failed" if value is None else f"{value:.2f}"

"""Tuning: the same number of trials for every loss, each an ordinary run, chosen by people who are never tested on.

    record = sweeps.tune(["arcface", "cosface"], "reports")

Three rounds, each of them a sweep. All trials are trained under one seed. The best, and always recipe "small", are
trained under further seeds, and the best mean is chosen. What was chosen and "small" then meet under seeds that had no
part in the choice: the best of many trials flatters itself, these seeds do not.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from workbench import files, losses
from workbench.checks import whole
from workbench.comparison import Difference, holm, paired_difference
from workbench.headline import Number
from workbench.sweeps.results import Outcome
from workbench.sweeps.running import run
from workbench.sweeps.space import draws, space
from workbench.sweeps.spec import Sweep, load

MEASURE = "eer"  # fixed before the search, as a sweep has it; lower is better
PEOPLE = 1009  # seed of the drawn people; those of seed 0 and the like, on whom losses are compared, are others

# What a comparison on small data is usually made with; 12 epochs in the place of 30, to afford the trials.
_RUN = {"model": "mlp", "dim": 64, "epochs": 12, "flip": True, "device": "cpu"}
_NOT_LOOKED_AT = {"snapshots": 1, "probe": 50, "checkpoint_every": 12}
_DIGITS = 4  # after the point, of percent


@dataclass(frozen=True)
class Search:
    """A search for tuned parameters, alike for all its losses.

    Images are drawn faces of people of its own: on some it trains, by the others it chooses. Nobody on whom losses are
    compared is among them, since the same number under another seed is another person.

    Attributes:
        losses: names; every loss of the catalogue unless given.
        trials: of each loss, under the first seed. The first trial is recipe "small", so that what is chosen is never
            worse than it on the people it was chosen by.
        finalists: how many of the others go on to the second round.
        repeats: further seeds of the second round.
        confirmations: seeds of the third round.
        run: parameters of a run that are other than usual, such as `epochs`; `data_options` of the faces.

    Raises:
        ValueError: If a count is too small, a loss is unknown, or `run` names other data or people.
    """

    losses: Sequence[str] = field(default_factory=losses.names)
    trials: int = 10
    finalists: int = 3
    repeats: int = 2
    confirmations: int = 5
    run: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole("Search", "trials", self.trials, least=2)
        whole("Search", "finalists", self.finalists, least=1)
        whole("Search", "repeats", self.repeats, least=1)
        whole("Search", "confirmations", self.confirmations, least=1)
        if "data" in self.run or "seed" in self.run.get("data_options", {}):
            raise ValueError(
                "A search draws people of its own, so that nobody it chooses by is ever tested on. Leave out 'data', "
                "and 'seed' among 'data_options'."
            )
        for owned in ("recipe", "seed", "losses", "seeds", "measure", "threads"):
            if owned in self.run:
                raise ValueError(f"The {owned!r} parameter is the search's own: leave it out.")

    @property
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        """The seeds of each round."""
        ends = (1, 1 + self.repeats, 1 + self.repeats + self.confirmations)
        return tuple(tuple(range(start, end)) for start, end in zip((0, *ends), ends, strict=False))

    def conditions(self) -> dict[str, Any]:
        """Return what all its runs have in common: the parameters of a run, and the image set."""
        people = {"size": 32, **self.run.get("data_options", {}), "seed": PEOPLE}
        others = {key: value for key, value in self.run.items() if key != "data_options"}
        common = {**_RUN, **_NOT_LOOKED_AT, **others, "recipe": "small"}
        return {**common, "data": [{"data": "synthetic-faces", "data_options": people}]}

    def sweep(self, places: Iterable[tuple[str, int]], seeds: Sequence[int]) -> Sweep:
        """Return the sweep that trains these trials, given by loss and number, under these seeds."""
        points = {loss: draws(space(loss), self.trials) for loss in self.losses}
        entries = [{"loss": loss, "label": _label(loss, trial), **points[loss][trial]} for loss, trial in places]
        common = {"question": "Which parameters tell people apart best?", "measure": MEASURE, "threads": 1}
        return load({"losses": entries, "seeds": list(seeds), **common, **self.conditions()})


@dataclass
class Trial:
    """A point of the space and the numbers it came to.

    Attributes:
        values: what it changes of recipe "small".
        numbers: by seed; None where training failed.
    """

    values: Mapping[str, float]
    numbers: dict[int, float | None] = field(default_factory=dict)

    def under(self, seeds: Iterable[int]) -> list[float] | None:
        """Return its numbers under these seeds; None if one of them is missing."""
        found = [value for seed in seeds if (value := self.numbers.get(seed)) is not None]
        return found if len(found) == len(list(seeds)) else None


Trials = Mapping[str, Sequence[Trial]]


def tune(
    names: Sequence[str] | None = None,
    root: str | Path = "reports",
    *,
    workers: int | None = None,
    progress: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """Search for the parameters of each loss and return the record: every trial with its numbers, and the presets.

    Runs are ordinary run folders in `root`. The same call again repeats none that is done, and returns the same record.

    Args:
        names: of losses; all of the catalogue unless given.
        root: folder of the runs and of the three sweeps.
        workers: runs at work at once, see `sweeps.run`.
        progress: show progress on the error stream.
        **options: of `Search`; everything that it does not know is a parameter of a run.

    Raises:
        ValueError: If an option is wrong.
        KeyboardInterrupt: On Ctrl-C and on SIGTERM; nothing is damaged then.
    """
    own = {key: options.pop(key) for key in ("trials", "finalists", "repeats", "confirmations") if key in options}
    search = Search(tuple(names) if names else tuple(losses.names()), **own, run=options)
    trials = {loss: [Trial(values) for values in draws(space(loss), search.trials)] for loss in search.losses}
    outcomes: list[Outcome] = []
    for number, seeds in enumerate(search.seeds):
        sweep = search.sweep(contenders(search, trials, number), seeds)
        found = run(sweep, root, workers=workers, page=False, progress=progress).outcomes
        _enter(trials, found, sweep.number)
        outcomes += found
    return {"search": _provenance(search, outcomes), "losses": _losses(search, trials)}


def contenders(search: Search, trials: Trials, number: int) -> list[tuple[str, int]]:
    """Return who takes part in round 0, 1 or 2: losses and numbers of trials; "small", trial 0, always does."""
    if number == 0:
        return [(loss, trial) for loss in trials for trial in range(search.trials)]
    before = [seed for seeds in search.seeds[:number] for seed in seeds]
    found = []
    for loss, tried in trials.items():
        best = list(ranked(tried, before))
        others = [trial for trial in best if trial][: search.finalists] if number == 1 else best[:1]
        found += [(loss, trial) for trial in dict.fromkeys([0, *others])]
    return found


def ranked(trials: Sequence[Trial], seeds: Sequence[int]) -> dict[int, float]:
    """Return the mean of each trial that was trained under all these seeds without failing, by number; best first."""
    found = {number: values for number, trial in enumerate(trials) if (values := trial.under(seeds))}
    means = {number: _rounded(mean(values)) for number, values in found.items()}
    return dict(sorted(means.items(), key=lambda item: (item[1], item[0])))


def presets(seeds: Sequence[Sequence[int]], found: Mapping[str, Sequence[Trial]]) -> dict[str, dict[str, Any]]:
    """Return the preset of each loss, as `workbench.losses.Preset` has it, from its trials; nothing is trained.

    Args:
        seeds: of the three rounds.
        found: for each loss its trials with their numbers.

    Raises:
        ValueError: If every trial of a loss failed.
    """
    first, second, third = seeds
    chosen: dict[str, dict[str, Any]] = {}
    gains: dict[str, Difference] = {}
    for loss, trials in found.items():
        means = ranked(trials, [*first, *second])
        if not means:
            raise ValueError(f"No trial of {loss!r} came to its end: failure.json in the folders of its runs says why.")
        best, *others = means
        chosen[loss] = {
            "trial": best,
            "values": dict(trials[best].values),
            "value": means[best],
            "runner_up": means[others[0]] if others else None,
            "small": means.get(0),
        }
        before, after = trials[0].under(third), trials[best].under(third)
        if best and before and after:
            gains[loss] = paired_difference(before, after)
    told = holm(gains)
    return {loss: {**one, **_gain(told.get(loss), one["trial"])} for loss, one in chosen.items()}


def read(record: Mapping[str, Any]) -> dict[str, list[Trial]]:
    """Return the trials that a record holds, by loss."""
    return {
        loss: [
            Trial(one["values"], {int(seed): value for seed, value in one["numbers"].items()})
            for one in content["trials"]
        ]
        for loss, content in record["losses"].items()
    }


def write(record: Mapping[str, Any], path: str | Path) -> None:
    """Write a record as JSON with a line for each trial, whole or not at all."""
    search = ",\n".join(f' "{key}": {json.dumps(one, ensure_ascii=False)}' for key, one in record["search"].items())
    found = []
    for loss, content in record["losses"].items():
        trials = ",\n    ".join(json.dumps(one, allow_nan=False) for one in content["trials"])
        rest = [f'  "{key}": {json.dumps(content[key], allow_nan=False)}' for key in ("space", "preset")]
        found.append(f' "{loss}": {{\n' + ",\n".join([*rest, f'  "trials": [\n    {trials}]']) + "}")
    files.write_text(Path(path), f'{{"search": {{\n{search}}},\n"losses": {{\n' + ",\n".join(found) + "}}\n")


def _losses(search: Search, trials: Trials) -> dict[str, Any]:
    chosen = presets(search.seeds, trials)
    return {
        loss: {
            "space": {name: list(one) for name, one in space(loss).items()},
            "preset": chosen[loss],
            "trials": [
                {"values": dict(one.values), "numbers": {str(seed): value for seed, value in one.numbers.items()}}
                for one in tried
            ],
        }
        for loss, tried in trials.items()
    }


def _provenance(search: Search, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return how a search was done, so that it can be repeated and believed."""
    runs = {one.run: one.found.facts for one in outcomes if one.found.facts}
    first = min(runs.values(), key=lambda facts: str(facts["begun"]))
    data = {key: first["data"][key] for key in ("digest", "train", "classes", "held_out", "held_out_classes")}
    return {
        "about": "Written by `workbench tune`. Numbers are of validation people, in percent, by seed.",
        "measure": MEASURE,
        "trials": search.trials,
        "finalists": search.finalists,
        "seeds": [list(seeds) for seeds in search.seeds],
        "conditions": search.conditions(),
        "data": data,
        "runs": len(runs),
        "seconds": round(sum(facts["seconds"] for facts in runs.values())),
        "begun": first["begun"],
        "versions": first["versions"],
        "hardware": first["hardware"],
    }


def _enter(trials: Trials, outcomes: Iterable[Outcome], number: Number) -> None:
    places = {_label(loss, place): trial for loss, tried in trials.items() for place, trial in enumerate(tried)}
    for one in outcomes:
        estimate = number.of(one.found.numbers or {})
        places[one.loss].numbers[one.seed] = _rounded(estimate.value) if estimate else None


def _gain(difference: Difference | None, trial: int) -> dict[str, Any]:
    """Return by how much "small" had more errors, with what that proves."""
    if difference is None:
        return {"gain": None, "interval": None, "verdict": "cannot tell" if trial else "small"}
    word = {"higher": "better", "lower": "worse", "cannot tell": "cannot tell"}[difference.verdict]
    bounded = [_rounded(end) for end in difference.interval] if len(difference.values) > 1 else None
    return {"gain": _rounded(difference.mean), "interval": bounded, "verdict": word}


def _label(loss: str, trial: int) -> str:
    return f"{loss} #{trial}"


def _rounded(value: float) -> float:
    return round(value, _DIGITS)

"""What a sweep is asked to do: the one schema of a spec, and the runs that it means."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from workbench import intake, losses, notation
from workbench.checks import bad_parameter, shown, unknown_name
from workbench.config import RunConfig, TrainingConfig, checked
from workbench.headline import NUMBERS, Number

_COMMON = ("scale", "margin", "std")
_OF_A_RUN = [name for name in TrainingConfig.model_fields if name not in ("data", "seed")]
# Each takes some milliseconds to check, and minutes at least to train.
_MOST_RUNS, _MOST_SEEDS = 500, 1000
_IN_LISTS = {"milestones"}  # their values are lists themselves


def _seeds(value: object) -> object:
    """Take a count for that many seeds from 0 on."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        value = range(min(value, _MOST_SEEDS + 1))
    return tuple(value) if isinstance(value, (list, range)) else value


def _entries(key: str) -> BeforeValidator:
    """Take a name for an entry of that name, and one entry for a list of one."""

    def entries(value: object) -> object:
        every = value if isinstance(value, (list, tuple)) else [value]
        return tuple({key: entry} if isinstance(entry, str) else entry for entry in every)

    return BeforeValidator(entries)


class Sweep(BaseModel):
    """Losses x seeds x data x parameters, everything else alike for all.

    Beside the keys below stand parameters of a run (`workbench train --help`) and of its losses (`workbench losses`).
    A list of values means a grid: every loss is trained under every seed at every point of it. Parameters of a loss go
    to those losses that have them. `load` reads a spec from a file.

    An entry of `losses` or `data` is a name, or a mapping of it, a `label`, and parameters that are its own and go
    before those of all.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, strict=True)

    question: str = Field("Which loss tells people apart best?", description="what the page asks")
    losses: Annotated[tuple[dict[str, Any], ...], _entries("loss")] = Field(
        min_length=1, description="the losses; the others are compared with the first"
    )
    # One seed shows nothing; five find a difference of 1.7 times its spread over seeds in four of five studies.
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**63)], ...], BeforeValidator(_seeds)] = Field(
        (0, 1, 2, 3, 4), min_length=1, max_length=_MOST_SEEDS, description="a count, from 0 on, or a list"
    )
    data: Annotated[tuple[dict[str, Any], ...], _entries("data")] = Field(
        ({"data": "digits"},), min_length=1, description="image sets"
    )
    # Fixed before training: whoever looks at all numbers and then chooses one finds a difference by chance.
    measure: str = Field("eer", description="the number that decides: eer, auc, rank_1, tar@0.001...")
    threads: int = Field(1, ge=1, le=1024, description="of every run, however many run at once; they decide its bits")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.measure not in (keys := [number.key for number in NUMBERS]):
            raise ValueError(unknown_name("number", self.measure, keys))
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"The 'seeds' parameter must name each seed once. Got {shown(list(self.seeds))}.")
        self.cells()
        return self

    @property
    def number(self) -> Number:
        """The number that decides."""
        return next(number for number in NUMBERS if number.key == self.measure)

    def content(self) -> dict[str, Any]:
        """Return the spec as plain JSON, as `load` takes it."""
        return self.model_dump(mode="json")

    def text(self) -> str:
        """Return the spec as YAML, a file to run again."""
        return yaml.safe_dump(self.content(), sort_keys=False, allow_unicode=True)

    def folder_name(self) -> str:
        """Return a name for the folder of its results: the same spec gives the same name, others another."""
        mark = hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()[:8]
        return f"sweep-{mark}"

    def cells(self) -> tuple["Cell", ...]:
        """Return every place of the sweep, in the order in which they are run: data by data, seed by seed.

        Raises:
            ValueError: If an entry has a key that is unknown, two have one label, or the parameters make no run.
        """
        given = self.model_extra or {}
        variants = [_variant(entry) for entry in self.losses]
        accepted = {name for variant in variants for name in losses.parameters(variant["loss"])}
        for name in given:
            if name not in _OF_A_RUN and name not in accepted:
                raise ValueError(unknown_name("key of a sweep", name, {*Sweep.model_fields, *_OF_A_RUN, *accepted}))
        labels = _labels("loss", variants)
        sets = [_image_set(entry) for entry in self.data]
        wanted = prod(len(values) for values in _lists(given).values()) * len(variants) * len(sets)
        if wanted > _MOST_RUNS:
            raise ValueError(
                f"A sweep may have {_MOST_RUNS} runs under each seed. Got {wanted}: give shorter lists, or two specs."
            )
        for entry in (given, *variants, *sets):
            if not isinstance(entry.get("loss_options") or {}, Mapping):
                raise ValueError(bad_parameter("a sweep", "loss_options", "NAME: VALUE", entry["loss_options"]))
        cells = []
        for place, chosen in zip(_labels("data", sets), sets, strict=True):
            runs = [
                (label, setting, _config({**given, **setting, **_rest(chosen, "data")}, chosen["data"], variant))
                for setting in _grid(given)
                for label, variant in zip(labels, variants, strict=True)
            ]
            for seed in self.seeds:
                for label, at, config in runs:
                    cells.append(Cell(label, place, at, seed, config.model_copy(update={"seed": seed})))
        return tuple(cells)


@dataclass(frozen=True)
class Cell:
    """One place of a sweep.

    Attributes:
        loss: label of the loss.
        data: label of the image set.
        setting: where on the grid it is, by parameter; empty without one.
        seed: of the run.
        config: of the run.
    """

    loss: str
    data: str
    setting: dict[str, Any]
    seed: int
    config: RunConfig

    @property
    def run(self) -> str:
        """Name of the run's folder. Two places that mean the same run share it."""
        return self.config.folder_name()


def load(spec: str | Path | Mapping[str, Any] | None = None, **changes: Any) -> Sweep:
    """Return the sweep that a spec describes.

        sweep = sweeps.load("sweep.yaml", seeds=3)

    Args:
        spec: a YAML file, or its content; without one the example that comes along, see `example`.
        **changes: keys that go before those of the spec.

    Raises:
        ValueError: With one sentence for what is wrong: a key that is unknown, and the nearest that are not.
    """
    if spec is None:
        given = notation.parse(example())
    elif isinstance(spec, Mapping):
        given = dict(spec)
    else:
        given = _read(Path(spec))
    return checked(Sweep, {**given, **changes})


def example() -> str:
    """Return the spec that `workbench sweep` runs without one, with comments: a file to begin with."""
    return (resources("workbench.sweeps") / "example.yaml").read_text(encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        given = notation.parse(intake.ordinary(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"There is no spec {path}. `workbench sweep --example` prints one to begin with.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"The spec {path} cannot be read: {error}") from None
    if not (isinstance(given, dict) and all(isinstance(key, str) for key in given)):
        raise ValueError(f"The spec {path} must hold lines of NAME: VALUE. `workbench sweep --example` prints one.")
    return given


def _variant(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of `losses` after a look at its keys."""
    if not isinstance(entry.get("loss"), str):
        raise ValueError(
            f"Each entry of 'losses' must be the name of a loss, or have one as 'loss'. Got {shown(entry)}."
        )
    known = {"loss", "label", *_OF_A_RUN, *losses.parameters(entry["loss"])}
    for name in entry:
        if name not in known:
            raise ValueError(unknown_name(f"key of the loss {entry['loss']!r} named", name, known))
    return dict(entry)


def _image_set(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of `data` after a look at its keys."""
    if not isinstance(entry.get("data"), str):
        raise ValueError(
            f"Each entry of 'data' must be an image set or a path, or have one as 'data'. Got {shown(entry)}."
        )
    known = {"data", "label", *_OF_A_RUN}
    for name in entry:
        if name not in known:
            raise ValueError(unknown_name("key of an entry of 'data' named", name, known))
    return dict(entry)


def _labels(key: str, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what to call each entry: its label, or its name and, where another has that name too, what is its own."""
    names = [entry[key] for entry in entries]
    labels = []
    for entry in entries:
        own = ", ".join(f"{name} {value}" for name, value in _rest(entry, key).items())
        several = names.count(entry[key]) > 1 and own
        labels.append(str(entry.get("label") or (f"{entry[key]}, {own}" if several else entry[key])))
    for label in labels:
        if labels.count(label) > 1:
            kind = "losses" if key == "loss" else "data"
            raise ValueError(f"Two entries of {kind!r} are called {shown(label)}. Give each another 'label'.")
    return labels


def _rest(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in (key, "label")}


def _grid(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each point of the grid that lists of values mean."""
    lists = _lists(given)
    for name, values in lists.items():
        if any(value in values[:place] for place, value in enumerate(values)):
            raise ValueError(f"The list of {name!r} must name each value once. Got {shown(list(values))}.")
    for point in product(*lists.values()):
        yield dict(zip(lists, point, strict=True))


def _lists(given: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """Return the lists of values that mean a grid, by parameter."""
    lists = {name: value for name, value in given.items() if isinstance(value, (list, tuple)) and value}
    return {name: value for name, value in lists.items() if name not in _IN_LISTS or isinstance(value[0], list)}


def _config(given: Mapping[str, Any], data: str, variant: Mapping[str, Any]) -> RunConfig:
    """Return the run of a loss: what is its own goes before what all have, of which it takes what it knows."""
    name, accepted = variant["loss"], losses.parameters(variant["loss"])
    own = _rest(variant, "loss")
    options = {**(given.get("loss_options") or {}), **{key: given[key] for key in given if key not in _OF_A_RUN}}
    options |= {key: given[key] for key in _COMMON if given.get(key) is not None}
    options = {key: value for key, value in options.items() if key in accepted}
    options |= {**(own.get("loss_options") or {}), **{key: own[key] for key in own if key not in _OF_A_RUN}}
    options |= {key: own[key] for key in _COMMON if key in own}
    common = {key: options.pop(key) for key in _COMMON if key in options}
    run = {key: value for key, value in {**given, **own}.items() if key in _OF_A_RUN and key not in _COMMON}
    return checked(RunConfig, {**run, **common, "loss_options": options, "data": data, "loss": name})

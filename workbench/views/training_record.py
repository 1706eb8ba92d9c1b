"""How training went or goes: small multiples of what was recorded at each epoch, and the margins that were drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, one_of, unknown_name
from workbench.theme import run_styles
from workbench.views.payload import pack
from workbench.views.view import View

MAX_RUNS = 4
MAX_EPOCHS = 500
MARGIN_BINS = 60
UNITS = ("rad", "cosine")


class Metric(NamedTuple):
    """One small multiple: a key of the records, and its title, factor, unit and range on the screen."""

    key: str
    title: str
    factor: float = 1.0
    unit: str = ""
    low: float | None = 0.0
    high: float | None = None


METRICS = (
    Metric("loss", "Loss"),
    Metric("accuracy", "Accuracy in training", 100, " %", 0, 100),
    Metric("angle", "Mean angle to own centre", 180 / math.pi, "°", 0, 180),
    Metric("grad_norm", "Gradient norm"),
    Metric("norm", "Feature norm"),
    Metric("alignment", "Alignment"),
    Metric("uniformity", "Uniformity", low=None, high=0),
    Metric("lr", "Learning rate"),
)


@dataclass(frozen=True)
class Progress:
    """Where a training stands, in words and as a part of the whole.

    Attributes:
        state: "ready", "running", "paused", "stopped", "finished" or "failed".
        sentence: what is going on and what can be done.
        done: steps done.
        total: steps in all.
    """

    state: Literal["ready", "running", "paused", "stopped", "finished", "failed"]
    sentence: str
    done: int
    total: int


def training_record(
    runs: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    margins: Mapping[str, npt.ArrayLike | None] | None = None,
    unit: str | Mapping[str, str] = "rad",
    epochs: int | None = None,
    progress: Progress | None = None,
) -> View:
    """Show what each run recorded at each epoch, with a cursor at the epoch that the other views of the page show.

    Known keys of a record are those of `METRICS`: "loss", "accuracy" (a share), "angle" (radians), "grad_norm", "norm",
    "alignment", "uniformity" and "lr"; "term_NAME" is a term of the loss. What no run has is left out; what one record
    lacks, or is not finite, is a hole in the curve. More than 500 epochs are thinned evenly, and the last is kept.

    Args:
        runs: one to four named runs: records, oldest first, each with an "epoch"; a run may have none yet.
        margins: by the run's name, the margins that the loss drew in one epoch, any shape; None for no margin.
        unit: "rad", shown in degrees, or "cosine"; a mapping gives each run its own.
        epochs: how many there are going to be, where the epochs' axis ends; by default the last one recorded.
        progress: where the training stands, for one that is running.

    Raises:
        ValueError: no run or too many, a record without an epoch or epochs that do not increase, margins of an unknown
            run or not finite, or an unknown unit.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("training_record", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    for name in margins or {}:
        if name not in runs:
            raise ValueError(unknown_name("run", name, runs))
    kept = {name: _thinned(_checked(name, records)) for name, records in runs.items()}
    keys = dict.fromkeys(key for records in kept.values() for record in records for key in record)
    terms = [Metric(key, f"Term: {key.removeprefix('term_')}") for key in keys if key.startswith("term_")]
    shown = [metric for metric in (*METRICS, *terms) if metric.key in keys]
    blocks: dict[str, np.ndarray] = {}
    for i, records in enumerate(kept.values()):
        blocks[f"epoch{i}"] = np.array([record["epoch"] for record in records], dtype=np.float64)
        for metric in shown:
            values = [_number(record.get(metric.key)) * metric.factor for record in records]
            blocks[f"{metric.key}{i}"] = np.array(values, dtype=np.float64)
    entries = [
        {"name": name, "colour": style.css, "dash": style.dash}
        for name, style in zip(kept, run_styles(len(kept)), strict=True)
    ]
    told = _margins({name: (margins or {}).get(name) for name in kept}, unit, blocks)
    last = max((records[-1]["epoch"] for records in kept.values() if records), default=0)
    header = {
        **_texts(kept, shown),
        "runs": entries,
        "metrics": [metric._asdict() for metric in shown],
        "margins": told,
        "epochs": max(last, epochs or 0, 1),
        "notes": _notes(runs, kept),
        "progress": asdict(progress) if progress else None,
    }
    return View("training_record", pack(header, **blocks))


def _checked(name: str, records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    epochs = [record.get("epoch") for record in records]
    numbers = [epoch for epoch in epochs if isinstance(epoch, Real) and math.isfinite(epoch)]
    if len(numbers) < len(epochs) or any(b <= a for a, b in pairwise(numbers)):
        rule = "records that each have an 'epoch', increasing"
        raise ValueError(bad_parameter(f"the run {name!r}", "records", rule, epochs))
    return list(records)


def _thinned(records: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    every = math.ceil(len(records) / MAX_EPOCHS)
    return records if every <= 1 else [*records[:-1:every], records[-1]]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, Real) and math.isfinite(value) else math.nan


def _margins(
    margins: Mapping[str, npt.ArrayLike | None], unit: str | Mapping[str, str], blocks: dict[str, np.ndarray]
) -> list[dict[str, Any] | None]:
    """Count each run's margins into `margins{i}`, and say where its bins begin and end, in degrees or as a cosine."""
    told: list[dict[str, Any] | None] = []
    for i, (name, given) in enumerate(margins.items()):
        one = unit if isinstance(unit, str) else unit.get(name, "rad")
        one_of("training_record", "unit", one, UNITS)
        values = np.asarray([] if given is None else given, dtype=np.float64).reshape(-1)
        if not np.isfinite(values).all():
            raise ValueError(bad_parameter(f"the run {name!r}", "margins", "finite numbers", given))
        if not len(values):
            told.append(None)
            continue
        values = np.rad2deg(values) if one == "rad" else values
        low, high = float(values.min()), float(values.max())
        fixed = high - low < 1e-6
        if not fixed:
            blocks[f"margins{i}"] = np.histogram(values, MARGIN_BINS, (low, high))[0].astype(np.float64)
        told.append(
            {
                "unit": "°" if one == "rad" else "",
                "low": low,
                "high": high,
                "fixed": fixed,
                "count": len(values),
                "mean": float(values.mean()),
                "std": float(values.std()),
            }
        )
    return told


def _texts(runs: Mapping[str, list[Mapping[str, Any]]], shown: list[Metric]) -> dict[str, str]:
    done = ", ".join(f"{name} {records[-1]['epoch'] if records else 0}" for name, records in runs.items())
    titles = ", ".join(metric.title.lower() for metric in shown) or "no numbers yet"
    return {
        "title": "Training",
        "summary": f"Training record: {titles}; epochs done: {done}.",
        "caption": (
            "Means over each epoch, on training images and with the margin in force, so a loss with a larger margin is "
            "a larger number, and losses of two methods cannot be compared. None of this says how new people fare. "
            f"{_words(shown)}Choose an epoch here, and the other views show it."
        ),
    }


def _words(shown: list[Metric]) -> str:
    probed = {metric.key for metric in shown} & {"alignment", "uniformity", "norm"}
    return (
        "Feature norm, alignment (lower: tighter classes) and uniformity (lower: spread more evenly) are of held-out "
        "images. "
        if probed
        else ""
    )


def _notes(runs: Mapping[str, Sequence[Any]], kept: Mapping[str, Sequence[Any]]) -> list[str]:
    notes = []
    if not any(kept.values()):
        notes.append("No epoch is finished, so there are no curves yet.")
    notes += [
        f"{name}: {len(kept[name])} of {len(records)} epochs are drawn."
        for name, records in runs.items()
        if len(kept[name]) < len(records)
    ]
    return notes

"""How training went: small multiples of what was recorded at each epoch."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from workbench import theme
from workbench.figures.frame import HEIGHT, checked_runs, framed, nothing
from workbench.figures.rows import headed
from workbench.figures.text import degrees, digits, escaped, percent

_POINTS = 120
_NAME, _TITLE = "training_curves", "Training"


class Panel(NamedTuple):
    """One small multiple: what it shows of a record, and on which axis."""

    key: str
    title: str
    axis: dict[str, Any]
    factor: float = 1.0


_PANELS = (
    Panel("loss", "Loss", {"rangemode": "tozero"}),
    Panel("accuracy", "Accuracy in training", {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.5}),
    Panel("angle", "Mean own angle", {"range": [0, 180], "dtick": 90, "ticksuffix": "°"}, 180 / math.pi),
    Panel("lr", "Learning rate", {"rangemode": "tozero"}),
)


def training_curves(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> go.Figure:
    """Draw what each run recorded: loss, accuracy, mean angle, learning rate; those that at least one run has.

    Args:
        runs: Run name to records, oldest first, at most six. A record has "epoch" and some of "loss", "accuracy"
            (a share), "angle" (radians) and "lr". What is missing or not finite is a hole in the curve.

    Raises:
        ValueError: A record without an epoch, or more runs than can be told apart.
    """
    measured = {name: list(records) for name, records in checked_runs(runs, _NAME).items()}
    for name, records in measured.items():
        if any("epoch" not in record for record in records):
            raise ValueError(f"{name}: each record needs an 'epoch'.")
    panels = [
        panel for panel in _PANELS if any(panel.key in record for records in measured.values() for record in records)
    ]
    if not panels:
        return nothing(name=_NAME, title=_TITLE, sentence="No epoch is finished, so there is nothing to show yet.")

    columns = min(len(panels), 2)
    rows = math.ceil(len(panels) / columns)
    figure = make_subplots(rows=rows, cols=columns, shared_xaxes="all", vertical_spacing=0.2, horizontal_spacing=0.1)
    every = math.ceil(max(len(records) for records in measured.values()) / _POINTS)
    for place, panel in enumerate(panels):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        headed(figure, panel.title, **where)
        for (name, records), style in zip(measured.items(), theme.run_styles(len(measured)), strict=True):
            figure.add_trace(_curve(name, _thinned(records, every), panel, style, first=not place), **where)
        figure.update_yaxes(**panel.axis, nticks=4, **where)
    last = max(1, *(record["epoch"] for records in measured.values() for record in records))
    figure.update_xaxes(range=[0, 1.02 * last], dtick=_step(last), showticklabels=True)
    figure.update_xaxes(title="epoch", row=rows)
    figure.update_layout(showlegend=len(measured) > 1, height=HEIGHT if rows > 1 else 300)
    figure.update_layout(margin={"t": 72 if len(measured) > 1 else 48})
    thinned = f" One epoch in {every} is drawn, and the last." if every > 1 else ""
    return framed(
        figure,
        name=_NAME,
        title=_TITLE,
        caption=(
            "Means over each epoch, on training images and with the margin in force, so a loss with a larger "
            "margin is a larger number. Losses of two methods cannot be compared; none of this says how new "
            f"people fare.{thinned}"
        ),
        summary=" ".join(_said(name, records) for name, records in measured.items()),
    )


def _step(last: float) -> float:
    """Whole epochs between ticks, about six of them: 1, 2 or 5 times a power of ten."""
    rough = max(last / 6, 1.0)
    ten = 10.0 ** math.floor(math.log10(rough))
    return next(step * ten for step in (1, 2, 5, 10) if step * ten >= rough)


def _thinned(records: list[Mapping[str, Any]], every: int) -> list[Mapping[str, Any]]:
    kept = records[::every]
    return kept if not records or kept[-1] is records[-1] else [*kept, records[-1]]


def _curve(
    name: str, records: list[Mapping[str, Any]], panel: Panel, style: theme.RunStyle, *, first: bool
) -> go.Scatter:
    values = np.array([_number(record.get(panel.key)) for record in records]) * panel.factor
    alone = np.isfinite(values).sum() <= 1  # a line needs two points
    return go.Scatter(
        x=[record["epoch"] for record in records],
        y=[value if math.isfinite(value) else None for value in values.tolist()],
        mode="lines+markers" if alone else "lines",
        line={"color": style.colour, "dash": style.dash, "width": 2},
        name=escaped(name),
        legendgroup=escaped(name),
        showlegend=first,
        hovertemplate="epoch %{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
    )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, Real) and math.isfinite(value) else math.nan


def _said(name: str, records: list[Mapping[str, Any]]) -> str:
    """The last record in words, and the first loss that was not a number."""
    if not records:
        return f"{name}: no epoch is finished."
    last = records[-1]
    shown = {"loss": digits, "accuracy": percent, "angle": lambda rad: degrees(math.degrees(rad)), "lr": digits}
    words = [
        f"{panel.title.lower()} {shown[panel.key](_number(last[panel.key]))}"
        for panel in _PANELS
        if math.isfinite(_number(last.get(panel.key)))
    ]
    diverged = next((r["epoch"] for r in records if "loss" in r and math.isnan(_number(r["loss"]))), None)
    broken = "" if diverged is None else f" The loss is not a number in epoch {diverged}."
    return f"{name}, epoch {last['epoch']}: {', '.join(words) or 'nothing recorded'}.{broken}"

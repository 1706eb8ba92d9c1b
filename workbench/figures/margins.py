"""The margins that a loss demanded of each sample, and those that the samples really have."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from workbench import theme
from workbench.checks import one_of
from workbench.figures.bins import shares, staircase
from workbench.figures.frame import REFERENCE, checked_runs, finite, framed, nothing
from workbench.figures.text import degrees, digits, escaped, percent

_UNITS = ("rad", "cosine")
_REALISED_EDGES = np.arange(-180.0, 181.0, 2.0)
_BINS = 360
_DEMANDED, _REALISED = "margins", "realised_margins"
_DEMANDED_TITLE, _REALISED_TITLE = "Margins that the loss demanded", "Margins realised"


def margins(runs: Mapping[str, Any], *, unit: str | Mapping[str, str] = "rad") -> go.Figure:
    """Draw the margin that each run's loss demanded of each sample: a histogram, or a line where all have the same.

    Args:
        runs: Run name to margins: an array of any shape, one number for a fixed margin, or None for a loss without
            a margin, which is shown as 0. At most six.
        unit: "rad", the default: radians, shown in degrees; or "cosine": what is subtracted from a cosine. A mapping
            gives each run its own; each unit has its own panel then.

    Raises:
        ValueError: Values that are not finite, an unknown unit, or more runs than can be told apart.
    """
    measured = checked_runs(runs, _DEMANDED)
    units = {name: unit if isinstance(unit, str) else unit.get(name, "rad") for name in measured}
    for one in units.values():
        one_of(_DEMANDED, "unit", one, _UNITS)
    values = {name: _demanded(data, name, units[name]) for name, data in measured.items()}
    values = {name: data for name, data in values.items() if len(data)}
    if not values:
        return nothing(name=_DEMANDED, title=_DEMANDED_TITLE, sentence="There are no margins to show.")

    panels = [one for one in _UNITS if one in {units[name] for name in values}]
    figure = make_subplots(rows=len(panels), cols=1, vertical_spacing=0.24)
    styles = dict(zip(values, theme.run_styles(len(values)), strict=True))
    said = []
    for row, one in enumerate(panels, 1):
        here = {name: data for name, data in values.items() if units[name] == one}
        edges = _grid(list(here.values()), one)
        spread = {name: shares(data, edges) for name, data in here.items() if np.ptp(data) > 1e-6}
        top = 1.1 * max((float(heights.max()) for heights in spread.values()), default=1.0)
        for name, data in here.items():
            words = _words(data, one)
            said.append(f"{name}: {words}")
            trace = {
                "name": f"{escaped(name)}, {words}",
                "line": {"dash": styles[name].dash},
                "hovertemplate": "%{x:.3g}<extra>%{fullData.name}</extra>",
            }
            x, heights = (edges, spread[name]) if name in spread else (data[:1].repeat(2), np.array([top]))
            figure.add_trace(staircase(x, heights, styles[name].colour, fill=name in spread, **trace), row=row, col=1)
            if name not in spread:
                figure.data[-1].update(y=[0, top], cliponaxis=False)  # at 0 half of it would be cut off
        label = "margin" if one == "rad" else "margin, as a cosine"
        figure.update_xaxes(range=[edges[0], edges[-1]], title=label, row=row)
        figure.update_xaxes(ticksuffix="°" if one == "rad" else "", row=row)
        width = f"{digits(edges[1] - edges[0])}{'°' if one == 'rad' else ''}"
        figure.update_yaxes(
            range=[0, top], tickformat=".2~%", nticks=4, title=f"share per {width}", visible=bool(spread), row=row
        )
    figure.update_layout(showlegend=True)
    return framed(
        figure,
        name=_DEMANDED,
        title=_DEMANDED_TITLE,
        caption=(
            "What the loss asked of each sample, not what the sample has: a vertical line is one margin for all, "
            "and at 0 none is asked. A margin in degrees and one in cosines cannot be compared by their numbers."
        ),
        summary=". ".join(said) + ".",
    )


def realised_margins(runs: Mapping[str, Any]) -> go.Figure:
    """Draw how much nearer each sample is to its own centre than to the nearest other, in degrees.

    Args:
        runs: Run name to margins realised in radians: an array [N], or what has one as `.margin`, such as
            `workbench.geometry.Angles`. At most six. Binned at 2 degrees from -180 to 180.

    Raises:
        ValueError: Values that are not finite, or more runs than can be told apart.
    """
    measured = {
        name: np.degrees(finite(getattr(data, "margin", data), f"{name}, margin realised"))
        for name, data in checked_runs(runs, _REALISED).items()
    }
    measured = {name: data for name, data in measured.items() if len(data)}
    if not measured:
        return nothing(name=_REALISED, title=_REALISED_TITLE, sentence="There are no samples, so there are no margins.")

    figure = go.Figure()
    highest, said = 0.0, []
    for (name, data), style in zip(measured.items(), theme.run_styles(len(measured)), strict=True):
        heights = shares(data, _REALISED_EDGES)
        highest = max(highest, float(heights.max()))
        words = f"median {degrees(float(np.median(data)))}, {percent(float((data < 0).mean()))} below 0°"
        said.append(f"{name}: {words}")
        figure.add_trace(
            staircase(
                _REALISED_EDGES,
                heights,
                style.colour,
                line={"dash": style.dash},
                name=f"{escaped(name)}, {words}",
                hovertemplate="in the 2° from %{x}°: %{y:.2%}<extra>%{fullData.name}</extra>",
            )
        )
    figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="y domain", line=REFERENCE)
    for words, anchor, shift in (("wrong centre nearer", "right", -8), ("own centre nearer", "left", 8)):
        figure.add_annotation(
            text=words,
            x=0,
            y=1,
            yref="y domain",
            xanchor=anchor,
            yanchor="top",
            xshift=shift,
            showarrow=False,
        )
    figure.update_xaxes(range=[-180, 180], dtick=60, ticksuffix="°", zeroline=False)
    figure.update_xaxes(title="angle to nearest other − to own centre")
    figure.update_yaxes(range=[0, 1.2 * highest], tickformat=".0%", nticks=5, title="share per 2°")
    figure.update_layout(showlegend=True)
    return framed(
        figure,
        name=_REALISED,
        title=_REALISED_TITLE,
        caption=(
            "Left of 0° a sample is nearer to a wrong centre. A wide margin on training classes does not promise "
            "one for people who were never trained on."
        ),
        summary=". ".join(said) + ".",
    )


def _demanded(data: Any, name: str, unit: str) -> NDArray[np.float64]:
    values = finite(0.0 if data is None else data, f"{name}, margin")
    return np.degrees(values) if unit == "rad" else values


def _grid(values: list[NDArray[np.float64]], unit: str) -> NDArray[np.float64]:
    """Edges from 0 to 90 degrees, or to a cosine of 1, farther only where a margin is."""
    tens, width, end = (10.0, 0.5, 90.0) if unit == "rad" else (0.1, 0.005, 1.0)
    low = min(0.0, np.floor(min(data.min() for data in values) / tens) * tens)
    high = max(end, np.ceil(max(data.max() for data in values) / tens) * tens)
    bins = min(round((high - low) / width), _BINS)
    return np.linspace(low, high, bins + 1)


def _words(values: NDArray[np.float64], unit: str) -> str:
    shown = degrees if unit == "rad" else digits
    if np.ptp(values) > 1e-6:
        return f"{shown(float(values.mean()))} ± {shown(float(values.std()))}"
    return f"{shown(float(values[0]))} for all" if values[0] else f"{shown(0)}, no margin"

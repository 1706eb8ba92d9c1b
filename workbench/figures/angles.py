"""How far samples are from their own class centre, and how far from the nearest other."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from plotly import graph_objects as go

from workbench import theme
from workbench.figures.bins import shares, staircase
from workbench.figures.frame import checked_runs, finite, framed, nothing
from workbench.figures.rows import beside, stacked
from workbench.figures.text import degrees, escaped

_EDGES = np.arange(0.0, 181.0, 2.0)
_NAME, _TITLE = "angle_distributions", "Angles to the own and to the nearest other class centre"


class AnglesLike(Protocol):
    """Angles in radians, such as `workbench.geometry.Angles`."""

    @property
    def own(self) -> Any:
        """Angle of each sample to its own centre, [N]."""

    @property
    def other(self) -> Any:
        """Angle to the nearest other centre, [N]."""


def angle_distributions(runs: Mapping[str, AnglesLike]) -> go.Figure:
    """Draw for each run the angles to the own centre (solid) and to the nearest other (dashed), medians marked.

    Args:
        runs: Run name to angles in radians, at most six. Binned at 2 degrees from 0 to 180.

    Raises:
        ValueError: Values that are not finite, arrays of two lengths, or more runs than can be told apart.
    """
    measured = {
        name: (
            finite(data.own, f"{name}, angle to the own centre"),
            finite(data.other, f"{name}, to the nearest other"),
        )
        for name, data in checked_runs(runs, _NAME).items()
    }
    for name, (own, other) in measured.items():
        if len(own) != len(other):
            raise ValueError(f"{name}: {len(own)} angles to the own centre and {len(other)} to the nearest other.")
    measured = {name: (np.degrees(own), np.degrees(other)) for name, (own, other) in measured.items() if len(own)}
    if not measured:
        return nothing(name=_NAME, title=_TITLE, sentence="There are no samples, so there are no angles to show.")

    figure = stacked(list(measured))
    highest, said = 0.0, []
    for row, (name, (own, other)) in enumerate(measured.items(), 1):
        medians = float(np.median(own)), float(np.median(other))
        kinds = (
            ("own centre", own, theme.LIGHT.accent, "solid"),
            ("nearest other", other, theme.LIGHT.alert, "dash"),
        )
        places = beside(*medians, 0, 180)
        for (kind, values, colour, dash), median, (anchor, lift) in zip(kinds, medians, places, strict=True):
            heights = shares(values, _EDGES)
            highest = max(highest, float(heights.max()))
            line = staircase(
                _EDGES,
                heights,
                colour,
                line={"dash": dash},
                name=f"{escaped(name)}, {kind}",
                hovertemplate="in the 2° from %{x}°: %{y:.2%}<extra>%{fullData.name}</extra>",
            )
            figure.add_trace(line, row=row, col=1)
            figure.add_shape(
                type="line",
                x0=median,
                x1=median,
                y0=0,
                y1=0.86,
                yref="y domain",
                line={"color": colour, "width": 1, "dash": "dot"},
                row=row,
                col=1,
            )
            figure.add_annotation(
                text=f"{kind} {degrees(median)}",
                x=median,
                y=0.87,
                yshift=lift,
                yref="y domain",
                xanchor=anchor,
                yanchor="bottom",
                showarrow=False,
                row=row,
                col=1,
            )
        said.append(
            f"{name}: median {degrees(medians[0])} to the own centre, {degrees(medians[1])} to the nearest other"
        )
    figure.update_xaxes(range=[0, 180], dtick=30, ticksuffix="°")
    figure.update_xaxes(title="angle to a class centre", row=len(measured))
    figure.update_yaxes(range=[0, 1.2 * highest], tickformat=".0%", nticks=4)
    figure.update_yaxes(title="share per 2°", row=(len(measured) + 1) // 2)
    return framed(
        figure,
        name=_NAME,
        title=_TITLE,
        caption=(
            "Where the two curves are apart, samples are nearer to their own centre; dotted lines are medians. "
            "Overlap does not count errors: whether a sample is nearer to a wrong centre is seen from the "
            "difference of its own two angles, the margin realised."
        ),
        summary=". ".join(said) + ".",
    )

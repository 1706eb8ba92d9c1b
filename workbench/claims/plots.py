"""What the notebook of the claims draws: differences seed by seed, and courses through training."""

import math
from collections.abc import Sequence

import numpy as np
from plotly import graph_objects as go

from workbench import figures
from workbench.claims.claim import Claim
from workbench.claims.page import Told
from workbench.claims.store import Row
from workbench.figures.frame import REFERENCE

_TERMS = {"contrast_last": ("contrast", "Contrastive loss"), "aligned": ("alignment", "Alignment term")}
_CURVES = 6


def differences(claim: Claim, told: Told) -> go.Figure:
    """Draw the lines of a claim: each seed, their mean and the interval, over what is too small to matter."""
    rows = {}
    for place, line in enumerate(claim.lines):
        one = told[claim.id, place]
        if one.values:
            ends = one.interval if math.isfinite(one.interval.low) else (one.mean, one.mean)
            rows[f"{line.on}: {line.what}"] = (one.values, *ends)
    line = claim.lines[0]
    unit = {"%": " (points)", "°": " (°)", "": ""}[line.number.unit]
    shown = figures.intervals(
        rows,
        title=f"{line.number.name}, seed by seed",
        x="logarithm of a factor; 0.05 is 5 %" if line.factor else ("difference" if line.minus else "value") + unit,
        reference=0.0,
        zero="0",
        caption="Circles are seeds, the diamond is their mean, the line its interval together with those of all lines "
        f"of the paper. Differences inside the grey band are too small to matter. The claim expects: {claim.expected}.",
    )
    if rows:
        band = {"fillcolor": REFERENCE["color"], "opacity": 0.15, "line_width": 0, "layer": "below"}
        shown.add_vrect(-claim.least, claim.least, **band)
    return shown


def courses(claim: Claim, rows: Sequence[Row]) -> list[go.Figure]:
    """Draw the term of the loss that a claim is about from epoch to epoch, where it is about one; else nothing."""
    term, name = _TERMS.get(claim.lines[0].plus[0].number, ("", "")) if claim.lines else ("", "")
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    bands: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for setting, variant in claim.needs:
        same = [row.course for row in rows if (row.setting, row.variant) == (setting, variant)]
        mine = [course[term] for course in same if term in course]
        if mine and len(curves) < _CURVES:
            epochs, values = np.array(mine[0]["epochs"]), np.array([one["values"] for one in mine])
            label = f"{variant}, {setting}"
            curves[label], bands[label] = (epochs, values.mean(0)), (values.min(0), values.max(0))
    if not curves:
        return []
    caption = "Means over seeds; bands reach from the lowest seed to the highest."
    return [figures.lines(curves, bands=bands, title=f"{name} through training", x="epoch", y=name, caption=caption)]

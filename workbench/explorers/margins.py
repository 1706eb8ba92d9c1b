"""The margin curves as a live widget."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from workbench.views.margin_curves import SHOWN
from workbench.views.margin_curves import margin_curves as curves_view
from workbench.views.margin_parameters import PARAMETERS


def margin_curves(
    curves: Sequence[str] = SHOWN,
    *,
    m1: float = PARAMETERS["m1"].start,
    m2: float = PARAMETERS["m2"].start,
    m3: float = PARAMETERS["m3"].start,
    s: float = PARAMETERS["s"].start,
    sigma: float = PARAMETERS["sigma"].start,
    beyond_pi: str = "formula",
    rivals: int = 10_000,
    rival_cosine: float = 0.0,
    angles: Mapping[str, npt.ArrayLike] | None = None,
    steps: Sequence[float] | None = None,
) -> Any:
    """Return `workbench.views.margin_curves` as a widget, an `anywidget.AnyWidget`.

    Its sliders are the traits `m1`, `m2`, `m3`, `s` and `sigma`: reading one tells where its slider stands, setting one
    moves it, and `observe` calls a function whenever it moves. Every view of the page that draws margins follows.

        explorer = workbench.explorers.margin_curves()
        explorer.m2 = 0.3
        explorer.observe(lambda change: print(change.new), names="m2")

    The parameters are those of the view.

    Raises:
        ValueError: as the view; later, `traitlets.TraitError` if a trait is set to a value out of its range.
    """
    margins = {"m1": m1, "m2": m2, "m3": m3, "s": s, "sigma": sigma}
    widget = curves_view(
        curves,
        **margins,
        beyond_pi=beyond_pi,
        rivals=rivals,
        rival_cosine=rival_cosine,
        angles=angles,
        steps=steps,
    ).widget
    with widget.hold_sync():
        for name, value in margins.items():
            setattr(widget, name, float(value))
    return widget

"""Margin curves: what a loss makes of the similarity to the own class, and how hard it then pulls, by angle."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, number, one_of, unknown_name, whole
from workbench.theme import run_styles
from workbench.views.frames import increasing_steps
from workbench.views.margin_parameters import PARAMETERS, controls
from workbench.views.payload import pack
from workbench.views.view import View

_BLUE, _ORANGE, _GREEN, _PINK = (style.css for style in run_styles(4))
# Each name is one of `workbench.losses.names()`. A colour is a family, a dash one of its members; no colour is the ink.
CURVES: dict[str, dict[str, str | None]] = {
    "normface": {"label": "NormFace, softmax", "colour": None, "dash": "solid"},
    "sphereface": {"label": "SphereFace", "colour": _GREEN, "dash": "solid"},
    "cosface": {"label": "CosFace", "colour": _ORANGE, "dash": "solid"},
    "arcface": {"label": "ArcFace", "colour": _BLUE, "dash": "solid"},
    "arcface-detached": {"label": "ArcFace, detached", "colour": _BLUE, "dash": "dot"},
    "elasticface-arc": {"label": "ElasticFace-Arc", "colour": _BLUE, "dash": "dash"},
    "elasticface-cos": {"label": "ElasticFace-Cos", "colour": _ORANGE, "dash": "dash"},
    "combined": {"label": "Combined", "colour": _PINK, "dash": "solid"},
    "magface": {"label": "MagFace", "colour": _PINK, "dash": "dash"},
    "adaface": {"label": "AdaFace", "colour": _GREEN, "dash": "dash"},
    "curricularface": {"label": "CurricularFace", "colour": _GREEN, "dash": "dot"},
}
SHOWN = ("normface", "sphereface", "cosface", "arcface", "elasticface-arc")
MAX_ANGLE_SETS = 4
_BINS = 180


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
) -> View:
    """Show the target similarity psi(theta) of each loss and the force -dL/dtheta that follows, with sliders.

    The loss is that of one sample at the angle theta to its own class centre, with K rival centres that all stand
    at one cosine c and stay there:

        L(theta) = softplus(LSE - s psi(theta)),   LSE = log K + s c
        -dL/dtheta = s psi'(theta) sigmoid(LSE - s psi(theta))

    Below 0 the force turns the sample towards its centre, above 0 away from it. It is per radian, and what gradient
    descent on theta would follow. The curves are closed forms in the browser; tests hold them against
    `workbench.losses`, value and gradient, to 1e-6. SphereFace and softmax, which do not normalise features, are
    drawn for features of length 1; for others s is the scale times the length.

    Where a margin differs from sample to sample the curve is that of the middle one and a band shows the others:
    ElasticFace +-1 and +-2 sigma; AdaFace image quality -1 to 1, drawn at 0; MagFace lengths 10 to 110 (margins 0.45
    to 0.8 as released, whatever m2 is), drawn at 60; CurricularFace t from 0 to 1, drawn at 0.

    Args:
        curves: names of the losses that are shown at first, of `workbench.losses.names()`; any can be picked later.
        m1: factor of the angle in [0.5, 4]: SphereFace, combined; 1.35 (SphereFace in the ArcFace paper).
        m2: angle in radians in [0, 1.57]: ArcFace and its kin, AdaFace's m, combined; 0.5 (ArcFace paper).
        m3: difference of cosines in [0, 1]: CosFace, ElasticFace-Cos, combined; 0.35 (CosFace paper).
        s: scale in [1, 128]; 64 (ArcFace and CosFace papers).
        sigma: deviation of ElasticFace's margins in [0, 0.3], in their unit; 0.05 (its paper).
        beyond_pi: how ArcFace goes on past theta = pi - m2, "formula" or "linear", see `workbench.losses.ArcFace`.
        rivals: K in [1, 10**6], how many other classes; 10 000, a small set of faces.
        rival_cosine: c in [-1, 1]; 0, where centres stand in many dimensions.
        angles: at most four named sets of angles in radians, [N] or [T, N] at T steps, such as
            `workbench.geometry.Angles.own`; drawn as a density behind the curves. NaN is left out and counted.
        steps: T increasing numbers, such as epochs; 0 to T - 1 by default.

    Raises:
        ValueError: a loss without a curve, a value out of its range, or angles outside [0, pi].
    """
    for name in curves:
        if name not in CURVES:
            hint = "Curves exist for losses whose margin is a function of the angle to the own class."
            raise ValueError(unknown_name("margin curve", name, CURVES, hint=hint))
    one_of("margin_curves", "beyond_pi", beyond_pi, ("formula", "linear"))
    if whole("margin_curves", "rivals", rivals, least=1) > 10**6:
        raise ValueError(bad_parameter("margin_curves", "rivals", "a whole number in [1, 1000000]", rivals))
    counts, notes = _densities(angles or {})
    T = next(iter(counts.values())).shape[0] if counts else 1
    header = {
        **_TEXTS,
        "margins": controls("margin_curves", m1=m1, m2=m2, m3=m3, s=s, sigma=sigma),
        "curves": [{"name": name, **style} for name, style in CURVES.items()],
        "shown": [name for name in CURVES if name in curves],
        "beyondPi": beyond_pi,
        "rivals": rivals,
        "rivalCosine": number("margin_curves", "rival_cosine", rival_cosine, low=-1, high=1),
        "densities": list(counts),
        "steps": increasing_steps("margin_curves", steps, T),
        "notes": notes,
    }
    return View("margin_curves", pack(header, **{f"angles{i}": block for i, block in enumerate(counts.values())}))


def _densities(angles: Mapping[str, npt.ArrayLike]) -> tuple[dict[str, npt.NDArray[np.uint32]], list[str]]:
    """Counts [T, 180] per degree, and a sentence for each set that has rows without an angle."""
    if len(angles) > MAX_ANGLE_SETS:
        raise ValueError(bad_parameter("margin_curves", "angles", f"at most {MAX_ANGLE_SETS} sets", len(angles)))
    counts: dict[str, npt.NDArray[np.uint32]] = {}
    notes = []
    for name, values in angles.items():
        array = np.atleast_2d(np.asarray(values, dtype=np.float64))
        T = next(iter(counts.values())).shape[0] if counts else len(array)
        known = np.isfinite(array)
        inside = (array >= 0) & (array <= np.pi + 1e-6)
        if array.ndim != 2 or len(array) != T or not inside[known].all():
            rule = f"angles in radians in [0, pi], [N] or [{T}, N]" if T > 1 else "angles in radians in [0, pi], [N]"
            raise ValueError(bad_parameter("the angles", name, rule, _told(array), hint=_hint(array[known])))
        rows = [np.histogram(row[k], _BINS, (0, np.pi + 1e-6))[0] for row, k in zip(array, known, strict=True)]
        counts[name] = np.stack(rows).astype(np.uint32)
        if not known.all():
            notes.append(f"{name}: {int((~known).sum())} angles are NaN or infinite and left out.")
        if not known.any():
            notes.append(f"{name}: no angles to show.")
    return counts, notes


def _told(array: npt.NDArray[np.float64]) -> Any:
    return (
        array.shape
        if array.ndim != 2 or not np.isfinite(array).any()
        else (array.shape, f"{np.nanmin(array):.4g} to {np.nanmax(array):.4g}")
    )


def _hint(values: npt.NDArray[np.float64]) -> str:
    return "These look like degrees: numpy.radians turns them." if len(values) and values.max() > 2 * np.pi else ""


_TEXTS = {
    "title": "Margin curves",
    "summary": (
        "Target similarity and force of margin losses by the angle to the own class centre, 0 to 180 degrees, "
        "with sliders for the margins and the scale."
    ),
    "caption": (
        "Above: ψ, the own similarity after its margin; the lower it is at an angle, the more is asked there. Below: "
        "the force −dL/dθ on one sample whose rivals stand still: below 0 it turns the sample to its centre, above 0 "
        "away. A band is what differs from sample to sample. A larger force is not a better loss: in training the "
        "rivals move too, and the learning rate scales all of it."
    ),
}

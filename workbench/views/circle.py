"""The unit circle of one to four runs: embeddings in two dimensions, their classes, and the margins between them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter
from workbench.theme import MAX_COLOURED_CLASSES
from workbench.views.directions import Picture, picture, turned_onto
from workbench.views.frames import Frames, Samples, collect
from workbench.views.linking import class_entries, samples_key
from workbench.views.margin_parameters import PARAMETERS, controls
from workbench.views.payload import pack, quantise
from workbench.views.sampling import stratified
from workbench.views.view import View

MAX_RUNS = 4
MAX_POINTS = 20_000


def circle(
    runs: Mapping[str, Frames],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    steps: Sequence[float] | None = None,
    m2: float = PARAMETERS["m2"].start,
    m3: float = PARAMETERS["m3"].start,
    s: float = PARAMETERS["s"].start,
    points: int = 2000,
    seed: int = 0,
) -> View:
    """Show two-dimensional embeddings on the unit circle, with what a margin asks between neighbouring classes.

    Outside stands a histogram of angles, 2 degrees a bin, all classes stacked. Inside, two rings show the wedge
    around the boundary of each pair of neighbouring centres where a sample does not have its margin. With a gap
    gamma between the centres and a sample at the angle alpha from its own:

        psi(alpha) - cos(gamma - alpha) < d,   psi = cos(alpha + m2) (ArcFace) or cos(alpha) - m3 (CosFace)

    Hatched: d = 0, the other centre wins after the margin. Plain: d = log(1 / (e^0.1 - 1)) / s, the loss against that
    centre alone is above 0.1 nat, so training still pulls; the larger s, the thinner. Half the width, on either side
    of the boundary, is m2 / 2 + asin((m3 + d) / (2 sin((gamma + m2) / 2))), so ArcFace's wedge is as wide as m2 in
    every gap and CosFace's is wider in narrow gaps. A wedge ends at the centres, which then lack the margin themselves.

    Args:
        runs: one to four named runs of the same P samples, T snapshots and C classes, with d = 2.
        labels: integers [P] in [0, C).
        names: C class names; the class numbers by default.
        steps: T increasing numbers under the slider, such as epochs; 0 to T - 1 by default.
        m2: where ArcFace's slider starts, radians in [0, 1.57].
        m3: where CosFace's slider starts, a difference of cosines in [0, 1].
        s: where the scale's slider starts, in [1, 128].
        points: show at most so many points, stratified by class; at most 20 000.
        seed: of the choice of points.

    Raises:
        ValueError: embeddings that do not have two dimensions, shapes that do not agree, a label or a parameter out of
            range, or too many runs or points.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("circle", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    if not 1 <= points <= MAX_POINTS:
        raise ValueError(bad_parameter("circle", "points", f"an integer in [1, {MAX_POINTS}]", points))
    margins = controls("circle", m2=m2, m3=m3, s=s)
    for name, run in runs.items():
        shape = np.shape(run.embeddings)
        if len(shape) in (2, 3) and shape[-1] > 2:
            hint = "More dimensions do not fit on a circle: `views.hypersphere` shows them and keeps the angles true."
            raise ValueError(bad_parameter(f"the run {name!r}", "embeddings", "of dimension d = 2", shape, hint=hint))
    samples = collect(runs, labels, names=names, steps=steps, owner="circle")
    chosen = stratified(samples.labels, points, seed=seed)
    shown, rows = samples.labels[chosen], samples.rows[chosen]
    pictures: list[Picture] = []
    for name, embeddings in samples.embeddings.items():
        drawn = picture(embeddings[:, chosen], samples.centres[name], shown)
        pictures.append(turned_onto(pictures[0], drawn) if pictures else drawn)
    blocks = {}
    for i, drawn in enumerate(pictures):
        blocks[f"points{i}"], blocks[f"centres{i}"] = quantise(drawn.points), quantise(drawn.centres)
    header = {
        **_texts(samples, len(rows)),
        "samples": samples_key(labels),
        "steps": samples.steps,
        "classes": class_entries(samples.names),
        "grey": len(samples.names) > MAX_COLOURED_CLASSES,
        "margins": margins,
        "runs": list(samples.embeddings),
        "notes": _notes(samples, len(rows), seed),
    }
    return View("circle", pack(header, labels=shown.astype(np.int32), rows=rows.astype(np.int32), **blocks))


def _texts(samples: Samples, shown: int) -> dict[str, str]:
    runs, snapshots = list(samples.embeddings), len(samples.steps)
    centre = "the mean direction of its class" if samples.averaged else "the weight vector of its class"
    when = f" at {snapshots} epochs" if snapshots > 1 else ""
    return {
        "title": "Embeddings on the unit circle",
        "summary": (
            f"{shown} embeddings of {len(samples.names)} classes on the unit circle{when}, "
            f"{'run' if len(runs) == 1 else 'runs'} {', '.join(runs)}."
        ),
        "caption": (
            f"Each mark is one embedding, each arrow {centre}; outside, how many embeddings stand at each angle. "
            "A thin line halves the angle between neighbouring centres. The hatched wedge around it is what the "
            "margin asks to be empty: in the outer ring by an angle (ArcFace), in the inner by a cosine (CosFace); "
            "in the plain fringe the loss still pulls. The wedges are what is demanded, whatever the run was trained "
            "with. A circle has little room: what two dimensions cannot do, 512 can."
        ),
    }


def _notes(samples: Samples, shown: int, seed: int) -> list[str]:
    notes = []
    if shown < len(samples.labels):
        notes.append(f"Showing {shown} of {len(samples.labels)}, stratified by class, seed {seed}.")
    if samples.dropped:
        rows = "row" if samples.dropped == 1 else "rows"
        notes.append(f"{samples.dropped} {rows} left out: NaN, infinite or zero in some epoch, so without a direction.")
    if not shown:
        notes.append("No points to show.")
    elif len(samples.names) == 1:
        notes.append("One class only: there is no other centre, so there is no boundary and no margin.")
    elif len(samples.names) > MAX_COLOURED_CLASSES:
        notes.append(f"{len(samples.names)} classes are too many for colours: one in focus, the others grey.")
    if len(samples.embeddings) > 1 and shown:
        notes.append("Later runs are turned as a whole onto the first; no angle within a run changes.")
    return notes

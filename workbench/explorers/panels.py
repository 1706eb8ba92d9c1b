"""What an explorer shows, one panel after another. A new view is one more line of `PANELS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench import geometry, views
from workbench.evaluation import Evaluation
from workbench.explorers.subject import Subject


@dataclass(frozen=True)
class Panel:
    """One part of an explorer.

    Attributes:
        heading: what it asks, as a report shows it.
        code: the line that makes it in a notebook, as a report shows it.
        make: makes the view; None where this subject has nothing for it.
    """

    heading: str
    code: str
    make: Callable[[Subject], views.View | None]


def _pairs(subject: Subject) -> views.View:
    measured = subject.measured
    negatives: dict[str, geometry.ClassNegatives] = {}
    if measured.centres is not None:
        negatives[subject.name] = geometry.class_negatives(measured.embeddings, measured.labels, measured.centres)
    return views.pair_similarity({subject.name: measured.geometry.pairs}, class_negatives=negatives)


def _moments(subject: Subject) -> dict[str, Any]:
    """Snapshots, or what is explored as the only one, as views of snapshots take them."""
    measured, frames = subject.measured, subject.frames
    if frames is None:
        shown, labels, steps = views.Frames(measured.embeddings, measured.centres), measured.labels, None
    else:
        shown, labels = views.Frames(frames.embeddings, frames.centres), measured.labels[frames.rows]
        steps = frames.epochs
    margins = {subject.name: measured.margin} if isinstance(measured, Evaluation) else {}
    runs = {subject.name: shown}
    return {"runs": runs, "labels": labels, "names": subject.names, "steps": steps, "margins": margins}


def _sphere(subject: Subject) -> views.View:
    pictures = subject.thumbnails
    if pictures is not None and subject.frames is not None:
        pictures = pictures[subject.frames.rows]
    return views.hypersphere(**_moments(subject), thumbnails=pictures, projection=subject.projection)


def _angles(subject: Subject) -> views.View:
    return views.angle_distributions(**_moments(subject))


def _hardest(subject: Subject) -> views.View:
    pairs, labels = subject.measured.geometry.pairs, subject.measured.labels
    return views.hard_pairs({subject.name: pairs}, labels, names=subject.names, thumbnails=subject.thumbnails)


def _record(subject: Subject) -> views.View | None:
    return views.training_record({subject.name: subject.records}) if subject.records else None


PANELS = (
    Panel("Could one threshold tell them apart?", "wb.views.pair_similarity({name: geometry.pairs})", _pairs),
    Panel("Where they point", "wb.views.hypersphere({name: wb.views.Frames(embeddings, centres)}, labels)", _sphere),
    Panel(
        "How near is the own centre, and how near the next?",
        "wb.views.angle_distributions({name: wb.views.Frames(embeddings, centres)}, labels)",
        _angles,
    ),
    Panel("Which pairs are hardest?", "wb.views.hard_pairs({name: geometry.pairs}, labels)", _hardest),
    Panel("How training went", "wb.views.training_record({name: run.records()})", _record),
)

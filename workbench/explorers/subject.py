"""What is explored, brought into one form: embeddings that were measured, and what is known beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench import data, embeddings, evaluation, probes
from workbench.checks import bad_parameter
from workbench.evaluation import Evaluation, Measured
from workbench.recognition import Recognition
from workbench.runs import Run


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """What is explored.

    Attributes:
        name: what the views call it.
        source: where it comes from, as one sentence.
        measured: embeddings [N, D], labels [N], centres, and all that was measured of them.
        names: of the classes, one for each.
        thumbnails: uint8 [N, H, W] or [N, H, W, 3]; None if there are none.
        frames: of a run, its snapshots: embeddings [T, P, D], maybe centres, and rows [P] among the N; None for others.
        records: of a run, what was recorded at each epoch.
        projection: of more than three dimensions on the sphere, as `views.hypersphere` names it.
    """

    name: str
    source: str
    measured: Measured
    names: Sequence[str]
    thumbnails: np.ndarray | None = None
    frames: "Moments | None" = None
    records: Sequence[Mapping[str, Any]] = ()
    projection: str = "pca"


@dataclass(frozen=True, eq=False)
class Moments:
    """Snapshots of a run: T moments of P images, which are `rows` of what is explored."""

    epochs: Sequence[int]
    embeddings: np.ndarray
    centres: np.ndarray | None
    rows: np.ndarray


def of_run(run: Run, *, images: data.ImageSet | None) -> Subject:
    """A finished run on its held-out images."""
    return of_evaluation(evaluation.evaluate(run, images=images))


def of_evaluation(found: Evaluation) -> Subject:
    """A run that was evaluated."""
    shots = found.run.snapshots()
    images = found.images
    return Subject(
        name=found.run.config.loss,
        source=f"{len(images)} held-out images of {images.classes} classes, run {found.run.folder.name}",
        measured=found,
        names=images.names,
        thumbnails=images.thumbnails(),
        frames=Moments([int(epoch) for epoch in shots.epochs], shots.embeddings, shots.centres, shots.indices),
        records=probes.joined(found.run.records(), probes.moments(shots)),
    )


def of_set(found: embeddings.EmbeddingSet, *, prototypes: Any = None, thumbnails: np.ndarray | None = None) -> Subject:
    """Embeddings of whatever network."""
    return Subject(
        name="embeddings",
        source=found.source or f"{len(found)} embeddings of {len(found.names)} classes",
        measured=evaluation.measure(found.embeddings, found.labels, None if prototypes is None else _array(prototypes)),
        names=found.names,
        thumbnails=found.thumbnails if thumbnails is None else thumbnails,
    )


def of_arrays(
    vectors: Any, labels: Any, *, prototypes: Any, names: Sequence[str] | None, thumbnails: np.ndarray | None
) -> Subject:
    """Arrays or tensors. Labels are positions among the names or prototypes; without these they may be anything."""
    rows, marks = _array(vectors), _array(labels)
    if rows.ndim != 2 or rows.dtype.kind != "f":
        rule = "an array or a tensor [N, D] of floating point"
        raise ValueError(bad_parameter("explore", "embeddings", rule, (rows.dtype.name, rows.shape)))
    if marks.shape != rows.shape[:1]:
        rule = f"{len(rows)} labels, one for each embedding"
        raise ValueError(bad_parameter("explore", "labels", rule, marks.shape))
    if names is None and prototypes is None:
        found, numbers = np.unique(marks.astype(str) if marks.dtype == object else marks, return_inverse=True)
        names = [str(name) for name in found]
    else:
        numbers = _positions(marks, len(names) if names is not None else len(prototypes))
        names = [str(k) for k in range(len(prototypes))] if names is None else [str(name) for name in names]
    made = embeddings.EmbeddingSet(rows.astype(np.float32), numbers.astype(np.int64), names)
    return of_set(made, prototypes=prototypes, thumbnails=thumbnails)


def _positions(labels: np.ndarray, classes: int) -> np.ndarray:
    if labels.dtype.kind not in "iu":
        hint = "Labels of another kind are given without 'names' and 'prototypes'."
        rule = f"whole numbers in [0, {classes}), positions among the names or prototypes"
        raise ValueError(bad_parameter("explore", "labels", rule, labels.dtype.name, hint=hint))
    return labels


def subject(
    source: Any,
    labels: Any,
    *,
    prototypes: Any,
    names: Sequence[str] | None,
    thumbnails: np.ndarray | None,
    images: data.ImageSet | None,
) -> Subject:
    """Bring whatever `workbench.explore` is given into one form.

    Raises:
        ValueError: as `workbench.explore` tells.
    """
    path = Path(source) if isinstance(source, (str, Path)) else None
    if path is None and not isinstance(source, (Run, Measured, embeddings.EmbeddingSet, Recognition)):
        if labels is None:
            rule = "a run, embeddings with labels, or the path of either"
            raise ValueError(bad_parameter("explore", "source", rule, type(source).__name__, hint=_HINT))
        return of_arrays(source, labels, prototypes=prototypes, names=names, thumbnails=thumbnails)
    if path is not None and not path.is_dir():
        found = embeddings.load(path, labels=labels)
        if names is not None:
            found = embeddings.EmbeddingSet(found.embeddings, found.labels, list(names), found.files, found.thumbnails)
        return of_set(found, prototypes=prototypes, thumbnails=thumbnails)
    given = {"labels": labels, "prototypes": prototypes, "names": names, "thumbnails": thumbnails}
    for name in (name for name, value in given.items() if value is not None):
        if not (isinstance(source, embeddings.EmbeddingSet) and name in ("prototypes", "thumbnails")):
            raise ValueError(f"The {name!r} parameter of explore belongs to arrays. Got it with {_kind(source)}.")
    if path is not None:
        return of_run(Run.load(path), images=images)
    if isinstance(source, Run):
        return of_run(source, images=images)
    if isinstance(source, Evaluation):
        return of_evaluation(source)
    if isinstance(source, Recognition):
        return of_set(source.embeddings)
    if isinstance(source, embeddings.EmbeddingSet):
        return of_set(source, prototypes=prototypes, thumbnails=thumbnails)
    classes = len(source.centres) if source.centres is not None else int(source.labels.max()) + 1
    counted = source.counts()
    return Subject(
        name="embeddings",
        source=f"{counted['images']} embeddings of {counted['classes']} classes",
        measured=source,
        names=[str(k) for k in range(classes)],
    )


_HINT = "For example explore(embeddings, labels), explore('reports/my-run') or explore('embeddings.npz')."


def _kind(source: Any) -> str:
    return f"the run in {source}" if isinstance(source, (str, Path)) else f"a {type(source).__name__}"


def _array(values: Any) -> np.ndarray:
    """A NumPy array of an array, a tensor or a list; tensors of a type that NumPy lacks become float32."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() and values.element_size() < 4 else values).numpy()
    return np.asarray(values)

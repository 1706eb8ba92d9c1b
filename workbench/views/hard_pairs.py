"""The pairs that are hardest to decide: the most similar of two classes, the least similar of one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

import numpy as np
import numpy.typing as npt

from workbench.checks import bad_parameter, whole
from workbench.views.linking import checked_thumbnails, class_names, class_numbers, samples_key
from workbench.views.payload import pack
from workbench.views.sprites import sprite
from workbench.views.text import count as count_text
from workbench.views.text import named_runs
from workbench.views.view import View

MAX_RUNS = 6
MAX_PAIRS = 50
KINDS = ("impostor", "genuine")


class HasPair(Protocol):
    """Pairs of rows, hardest first, as `workbench.geometry.HardestPairs`."""

    @property
    def first(self) -> npt.NDArray[np.int64]:
        """Row of one sample of each pair, [k]."""

    @property
    def second(self) -> npt.NDArray[np.int64]:
        """Row of the other, [k]."""

    @property
    def cosine(self) -> npt.NDArray[np.float64]:
        """Their cosine, [k]."""


class HasHardest(Protocol):
    """One kind of pairs, as `workbench.geometry.Similarities`."""

    @property
    def hardest(self) -> HasPair:
        """The lowest genuine or the highest impostor pairs."""


class HasBothKinds(Protocol):
    """Both kinds, as `workbench.geometry.PairCounts`."""

    @property
    def genuine(self) -> HasHardest:
        """Pairs of one class."""

    @property
    def impostor(self) -> HasHardest:
        """Pairs of two classes."""


def hard_pairs(
    runs: Mapping[str, HasBothKinds],
    labels: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    thumbnails: npt.NDArray[np.uint8] | None = None,
    count: int = 10,
) -> View:
    """List the hardest impostor and genuine pairs of each run, with both images, to be looked at one by one.

    Choosing a pair selects both samples for the whole page: views of the same labels pin them, and the sphere draws
    the arc between them.

    Args:
        runs: one to six named runs of the same P samples: what `workbench.geometry.pair_counts` returns. It keeps ten
            pairs of each kind unless it is asked for more (`hardest=`).
        labels: integers [P], 0 or more, those that the pairs were counted with.
        names: class names, one for each class up to the largest label; the numbers by default.
        thumbnails: uint8 [P, H, W] or [P, H, W, 3].
        count: show at most so many pairs of each kind; at most 50.

    Raises:
        ValueError: no run or too many, pairs of rows that are not among the labels or are of the other kind, or
            arrays of the wrong shape.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(bad_parameter("hard_pairs", "runs", f"a mapping of 1 to {MAX_RUNS} runs", len(runs)))
    if whole("hard_pairs", "count", count, least=1) > MAX_PAIRS:
        raise ValueError(bad_parameter("hard_pairs", "count", f"a whole number in [1, {MAX_PAIRS}]", count))
    classes = class_numbers("hard_pairs", labels)
    known = class_names("hard_pairs", names, int(classes.max()) + 1 if names is None and len(classes) else _size(names))
    if len(classes) and classes.max() >= len(known):
        rule = f"in [0, {len(known)}), the number of names"
        raise ValueError(bad_parameter("hard_pairs", "labels", rule, int(classes.max())))
    if thumbnails is not None:
        checked_thumbnails("hard_pairs", thumbnails, len(classes))

    blocks: dict[str, np.ndarray] = {}
    for i, (name, run) in enumerate(runs.items()):
        for kind in KINDS:
            first, second, cosine = _checked(name, kind, getattr(run, kind).hardest, classes)
            blocks[f"{kind}Rows{i}"] = np.stack([first, second], axis=1)[:count].astype(np.int32)
            blocks[f"{kind}Cosine{i}"] = cosine[:count]
    rows = np.unique(np.concatenate([b.reshape(-1) for name, b in blocks.items() if "Rows" in name]))
    shown = int(max((len(b) for name, b in blocks.items() if "Rows" in name), default=0))
    header = {
        **_texts(list(runs), shown),
        "samples": samples_key(classes),
        "names": known,
        "runs": [{"name": name} for name in runs],
        "notes": [] if len(rows) else ["No pairs to show."],
        "thumbnails": asdict(sprite(thumbnails[rows])) if thumbnails is not None and len(rows) else None,
    }
    return View("hard_pairs", pack(header, rows=rows.astype(np.int32), labels=classes[rows].astype(np.int32), **blocks))


def _size(names: Sequence[str] | None) -> int:
    return 0 if names is None else len(names)


def _checked(
    run: str, kind: str, pairs: HasPair, labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    first, second = np.asarray(pairs.first), np.asarray(pairs.second)
    cosine = np.asarray(pairs.cosine, dtype=np.float64)
    owner = f"the run {run!r}"
    if not first.shape == second.shape == cosine.shape or cosine.ndim != 1 or not np.isfinite(cosine).all():
        rule = "rows and finite cosines of one length"
        raise ValueError(bad_parameter(owner, f"{kind}.hardest", rule, (first.shape, second.shape, cosine.shape)))
    if not len(cosine):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), cosine
    low, high = min(first.min(), second.min()), max(first.max(), second.max())
    if low < 0 or high >= len(labels):
        rule = f"rows in [0, {len(labels)}), one of the labels each"
        raise ValueError(bad_parameter(owner, f"{kind}.hardest", rule, [int(low), int(high)]))
    wrong = np.flatnonzero((labels[first] == labels[second]) != (kind == "genuine"))
    if len(wrong):
        rule = f"pairs of {'one class' if kind == 'genuine' else 'two classes'} by these labels"
        pair = (int(first[wrong[0]]), int(second[wrong[0]]))
        hint = "Give the labels that the pairs were counted with."
        raise ValueError(bad_parameter(owner, f"{kind}.hardest", rule, pair, hint=hint))
    return first, second, np.clip(cosine, -1, 1)


def _texts(runs: list[str], shown: int) -> dict[str, str]:
    return {
        "title": "The hardest pairs",
        "summary": (
            f"Up to {count_text(shown, 'impostor pair')} with the highest cosines and as many genuine pairs with the "
            f"lowest, {named_runs(runs)}."
        ),
        "caption": (
            "Impostor pairs are of two classes and look alike to the model; genuine pairs are of one and do not. "
            "Look for wrong labels first, then for what the images share: pose, light, blur. These are extremes of "
            "all pairs, so they say nothing of how often such pairs occur."
        ),
    }

"""What the probe images tell at each kept moment of a training: how long their features are, how tight, how even."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench import geometry
from workbench.runs import Snapshots

BINS = 200  # alignment and uniformity come from sums over pairs, not from the grid
MOST = 1000  # images of a moment whose pairs are measured: half a million pairs


def moment(embeddings: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return "norm" (mean length of the features), "alignment" and "uniformity" of embeddings [N, D] and labels [N].

    Alignment and uniformity are those of `workbench.geometry`, over the pairs of at most 1000 images, evenly taken.
    They are left out where there is no genuine or no impostor pair, or a row has no direction.
    """
    told = {"norm": float(np.linalg.norm(embeddings, axis=1).mean())}
    rows = np.linspace(0, len(labels) - 1, min(MOST, len(labels))).astype(np.int64)
    try:
        pairs = geometry.pair_counts(embeddings[rows], labels[rows], bins=BINS)
    except ValueError:
        return told
    return told | {"alignment": geometry.alignment(pairs), "uniformity": geometry.uniformity(pairs)}


def moments(snapshots: Snapshots) -> list[dict[str, Any]]:
    """Return what the probe images told at each kept epoch, with the epoch; 0 is before training."""
    return [
        {"epoch": int(epoch), **moment(embeddings, snapshots.labels)}
        for epoch, embeddings in zip(snapshots.epochs, snapshots.embeddings, strict=True)
    ]


def joined(records: Sequence[Mapping[str, Any]], moments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a run's records with what its moments told, by epoch, oldest first."""
    found: dict[int, dict[str, Any]] = {}
    for one in (*moments, *records):
        found[one["epoch"]] = found.get(one["epoch"], {}) | dict(one)
    return [found[epoch] for epoch in sorted(found)]

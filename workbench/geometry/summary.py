"""Everything this package measures of one set of embeddings."""

from dataclasses import dataclass

from workbench.geometry.angles import Angles, angles
from workbench.geometry.collapse import Collapse, collapse
from workbench.geometry.inputs import Array
from workbench.geometry.pairs import PairCounts, pair_counts
from workbench.geometry.roc import Roc, roc
from workbench.geometry.separation import Separation, separation


@dataclass(frozen=True, eq=False)
class Geometry:
    """What a set of unit vectors looks like.

    Attributes:
        angles: Where each sample stands among the centres, and the margin realised.
        pairs: The cosines of all pairs, counted; `verification` answers questions about thresholds from it.
        roc: All operating points and the equal error rate.
        separation: Gap, overlap, d', alignment, uniformity.
        collapse: NC1 to NC4.
    """

    angles: Angles
    pairs: PairCounts
    roc: Roc
    separation: Separation
    collapse: Collapse


def measure(embeddings: Array, labels: Array, prototypes: Array | None = None, *, bins: int = 4000) -> Geometry:
    """Measure the geometry of embeddings on the unit hypersphere.

    Args:
        embeddings: [N, D], any norm but zero; float16, bfloat16, float32 or float64. Computed in float64.
        labels: Class of each sample, whole numbers, [N]; with prototypes in [0, C).
        prototypes: Class centres [C, D], row c for class c: the weight of a head. Without them the class means of the
            unit vectors stand in, and `angles.centres` says so.
        bins: Cells of the grid of cosines on [-1, 1]; 4000 by default, a step of 0.0005.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, labels beyond the prototypes, no
            genuine or no impostor pair.

    Example:
        >>> import torch
        >>> measured = measure(torch.eye(3).repeat(2, 1), torch.tensor([0, 1, 2, 0, 1, 2]))
        >>> measured.separation.gap, measured.roc.eer.value
        (1.0, 0.0)
    """
    pairs = pair_counts(embeddings, labels, bins=bins)
    return Geometry(
        angles=angles(embeddings, labels, prototypes),
        pairs=pairs,
        roc=roc(pairs),
        separation=separation(pairs),
        collapse=collapse(embeddings, labels, prototypes),
    )

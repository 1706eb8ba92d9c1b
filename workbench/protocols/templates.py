"""Templates: several images and videos of one person, pooled into one vector."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from workbench.checks import bad_parameter, flag
from workbench.geometry.inputs import Array, as_numpy
from workbench.protocols.inputs import matrix, numpy_of, whole_numbers

_ROWS_AT_ONCE = 16384


@dataclass(frozen=True, eq=False)
class Templates:
    """Pooled templates.

    Attributes:
        ids: Template ids, ascending, [T].
        vectors: Their unit vectors, float64 [T, D].
    """

    ids: Int64[np.ndarray, " T"]
    vectors: Float64[np.ndarray, "T D"]

    def rows(self, ids: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Rows of these ids.

        Raises:
            ValueError: An id that is not among them.
        """
        rows = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        unknown = self.ids[rows] != ids
        if unknown.any():
            raise ValueError(
                f"There is no template {ids[unknown.argmax()]} among the {len(self.ids)} that were pooled."
            )
        return rows


def pool_templates(
    embeddings: Array, templates: Array, media: Array, *, normalise: bool = False, weights: Array | None = None
) -> Templates:
    """Pool the embeddings of each template: the mean within each medium, the sum over media, unit length.

        t = sum_m mean_{i in m} w_i x_i        vector = t / |t|

    A medium is one photograph or all frames of one video, so that a long video counts no more than a photograph. This
    is the pooling of InsightFace and UNPG, who do it on embeddings as the network gives them: longer ones count more,
    and length follows image quality. The mean and the sum over media give one vector after the division.

    Args:
        embeddings: One row for each image or frame, [N, D].
        templates: Template id of each, whole numbers, [N].
        media: Medium of each, [N]; the same number in two templates is two media.
        normalise: Whether to divide each embedding by its length first. Not by default, as in both releases.
        weights: Weight of each row, at least 0, [N]: InsightFace's results multiply with the score of the face
            detector. 1 by default.

    Raises:
        ValueError: Inputs of the wrong shape, rows or weights that are not finite, a row of zeros where it must be
            divided by its length, a template that sums to zero.
    """
    rows = matrix("pool_templates", "embeddings", embeddings)
    flag("pool_templates", "normalise", normalise)
    shape, of = (len(rows),), "one for each embedding"
    own = whole_numbers("pool_templates", "templates", templates, shape, of)
    medium = whole_numbers("pool_templates", "media", media, shape, of)
    ids, template = np.unique(own, return_inverse=True)
    _, group, sizes = np.unique(np.stack([own, medium]), axis=1, return_inverse=True, return_counts=True)
    share = _weights(weights, len(rows)) / sizes[group.reshape(-1)]
    sums = _weighted_sums(rows, torch.from_numpy(template.reshape(-1)), torch.from_numpy(share), len(ids), normalise)
    length = sums.norm(dim=1, keepdim=True)
    if not length.all():
        raise ValueError(
            f"Template {ids[int(length.argmin())]} sums to zero and has no direction: its embeddings cancel out, or "
            "have no weight."
        )
    return Templates(ids, as_numpy(sums / length))


def _weighted_sums(
    rows: Tensor, template: Tensor, share: Tensor, count: int, normalise: bool
) -> Float64[Tensor, "T D"]:
    """Sum of the weighted rows of each template, in float64, some thousand rows at a time."""
    sums = torch.zeros(count, rows.shape[1], dtype=torch.float64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        here = rows[part].cpu().double()
        if normalise:
            length = here.norm(dim=1, keepdim=True)
            if not length.all():
                row = start + int(length.argmin())
                raise ValueError(f"Row {row} of the embeddings is all zeros. A zero vector has no direction: drop it.")
            here = here / length
        sums.index_add_(0, template[part], here * share[part, None])
    return sums


def _weights(weights: Array | None, rows: int) -> Float64[np.ndarray, " N"]:
    if weights is None:
        return np.ones(rows)
    given = numpy_of(weights)
    if given.shape != (rows,) or given.dtype.kind not in "fiu" or not (np.isfinite(given) & (given >= 0)).all():
        rule = f"a finite number of at least 0 for each of the {rows} embeddings"
        raise ValueError(bad_parameter("pool_templates", "weights", rule, f"{given.dtype} {list(given.shape)}"))
    return given.astype(np.float64)

"""Neural collapse: how near features and classifier are to a simplex, one point for each class.

Papyan, Han and Donoho 2020, PNAS 117:24652, arXiv 2008.08186, measure raw features. Here every quantity is measured on
normalised features and, in NC3 and NC4, on normalised prototypes: the heads of this family see nothing else, and the
norm of a face feature follows image quality, which would be read as spread within classes. Every class counts the
same, whatever its number of images; the global mean is the mean of the class means.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from workbench.geometry.inputs import Array, class_means, matched, matching_prototypes

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Collapse:
    """The four measures of neural collapse; each is 0 when collapse is complete.

    With M the centred class means (rows m_c, c = 1..C), w_c the prototypes of the classes that occur:

    Attributes:
        nc1: Spread within classes over spread between, tr(Sigma_W pinv(Sigma_B)) / C, in [0, inf).
        nc2_norms: Unequal lengths of the means: standard deviation of |m_c| over their mean.
        nc2_angles: Unequal angles: standard deviation of cos(m_c, m_c') over all c != c'.
        nc2_simplex: Distance from the largest angle: mean of |cos(m_c, m_c') + 1 / (C - 1)|.
        nc3: Self-duality, | W / |W| - M / |M| | in Frobenius norms, in [0, 2]; None without prototypes.
        nc4: Share of samples for which the prototype of the largest cosine and the nearest class mean are of
            different classes, in [0, 1]; None without prototypes.
    """

    nc1: float
    nc2_norms: float
    nc2_angles: float
    nc2_simplex: float
    nc3: float | None
    nc4: float | None


def collapse(embeddings: Array, labels: Array, prototypes: Array | None = None) -> Collapse:
    """Measure neural collapse of the classes that occur in `labels`.

    Where class means coincide with the global one, a measure that divides by their distance is NaN or infinite.

    Args:
        embeddings: [N, D], any norm but zero.
        labels: Class of each sample, [N]; with prototypes in [0, C).
        prototypes: Class centres of the head, [C, D], any norm but zero; rows of absent classes are left out.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, labels beyond the prototypes, or
            fewer than two classes.
    """
    unit, own = matched(embeddings, labels)
    classes, row, means = class_means(unit, own)
    if len(classes) < 2:
        raise ValueError("Neural collapse compares classes: give at least two, got one.")
    centred = means - means.mean(0)
    norms = centred.norm(dim=1)
    angles, simplex = _simplex_errors(centred / norms[:, None])
    nc3 = nc4 = None
    if prototypes is not None:
        weight = matching_prototypes(prototypes, unit, own)[classes]
        nc3 = float((weight / weight.norm() - centred / centred.norm()).norm())
        nc4 = _disagreement(unit, weight, means)
    return Collapse(
        nc1=_within_over_between(unit, row, means, centred),
        nc2_norms=float(norms.std(correction=0) / norms.mean()),
        nc2_angles=angles,
        nc2_simplex=simplex,
        nc3=nc3,
        nc4=nc4,
    )


def _within_over_between(
    unit: Float64[Tensor, "N D"],
    row: Int64[Tensor, " N"],
    means: Float64[Tensor, "C D"],
    centred: Float64[Tensor, "C D"],
) -> float:
    """tr(Sigma_W pinv(Sigma_B)) / C without a D x D matrix.

    Sigma_B = M^T M / C = V diag(s^2 / C) V^T, so the trace is the sum over the directions v_k of C / s_k^2 times the
    variance within classes along v_k.
    """
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    rank = int((singular > singular[0] * max(centred.shape) * torch.finfo(torch.float64).eps).sum())
    if not rank:
        return torch.inf
    along = (unit - means[row]) @ directions[:rank].T
    weight = 1 / row.bincount()[row].to(torch.float64) / len(means)
    within = (weight[:, None] * along**2).sum(0)
    return float((within / singular[:rank] ** 2).sum())


def _simplex_errors(directions: Float64[Tensor, "C D"]) -> tuple[float, float]:
    """Standard deviation of the cosines between different rows, and their mean distance from -1 / (C - 1)."""
    classes = len(directions)
    target = -1 / (classes - 1)
    pairs = classes * (classes - 1)
    absolute = squares = total = 0.0
    for start in range(0, classes, _ROWS_AT_ONCE):
        block = directions[start : start + _ROWS_AT_ONCE]
        error = block @ directions.T - target
        here = torch.arange(len(block), device=block.device)
        error[here, here + start] = 0
        absolute += float(error.abs().sum())
        squares += float((error**2).sum())
        total += float(error.sum())
    # Of errors, not of cosines: their mean is near zero, so that subtracting its square costs no digits.
    variance = squares / pairs - (total / pairs) ** 2
    return max(variance, 0.0) ** 0.5, absolute / pairs


def _disagreement(unit: Float64[Tensor, "N D"], weight: Float64[Tensor, "C D"], means: Float64[Tensor, "C D"]) -> float:
    """Share of samples that the prototypes and the class means put into different classes."""
    offset = (means**2).sum(1) / 2  # |x - m|^2 = |x|^2 - 2 (x . m - |m|^2 / 2)
    different = 0
    for block in unit.split(_ROWS_AT_ONCE):
        nearest = (block @ means.T - offset).argmax(1)
        different += int(((block @ weight.T).argmax(1) != nearest).sum())
    return different / len(unit)

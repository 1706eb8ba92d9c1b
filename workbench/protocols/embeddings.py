"""From embeddings of images to what is compared: sums with the mirror image, and the cosines of listed pairs."""

import numpy as np
from jaxtyping import Float64

from workbench.checks import bad_parameter
from workbench.geometry.inputs import Array, as_numpy, unit_rows
from workbench.protocols.inputs import indices, matrix

_PAIRS_AT_ONCE = 512  # few enough to stay in the cache: four times as fast as thousands


def flip_sum(embeddings: Array, flipped: Array) -> Float64[np.ndarray, "N D"]:
    """Sum the embedding of each image and of its mirror image, then divide by the length: (e + f) / |e + f|.

    The evaluation of ElasticFace, and of InsightFace where it says "flip". The embeddings are summed as they are: where
    they are not of unit length the longer one counts more, as in those programs.

    Args:
        embeddings: [N, D], as the network gives them.
        flipped: The same of the mirrored images, row by row, [N, D].

    Returns:
        Unit rows, float64.

    Raises:
        ValueError: Shapes that differ, rows that are not finite, or a row and its mirror image that cancel out.
    """
    one, other = matrix("flip_sum", "embeddings", embeddings), matrix("flip_sum", "flipped", flipped)
    if one.shape != other.shape:
        rule = f"of the shape of the embeddings, {list(one.shape)}"
        raise ValueError(bad_parameter("flip_sum", "flipped", rule, list(other.shape)))
    return as_numpy(unit_rows(one.double() + other.double(), "sums of both"))


def pair_cosines(embeddings: Array, first: Array, second: Array) -> Float64[np.ndarray, " P"]:
    """Cosine of each listed pair of rows, in [-1, 1], computed in float64.

    The squared distance of the unit vectors, on which the field puts its thresholds, is 2 - 2 cosine.

    Args:
        embeddings: [N, D], any norm but zero.
        first: Row of one image of each pair, [P].
        second: Row of the other, [P].

    Raises:
        ValueError: Embeddings of the wrong shape, rows that are not finite or zero, indices beyond the rows.
    """
    unit = unit_rows(embeddings)
    one, other = (
        indices("pair_cosines", "first", first, len(unit)),
        indices("pair_cosines", "second", second, len(unit)),
    )
    if len(one) != len(other):
        raise ValueError(
            f"Each pair needs two rows: 'first' of pair_cosines names {len(one)} and 'second' {len(other)}."
        )
    cosine = np.empty(len(one))
    for start in range(0, len(one), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        products = unit[one[part].to(unit.device)] * unit[other[part].to(unit.device)]
        cosine[part] = as_numpy(products.sum(1).clamp_(-1, 1))
    return cosine

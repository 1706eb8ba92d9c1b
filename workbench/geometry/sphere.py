"""Maps of embeddings of many dimensions on the sphere S2, where directions belong."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn.functional import normalize

from workbench.checks import bad_parameter, number, whole
from workbench.geometry.inputs import Array, as_numpy, unit_rows
from workbench.geometry.maps import NEIGHBOURS, principal, trust
from workbench.geometry.neighbours import Graph, neighbour_graph
from workbench.randomness import generator

_ROUNDS = 200  # of a map from its own start; with 400 no trustworthiness rose by more than 0.003
_ROUNDS_NEAR, _STEP_NEAR = 100, 0.1  # of one that is given where to start from, and is to stay near it
_NEGATIVES = 128  # of a round, shared by all points; with 64 the map got worse, with 256 no better
_REPULSION = 5  # umap-learn's negative_sample_rate


@dataclass(frozen=True, eq=False)
class SphereMap:
    """Embeddings laid out on the unit sphere.

    Attributes:
        points: Where each sample lies, unit vectors [N, 3].
        seed: Of the layout.
        neighbours: How many nearest neighbours `trustworthiness` looks at.
        trustworthiness: In [0, 1], 1 where all neighbours on the map are neighbours by angle too (Venna and Kaski
            2001); None below 4 samples, which have no neighbourhoods to compare.
    """

    points: Float64[np.ndarray, "N 3"]
    seed: int
    neighbours: int
    trustworthiness: float | None


def sphere_map(
    embeddings: Array,
    *,
    seed: int = 0,
    neighbours: int = NEIGHBOURS,
    min_dist: float | None = None,
    init: Array | None = None,
    align: Array | None = None,
) -> SphereMap:
    """Lay out the directions of embeddings on the sphere S2 so that neighbours stay together.

        first = sphere_map(epochs[0])
        then = sphere_map(epochs[1], init=first.points, align=first.points)
        views.hypersphere({"map": views.Frames(np.stack([first.points, then.points]))}, labels)

    The graph is UMAP's, by cosine distance, with weights w (McInnes, Healy and Melville 2018, arXiv 1802.03426). With
    q = 1 / (1 + a d^(2b)), d a chord of the map, and v_i = sum over j of w_ij, each round moves every point along

        1 / v_i  sum over j of 2 w_ij grad log q_ij  +  5 mean over j of grad log(1 - q_ij),

    which is the step of UMAP in expectation over v_i (Damrich and Hamprecht 2021, arXiv 2103.14608), projected on the
    tangent plane; the step, 1 / a at first, falls to 0 over 200 rounds. The mean is taken over all points, or over 128
    drawn for the round where there are more. a and b fit q to 1 up to the angle `min_dist` and to
    exp(-(angle - min_dist) / spread) from there on. spread = (4 pi / N)^(1/4) is the geometric mean of the radius and
    of the distance that neighbours would have if the points were even.

    Sizes of clusters, distances between them and where they lie mean nothing, as on every such map. Embeddings of two
    or three dimensions are their own map. A seed gives the same bits on one machine with one number of threads, and
    all threads compute. Memory: N x D and N x 128 numbers, 15 N edges and 2^22 cosines at a time; never N x N.

    Args:
        embeddings: [N, D], D at least 2, any norm but zero.
        seed: Of the points that push in each round, and of the samples behind `trustworthiness` above 3000.
        neighbours: Nearest neighbours, at least 2; 15 by default, as in umap-learn, where a sample is one of its own.
            Less where there are fewer samples.
        min_dist: How close the map may set two neighbours, as an angle in [0, 1] radians. A tenth of spread by
            default, as in umap-learn: 0.022 with 5000 samples.
        init: Where to start from, [N, 3], any norm but zero: half the rounds with a tenth of the step, so that the map
            stays near. By default the three directions of largest variance about the mean, normalised.
        align: A map of the same samples, [N, 3], with NaN for those that it lacks. The new map is rotated or reflected
            as a whole to lie nearest to it (the orthogonal Procrustes problem, Schoenemann 1966).

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, or a parameter out of its range.
    """
    seed = whole("sphere_map", "seed", seed, least=0)
    neighbours = whole("sphere_map", "neighbours", neighbours, least=2)
    if min_dist is not None:
        min_dist = number("sphere_map", "min_dist", min_dist, low=0, high=1)
    unit = unit_rows(embeddings)
    n, dim = unit.shape
    if dim < 2:
        raise ValueError(bad_parameter("sphere_map", "embeddings", "a matrix [N, D] with D at least 2", (n, dim)))
    begin = None if init is None else _rows_of_three("init", init, n)
    goal = None if align is None else _rows_of_three("align", align, n, some=True)

    if dim <= 3:
        points = np.pad(as_numpy(unit), ((0, 0), (0, 3 - dim)))
    else:
        points = _principal_directions(as_numpy(unit)) if begin is None else begin
    if dim > 3 and n > 1:
        graph = neighbour_graph(unit.float(), min(neighbours, n - 1))
        points = _layout(points, graph, min_dist, seed, near=begin is not None)
    if goal is not None:
        points = _turned_onto(goal, points)
    looked_at, trustworthy = trust(as_numpy(unit), points, neighbours, seed)
    return SphereMap(points, seed, looked_at, trustworthy)


def sphere_maps(
    frames: Iterable[Array], *, seed: int = 0, neighbours: int = NEIGHBOURS, min_dist: float | None = None
) -> list[SphereMap]:
    """Lay out the same samples at one moment after another, each map begun from the one before and turned onto it.

    Args:
        frames: Embeddings [N, D] of each moment, the samples in one order.
        seed: As of `sphere_map`, like what follows.
        neighbours: Nearest neighbours.
        min_dist: How close a map may set two neighbours, in radians.

    Raises:
        ValueError: As `sphere_map`.
    """
    maps: list[SphereMap] = []
    for embeddings in frames:
        before = maps[-1].points if maps else None
        maps.append(
            sphere_map(embeddings, seed=seed, neighbours=neighbours, min_dist=min_dist, init=before, align=before)
        )
    return maps


def _rows_of_three(name: str, given: Array, n: int, *, some: bool = False) -> np.ndarray:
    """Positions on the sphere, unit vectors [n, 3]; rows of NaN only where `some` of them may be missing."""
    rows = torch.as_tensor(given).detach().double().cpu()
    if rows.shape != (n, 3):
        rule = f"a place on the sphere for each of the {n} embeddings, [{n}, 3]"
        raise ValueError(bad_parameter("sphere_map", name, rule, tuple(rows.shape)))
    there = ~rows.isnan().any(1) if some else torch.ones(n, dtype=torch.bool)
    if not there.any():
        raise ValueError(bad_parameter("sphere_map", name, "the place of at least one sample", "NaN alone"))
    placed = torch.full_like(rows, math.nan)
    placed[there] = unit_rows(rows[there], name)
    return as_numpy(placed)


def _principal_directions(unit: np.ndarray) -> np.ndarray:
    """Where the three principal components of each sample point, about the mean; one place where they are zero."""
    # About the mean: embeddings in a narrow cone would otherwise start, and stay, on a small part of the sphere.
    places, _ = principal(unit, 3)
    norms = np.linalg.norm(places, axis=1, keepdims=True)
    start: np.ndarray = np.where(norms > 1e-9, places / np.maximum(norms, 1e-9), np.eye(3)[0])
    return start


def _turned_onto(goal: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Rotate or reflect `points` as a whole to lie nearest to those rows of `goal` that are there."""
    there = ~np.isnan(goal).any(axis=1)
    left, _, right = np.linalg.svd(points[there].T @ goal[there])
    turned: np.ndarray = points @ (left @ right)
    return turned


def _layout(start: np.ndarray, graph: Graph, min_dist: float | None, seed: int, *, near: bool) -> np.ndarray:
    n = len(start)
    spread = (4 * math.pi / n) ** 0.25
    min_dist = spread / 10 if min_dist is None else min_dist
    a, b = _curve(max(spread, min_dist), min_dist)
    # With t = a^(1/b) d^2, q = 1 / (1 + t^b) is a sigmoid of log t, and so are both forces.
    unit_of_t = a ** (1 / b)
    # A tenth of the distance between even points, squared: nearer ones push no harder, so no step is a leap.
    least = unit_of_t * max(4 * math.pi / n / 100, 1e-6)
    rounds, first = (_ROUNDS_NEAR, _STEP_NEAR) if near else (_ROUNDS, 1.0)

    points = torch.from_numpy(start).to(graph.weight)
    of_node = graph.sums(graph.weight, points.new_ones(n, 1))
    offset = points.new_tensor(2 * unit_of_t)
    draws = torch.randint(n, (rounds, _NEGATIVES), generator=generator(seed, "map")).to(points.device)
    for k in range(rounds):
        places = points.T.contiguous()
        cosine = (places.index_select(1, graph.first) * places.index_select(1, graph.second)).sum(0)
        t = cosine.mul_(-2 * unit_of_t).add_(offset).clamp_(min=least)
        pull = graph.sums(_sigmoid(t, b).mul_(graph.weight), points).div_(of_node)

        others = points if n <= _NEGATIVES else points.index_select(0, draws[k])
        t = torch.addmm(offset, points, others.T, alpha=-2 * unit_of_t).clamp_(min=least)
        force = torch.addmm(pull, _sigmoid(t, -b), others, beta=2, alpha=-_REPULSION / len(others))

        along = force - (force * points).sum(1, keepdim=True) * points
        step = first * (1 - k / rounds) * 2 * b * unit_of_t / a
        points = normalize(points.add(along, alpha=step))
    return as_numpy(normalize(points.double()))


def _sigmoid(t: Float[Tensor, "..."], b: float) -> Float[Tensor, "..."]:
    """t^b / (1 + t^b) / t: with b the pull of a neighbour, with -b the push of any other point."""
    return t.log().mul_(b).sigmoid_().div_(t)


@cache
def _curve(spread: float, min_dist: float) -> tuple[float, float]:
    """Fit a and b of q = 1 / (1 + a d^(2b)) to the wanted curve of angles, as umap-learn does; d is a chord."""
    from scipy.optimize import curve_fit  # here, because geometry comes without SciPy

    angle = np.linspace(0, min(3 * spread, math.pi), 301)[1:]
    wanted = np.where(angle < min_dist, 1, np.exp((min_dist - angle) / spread))
    chord = 2 * np.sin(angle / 2)
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), chord / spread, wanted)
    return float(a / spread ** (2 * b)), float(b)

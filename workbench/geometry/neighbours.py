"""Who is near to whom: the graph of nearest neighbours that UMAP lays out."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import embedding_bag

_COSINES_AT_ONCE = 2**22  # 16 MB
_HALVINGS = 64  # as in umap-learn: to the last bit


@dataclass(frozen=True, eq=False)
class Graph:
    """An undirected graph, each edge once, and all edges again by the node they start from.

    Attributes:
        first: One end of each edge, int32 [E].
        second: The other end, int32 [E].
        weight: How likely the two belong together, in (0, 1], [E].
        starts: Where the entries of each node begin in `ends` and `edges`, int32 [N].
        ends: The other node of each entry, int32 [2 E].
        edges: The edge of each entry, int32 [2 E].
    """

    first: Tensor
    second: Tensor
    weight: Tensor
    starts: Tensor
    ends: Tensor
    edges: Tensor

    def sums(self, factors: Float[Tensor, " E"], values: Float[Tensor, "N K"]) -> Float[Tensor, "N K"]:
        """Sum over the neighbours j of each node i: factor of the edge ij times values[j]; always in one order."""
        weights = factors.index_select(0, self.edges)
        total: Tensor = embedding_bag(self.ends, values, self.starts, mode="sum", per_sample_weights=weights)
        return total


def neighbour_graph(unit: Float[Tensor, "N D"], neighbours: int) -> Graph:
    """Link unit vectors with their nearest neighbours by cosine, as UMAP does (McInnes et al. 2018, section 3.1).

    With d = 1 - cos, rho_i the least distance above 0 of sample i to a neighbour, and sigma_i such that the weights of
    its k neighbours sum to log2(k), w_ij = exp(-max(0, d_ij - rho_i) / sigma_i). The edge of i and j gets the chance
    that at least one of both holds, w_ij + w_ji - w_ij w_ji.

    Memory is 2^22 cosines, or one row of N where that is more, besides the edges: no N x N array is held.

    Args:
        unit: Unit vectors, N at least 2.
        neighbours: k, from 1 to N - 1.
    """
    distance, nearest = _nearest(unit, neighbours)
    weight = _memberships(distance).flatten()
    n = len(unit)
    own = torch.arange(n, device=unit.device).repeat_interleave(neighbours)
    key, order = (own * n + nearest.flatten()).sort()
    first, second, weight = own[order], nearest.flatten()[order], weight[order]
    # The way back of each edge, where there is one: both ends count each other among their neighbours.
    back = second * n + first
    at = torch.searchsorted(key, back).clamp(max=len(key) - 1)
    mutual = key[at] == back
    other = torch.where(mutual, weight[at], 0)
    once = ~mutual | (first < second)
    return _graph(first[once], second[once], (weight + other - weight * other)[once], n)


def _graph(first: Int64[Tensor, " E"], second: Int64[Tensor, " E"], weight: Float[Tensor, " E"], n: int) -> Graph:
    start, order = torch.cat([first, second]).sort(stable=True)
    return Graph(
        first=first.int(),
        second=second.int(),
        weight=weight,
        starts=torch.searchsorted(start, torch.arange(n, device=start.device)).int(),
        ends=torch.cat([second, first])[order].int(),
        edges=(order % len(first)).int(),
    )


def _nearest(unit: Float[Tensor, "N D"], k: int) -> tuple[Float[Tensor, "N k"], Int64[Tensor, "N k"]]:
    """1 - cos of each sample's k nearest others, and which they are."""
    n = len(unit)
    distances, indices = [], []
    for rows in torch.arange(n, device=unit.device).split(max(1, _COSINES_AT_ONCE // n)):
        cosine = unit[rows] @ unit.T
        cosine[torch.arange(len(rows), device=unit.device), rows] = -math.inf
        near = cosine.topk(k, dim=1)
        distances.append((1 - near.values).clamp_(min=0))
        indices.append(near.indices)
    return torch.cat(distances), torch.cat(indices)


def _memberships(distance: Float[Tensor, "N k"]) -> Float[Tensor, "N k"]:
    """UMAP's weights of each sample's neighbours, by bisection of sigma."""
    rho = torch.where(distance > 0, distance, math.inf).amin(1, keepdim=True)
    beyond = (distance - rho).clamp_(min=0)  # 0 for a sample all of whose neighbours are copies of it: rho is infinite
    low, sigma, high = torch.zeros_like(rho), torch.ones_like(rho), torch.full_like(rho, math.inf)
    for _ in range(_HALVINGS):
        large = torch.exp(-beyond / sigma).sum(1, keepdim=True) > math.log2(distance.shape[1])
        low, high = torch.where(large, low, sigma), torch.where(large, sigma, high)
        sigma = torch.where(high.isinf(), 2 * sigma, (low + high) / 2)
    least = 1e-3 * distance.mean(1, keepdim=True)  # as in umap-learn
    return torch.exp(-beyond / sigma.maximum(least))

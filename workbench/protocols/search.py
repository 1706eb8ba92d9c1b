"""One search of each probe through the gallery: the score of its mate, the mate's rank, the best score of all."""

from typing import NamedTuple

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

_COSINES_AT_ONCE = 1 << 24  # 128 MiB


class Found(NamedTuple):
    """What the searches found.

    Attributes:
        mate: Cosine of the mate, the best where it has several entries; -infinity for probes without one, [P].
        rank: 1 plus the other identities that score at least as high; 0 for probes without a mate, [P].
        top: The best cosine of any identity, [P].
    """

    mate: Float64[Tensor, " P"]
    rank: Int64[Tensor, " P"]
    top: Float64[Tensor, " P"]


def search(
    gallery: Float64[Tensor, "G D"],
    gallery_labels: Int64[Tensor, " G"],
    probes: Float64[Tensor, "P D"],
    probe_labels: Int64[Tensor, " P"],
) -> Found:
    """Compare unit probes with unit gallery entries; an identity scores what its best entry does.

    Some hundred probes at a time meet the whole gallery, so that P x G is never held.
    """
    names, entry = gallery_labels.unique(return_inverse=True)
    own = torch.searchsorted(names, probe_labels).clamp_(max=len(names) - 1)
    mated = names[own] == probe_labels
    several = len(names) < len(gallery)
    gallery = gallery if several else gallery[entry.argsort()]
    found = []
    at_once = max(1, _COSINES_AT_ONCE // len(gallery))
    for part, mate_at, has_mate in zip(probes.split(at_once), own.split(at_once), mated.split(at_once), strict=True):
        cosine = (part @ gallery.T).clamp_(-1, 1)
        if several:
            best = cosine.new_full((len(part), len(names)), -torch.inf)
            cosine = best.scatter_reduce_(1, entry.expand(len(part), -1), cosine, "amax")
        mate = cosine.gather(1, mate_at[:, None])
        rank = (cosine >= mate).sum(1)
        found.append(Found(mate[:, 0].where(has_mate, -torch.inf), rank.where(has_mate, 0), cosine.amax(1)))
    return Found(*(torch.cat(parts) for parts in zip(*found, strict=True)))

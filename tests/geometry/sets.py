"""Sets of embeddings for the tests, and the plainest way to all their pairs."""

import math

import numpy as np
import torch
from torch import Tensor

from workbench.geometry import HardestPairs, PairCounts, Similarities


def clusters(samples: int, classes: int, dim: int, *, noise: float = 0.5, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Noisy copies of random centres, float64, of any norm; every class occurs, sizes differ."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, dim, generator=generator, dtype=torch.float64)
    extra = torch.randint(classes, (samples - classes,), generator=generator)
    labels = torch.cat([torch.arange(classes), extra])
    labels = labels[torch.randperm(samples, generator=generator)]
    embeddings = centres[labels] + noise * torch.randn(samples, dim, generator=generator, dtype=torch.float64)
    return embeddings * torch.rand(samples, 1, generator=generator, dtype=torch.float64).add(0.1), labels


def simplex(classes: int, dim: int) -> Tensor:
    """Unit vectors with all cosines -1 / (classes - 1), in the first `classes` of `dim` coordinates."""
    centred = torch.eye(classes, dim, dtype=torch.float64) - torch.eye(classes, dim, dtype=torch.float64).mean(0)
    return centred / centred.norm(dim=1, keepdim=True)


def rotation(dim: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(dim, dim, generator=generator, dtype=torch.float64))[0]


def all_pairs(embeddings: Tensor, labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Genuine and impostor cosines of all pairs i < j, by two loops."""
    unit = (embeddings.double() / embeddings.double().norm(dim=1, keepdim=True)).numpy()
    genuine, impostor = [], []
    for i in range(len(unit)):
        for j in range(i + 1, len(unit)):
            (genuine if labels[i] == labels[j] else impostor).append(math.fsum(unit[i] * unit[j]))
    return np.array(genuine), np.array(impostor)


def counted(genuine: np.ndarray, impostor: np.ndarray, bins: int, groups: int = 1) -> PairCounts:
    """What `pair_counts` would say of pairs with these cosines; each pair is alone, in group index mod groups."""
    edges = (2 * np.arange(bins + 1) - bins) / bins

    def similarities(cosine: np.ndarray) -> Similarities:
        bin_of = np.minimum(np.searchsorted(edges, cosine, side="right") - 1, bins - 1)
        group = np.arange(len(cosine)) % groups
        none = np.zeros(0, dtype=np.int64)
        return Similarities(
            counts=np.bincount(bin_of, minlength=bins),
            without=np.array([np.bincount(bin_of[group != g], minlength=bins) for g in range(groups)]),
            mean=float(cosine.mean()),
            variance=float(cosine.var()),
            lowest=float(cosine.min()),
            highest=float(cosine.max()),
            hardest=HardestPairs(none, none, np.zeros(0)),
        )

    everything = np.concatenate([genuine, impostor])
    potential = float(np.exp(4 * (everything - 1)).mean())
    return PairCounts(edges, similarities(genuine), similarities(impostor), potential)

"""One case for each loss of pairs, and for each option that changes its equation, written with numbers alone."""

import math
from collections.abc import Callable, Iterator
from functools import partial

from tests.losses.cases import Case

Cosines = list[list[float]]


def anchors(cosines: Cosines, labels: list[int]) -> Iterator[tuple[list[float], list[float]]]:
    """Yield the cosines of each sample to the others of its class, and to those of other classes."""
    for i, row in enumerate(cosines):
        others = [(cosine, labels[j] == labels[i]) for j, cosine in enumerate(row) if j != i]
        yield [cosine for cosine, same in others if same], [cosine for cosine, same in others if not same]


def mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def supcon(cosines: Cosines, labels: list[int], *, average: str = "nonzero") -> float:
    every = list(anchors(cosines, labels))
    if average == "nonzero" and not any(negative for _, negative in every):
        return 0.0
    values = []
    for positive, negative in every:
        if positive:
            total = math.log(sum(math.exp(10 * v) for v in positive + negative))
            values.append(mean([total - 10 * v for v in positive]))
    return mean(values if average == "all" else [value for value in values if value > 0])


def circle(cosines: Cosines, labels: list[int], *, scale: float = 3.0, m: float = 0.4) -> float:
    values = []
    for positive, negative in anchors(cosines, labels):
        if positive and negative:
            pull = sum(math.exp(scale * max(0, 1 + m - v) * (1 - m - v)) for v in positive)
            push = sum(math.exp(scale * max(0, v + m) * (v - m)) for v in negative)
            values.append(math.log1p(pull * push))
    return mean(values)


def multi_similarity(cosines: Cosines, labels: list[int], *, mining: float | None = None) -> float:
    values = []
    for positive, negative in anchors(cosines, labels):
        if mining is not None:
            hard = [v for v in negative if positive and v > min(positive) - mining]
            positive = [v for v in positive if negative and v < max(negative) + mining]
            negative = hard
        pulled = math.log1p(sum(math.exp(-2 * (v - 0.5)) for v in positive)) / 2
        pushed = math.log1p(sum(math.exp(50 * (v - 0.5)) for v in negative)) / 50
        values.append(pulled + pushed if mining is None or (positive and negative) else 0.0)
    return mean(values)


def distance(cosine: float) -> float:
    return math.sqrt(max(0.0, 2 - 2 * cosine))


def contrastive(cosines: Cosines, labels: list[int], *, average: str = "nonzero", power: int = 1) -> float:
    every = list(anchors(cosines, labels))
    pulled = [distance(v) ** power for positive, _ in every for v in positive]
    pushed = [max(0.0, 1 - distance(v)) ** power for _, negative in every for v in negative]
    if average == "nonzero":
        pulled, pushed = ([v for v in values if v > 0] for values in (pulled, pushed))
    return mean(pulled) + mean(pushed)


def triplet(
    cosines: Cosines,
    labels: list[int],
    *,
    margin: float = 0.05,
    triplets: str = "all",
    average: str = "nonzero",
    measure: Callable[[float], float] = distance,
) -> float:
    values = []
    for positive, negative in anchors(cosines, labels):
        near, far = [measure(v) for v in positive], [measure(v) for v in negative]
        pairs = [(p, n) for p in near for n in far]
        if triplets == "hardest":
            pairs = [(max(near), min(far))] if pairs else []
        if triplets == "semihard":
            pairs = [(p, n) for p, n in pairs if p < n < p + margin]
        values += [max(0.0, p - n + margin) for p, n in pairs]
    return mean(values if average == "all" else [value for value in values if value > 0])


followed = {"state": ("weight",)}

PAIR_LOSSES = [
    Case("supcon", pairs=supcon, scale=10.0, **followed),
    Case("supcon", options={"average": "all"}, pairs=partial(supcon, average="all"), scale=10.0, **followed),
    Case("circle", pairs=circle, **followed),
    Case("circle", options={"margin": 0.25}, pairs=partial(circle, m=0.25), **followed),
    Case("multi-similarity", pairs=multi_similarity, **followed),
    Case("multi-similarity", options={"mining": 0.1}, pairs=partial(multi_similarity, mining=0.1), **followed),
    Case("contrastive", pairs=contrastive, **followed),
    Case("contrastive", options={"squared": True}, pairs=partial(contrastive, power=2), **followed),
    Case("contrastive", options={"average": "all"}, pairs=partial(contrastive, average="all"), **followed),
    Case("triplet", pairs=triplet, **followed),
    Case("triplet", options={"margin": 0.5}, pairs=partial(triplet, margin=0.5), **followed),
    Case("triplet", options={"average": "all"}, pairs=partial(triplet, average="all"), **followed),
    Case(
        "triplet",
        options={"squared": True, "margin": 0.2},
        pairs=partial(triplet, margin=0.2, measure=lambda cosine: 2 - 2 * cosine),
        **followed,
    ),
    Case(
        "triplet",
        options={"triplets": "semihard", "margin": 0.5},
        pairs=partial(triplet, triplets="semihard", margin=0.5),
        **followed,
    ),
    Case(
        "triplet",
        options={"triplets": "hardest", "margin": 0.5},
        pairs=partial(triplet, triplets="hardest", margin=0.5),
        **followed,
    ),
]

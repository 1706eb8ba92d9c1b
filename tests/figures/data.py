"""Plain data of the shapes that figures take; nothing here needs torch."""

from types import SimpleNamespace

import numpy as np

HOSTILE = "</script><img src=x onerror=alert(1)> <b>%{x}</b> &amp; 'q' \"q\""


def angles(samples=500, own=30.0, other=75.0, seed=0):
    """Angles in radians about these degrees."""
    rng = np.random.default_rng(seed)
    own, other = (np.radians(rng.normal(degrees, 8, samples).clip(0, 180)) for degrees in (own, other))
    return SimpleNamespace(own=own, other=other, margin=other - own)


def similarities(cosine, bins):
    edges = (2 * np.arange(bins + 1) - bins) / bins
    return SimpleNamespace(
        counts=np.histogram(cosine, edges)[0],
        lowest=float(cosine.min(initial=np.inf)),
        highest=float(cosine.max(initial=-np.inf)),
    )


def pairs(genuine=300, impostor=20_000, bins=4000, seed=0, apart=0.6):
    rng = np.random.default_rng(seed)
    edges = (2 * np.arange(bins + 1) - bins) / bins
    return SimpleNamespace(
        edges=edges,
        genuine=similarities(rng.normal(apart, 0.15, genuine).clip(-1, 1), bins),
        impostor=similarities(rng.normal(0, 0.15, impostor).clip(-1, 1), bins),
    )


def roc(impostor=20_000, seed=0, **given):
    counted = pairs(impostor=impostor, seed=seed, **given)
    far, tar = (
        np.append(kind.counts[::-1].cumsum()[::-1], 0) / kind.counts.sum()
        for kind in (counted.impostor, counted.genuine)
    )
    k = int(np.abs(far - (1 - tar)).argmin())
    return SimpleNamespace(
        far=far,
        tar=tar,
        tar_low=(tar - 0.05).clip(0),
        tar_high=(tar + 0.05).clip(0, 1),
        eer=SimpleNamespace(value=float(far[k]), interval=(float(far[k]) / 2, float(far[k]) * 2)),
        floor=10 / impostor,
        impostor_total=impostor,
        genuine_total=int(counted.genuine.counts.sum()),
    )


def records(epochs=10, **extra):
    return [
        {"epoch": e, "loss": 10 / e, "accuracy": 1 - 0.9 / e, "angle": 1.5 / e, "lr": 0.1, "seconds": 2.0, **extra}
        for e in range(1, epochs + 1)
    ]

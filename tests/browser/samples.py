"""One of each view, with everything in it that it can have."""

import numpy as np

from tests.browser.test_views import clusters
from workbench import geometry, views

LABELS = np.arange(120) % 4
STEPS = [1, 2, 5, 9]
RUNS = {"first": clusters(), "second": clusters(spread=0.5, seed=1)}
FLAT = {"flat": clusters(d=2)}
IMAGES = np.random.default_rng(0).integers(0, 255, (120, 8, 8)).astype(np.uint8)
MARGINS = {"first": views.Margin(), "second": views.Margin(angle_rad=0.3)}


def sample(name: str) -> views.View:
    """Two runs of 120 images in four classes, wherever the view takes such."""
    last = {run: frames.embeddings[-1] for run, frames in RUNS.items()}
    centres = {run: frames.centres[-1] for run, frames in RUNS.items()}
    pairs = {run: geometry.pair_counts(rows, LABELS) for run, rows in last.items()}
    rng = np.random.default_rng(0)
    records = [
        {"epoch": k, "loss": 8 / k, "accuracy": 1 - 0.5 / k, "angle": 1.5 / k, "grad_norm": 2.0, "norm": 3.0, "lr": 0.1}
        for k in range(1, 10)
    ]
    match name:
        case "angle_distributions":
            return views.angle_distributions(RUNS, LABELS, steps=STEPS, margins=MARGINS)
        case "centre_gram":
            return views.centre_gram(centres)
        case "circle":
            return views.circle(FLAT, LABELS, steps=STEPS)
        case "embedding_map":
            return views.embedding_map(last, LABELS, thumbnails=IMAGES, methods=["pca"])
        case "hard_pairs":
            return views.hard_pairs(pairs, LABELS, thumbnails=IMAGES)
        case "hypersphere":
            return views.hypersphere(RUNS, LABELS, thumbnails=IMAGES, steps=STEPS, margins=MARGINS)
        case "margin_curves":
            return views.margin_curves()
        case "pair_similarity":
            negatives = {run: geometry.class_negatives(last[run], LABELS, centres[run]) for run in RUNS}
            return views.pair_similarity(pairs, class_negatives=negatives)
        case "training_record":
            drawn = {"first": None, "second": rng.normal(0.5, 0.05, 500)}
            return views.training_record(dict.fromkeys(RUNS, records), margins=drawn)
    raise ValueError(f"There is no sample of the view {name!r}: write one here.")

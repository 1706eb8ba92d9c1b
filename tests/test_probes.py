"""What the probe images tell at each moment, beside the naive formulas."""

import numpy as np
import pytest

from workbench import probes
from workbench.runs import Snapshots


def test_norm_alignment_and_uniformity_are_those_of_the_papers() -> None:
    rng = np.random.default_rng(0)
    embeddings, labels = 3 * rng.normal(size=(30, 4)), np.arange(30) % 3
    told = probes.moment(embeddings, labels)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    first, second = np.triu_indices(30, 1)
    squared = ((unit[first] - unit[second]) ** 2).sum(axis=1)
    assert told == pytest.approx(
        {
            "norm": np.linalg.norm(embeddings, axis=1).mean(),
            "alignment": squared[labels[first] == labels[second]].mean(),
            "uniformity": np.log(np.exp(-2 * squared).mean()),
        }
    )


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_what_has_no_pairs_tells_the_norm_alone(labels: list[int]) -> None:
    assert probes.moment(np.eye(3), np.array(labels)) == {"norm": 1.0}


def test_many_images_are_thinned_evenly() -> None:
    embeddings = np.random.default_rng(0).normal(size=(5000, 3))
    labels = np.arange(5000) % 7
    rows = np.linspace(0, 4999, 1000).astype(int)
    thinned, all_of_them = probes.moment(embeddings[rows], labels[rows]), probes.moment(embeddings, labels)
    assert all_of_them["alignment"] == thinned["alignment"]
    assert all_of_them["norm"] == pytest.approx(np.linalg.norm(embeddings, axis=1).mean())


def test_moments_join_the_records_of_their_epochs() -> None:
    embeddings = np.stack([np.eye(3), 2 * np.eye(3)])
    moments = probes.moments(Snapshots(np.array([0, 2]), embeddings, None, np.arange(3), np.arange(3)))
    assert moments == [{"epoch": 0, "norm": 1.0}, {"epoch": 2, "norm": 2.0}]
    records = [{"epoch": 1, "loss": 5.0}, {"epoch": 2, "loss": 4.0}]
    assert probes.joined(records, moments) == [
        {"epoch": 0, "norm": 1.0},
        {"epoch": 1, "loss": 5.0},
        {"epoch": 2, "norm": 2.0, "loss": 4.0},
    ]

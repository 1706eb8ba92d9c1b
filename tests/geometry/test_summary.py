import dataclasses

import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters
from workbench import geometry


def test_the_parts_are_those_of_the_functions():
    x, y = clusters(80, 6, 5)
    w = torch.randn(6, 5)
    measured = geometry.measure(x, y, w, bins=500)
    pairs = geometry.pair_counts(x, y, bins=500)
    assert np.array_equal(measured.pairs.genuine.counts, pairs.genuine.counts)
    assert np.array_equal(measured.angles.margin, geometry.angles(x, y, w).margin)
    assert measured.separation == geometry.separation(pairs)
    assert measured.collapse == geometry.collapse(x, y, w)
    assert measured.roc.eer == geometry.equal_error_rate(pairs)
    assert len(measured.roc.far) == 501


def test_results_are_frozen():
    x, y = clusters(20, 3, 4)
    measured = geometry.measure(x, y)
    with pytest.raises(dataclasses.FrozenInstanceError):
        measured.pairs = None
    assert measured.angles.centres == "class means"


def test_every_public_name_is_there():
    assert sorted(geometry.__all__) == geometry.__all__
    assert all(hasattr(geometry, name) for name in geometry.__all__)

"""The figures draw what `workbench.geometry` measures, as it is."""

import numpy as np
import torch

from tests.geometry.sets import clusters
from workbench import figures, geometry


def test_figures_take_what_geometry_gives():
    x, y = clusters(200, 10, 8)
    measured = geometry.measure(x, y, torch.randn(10, 8))
    angles = figures.angle_distributions({"run": measured.angles})
    pairs = figures.pair_similarity({"run": measured.pairs})
    realised = figures.realised_margins({"run": measured.angles})
    roc = figures.roc({"run": measured.roc})
    assert abs(sum(angles.data[0].y[:-1]) - 1) < 1e-12
    assert pairs.data[1].customdata[:-1].sum() == measured.pairs.impostor.total
    assert abs(sum(realised.data[0].y[:-1]) - 1) < 1e-12
    assert set(np.asarray(roc.data[2].y)) <= set(measured.roc.tar)
    assert f"{100 * measured.roc.eer.value:.3g}" in roc.layout.meta["summary"]

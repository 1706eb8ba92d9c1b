"""The terms of a loss: what they make up, and that a run keeps their means."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.small import config, greys
from workbench import losses
from workbench.learner import Learner
from workbench.runs import Run
from workbench.training import Trainer


def trained(folder: Path, **changes: object) -> Run:
    return Trainer(config(**changes), folder, images=greys(), progress=False).fit()


def test_coreface_has_its_terms_from_the_second_view_on(tmp_path: Path) -> None:
    found = trained(tmp_path, loss="coreface", views_from=0.5, epochs=4).terms()
    assert sorted(found) == ["contrast", "margin"]
    assert found["contrast"][0].tolist() == [3, 4]


def test_a_loss_without_terms_has_none(tmp_path: Path) -> None:
    assert trained(tmp_path, loss="arcface").terms() == {}


def test_the_means_are_those_of_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    step = Learner.step

    def spied(self: Learner, *args: object, **options: object) -> object:
        done = step(self, *args, **options)
        seen.append(float(self.head.terms["alignment"]))
        return done

    monkeypatch.setattr(Learner, "step", spied)
    epochs, values = trained(tmp_path, loss="jcsc").terms()["alignment"]
    assert epochs.tolist() == [1, 2, 3]
    np.testing.assert_allclose(values, np.reshape(seen, (3, -1)).mean(axis=1), rtol=1e-6)


def test_terms_make_up_the_loss_with_their_weights() -> None:
    x, y = torch.randn(2, 12, 5, dtype=torch.float64), torch.arange(12) % 4
    weights = {"cluster_weight": 0.7, "align_weight": 0.3}
    jcsc = losses.create("jcsc", 5, 4, guidance=0.0, **weights).double()
    coreface = losses.create("coreface", 5, 4, contrast_weight=0.2).double()
    plain = losses.create("arcface", 5, 4).double()
    plain.weight = jcsc.weight
    added = jcsc(x[0], y) - plain(x[0], y)
    torch.testing.assert_close(added, 0.7 * jcsc.terms["clustering"] + 0.3 * jcsc.terms["alignment"])
    plain.weight = coreface.weight
    torch.testing.assert_close(coreface(x, y) - plain(x, y), 0.2 * coreface.terms["contrast"])
    assert coreface.terms["margin"] == coreface.contrast_margin
    assert not any(term.requires_grad for term in (jcsc.terms | coreface.terms).values())
    coreface(x[0], y)
    assert coreface.terms == {}

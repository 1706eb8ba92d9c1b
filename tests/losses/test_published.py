"""The four papers' losses and their baselines against numbers made by the authors' code."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from workbench import losses
from workbench.losses.unpg import kept_by_whisker

CASES = ("a", "same", "uniq")
REL = 1e-10


class Golden:
    def __init__(self, folder: Path) -> None:
        self.inputs = np.load(folder / "goldens/inputs.npz")
        files = ("baselines", "unpg", "pml", "coreface")
        self.outputs = {name: np.load(folder / f"goldens/{name}.npz") for name in files}

    def head(self, name: str, case: str, weight: str = "W", **options: object) -> losses.Head:
        head = losses.create(name, 16, 10, **options).double()
        rows = torch.tensor(self.inputs[f"{case}__{weight}"])
        head.weight.data = rows if weight == "W" else rows.T.clone()
        return head

    def batch(self, case: str) -> tuple[Tensor, Tensor]:
        return torch.tensor(self.inputs[f"{case}__E"], requires_grad=True), torch.tensor(self.inputs[f"{case}__y"])


@pytest.fixture(scope="module")
def golden(shared: Path) -> Golden:
    return Golden(shared)


def near(ours: object, theirs: np.ndarray) -> None:
    ours = ours.detach().numpy() if isinstance(ours, Tensor) else np.asarray(ours)
    assert np.abs(ours - theirs).max() <= REL * np.abs(theirs).max()


def check(golden: Golden, file: str, key: str, head: losses.Head, case: str) -> None:
    stored = golden.outputs[file]
    embeddings, labels = golden.batch(case)
    loss = head(embeddings, labels)
    loss.backward()
    near(loss, stored[f"{case}__{key}__loss"])
    near(embeddings.grad, stored[f"{case}__{key}__dE"])
    weight = head.weight.grad
    theirs = stored[f"{case}__{key}__dW"]
    near(weight if weight.shape == theirs.shape else weight.T, theirs)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("key", "name"), [("AdaFace", "adaface"), ("MagFace", "magface"), ("CurricularFace", "curricularface")]
)
def test_adaptive_heads(golden: Golden, case: str, key: str, name: str) -> None:
    check(golden, "baselines", key, golden.head(name, case), case)


def test_magface_without_easy_margin(golden: Golden) -> None:
    check(golden, "baselines", "MagFace_hard", golden.head("magface", "a", easy_margin=False), "a")


@pytest.mark.parametrize("case", CASES)
def test_sub_centres(golden: Golden, case: str) -> None:
    head = golden.head("subcenter-arcface", case, "W3", margin=math.radians(28.6), beyond_pi="linear")
    check(golden, "pml", "SubCenterArcFaceLoss", head, case)


@pytest.mark.parametrize("case", CASES)
def test_running_estimates_after_two_calls(golden: Golden, case: str) -> None:
    stored = golden.outputs["baselines"]
    embeddings, labels = golden.batch(case)
    ada, curricular = golden.head("adaface", case), golden.head("curricularface", case)
    for call, head in ((1, ada), (2, ada), (1, curricular), (2, curricular)):
        loss = head(embeddings, labels)
        name = type(head).__name__
        if call == 2:
            near(loss, F.cross_entropy(torch.tensor(stored[f"{case}__{name}__logits_second_call"]), labels).numpy())
    near(ada.mean, stored[f"{case}__AdaFace__batch_mean_after_2"])
    near(ada.deviation, stored[f"{case}__AdaFace__batch_std_after_2"])
    near(curricular.t, stored[f"{case}__CurricularFace__t_after_2"])


def test_estimates_rest_in_evaluation(golden: Golden) -> None:
    embeddings, labels = golden.batch("a")
    for name, buffer in (
        ("adaface", "mean"),
        ("curricularface", "t"),
        ("coreface", "contrast_margin"),
        ("jcsc", "clusters"),
    ):
        head = golden.head(name, "a").eval()
        before = getattr(head, buffer).clone()
        head(torch.stack([embeddings, embeddings + 1]), labels)
        assert torch.equal(getattr(head, buffer), before)


@pytest.mark.parametrize("case", ["a", "uniq"])
@pytest.mark.parametrize(("tag", "whisker"), [("unpg15", 1.5), ("unpg10", 1.0)])
@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_unpg(golden: Golden, case: str, tag: str, whisker: float, name: str) -> None:
    check(golden, "unpg", f"{name}_{tag}", golden.head(f"unpg-{name}", case, whisker=whisker, margin=0.5), case)


def test_unpg_on_magface(golden: Golden) -> None:
    check(golden, "unpg", "magface_unpg15_composed", golden.head("unpg-magface", "a"), "a")


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("whisker", [0.0, 1.0, 1.5])
def test_unpg_filter(golden: Golden, index: int, whisker: float) -> None:
    values = torch.tensor(golden.outputs["unpg"][f"filter{index}__in"])
    kept = values[kept_by_whisker(values, whisker)].sort().values
    assert np.array_equal(kept.numpy(), golden.outputs["unpg"][f"filter{index}__w{whisker}"])


@pytest.mark.parametrize("case", CASES)
def test_coreface_contrast_and_its_margin(golden: Golden, case: str) -> None:
    stored = golden.outputs["coreface"]
    head = golden.head("coreface", case)
    labels = torch.tensor(golden.inputs[f"{case}__y"])
    views = [torch.tensor(stored[f"{case}__x{i}"], requires_grad=True) for i in (1, 2)]
    unit = [F.normalize(view) for view in views]
    found = [head.contrast(unit[0], unit[1], labels)]
    margins = [0.0, head.contrast_margin.item()]
    found[0].backward(retain_graph=True)
    near(views[0].grad, stored[f"{case}__dLC_dx1"])
    near(views[1].grad, stored[f"{case}__dLC_dx2"])
    for anchors, candidates in ((1, 0), (0, 1)):
        found.append(head.contrast(unit[anchors], unit[candidates], labels))
        margins.append(head.contrast_margin.item())
    near(torch.stack(found), np.array([stored[f"{case}__{key}"] for key in ("LC", "LC_rev", "LC_third")]))
    near(margins, stored[f"{case}__m_state"])


@pytest.mark.parametrize("case", CASES)
def test_coreface_in_all(golden: Golden, case: str) -> None:
    stored = golden.outputs["coreface"]
    head = golden.head("coreface", case)
    labels = torch.tensor(golden.inputs[f"{case}__y"])
    views = torch.tensor(np.stack([stored[f"{case}__x1"], stored[f"{case}__x2"]]), requires_grad=True)
    loss = head(views, labels)
    loss.backward()
    near(loss, stored[f"{case}__total"])
    near(head.weight.grad, stored[f"{case}__dtotal_dW"])
    for i in (1, 2):
        # The stored slope was not reset before: it still holds those of the two contrasts.
        both = stored[f"{case}__dLC_dx{i}"] + stored[f"{case}__dLCrev_dx{i}"]
        near(views.grad[i - 1] + torch.tensor(both), stored[f"{case}__dtotal_dx{i}"])


def test_coreface_with_both_views_as_candidates(golden: Golden) -> None:
    stored = golden.outputs["coreface"]
    head = golden.head("coreface", "a", protocol="2n")
    head.contrast_margin = torch.tensor(stored["a__b2n_translated__m0"])
    views = [torch.tensor(stored[f"a__x{i}"], requires_grad=True) for i in (1, 2)]
    loss = head.contrast(F.normalize(views[0]), F.normalize(views[1]), torch.tensor(golden.inputs["a__y"]))
    loss.backward()
    near(loss, stored["a__b2n_translated__LC"])
    near(head.contrast_margin, stored["a__b2n_translated__m1"])
    near(views[0].grad, stored["a__b2n_translated__dx1"])
    near(views[1].grad, stored["a__b2n_translated__dx2"])

"""The four papers' losses and their baselines against numbers made by the authors' code."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workbench import losses, models
from workbench.losses.adaface import Clipped
from workbench.losses.curricularface import Hardened
from workbench.losses.margins import additive_angle
from workbench.losses.unpg import kept_by_whisker, negative_similarities

CASES = ("a", "same", "uniq")
REL = 1e-10


class Golden:
    def __init__(self, folder: Path) -> None:
        self.inputs = np.load(folder / "goldens/inputs.npz")
        files = ("baselines", "unpg", "pml", "coreface", "elasticface")
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
        if (call, name) == (1, "CurricularFace"):
            near(head.t, stored[f"{case}__CurricularFace__t_after_1"])
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


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("key", "name", "options"),
    [
        ("SupConLoss", "supcon", {}),
        ("CircleLoss", "circle", {}),
        ("CircleLoss_face", "circle", {"margin": 0.25, "scale": 256.0}),
        ("MultiSimilarityLoss", "multi-similarity", {}),
    ],
)
def test_losses_of_pairs(golden: Golden, case: str, key: str, name: str, options: dict[str, float]) -> None:
    stored = golden.outputs["pml"]
    embeddings, labels = golden.batch(case)
    loss = losses.create(name, 16, 10, **options).double()(embeddings, labels)
    loss.backward()
    near(loss, stored[f"{case}__{key}__loss"])
    near(embeddings.grad, stored[f"{case}__{key}__dE"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["arcface", "cosface"])
@pytest.mark.parametrize("filter_tag", ["none", "unpg15", "unpg10"])
def test_unpg(golden: Golden, case: str, name: str, filter_tag: str) -> None:
    """`none` is the plain head; of one class alone there is nothing else, and ours falls back to it."""
    options = {} if filter_tag == "none" else {"whisker": 1.5 if filter_tag == "unpg15" else 1.0}
    head = golden.head(f"unpg-{name}" if options else name, case, margin=0.5, **options)
    check(golden, "unpg", f"{name}_{'none' if case == 'same' else filter_tag}", head, case)


@pytest.mark.parametrize("case", ["a", "uniq"])
@pytest.mark.parametrize("whisker", [1.5, 1.0])
@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_pairs_of_unpg(golden: Golden, case: str, whisker: float, name: str) -> None:
    stored, key = golden.outputs["unpg"], f"{case}__{name}_unpg{whisker * 10:.0f}"
    embeddings, labels = golden.batch(case)
    similarities = negative_similarities(F.normalize(embeddings), labels)
    near(similarities, stored[f"{key}__sn"])
    near(similarities[kept_by_whisker(similarities, whisker)].sort().values, stored[f"{key}__sn_prime"])
    if (name, whisker) == ("arcface", 1.5):  # the filter that was put before MagFace
        near(stored[f"{case}__magface_unpg15_composed__sn_prime"], stored[f"{key}__sn_prime"])


@pytest.mark.parametrize("case", ["a", "uniq"])
def test_unpg_on_magface(golden: Golden, case: str) -> None:
    check(golden, "unpg", "magface_unpg15_composed", golden.head("unpg-magface", case), case)
    stored, key = golden.outputs["unpg"], f"{case}__magface_unpg15_composed"
    head = golden.head("unpg-magface", case)
    penalty = head.penalty(golden.batch(case)[0].norm(dim=1)).mean()
    near(penalty, stored[f"{key}__lambda_g_loss_g"])
    near(head(*golden.batch(case)) - penalty, stored[f"{key}__ce"])


@pytest.mark.parametrize(("key", "options"), [("triplet", {"margin": 0.5}), ("contrastive", {})])
def test_baselines_that_unpg_adds_to_a_head(golden: Golden, key: str, options: dict[str, float]) -> None:
    stored = golden.outputs["unpg"]
    head, pairs = golden.head("arcface", "a"), losses.create(key, 16, 10, **options).double()
    embeddings, labels = golden.batch("a")
    loss = head(embeddings, labels) + pairs(embeddings, labels)
    loss.backward()
    near(loss, stored[f"a__arcface_{key}__loss"])
    near(embeddings.grad, stored[f"a__arcface_{key}__dE"])
    near(head.weight.grad, stored[f"a__arcface_{key}__dW"])


LOGITS = [  # file, published method: our loss, its options
    *(
        ("elasticface", key, name, {})
        for key, name in (("ElasticArc", "elasticface-arc"), ("ElasticCos", "elasticface-cos"))
    ),
    ("elasticface", "ElasticArcPlus", "elasticface-arc+", {"assignment": "released"}),
    ("elasticface", "ElasticCosPlus", "elasticface-cos+", {"assignment": "released"}),
    ("elasticface", "ArcFace", "arcface", {}),
    ("elasticface", "CosFace", "cosface", {}),
    *(("unpg", f"arcface_{more}", "arcface", {}) for more in ("none", "unpg15", "unpg10", "triplet", "contrastive")),
    *(("unpg", f"cosface_{more}", "cosface", {"margin": 0.5}) for more in ("none", "unpg15", "unpg10")),
    ("unpg", "magface_unpg15_composed", "magface", {}),
    ("coreface", "arc_logits1", "arcface", {}),
    ("baselines", "ins_ArcFace", "arcface-detached", {}),
    ("baselines", "ins_CosFace", "cosface", {"margin": 0.4}),
    ("baselines", "ins_Combined_1_05_0", "combined", {"m2": 0.5, "m3": 0.0}),
    ("baselines", "ins_Combined_1_0_04", "combined", {"m2": 0.0, "m3": 0.4}),
    ("baselines", "AdaFace", "adaface", {}),
    ("baselines", "MagFace", "magface", {}),
    ("baselines", "MagFace_hard", "magface", {"easy_margin": False}),
    ("baselines", "CurricularFace", "curricularface", {}),
]


# What the published code was not run for, or failed at: its filter needs a negative pair.
NOT_STORED = {(f"{head}_{more}", "same") for head in ("arcface", "cosface") for more in ("unpg15", "unpg10")}
NOT_STORED |= {(key, case) for key in ("arcface_triplet", "arcface_contrastive") for case in ("same", "uniq")}
NOT_STORED |= {("MagFace_hard", "same"), ("MagFace_hard", "uniq"), ("magface_unpg15_composed", "same")}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("file", "key", "name", "options"), LOGITS, ids=[f"{row[0]}-{row[1]}" for row in LOGITS])
def test_logits(golden: Golden, case: str, file: str, key: str, name: str, options: dict[str, object]) -> None:
    """Whatever the published code adds to the loss, its heads make this matrix."""
    stored = golden.outputs[file]
    wanted = next(
        (f"{case}__{end}" for end in (f"{key}__logits", f"{key}__cosine", key) if f"{case}__{end}" in stored), None
    )
    if wanted is None:
        assert (key, case) in NOT_STORED
        return
    head = golden.head(name, case, **options)
    embeddings, labels = golden.batch(case)
    if file == "coreface":
        embeddings = torch.tensor(stored[f"{case}__x1"])
    draws = f"{case}__{key}__raw_margin"
    margins = torch.tensor(stored[draws]) if draws in stored else None
    near(logits(head, name, embeddings, labels, margins) / (64 if wanted.endswith("cosine") else 1), stored[wanted])


def logits(head: losses.Head, name: str, embeddings: Tensor, labels: Tensor, margins: Tensor | None) -> Tensor:
    """Put the matrix that published heads make together from the parts of ours, which never makes it."""
    head(embeddings, labels, margins=margins)
    cosine = F.normalize(embeddings) @ F.normalize(head.weight).T
    own = F.one_hot(labels, cosine.shape[1]).bool()
    target = head.target(cosine[own], head.observed["margin"], embeddings.norm(dim=1))
    if name == "adaface":
        cosine = Clipped(0.999).value(cosine)
    if name == "curricularface":
        cosine = Hardened(additive_angle(cosine[own], 0.5), head.t).value(cosine)
    return torch.where(own, target[:, None], cosine) * 64


@pytest.mark.parametrize("row", LOGITS[:4], ids=lambda row: row[1])
def test_logits_in_float32(golden: Golden, row: tuple[str, str, str, dict[str, object]]) -> None:
    _, key, name, options = row
    stored = golden.outputs["elasticface"]
    embeddings, labels = golden.batch("a")
    margins = torch.tensor(stored[f"a32__{key}__raw_margin"])
    ours = logits(golden.head(name, "a", **options).float(), name, embeddings.float(), labels, margins)
    theirs = stored[f"a32__{key}__logits"]
    assert ours.dtype == torch.float32
    assert theirs.dtype == np.float32
    assert np.abs(ours.detach().numpy() - theirs).max() < 1e-5, "two roundings of a number near 64 are 8e-6 apart"


@pytest.mark.parametrize(("key", "name"), [("ArcFace", "arcface"), ("CosFace", "cosface")])
def test_logits_of_aligned_vectors(golden: Golden, key: str, name: str) -> None:
    stored = golden.outputs["elasticface"]
    embeddings, weight, labels = (torch.tensor(stored[f"edge__{array}"]) for array in ("E", "W", "y"))
    head = losses.create(name, weight.shape[1], weight.shape[0]).double()
    head.load_state_dict({"weight": weight})
    near(logits(head, name, embeddings, labels, None), stored[f"edge__{key}__logits"])


@pytest.mark.parametrize(("case", "key"), [(case, "MagFace") for case in CASES] + [("a", "MagFace_hard")])
def test_parts_of_magface(golden: Golden, case: str, key: str) -> None:
    stored = golden.outputs["baselines"]
    head = golden.head("magface", case, easy_margin=key == "MagFace")
    embeddings, labels = golden.batch(case)
    lengths = embeddings.norm(dim=1)
    penalty = head.penalty(lengths).mean()
    near(penalty, 35 * stored[f"{case}__{key}__loss_g"])
    near(head(embeddings, labels) - penalty, stored[f"{case}__{key}__loss_id"])
    near(lengths.clamp(head.low_length, head.high_length), stored[f"{case}__{key}__x_norm_clamped"].squeeze())


@pytest.mark.parametrize("case", [*CASES, "tri", "one", "2n"])
def test_logits_of_coreface(golden: Golden, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, calls = golden.outputs["coreface"], []
    monkeypatch.setattr(F, "cross_entropy", lambda logits, own: calls.append(logits) or logits.sum())
    prefix = "a" if case == "2n" else case
    head = golden.head("coreface", "a", protocol="2n" if case == "2n" else "n")
    start = {"tri": "tri__m0", "one": "one__m0", "2n": "a__b2n_translated__m0"}.get(case)
    if start:
        head.contrast_margin = torch.tensor(stored[start])
    labels = torch.tensor(stored[f"{case}__y"] if f"{case}__y" in stored else golden.inputs[f"{prefix}__y"])
    views = [F.normalize(torch.tensor(stored[f"{prefix}__x{i}"])) for i in (1, 2)]
    head.contrast(*views, labels)
    near(calls[0], stored["a__b2n_translated__logits" if case == "2n" else f"{case}__logits_C"])
    if not start:
        head.contrast(*reversed(views), labels)
        near(calls[1], stored[f"{case}__logits_C_rev"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("key", "name", "options"),
    [
        ("ins_ArcFace", "arcface-detached", {}),
        ("ins_CosFace", "cosface", {"margin": 0.4}),
        ("ins_Combined_1_05_0", "combined", {"m2": 0.5, "m3": 0.0, "gradient": "detached"}),
        ("ins_Combined_1_0_04", "combined", {"m2": 0.0, "m3": 0.4, "gradient": "detached"}),
    ],
)
def test_insightface_shows_no_loss_above_69(golden: Golden, case: str, key: str, name: str, options: dict) -> None:
    """Its distributed cross-entropy clips the probability it shows at 1e-30, but not the gradient."""
    stored = golden.outputs["baselines"]
    head = golden.head(name, case, **options)
    embeddings, labels = golden.batch(case)
    each = torch.stack([head(row[None], label[None]) for row, label in zip(embeddings, labels, strict=True)])
    each.mean().backward()
    near(each.clamp_max(-math.log(1e-30)).mean(), stored[f"{case}__{key}__dist_ce_loss"])
    near(embeddings.grad, stored[f"{case}__{key}__dist_ce_dE"])


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


@pytest.mark.parametrize("case", ["tri", "one"])
def test_coreface_contrast_from_any_margin(golden: Golden, case: str) -> None:
    stored = golden.outputs["coreface"]
    head = golden.head("coreface", "a")
    head.contrast_margin = torch.tensor(stored[f"{case}__m0"])
    views = [torch.tensor(stored[f"{case}__x{i}"], requires_grad=True) for i in (1, 2)]
    loss = head.contrast(F.normalize(views[0]), F.normalize(views[1]), torch.tensor(stored[f"{case}__y"]))
    loss.backward()
    near(loss, stored[f"{case}__LC"])
    near(head.contrast_margin, stored[f"{case}__m1"])
    for i in (1, 2):
        near(views[i - 1].grad, stored[f"{case}__dx{i}"])


class Replayed(nn.Module):
    """Dropout with masks that were recorded."""

    def __init__(self, masks: list[Tensor], p: float) -> None:
        super().__init__()
        self.masks, self.p = iter(masks), p

    def forward(self, features: Tensor) -> Tensor:
        return features * next(self.masks) / (1 - self.p)


@pytest.mark.parametrize("case", CASES)
def test_coreface_from_the_features(golden: Golden, case: str) -> None:
    """Two recorded dropout masks over one set of features, through the shared last layers, to the total loss."""
    stored, inputs = golden.outputs["coreface"], golden.inputs
    width, dim = inputs[f"{case}__H"].shape[1], 16
    backbone = models.create("mlp", dim, shape=(1, 1, width)).double()
    backbone.body = nn.Flatten()
    backbone.project = nn.Linear(width, dim).double()  # theirs has a bias
    backbone.project.weight.data = torch.tensor(inputs[f"{case}__fc_w"])
    backbone.project.bias.data = torch.tensor(inputs[f"{case}__fc_b"])
    backbone.dropout = Replayed([torch.tensor(stored[f"{case}__mask{i}"]) for i in (1, 2)], 0.6)
    features = torch.tensor(inputs[f"{case}__H"], requires_grad=True)
    views = backbone(features[:, None, None], views=2)
    near(views[0], stored[f"{case}__x1"])
    near(views[1], stored[f"{case}__x2"])
    near(backbone.normalize.running_mean, stored[f"{case}__bn_running_mean"])
    near(backbone.normalize.running_var, stored[f"{case}__bn_running_var"])
    head = golden.head("coreface", case)
    labels = torch.tensor(inputs[f"{case}__y"])
    arcface = golden.head("arcface", case)
    near(arcface(views[0], labels), stored[f"{case}__L1"])
    near(arcface(views[1], labels), stored[f"{case}__L2"])
    (contrast,) = torch.autograd.grad(head.contrast(*F.normalize(views, dim=2), labels), features, retain_graph=True)
    near(contrast, stored[f"{case}__dLC_dH"])
    head = golden.head("coreface", case)
    loss = head(views, labels)
    loss.backward()
    near(loss, stored[f"{case}__total"])
    near(features.grad, stored[f"{case}__dtotal_dH"])
    near(backbone.project.weight.grad, stored[f"{case}__dtotal_dfc_w"])


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

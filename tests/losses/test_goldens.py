"""The losses equal what the authors' published code computes on the same inputs."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.losses.oracle import assert_close
from workbench import losses

CASES = ["a", "same", "uniq"]
ELASTIC = {  # released method: our loss, its options
    "ElasticArc": ("elasticface-arc", {}),
    "ElasticArcPlus": ("elasticface-arc+", {"assignment": "released"}),
    "ElasticCos": ("elasticface-cos", {}),
    "ElasticCosPlus": ("elasticface-cos+", {"assignment": "released"}),
}
FIXED = {  # file, released method: our loss, its options
    ("elasticface", "ArcFace"): ("arcface", {}),
    ("elasticface", "CosFace"): ("cosface", {}),
    ("baselines", "ins_ArcFace"): ("arcface-detached", {}),
    ("baselines", "ins_CosFace"): ("cosface", {"margin": 0.4}),
    ("baselines", "ins_Combined_1_05_0"): ("combined", {"m2": 0.5, "m3": 0.0, "gradient": "detached"}),
    ("baselines", "ins_Combined_1_0_04"): ("combined", {"m2": 0.0, "m3": 0.4, "gradient": "detached"}),
    ("pml", "ArcFaceLoss"): ("arcface", {"margin": math.radians(28.6), "beyond_pi": "linear"}),
    ("pml", "ArcFaceLoss_m0.5rad"): ("arcface", {"beyond_pi": "linear"}),
    ("pml", "CosFaceLoss"): ("cosface", {}),
    ("pml", "NormalizedSoftmaxLoss"): ("normface", {"scale": 20.0}),
    ("pml", "SphereFaceLoss"): ("sphereface", {}),
}

Arrays = dict[str, Tensor]


def load(shared: Path, file: str) -> Arrays:
    with np.load(shared / "goldens" / f"{file}.npz", allow_pickle=False) as arrays:
        return {key: torch.as_tensor(arrays[key]) for key in arrays.files}


@pytest.fixture(scope="module")
def inputs(shared: Path) -> Arrays:
    return load(shared, "inputs")


@pytest.fixture(scope="module")
def released(shared: Path) -> Arrays:
    return load(shared, "elasticface")


def run(name: str, E: Tensor, W: Tensor, y: Tensor, margins: Tensor | None = None, **options: object) -> Arrays:
    head = losses.create(name, W.shape[1], W.shape[0], **options).to(W.dtype)
    head.load_state_dict({"weight": W})
    E = E.clone().requires_grad_()
    loss = head(E, y, margins=margins)
    loss.backward()
    return {"loss": loss.detach(), "dE": E.grad, "dW": head.weight.grad, "margin": head.observed["margin"]}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("file", "method"), FIXED)
def test_fixed_margins(shared: Path, inputs: Arrays, file: str, method: str, case: str) -> None:
    golden = load(shared, file)
    name, options = FIXED[file, method]
    ours = run(name, inputs[f"{case}__E"], inputs[f"{case}__W"], inputs[f"{case}__y"], **options)
    for array in ("loss", "dE", "dW"):
        assert_close(ours[array], golden[f"{case}__{method}__{array}"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", ELASTIC)
def test_elastic_margins(inputs: Arrays, released: Arrays, method: str, case: str) -> None:
    name, options = ELASTIC[method]
    draws = released[f"{case}__{method}__raw_margin"]
    ours = run(name, inputs[f"{case}__E"], inputs[f"{case}__W"], inputs[f"{case}__y"], draws, **options)
    for array in ("loss", "dE", "dW"):
        assert_close(ours[array], released[f"{case}__{method}__{array}"])
    assert_close(ours["margin"], released[f"{case}__{method}__assigned_margin"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", ["ElasticArcPlus", "ElasticCosPlus"])
def test_the_paper_assigns_the_intended_margins(inputs: Arrays, released: Arrays, method: str, case: str) -> None:
    draws = released[f"{case}__{method}__raw_margin"]
    arrays = (inputs[f"{case}__{array}"] for array in ("E", "W", "y"))
    ours = run(ELASTIC[method][0], *arrays, draws)["margin"]
    assert_close(ours, released[f"{case}__{method}__intended_margin"])
    assert not torch.equal(ours, released[f"{case}__{method}__assigned_margin"])


@pytest.mark.parametrize("method", ELASTIC)
def test_float32_is_right_within_the_rounding_of_its_logits(inputs: Arrays, released: Arrays, method: str) -> None:
    name, options = ELASTIC[method]
    arrays = inputs["a__E"].float(), inputs["a__W"].float(), inputs["a__y"], released[f"a32__{method}__raw_margin"]
    ours = run(name, *arrays, **options)
    truth = run(name, *(array.double() if array.is_floating_point() else array for array in arrays), **options)
    for array in ("loss", "dE", "dW"):
        assert ours[array].dtype == torch.float32
        # A logit near the scale is rounded by half of this, and the softmax hands that on to the gradients.
        bound = 64 * torch.finfo(torch.float32).eps * truth[array].abs().max()
        assert (ours[array] - released[f"a32__{method}__{array}"]).abs().max() < bound
        assert (ours[array] - truth[array]).abs().max() < bound


@pytest.mark.parametrize("method", ["ElasticArc", "ElasticCos"])
def test_samples_without_a_class_are_left_out(inputs: Arrays, released: Arrays, method: str) -> None:
    y = released["neg1__y"]
    kept = y >= 0
    margins = torch.full(y.shape, torch.nan, dtype=torch.float64)  # a NaN that was used would show
    margins[kept] = released[f"neg1__{method}__raw_margin"]
    ours = run(ELASTIC[method][0], inputs["a__E"], inputs["a__W"], y, margins)
    assert_close(ours["loss"], F.cross_entropy(released[f"neg1__{method}__logits"][kept], y[kept]))
    assert ours["dE"][~kept].eq(0).all()
    assert ours["dE"][kept].ne(0).any(dim=1).all()


@pytest.mark.parametrize(("name", "method"), [("arcface", "ArcFace"), ("cosface", "CosFace")])
def test_aligned_vectors(released: Arrays, name: str, method: str) -> None:
    ours = run(name, released["edge__E"], released["edge__W"], released["edge__y"])
    assert_close(ours["loss"], released[f"edge__{method}__loss"])
    for array in ("dE", "dW"):
        theirs = released[f"edge__{method}__{array}"]
        assert theirs.isnan().any() == (method == "ArcFace")
        assert ours[array].isfinite().all()
        assert_close(ours[array][theirs.isfinite()], theirs[theirs.isfinite()])

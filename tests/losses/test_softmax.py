"""The streamed scores equal those of the whole matrix, in value, gradient and precision, without ever holding it."""

import functools
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from tests.losses import oracle
from tests.losses.oracle import LargestTensor, assert_close
from workbench.losses import ClassScores, class_scores, softmax

SHAPES = [(5, 7, 3), (33, 65, 17), (1, 2, 1)]


def problem(N: int, C: int, D: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    features = F.normalize(torch.randn(N, D, dtype=torch.float64), dim=1)
    weight = torch.randn(C, D, dtype=torch.float64) * torch.logspace(-1, 1, C, dtype=torch.float64)[:, None]
    return features.to(dtype), weight.to(dtype), torch.randint(C, (N,))


def gradients(scores: ClassScores | tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, ...]:
    """Pull fixed random cotangents of own and others back to the inputs."""
    generator = torch.Generator().manual_seed(1)
    pulls = torch.randn(2, len(scores[0]), dtype=torch.float64, generator=generator).to(scores[0].dtype)
    return torch.autograd.grad(scores[:2], inputs, tuple(pulls))


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("block", [1, 3, 7, "C", "C+5", None])
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_naive_formula(shape: tuple[int, int, int], block: int | str | None, normalize: bool) -> None:
    features, weight, labels = problem(*shape)
    features.requires_grad_()
    weight.requires_grad_()
    size = {"C": shape[1], "C+5": shape[1] + 5}.get(block, block)
    ours = class_scores(features, weight, labels, scale=6.0, normalize_weight=normalize, block=size)
    naive = oracle.class_scores(features, weight, labels, scale=6.0, normalize_weight=normalize)
    for mine, theirs in zip(ours, naive, strict=True):
        assert_close(mine, theirs)
    for mine, theirs in zip(gradients(ours, features, weight), gradients(naive, features, weight), strict=True):
        assert_close(mine, theirs)


def test_all_samples_may_share_a_class() -> None:
    features, weight, _ = problem(9, 4, 3)
    labels = torch.full((9,), 2)
    weight.requires_grad_()
    ours = class_scores(features, weight, labels, scale=3.0, block=3)
    naive = oracle.class_scores(features, weight, labels, scale=3.0)
    assert_close(*gradients(ours, weight), *gradients(naive, weight))


@pytest.mark.parametrize("normalize", [True, False])
def test_gradcheck(normalize: bool) -> None:
    features, weight, labels = problem(4, 5, 3)
    function = functools.partial(class_scores, labels=labels, scale=2.5, normalize_weight=normalize, block=2)
    assert torch.autograd.gradcheck(
        lambda x, w: function(x, w)[:2], (features.requires_grad_(), weight.requires_grad_())
    )


@pytest.mark.parametrize("wanted", ["neither", "features", "weight", "both"])
def test_gradients_exist_exactly_for_the_inputs_that_asked(wanted: str) -> None:
    features, weight, labels = problem(5, 7, 3)
    features.requires_grad_(wanted in ("features", "both"))
    weight.requires_grad_(wanted in ("weight", "both"))
    own, others, rival = class_scores(features, weight, labels, scale=2.0, block=3)
    assert not rival.requires_grad
    assert own.requires_grad == others.requires_grad == (wanted != "neither")
    if wanted != "neither":
        (own + others).sum().backward()
    for tensor in (features, weight):
        assert (tensor.grad is not None) == tensor.requires_grad
        assert tensor.grad is None or tensor.grad.ne(0).any()


def test_inputs_stay_as_they_were() -> None:
    inputs = problem(5, 7, 3)
    before = [tensor.clone() for tensor in inputs]
    own, others, _ = class_scores(inputs[0].requires_grad_(), inputs[1].requires_grad_(), inputs[2], scale=2.0, block=3)
    (own + others).sum().backward()
    assert all(torch.equal(now, then) for now, then in zip(inputs, before, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [64.0, 1e4])
def test_far_away_negatives_do_not_underflow(scale: float, dtype: torch.dtype) -> None:
    own = torch.eye(3, dtype=dtype)[:1]
    features, weight = own.clone().requires_grad_(), torch.cat([own, -own, -own])
    if scale == 1e4 or dtype == torch.float32:
        # The simple way, a fixed shift by the largest possible score, has nothing left.
        assert torch.exp(scale * (own @ -own.T - 1)) == 0
    scores = class_scores(features, weight, torch.tensor([0]), scale=scale, block=1)
    assert scores.others.item() == pytest.approx(math.log(2) - scale, rel=torch.finfo(dtype).eps)
    (slope,) = torch.autograd.grad(scores.others.sum(), features)
    # What was rounded off a sum of this size comes back in the exponent.
    torch.testing.assert_close(slope, -scale * own, rtol=scale * torch.finfo(dtype).eps, atol=0)


def test_the_own_class_is_left_out_not_subtracted() -> None:
    cosines = torch.tensor([1.0, -0.5, -0.6, -0.9], dtype=torch.float64)
    weight = torch.stack([cosines, (1 - cosines.square()).sqrt()], dim=1).float()
    scores = class_scores(torch.tensor([[1.0, 0.0]]), weight, torch.tensor([0]), scale=64.0)
    everything = torch.logaddexp(scores.others, 64 * scores.own)
    assert torch.log(everything.exp() - (64 * scores.own).exp()).item() == -torch.inf  # how subtracting would end
    assert_close(scores.others, torch.logsumexp(64 * cosines[1:], 0)[None], torch.float32)


def test_huge_scores_do_not_overflow() -> None:
    features, weight, labels = problem(5, 7, 3, torch.float32)
    features, weight = (features * 1e9).requires_grad_(), (weight * 1e9).requires_grad_()
    ours = class_scores(features, weight, labels, scale=1e9, normalize_weight=False, block=2)
    truth = oracle.class_scores(features.double(), weight.double(), labels, scale=1e9, normalize_weight=False)
    for mine, theirs in zip(ours, truth, strict=True):
        assert_close(mine, theirs, torch.float32)
    assert all(gradient.isfinite().all() for gradient in gradients(ours, features, weight))


def test_others_below_all_numbers_leave_nothing() -> None:
    features = torch.tensor([[1e30, 0.0]], requires_grad=True)
    weight = torch.tensor([[0.0, 1.0], [-1e30, 0.0], [-1e30, 1.0]], requires_grad=True)
    own, others, _ = class_scores(features, weight, torch.tensor([0]), scale=1.0, normalize_weight=False, block=2)
    assert others.item() == -torch.inf
    by_features, by_weight = torch.autograd.grad((own + others).sum(), (features, weight))
    assert torch.equal(by_features, weight[:1])
    assert torch.equal(by_weight, torch.cat([features, torch.zeros(2, 2)]))


def test_a_weight_of_zeros_scores_zero_and_gets_no_gradient() -> None:
    features, weight, _ = problem(4, 5, 3)
    weight[[1, 3]] = 0
    features.requires_grad_()
    weight.requires_grad_()
    labels = torch.tensor([0, 1, 1, 4])  # as own class and as another
    ours = class_scores(features, weight, labels, scale=2.0, block=2)
    assert ours.own[1:3].eq(0).all()
    assert_close(ours.others, oracle.class_scores(features, weight, labels, scale=2.0)[1])
    by_features, by_weight = gradients(ours, features, weight)
    assert by_features.isfinite().all()
    assert by_weight[[1, 3]].eq(0).all()
    assert by_weight[[0, 2, 4]].ne(0).any(dim=1).all()


def test_no_other_class() -> None:
    features, weight, labels = problem(3, 1, 2)
    scores = class_scores(features.requires_grad_(), weight.requires_grad_(), labels, scale=2.0)
    assert scores.others.eq(-torch.inf).all()
    assert scores.rival.eq(-torch.inf).all()
    expected = torch.autograd.grad((features @ F.normalize(weight, dim=1).T).sum(), (features, weight))
    for mine, theirs in zip(torch.autograd.grad(scores.own.sum(), (features, weight)), expected, strict=True):
        assert_close(mine, theirs)


def test_no_samples() -> None:
    features, weight, labels = problem(0, 4, 3)
    own, others, rival = class_scores(features, weight.requires_grad_(), labels, scale=2.0)
    assert own.shape == others.shape == rival.shape == (0,)
    (gradient,) = torch.autograd.grad((own + others).sum(), weight)
    assert gradient.eq(0).all()


@pytest.mark.parametrize("normalize", [True, False])
def test_float32_is_no_worse_than_the_naive_formula(normalize: bool) -> None:
    options = {"scale": 64.0, "normalize_weight": normalize}
    off_ours, off_naive = torch.zeros(5), torch.zeros(5)
    for _ in range(10):
        features, weight, labels = problem(33, 65, 17, torch.float32)
        single = features.requires_grad_(), weight.requires_grad_()
        double = tuple(tensor.detach().double().requires_grad_() for tensor in single)
        results = []
        for inputs, function in [(single, functools.partial(class_scores, block=16)), (single, oracle.class_scores)]:
            scores = function(*inputs, labels, **options)
            results.append([*scores, *gradients(scores, *inputs)])
        scores = oracle.class_scores(*double, labels, **options)
        truth = [*scores, *gradients(scores, *double)]
        for total, result in zip((off_ours, off_naive), results, strict=True):
            for i, (value, exact) in enumerate(zip(result, truth, strict=True)):
                total[i] += ((value - exact).square().mean() / exact.square().mean()).detach()
    assert (off_naive > 0).all()
    assert (off_ours.sqrt() <= 1.4 * off_naive.sqrt()).all()


def test_half_precision_is_computed_in_float32() -> None:
    features, weight, labels = problem(33, 65, 17, torch.bfloat16)
    rounded = features.float().requires_grad_(), weight.float().requires_grad_()
    inputs = features.requires_grad_(), weight.requires_grad_()
    ours = class_scores(*inputs, labels, scale=64.0, block=16)
    expected = class_scores(*rounded, labels, scale=64.0, block=16)
    for mine, theirs in zip(ours, expected, strict=True):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, theirs)
    for mine, theirs in zip(gradients(ours, *inputs), gradients(expected, *rounded), strict=True):
        assert mine.dtype == torch.bfloat16
        assert_close(mine, theirs, torch.bfloat16)


@pytest.mark.parametrize(("features_dtype", "weight_dtype"), [("float32", "float64"), ("float64", "bfloat16")])
def test_the_wider_type_counts_and_gradients_come_back_in_their_own(features_dtype: str, weight_dtype: str) -> None:
    features, weight, labels = problem(5, 7, 3)
    features = features.to(getattr(torch, features_dtype)).requires_grad_()
    weight = weight.to(getattr(torch, weight_dtype)).requires_grad_()
    ours = class_scores(features, weight, labels, scale=2.0)
    assert ours.others.dtype == torch.float64
    assert_close(ours.others, oracle.class_scores(features.double(), weight.double(), labels, scale=2.0)[1])
    by_features, by_weight = gradients(ours, features, weight)
    assert (by_features.dtype, by_weight.dtype) == (features.dtype, weight.dtype)


def test_autocast_changes_nothing() -> None:
    features, weight, labels = problem(33, 65, 17, torch.float32)
    inputs = features.requires_grad_(), weight.requires_grad_()
    plain = class_scores(*inputs, labels, scale=64.0, block=16)
    expected = gradients(plain, *inputs)
    with torch.autocast("cpu", torch.bfloat16):
        assert (features @ weight.T).dtype == torch.bfloat16  # autocast is on
        ours = class_scores(*inputs, labels, scale=64.0, block=16)
        inside = gradients(ours, *inputs)
    assert all(map(torch.equal, [*ours, *inside], [*plain, *expected]))


@pytest.mark.parametrize(("block", "bound"), [(64, 64 * 64), (None, 4 * 2**20 // 4)])
def test_the_whole_matrix_is_never_made_or_saved(block: int | None, bound: int) -> None:
    N, C, D = 64, 40_000, 3
    features, weight, labels = problem(N, C, D, torch.float32)
    features.requires_grad_()
    weight.requires_grad_()
    saved: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.numel()) or t, lambda t: t):
        with LargestTensor() as ours:
            own, others, _ = class_scores(features, weight, labels, scale=64.0, block=block)
            (own + others).sum().backward()
        assert max(saved) <= max(bound, C * D)
        with LargestTensor() as naive:
            oracle.class_scores(features, weight, labels, scale=64.0)
    assert ours.elements <= max(bound, C * D)
    assert naive.elements >= N * C  # the measure sees such a matrix
    assert max(saved) >= N * C


@pytest.mark.parametrize(("blocks", "wanted"), [(0, 4), (2, 4 - 32 / 65), (100, 3)])
def test_costs_four_matrix_products_less_what_is_kept(blocks: int, wanted: float, monkeypatch: Any) -> None:
    N, C, D = 33, 65, 17
    monkeypatch.setattr(softmax, "_SCORES_KEPT", blocks * 16 * N)
    features, weight, labels = problem(N, C, D)
    with FlopCounterMode(display=False) as counter:
        own, others, _ = class_scores(features.requires_grad_(), weight.requires_grad_(), labels, scale=2.0, block=16)
        (own + others).sum().backward()
    assert counter.get_total_flops() == pytest.approx(wanted * (2 * N * C * D) + 2 * N * D)  # and the own scores


def test_what_is_kept_has_a_bound(monkeypatch: Any) -> None:
    monkeypatch.setattr(softmax, "_SCORES_KEPT", 1000)
    features, weight, labels = problem(33, 65, 17)
    saved: dict[int, int] = {}
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.update({t.data_ptr(): t.numel()}) or t, lambda t: t):
        class_scores(features.requires_grad_(), weight.requires_grad_(), labels, scale=2.0, block=7)
    inputs = 2 * features.numel() + weight.numel() + len(weight) + 5 * len(features)
    assert 1000 - 7 * 33 < sum(saved.values()) - inputs <= 1000


def test_a_second_backward_pass_finds_what_was_kept() -> None:
    features, weight, labels = problem(5, 7, 3)
    scores = class_scores(features.requires_grad_(), weight.requires_grad_(), labels, scale=2.0, block=3)
    once = torch.autograd.grad(scores.others.sum(), (features, weight), retain_graph=True)
    again = torch.autograd.grad(scores.others.sum(), (features, weight))
    assert all(map(torch.equal, once, again))


def test_kept_or_not_the_gradients_are_the_same(monkeypatch: Any) -> None:
    found = []
    features, weight, labels = trained()
    for room in (0, 10**9):
        monkeypatch.setattr(softmax, "_SCORES_KEPT", room)
        inputs = [features.clone().requires_grad_(), weight.clone().requires_grad_()]
        margin_loss(*inputs, labels).backward()
        found.append([tensor.grad for tensor in inputs])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-7 * float(theirs.abs().max()))


def test_short_and_long_rows_have_their_directions() -> None:
    features, weight, labels = problem(9, 7, 5, torch.float32)
    lengths = torch.tensor([1e-17, 1e-9, 1e-3, 1.0, 1e3, 1e9, 1e17])[:, None]
    unit = F.normalize(weight)
    plain, scaled = unit.clone().requires_grad_(), (unit * lengths).requires_grad_()
    expected = class_scores(features, plain, labels, scale=8.0)
    found = class_scores(features, scaled, labels, scale=8.0)
    for mine, theirs in zip(found, expected, strict=True):
        assert_close(mine, theirs, torch.float32)
    (by_plain,), (by_scaled,) = gradients(expected, plain), gradients(found, scaled)
    assert_close(by_scaled * lengths, by_plain, torch.float32)


def test_bfloat16_products_lose_their_digits_and_no_more() -> None:
    features, weight, labels = problem(64, 1000, 128, torch.float32)
    found = []
    for products in ("float32", "bfloat16"):
        inputs = features.clone().requires_grad_(), weight.clone().requires_grad_()
        scores = class_scores(*inputs, labels, scale=16.0, products=products)
        found.append([*scores, *gradients(scores, *inputs)])
    assert torch.equal(found[0][0], found[1][0]), "the own score is float32"
    off = [float(((b - a).norm() / a.norm()).detach()) for a, b in zip(*found, strict=True)]
    assert max(off) < 0.02
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        assert max(off) > 1e-5
    assert torch.backends.mkldnn.matmul.fp32_precision == "none", "and only inside"


def test_other_products_are_refused() -> None:
    with pytest.raises(ValueError, match="products"):
        class_scores(*problem(5, 7, 3), scale=2.0, products="float16")


def trained(samples: int = 64, classes: int = 600, dim: int = 128, *, hard: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Features near their own class weights, but for a few that training has not reached."""
    generator = torch.Generator().manual_seed(3)
    weight = F.normalize(torch.randn(classes, dim, generator=generator))
    labels = torch.randint(classes, (samples,), generator=generator)
    noise = torch.randn(samples, dim, generator=generator) * 0.02
    features = F.normalize(weight[labels] + noise)
    features[:hard] = F.normalize(torch.randn(hard, dim, generator=generator))
    return features, weight, labels


def margin_loss(features: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
    scores = class_scores(features, weight, labels, scale=64.0)
    return F.softplus(scores.others - 64 * (scores.own - 0.2), threshold=40).mean()


def test_what_training_has_done_with_costs_one_product_of_four() -> None:
    features, weight, labels = trained()
    features.requires_grad_(), weight.requires_grad_()
    with FlopCounterMode(display=False) as counter:
        margin_loss(features, weight, labels).backward()
    product = 2 * len(features) * len(weight) * weight.shape[1]
    assert counter.get_total_flops() < 1.5 * product


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_left_out_is_less_than_rounding(dtype: torch.dtype) -> None:
    features, weight, labels = (t.to(dtype) if t.is_floating_point() else t for t in trained())
    found = [features.clone().requires_grad_(), weight.clone().requires_grad_()]
    margin_loss(*found, labels).backward()
    exact = [features.double().requires_grad_(), weight.double().requires_grad_()]
    logits = 64 * exact[0] @ F.normalize(exact[1]).T
    own = logits.gather(1, labels[:, None]).squeeze(1)
    others = logits.scatter(1, labels[:, None], -torch.inf).logsumexp(1)
    F.softplus(others - own + 64 * 0.2, threshold=1000).mean().backward()
    for got, expected in zip(found, exact, strict=True):
        error = (got.grad.double() - expected.grad).norm() / expected.grad.norm()
        assert error < 40 * torch.finfo(dtype).eps, "as good as float arithmetic, with or without"


def test_only_pulls_below_rounding_are_left_out() -> None:
    eps = torch.finfo(torch.float32).eps
    pull = torch.tensor([-1.0, eps, -eps, eps / 2, 0.0, torch.nan])
    assert softmax._felt(pull[:5]).tolist() == [0, 1, 2]
    assert softmax._felt(pull[:5] * 0).tolist() == []
    assert softmax._felt(pull).tolist() == [0, 1, 2, 3, 4, 5], "beside NaN nothing can be told"
    assert softmax._felt(pull[:0]).tolist() == []


def test_a_small_last_block_is_not_kept_for_one_that_did_not_fit() -> None:
    block = softmax._SCORES_AT_ONCE // 700
    features, weight, labels = problem(700, 10 * block + block + 3, 2)
    features, weight = features.float().requires_grad_(), weight.float().requires_grad_()
    class_scores(features, weight, labels, scale=4.0).others.sum().backward()
    exact = weight.detach().double().requires_grad_()
    class_scores(features.detach().double(), exact, labels, scale=4.0, block=10**6).others.sum().backward()
    assert weight.grad is not None
    assert exact.grad is not None
    assert torch.allclose(weight.grad.double(), exact.grad, atol=1e-3 * float(exact.grad.abs().max()))

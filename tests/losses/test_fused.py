"""Fused kernels against the streamed sums: on CUDA, or interpreted where Triton is installed without a GPU."""

import os

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

CUDA = torch.cuda.is_available()
DEVICE = "cuda" if CUDA else "cpu"
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if not CUDA and not INTERPRETED:
    pytest.skip("needs CUDA, or Triton and TRITON_INTERPRET=1", allow_module_level=True)

# What is masked out is computed all the same, and NumPy, which interprets, warns of it.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(autouse=True)
def small_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several rounds of classes, and float32 where the interpreter knows no bfloat16."""
    from workbench.losses import fused

    monkeypatch.setattr(fused, "_CLASSES_AT_ONCE", 256)
    if INTERPRETED:
        monkeypatch.setattr(fused, "ROUNDED", torch.float32)
        multiply = torch.mm
        monkeypatch.setattr(torch, "mm", lambda a, b, out_dtype=None: multiply(a, b))


def gradient(leaf: Tensor) -> Tensor:
    assert leaf.grad is not None
    return leaf.grad


def close(found: Tensor, expected: Tensor) -> bool:
    return float((found.double() - expected).norm() / expected.norm()) < (1e-5 if INTERPRETED else 1e-2)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize(("samples", "dim", "classes"), [(37, 40, 700), (128, 64, 512), (3, 5, 7)])
def test_the_fused_sums_and_their_gradients_are_those_of_all_scores(
    samples: int, dim: int, classes: int, normalize: bool
) -> None:
    from workbench.losses.fused import FusedScores

    torch.manual_seed(0)
    features = F.normalize(torch.randn(samples, dim)).to(DEVICE).requires_grad_()
    weight = (0.3 * torch.randn(classes, dim)).to(DEVICE).requires_grad_()
    labels = torch.randint(classes, (samples,)).to(DEVICE)
    pull = torch.rand(2, samples).to(DEVICE)
    own, others, rival = FusedScores.apply(features, weight, labels, 16.0, normalize)
    ((own * pull[0]) + (others * pull[1])).sum().backward()

    exact, rows = (t.detach().double().requires_grad_() for t in (features, weight))
    scores = exact @ (F.normalize(rows) if normalize else rows).T
    expected_own = scores.gather(1, labels[:, None])[:, 0]
    left = scores.scatter(1, labels[:, None], -torch.inf)
    expected = torch.logsumexp(16 * left, 1)
    ((expected_own * pull[0].double()) + (expected * pull[1].double())).sum().backward()
    assert torch.allclose(own.double(), expected_own, atol=1e-5)
    assert torch.allclose(others.double(), expected, atol=1e-4 if INTERPRETED else 0.1)
    assert torch.allclose(rival.double(), left.amax(1), atol=1e-5 if INTERPRETED else 1e-2)
    assert close(gradient(features), gradient(exact))
    assert close(gradient(weight), gradient(rows))


def test_without_another_class_the_sum_is_empty_and_nothing_is_pulled() -> None:
    from workbench.losses.fused import FusedScores

    features = torch.ones(2, 8, device=DEVICE, requires_grad=True)
    weight = torch.ones(1, 8, device=DEVICE, requires_grad=True)
    labels = torch.zeros(2, dtype=torch.long, device=DEVICE)
    _, others, _ = FusedScores.apply(features, weight, labels, 4.0, True)
    assert others.tolist() == [-torch.inf, -torch.inf]
    others.clamp_min(0).sum().backward()
    assert not gradient(weight).any()

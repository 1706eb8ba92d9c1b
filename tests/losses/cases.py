"""The facts that the contract cannot guess: one case for each loss, and for each option that changes its equation.

A new loss enters the contract with its line here; until then `test_every_loss_has_a_case` fails.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import cos, pi
from typing import Any

import torch
from torch import Tensor, nn

from workbench import losses

N, D, C = 6, 5, 7
LABELS = torch.tensor([0, 3, 3, 6, 1, 0])


@dataclass(frozen=True)
class Case:
    """What a test must know of a loss."""

    name: str
    psi: Callable[[float, float, float], float] = lambda theta, x, w: math.nan
    """Own score at theta radians with default margins, for an embedding of length x and a weight of length w."""
    options: Mapping[str, Any] = field(default_factory=dict)
    no_margin: Mapping[str, Any] | None = field(default_factory=lambda: {"margin": 0.0})
    """Options with which the loss equals NormFace, on unit embeddings and weights; None if there are none."""
    embedding_length: bool = False
    """Whether the length of an embedding changes the loss."""
    weight_length: bool = False
    """Whether the length of a weight changes the loss."""
    true_gradient: bool = True
    """Whether the gradient is that of the value."""
    random: bool = False
    negative: Callable[[float, float], float] = lambda cosine, own: cosine
    """What becomes of the cosine of a negative, given the own score."""
    penalty: Callable[[float], float] = lambda x: 0.0
    """What an embedding of length x costs in itself."""
    views: int = 1
    state: tuple[str, ...] = ()
    """Buffers that a checkpoint holds beside the parameters."""
    demanded: Callable[[float], float] | None = None
    """Margin that is recorded for an embedding of length x, if it is not `margin`."""
    pairs: Callable[[list[list[float]], list[int]], float] | None = None
    """The loss of a batch from its cosines, if it is one of pairs; it has none of the above then."""
    scale: float = 1.0
    """The scale of a loss that has no parameter for it."""

    def __str__(self) -> str:
        return "-".join([self.name, *map(str, self.options.values())])

    def create(self, dim: int, classes: int, **options: Any) -> nn.Module:
        """Create the loss without chance: draws have no spread unless a test gives them one."""
        still = {"std": 0.0} if self.random else {}
        return losses.create(self.name, dim, classes, **{**still, **self.options, **options})

    def margin_rule(self, head: nn.Module) -> str:
        return f"margin of {self.name}" if self.pairs else f"margin in {head.margin_unit}"

    @property
    def parameters(self) -> dict[str, Any]:
        return losses.parameters(self.name)


def sphereface(theta: float, factor: int) -> float:
    k = min(int(factor * theta / pi), factor - 1)
    return (-1) ** k * cos(factor * theta) - 2 * k


def arcface(theta: float, x: float, w: float) -> float:
    return cos(theta + 0.5)


def cosface(theta: float, x: float, w: float) -> float:
    return cos(theta) - 0.35


def linear_arcface(theta: float, x: float, w: float) -> float:
    return cos(theta + 0.5) if theta < pi - 0.5 else cos(theta) - 0.5 * math.sin(0.5)


def clipped(cosine: float, own: float) -> float:
    return min(max(cosine, -0.999), 0.999)


def magface_margin(x: float) -> float:
    return 0.45 + 0.35 * (x - 0.01) / (1000 - 0.01)


def softmax(theta: float, x: float, w: float) -> float:
    return x * w * cos(theta)


plain = {"no_margin": {}, "embedding_length": True, "weight_length": True}
no_combined = {"no_margin": {"m1": 1.0, "m2": 0.0, "m3": 0.0}}
released = {"options": {"assignment": "released"}, "random": True}

HEADS = [
    Case("softmax", softmax, **plain),
    Case("softmax", softmax, {"bias": True}, **plain),
    Case("normface", lambda theta, x, w: cos(theta), no_margin={}),
    Case(
        "sphereface",
        lambda theta, x, w: x * sphereface(theta, 4),
        no_margin={"margin": 1.0},
        embedding_length=True,
    ),
    Case(
        "sphereface",
        lambda theta, x, w: x * (sphereface(theta, 4) + 5 * cos(theta)) / 6,
        {"plain": 5.0},
        no_margin={"margin": 1.0},
        embedding_length=True,
    ),
    Case("cosface", cosface),
    Case("arcface", arcface),
    Case("arcface", linear_arcface, {"beyond_pi": "linear"}),
    Case("arcface-detached", arcface, true_gradient=False),
    Case("combined", lambda theta, x, w: cos(theta + 0.3) - 0.2, **no_combined),
    Case("combined", lambda theta, x, w: cos(1.35 * theta + 0.3) - 0.2, {"m1": 1.35}, **no_combined),
    Case("elasticface-arc", arcface, random=True),
    Case("elasticface-cos", cosface, random=True),
    Case("elasticface-arc+", arcface, random=True),
    Case("elasticface-cos+", cosface, random=True),
    Case("elasticface-arc+", arcface, **released),
    Case("elasticface-cos+", cosface, **released),
    # Without what depends on the batch or on earlier batches; that is tested for each loss by itself.
    Case(
        "adaface",
        lambda theta, x, w: clipped(cos(theta), 0) - 0.4,
        {"h": 0.0, "momentum": 0.0},
        negative=clipped,
        state=("mean", "deviation"),
        demanded=lambda x: 0.0,
    ),
    Case(
        "magface",
        lambda theta, x, w: cos(theta + magface_margin(x)) if cos(theta) > 0 else cos(theta),
        {"low_length": 0.01, "high_length": 1000.0},
        no_margin={"low_margin": 0.0, "high_margin": 0.0, "length_weight": 0.0},
        embedding_length=True,
        penalty=lambda x: 35 * (x / 1000**2 + 1 / x),
        demanded=lambda x: magface_margin(x),
    ),
    Case(
        "curricularface",
        linear_arcface,
        {"momentum": 0.0},
        no_margin=None,  # hard negatives are reshaped without a margin too
        state=("t",),
        negative=lambda cosine, own: cosine * cosine if cosine > own else cosine,
    ),
    Case("subcenter-arcface", arcface, {"centres": 1}, state=("usage",)),
    Case("coreface", arcface, {"contrast_weight": 0.0}, views=2, state=("contrast_margin",)),
    Case("jcsc", arcface, {"guidance": 0.0, "cluster_weight": 0.0, "align_weight": 0.0}, state=("clusters",)),
]

NUMBERS = ["0.5", None, True, math.nan, math.inf, -math.inf]
POSITIVE = ("a number in (0, inf)", "", [*NUMBERS, 0, -1])
COSINE = ("a number in [-1, 2]", " It is subtracted from a cosine: 0.35 is usual.", [*NUMBERS, -1.01, 2.01])
ANGLE = ("a number in [0, 3.14159]", " It is an angle in radians: 0.5 is 28.6 degrees.", [*NUMBERS, -0.01, 3.15, 28.6])
FACTOR = ("a number in [1, 10]", " 1 is no margin; the paper uses 4.", [*NUMBERS, 0.99, 10.01])
FLAG = ("True or False", "", ["False", 1, None])

RULES = {  # parameter, or margin in its unit: the rule in words, the hint, values that break it
    "scale": POSITIVE,
    "margin in rad": ANGLE,
    "margin in cosine": COSINE,
    "margin in factor": FACTOR,
    "m1": ("a number in [0, 10]", "", [*NUMBERS, -0.01, 10.01]),
    "m2": ANGLE,
    "m3": COSINE,
    "std": ("a number in [0, 1]", "", [*NUMBERS, -0.01, 1.01]),
    "plain": ("a number in [0, inf)", "", [*NUMBERS, -1]),
    "bias": FLAG,
    "plus": FLAG,
    "gradient": ("one of 'exact', 'detached'", "", ["none", "Exact", None]),
    "beyond_pi": ("one of 'formula', 'linear'", "", ["flat", None]),
    "h": ("a number in [0, inf)", "", [*NUMBERS, -1]),
    "momentum": ("a number in [0, 1]", "", [*NUMBERS, -0.01, 1.01]),
    "low_margin": ANGLE,
    "high_margin": ANGLE,
    "low_length": ("a number in [1e-06, inf)", "", [*NUMBERS, 0, -1]),
    "high_length": ("a number in [0.02, inf)", " It is the length with the largest margin.", [*NUMBERS, 0, -1]),
    "length_weight": ("a number in [0, inf)", "", [*NUMBERS, -1]),
    "easy_margin": FLAG,
    "centres": ("a whole number of at least 1", "", ["3", None, True, 0, -1, 2.0]),
    "contrast_weight": ("a number in [0, inf)", "", [*NUMBERS, -1]),
    "protocol": ("one of 'n', 'double-n', '2n', 'full'", "", ["N", None]),
    "mask": ("one of 'zero', 'removed', 'none'", "", ["all", None]),
    "initial_margin": ("a number in [-2, 2]", "", [*NUMBERS, -2.1, 2.1]),
    "margin_updates": ("one of 'once', 'twice'", "", ["thrice", None]),
    "guidance": ("a number in (-inf, inf)", "", NUMBERS),
    "hardness": ("one of 'cosine', 'posterior'", "", ["angle", None]),
    "temperature": POSITIVE,
    "cluster_weight": ("a number in [0, inf)", "", [*NUMBERS, -1]),
    "align_weight": ("a number in [0, inf)", "", [*NUMBERS, -1]),
    "start": ("one of 'features', 'weights'", "", ["zeros", None]),
    "margin of circle": ("a number in [-1, 2]", " It is a cosine: 0.25 is usual on faces.", [*NUMBERS, -1.01, 2.01]),
    "margin of triplet": ("a number in [0, 4]", " It is a distance: 0.2 to 0.5 is usual.", [*NUMBERS, -0.01, 4.01]),
    "positive_margin": ("a number in [0, 2]", "", [*NUMBERS, -0.01, 2.01]),
    "negative_margin": ("a number in [0, 2]", "", [*NUMBERS, -0.01, 2.01]),
    "average": ("one of 'nonzero', 'all'", "", ["mean", None]),
    "triplets": ("one of 'all', 'semihard', 'hardest'", "", ["hard", None]),
    "squared": FLAG,
    "alpha": POSITIVE,
    "beta": POSITIVE,
    "mining": ("a number in [0, 2]", "", [*NUMBERS[:1], *NUMBERS[2:], -0.01, 2.01]),
    "base": ("a number in [-1, 1]", "", [*NUMBERS, -1.01, 1.01]),
    "assignment": ("one of 'paper', 'released'", "", ["sorted", None]),
}


def build(case: Case, dim: int = D, classes: int = C, dtype: torch.dtype = torch.float64, **options: Any) -> nn.Module:
    """Return the loss with class weights of various lengths, and soft scores so that every class matters."""
    soft = {"scale": 3.0} if "scale" in case.parameters else {}
    head = case.create(dim, classes, **{**soft, **options}).to(dtype)
    lengths = torch.linspace(0.5, 2, classes, dtype=torch.float64)[:, None]
    head.load_state_dict({"weight": torch.randn(classes, dim, dtype=torch.float64) * lengths}, strict=False)
    return head


def samples(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return embeddings of various lengths."""
    rows = torch.randn(*(shape or (N, D)), dtype=torch.float64)
    return (rows * torch.linspace(0.5, 2, rows.shape[-2], dtype=torch.float64)[:, None]).to(dtype)


def gradients(head: nn.Module, embeddings: Tensor, labels: Tensor = LABELS) -> tuple[Tensor, Tensor, Tensor]:
    """Return the loss and its gradients by the embeddings and the weights (zeros where they are not learned)."""
    embeddings = embeddings.detach().clone().requires_grad_()
    loss = head(embeddings, labels)
    if not head.weight.requires_grad:
        return loss.detach(), *torch.autograd.grad(loss, embeddings), torch.zeros_like(head.weight)
    return loss.detach(), *torch.autograd.grad(loss, (embeddings, head.weight))

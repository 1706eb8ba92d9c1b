"""Heads whose margin is the same for every sample, and the two that have none.

| head       | target similarity psi                  | margin         |
|------------|----------------------------------------|----------------|
| Softmax    | x . w_y (+ b_y), nothing normalised    | -              |
| NormFace   | cos(theta)                             | -              |
| SphereFace | norm(x) ((-1)^k cos(m theta) - 2k)    | factor         |
| CosFace    | cos(theta) - m                         | cosine         |
| ArcFace    | cos(theta + m)                         | radians        |
| Combined   | cos(m1 theta + m2) - m3                | all three      |
"""

from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from workbench.checks import flag, number, one_of
from workbench.losses.head import Head
from workbench.losses.margins import (
    BeyondPi,
    additive_angle,
    additive_cosine,
    combined,
    multiplied_angle,
    straight_through,
)
from workbench.losses.softmax import ClassScores

Gradient = Literal["exact", "detached"]
"""Of the margin: "exact" is that of the formula, "detached" treats the margin as a constant (d psi / d cos = 1)."""


class Softmax(Head):
    """Plain softmax: the cross-entropy over x . w_c (+ b_c). Nothing is normalised, there is no margin.

    The baseline before all margins: lengths count here, so a sample can lower its loss by growing.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: factor of all scores, in (0, inf); 1, as everywhere outside this family.
        bias: add a learned constant to each class. Default off, so that the weights alone are the class centres.

    Source:
        The cross-entropy of a linear layer; the baseline of SphereFace, CosFace and ArcFace.

    Differs:
        Nothing: there is no one implementation to differ from.
    """

    normalize_features = False
    by_class = ("weight", "bias")

    def __init__(self, dim: int, classes: int, *, scale: float = 1.0, bias: bool = False) -> None:
        super().__init__(dim, classes, scale=scale)
        self.bias = nn.Parameter(torch.zeros(len(self.shard.range))) if flag("Softmax", "bias", bias) else None

    def scores(self, features: Tensor, labels: Tensor) -> ClassScores:
        """Compare features and weights as they are."""
        weight: Tensor = self.weight
        if self.bias is not None:
            # A bias is the weight of a feature that is always 1.
            features = torch.cat([features, features.new_ones(len(features), 1)], dim=1)
            weight = torch.cat([weight, self.bias[:, None].to(weight.dtype)], dim=1)
        return self.compared(features, labels, weight=weight, normalize_weight=False)

    def cosine(self, own: Tensor, norms: Tensor, labels: Tensor) -> Tensor:
        """Divide the own score (without its bias) by both norms."""
        if self.bias is not None:
            own = own - self.shard.rows(self.bias.detach(), labels)
        rows = self.shard.rows(self.weight.detach(), labels)
        lengths: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=norms.dtype) * norms
        return own / lengths.clamp_min(torch.finfo(own.dtype).tiny)

    def extra_repr(self) -> str:
        """Show sizes and parameters as they were given."""
        return f"dim={self.dim}, classes={self.classes}, scale={self.scale}, bias={self.bias is not None}"


class NormFace(Head):
    """Normalised softmax: psi = cos(theta), on the sphere but without a margin.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf). 64, as the margin losses use it, so that margin 0 of each of them equals this.

    Source:
        Wang et al., ACM MM 2017 (1704.06369); pytorch-metric-learning 2.9.0, losses/normalized_softmax_loss.py.

    Differs:
        That code has a temperature: 0.05 there is scale=20 here.
    """


class CosFace(Head):
    """CosFace: psi = cos(theta) - m.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (the paper's experiments).
        margin: m, a difference of cosines in [-1, 2]; 0.35 (the paper). InsightFace ships 0.4.

    Source:
        Wang et al., CVPR 2018 (1801.09414); pytorch-metric-learning 2.9.0, losses/cosface_loss.py;
        deepinsight/insightface at 7fadd420c235, recognition/arcface_torch/losses.py; fdbtrs/ElasticFace at
        5496ec0643bf, utils/losses.py.

    Differs:
        Nothing but the default margin, which is 0.4 in InsightFace.
    """

    margin_unit = "cosine"

    def __init__(self, dim: int, classes: int, *, scale: float = 64.0, margin: float = 0.35) -> None:
        super().__init__(dim, classes, scale=scale)
        self.margin = cosine_margin(self, margin)

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(theta) - m."""
        return additive_cosine(own, margin)


class ArcFace(Head):
    """ArcFace: psi = cos(theta + m).

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (the paper).
        margin: m in radians, in [0, pi]; 0.5 = 28.6 degrees (the paper).
        gradient: "exact" is the gradient of the formula; "detached" is InsightFace's: the margin is computed
            without gradient, so that d psi / d cos is 1 instead of sin(theta + m) / sin(theta). The values are the
            same. The name `arcface-detached` is this choice.
        beyond_pi: what happens past theta = pi - m, where cos(theta + m) rises again: "formula" lets it (as
            InsightFace and ElasticFace do), "linear" goes on as cos(theta) - m sin(m) (as the first ArcFace code and
            pytorch-metric-learning do).

    Source:
        Deng et al., CVPR 2019 (1801.07698); deepinsight/insightface at 7fadd420c235,
        recognition/arcface_torch/losses.py; fdbtrs/ElasticFace at 5496ec0643bf, utils/losses.py;
        pytorch-metric-learning 2.9.0, losses/arcface_loss.py.

    Differs:
        Nothing with gradient="detached" (InsightFace), with the defaults (ElasticFace), or with beyond_pi="linear" and
        margin=0.49916, 28.6 degrees (pytorch-metric-learning); but where |cos| = 1 the slope is finite, not NaN.
    """

    margin_unit = "rad"

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        margin: float = 0.5,
        gradient: Gradient = "exact",
        beyond_pi: BeyondPi = "formula",
    ) -> None:
        super().__init__(dim, classes, scale=scale)
        self.margin = angle_margin(self, margin)
        one_of(type(self).__name__, "gradient", gradient, get_args(Gradient))
        one_of(type(self).__name__, "beyond_pi", beyond_pi, get_args(BeyondPi))
        self.gradient, self.beyond_pi = gradient, beyond_pi

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(theta + m)."""
        target = additive_angle(own, margin, beyond_pi=self.beyond_pi)
        return target if self.gradient == "exact" else straight_through(target, own)


class Combined(Head):
    """The combined margin: psi = cos(m1 theta + m2) - m3.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: s in (0, inf); 64 (the ArcFace paper).
        m1: factor of the angle, in [0, 10]; 1.
        m2: added angle in radians, in [0, pi]; 0.3 (the ArcFace paper's combination 1, 0.3, 0.2).
        m3: subtracted cosine, in [-1, 2]; 0.2 (the same).
        gradient: "exact" or "detached" (InsightFace's, see ArcFace). InsightFace detaches only where it goes
            through the angle: with m1 = 1 and m2 = 0 both are the same.

    Source:
        Deng et al., CVPR 2019 (1801.07698), section 2.3; deepinsight/insightface at 7fadd420c235,
        recognition/arcface_torch/losses.py.

    Differs:
        Nothing with gradient="detached"; InsightFace has m1 = 1 only.
    """

    margin_unit = "rad"

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        scale: float = 64.0,
        m1: float = 1.0,
        m2: float = 0.3,
        m3: float = 0.2,
        gradient: Gradient = "exact",
    ) -> None:
        super().__init__(dim, classes, scale=scale)
        self.m1 = number("Combined", "m1", m1, low=0, high=10)
        self.m2 = self.margin = angle_margin(self, m2, name="m2")
        self.m3 = cosine_margin(self, m3, name="m3")
        one_of("Combined", "gradient", gradient, get_args(Gradient))
        self.gradient = gradient

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return cos(m1 theta + m2) - m3."""
        target = combined(own, self.m1, margin, self.m3)
        return target if self.gradient == "exact" else straight_through(target, own)


class SphereFace(Head):
    """SphereFace: psi = |x| ((-1)^k cos(m theta) - 2k), k = floor(m theta / pi); the others score |x| cos(theta).

    Weights are normalised, features are not.

    Args:
        dim: D, width of the embeddings.
        classes: C, number of classes.
        scale: factor of all scores in (0, inf); 1: the length of the features does its work.
        margin: m, a factor of the angle, in [1, 10]; 4 (the paper).
        plain: lambda in [0, inf): the own score becomes (psi + lambda |x| cos(theta)) / (1 + lambda); 0
            (pytorch-metric-learning). The authors' training ends with 5.

    Source:
        Liu et al., CVPR 2017 (1704.08063); pytorch-metric-learning 2.9.0, losses/sphereface_loss.py.

    Differs:
        Nothing from that code. The authors' training begins near plain softmax: lambda = max(5, 1000 / (1 + 0.12 n)) in
        step n. Here it stays what it is.
    """

    normalize_features = False
    margin_unit: ClassVar[str] = "factor"

    def __init__(self, dim: int, classes: int, *, scale: float = 1.0, margin: float = 4.0, plain: float = 0.0) -> None:
        super().__init__(dim, classes, scale=scale)
        self.margin = number("SphereFace", "margin", margin, low=1, high=10, hint="1 is no margin; the paper uses 4.")
        self.plain = number("SphereFace", "plain", plain, low=0)

    def target(self, own: Tensor, margin: Tensor | float, norms: Tensor) -> Tensor:
        """Return |x| ((-1)^k cos(m theta) - 2k), or its mean with |x| cos(theta) if that counts too."""
        psi = norms * multiplied_angle(own / norms, margin)
        return psi if self.plain == 0 else (psi + self.plain * own) / (1 + self.plain)

    def cosine(self, own: Tensor, norms: Tensor, labels: Tensor) -> Tensor:
        """Divide the own score by the length of the feature."""
        return own / norms


def angle_margin(owner: Head, value: float, *, name: str = "margin") -> float:
    """Return an angle in radians, in [0, pi], or raise a ValueError that names the unit."""
    hint = "It is an angle in radians: 0.5 is 28.6 degrees."
    return number(type(owner).__name__, name, value, low=0, high=torch.pi, hint=hint)


def cosine_margin(owner: Head, value: float, *, name: str = "margin") -> float:
    """Return a difference of cosines, in [-1, 2], or raise a ValueError that names the unit."""
    hint = "It is subtracted from a cosine: 0.35 is usual."
    return number(type(owner).__name__, name, value, low=-1, high=2, hint=hint)

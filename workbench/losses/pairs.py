"""What losses share that compare the samples of a batch with each other, without learned class centres.

Where positives and negatives are softened by a log-sum-exp they have the formula of the heads, with the other samples
in the place of classes. These are the baselines from metric learning, and equal pytorch-metric-learning 2.9.0.
"""

from abc import abstractmethod
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from workbench.checks import one_of
from workbench.losses.batch import Batch, class_means
from workbench.losses.loss import Loss

Average = Literal["nonzero", "all"]

_FOLLOWING = 0.1
"""Share of a batch in the running class centres; they are for looking at, the loss never uses them."""


class Pairs(NamedTuple):
    """Which rows of a batch belong together; no row is a pair with itself."""

    same: Bool[Tensor, "rows rows"]
    different: Bool[Tensor, "rows rows"]


class PairLoss(Loss):
    """A loss of the pairs of a batch; V views of N samples are V * N samples.

    A subclass implements `of_pairs`.

    Attributes:
        weight: [C, D], a running mean of the unit embeddings of each class, weight <- 0.9 weight + 0.1 mean of the
            batch: not learned, and not used by the loss. It lets the sphere show class centres and the trainer report
            angles as it does for a head. Starts as Normal(0, 0.01), which some ten batches outweigh.
    """

    # Random batches of many classes hold no positive pair; 4 of each is usual where losses of pairs train.
    images_per_class = 4

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__(dim, classes)
        self.register_buffer("weight", torch.empty(len(self.shard.range), self.dim))
        self.reset_parameters()

    def of_batch(self, batch: Batch, *, generator: torch.Generator | None, margins: Tensor | None) -> Tensor:
        """Return the loss of the pairs, and let the running class centres follow the batch."""
        self._observe(batch.unit, batch.labels)
        if len(batch.unit) == 0:
            return batch.unit.sum()
        same = batch.labels[:, None] == batch.labels
        pairs = Pairs(same.clone().fill_diagonal_(False), ~same)
        return self.of_pairs(batch.unit, pairs)

    @abstractmethod
    def of_pairs(self, unit: Float[Tensor, "rows dim"], pairs: Pairs) -> Tensor:
        """Return the loss of unit vectors whose pairs are known."""

    @torch.no_grad()
    def _observe(self, unit: Tensor, labels: Tensor) -> None:
        scores = self.shard.scores(unit, self.weight, labels, scale=1.0)
        self.observed = {
            "cosine": scores.own,
            "correct": scores.own > scores.rival,
            "margin": torch.zeros_like(scores.own),
        }
        if self.training:
            present, means = class_means(unit, labels)
            followed = torch.lerp(self.shard.rows(self.weight, present), means.to(self.weight), _FOLLOWING)
            self.weight = self.shard.replaced(self.weight, present, followed)


def average_of(owner: PairLoss, average: Average) -> Average:
    """Return what to average over, or raise a ValueError that names the choices."""
    one_of(type(owner).__name__, "average", average, get_args(Average))
    return average


def distances(unit: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows rows"]:
    """Return |x^_i - x^_j|, with a slope of 0 where it is 0.

    From differences, not from cosines: sqrt(2 - 2 cos) loses half of its digits where two rows are near each other.
    """
    return torch.cdist(unit, unit, compute_mode="donot_use_mm_for_euclid_dist")


def log_sum_exp(values: Float[Tensor, "rows rows"], kept: Bool[Tensor, "rows rows"]) -> Float[Tensor, " rows"]:
    """Return the log-sum-exp of the kept values of each row.

    A row without any gets a huge negative number: minus infinity would make its gradient NaN.
    """
    return values.masked_fill(~kept, torch.finfo(values.dtype).min).logsumexp(1)


def mean_over(
    losses: Float[Tensor, "..."], counted: Bool[Tensor, "..."], average: Average = "all"
) -> Float[Tensor, ""]:
    """Return the mean of the losses that count, of those above 0 if `average` says so; 0 if there is none."""
    if average == "nonzero":
        counted = counted & (losses > 0)
    return torch.where(counted, losses, 0.0).sum() / counted.sum().clamp_min(1)

"""The classes of one process: which they are, how to look rows up wherever they lie, and how scores are joined.

The class weights, and whatever else a loss keeps for each class, are split by ranges of classes. Features are common,
so each process scores all of them against its own classes, and the log-sum-exp over all classes is that of the
processes' own:

    others_i = log sum_r exp(others_ir)        own_i = own_ir of the process r that holds the class y_i
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from workbench.losses.softmax import ClassScores, class_scores
from workbench.sharding import Processes

# Classes among which a share is drawn at one time. All of them at once would be the same numbers in every process: at
# a hundred million, half a second a step that no further process shortens.
_DRAWN_AT_ONCE = 2**17


@dataclass(frozen=True)
class Shard:
    """The range of classes that a process holds.

    Attributes:
        processes: that hold all classes together.
        classes: C, of all of them.
    """

    processes: Processes
    classes: int

    @property
    def whole(self) -> bool:
        """Whether all classes are here."""
        return self.processes.size == 1

    @property
    def range(self) -> range:
        """Which classes are here."""
        return self.processes.share(self.classes)

    def found(self, labels: Int[Tensor, "..."]) -> Int[Tensor, "..."]:
        """Return where the rows of these classes lie here; -1 for classes that another process holds."""
        if self.whole:
            return labels
        place = labels - self.range.start
        return place.masked_fill((place < 0) | (place >= len(self.range)), -1)

    def rows(self, split: Shaped[Tensor, "held ..."], labels: Int[Tensor, " some"]) -> Shaped[Tensor, "some ..."]:
        """Return the rows of these classes, common to all processes, wherever they lie.

        Args:
            split: a tensor with a row for each class that is here.
            labels: [M], common.
        """
        if self.whole:
            return split[labels]
        place = self.found(labels)
        mine = (place >= 0).view(-1, *[1] * (split.ndim - 1))
        return self.processes.summed(torch.where(mine, split[place.clamp_min(0)], 0))

    def replaced(
        self,
        split: Shaped[Tensor, "held ..."],
        labels: Int[Tensor, " some"],
        rows: Shaped[Tensor, "some ..."],
    ) -> Shaped[Tensor, "held ..."]:
        """Return a copy of `split` in which the classes of these labels have other rows, if they are here."""
        if not self.whole:
            place = self.found(labels)
            labels, rows = place[place >= 0], rows[place >= 0]
        return split.index_copy(0, labels, rows)

    def drawing(self, generator: torch.Generator | None) -> torch.Generator | None:
        """Return the generator of a loss that draws; all processes have to make the same draws.

        Raises:
            ValueError: If several processes share the classes, and none was given.
        """
        if generator is None and not self.whole:
            raise ValueError(
                "A loss that draws at random needs a 'generator' where several processes share it, with the same seed "
                "in each: torch's global one differs between them. Got None instead."
            )
        return generator

    def sample(
        self, rate: float, labels: Int[Tensor, " batch"], generator: torch.Generator | None
    ) -> Int[Tensor, " some"]:
        """Return the classes that take part in a step, ascending: those of the batch, and others drawn at random.

        As in Partial FC (An et al., CVPR 2022, 2203.15565): all classes of the batch, and others up to a share `rate`
        of all. There each process draws among its own, and the run depends on how many processes there are. Here the
        share is drawn of each 131 072 neighbouring classes, whoever holds them, and a process makes the draws that
        concern the classes it has.

        Args:
            rate: share of the classes that take part, in (0, 1]; two at least do.
            labels: [N], common.
            generator: of the draw.

        Returns:
            Of all classes; of several processes, those of them whose draw concerns this one's.
        """
        generator = self.drawing(generator)
        present = labels.unique()
        blocks = range(0, self.classes, _DRAWN_AT_ONCE)
        if len(blocks) == 1:
            return _drawn(range(self.classes), rate, present, generator)
        first = torch.randint(2**62, (), generator=generator, device=_device(generator, "cpu")).item()
        found = []
        for number, start in enumerate(blocks):
            block = range(start, min(start + _DRAWN_AT_ONCE, self.classes))
            if block.stop > self.range.start and block.start < self.range.stop:
                # The seeds of neighbouring steps are unrelated, so these do not meet.
                own = torch.Generator(_device(generator, "cpu")).manual_seed(int(first) + number)
                found.append(_drawn(block, rate, present, own))
        return torch.cat(found)

    def scores(
        self,
        features: Shaped[Tensor, "batch dim"],
        weight: Shaped[Tensor, "held dim"],
        labels: Int[Tensor, " batch"],
        *,
        sampled: Int[Tensor, " some"] | None = None,
        **options: Any,
    ) -> ClassScores:
        """Score every feature against its own class and against all others, or those of them that are sampled.

        Args:
            features: [N, D], common.
            weight: the rows that are here.
            labels: [N] in [0, C), common.
            sampled: the classes that take part, ascending, among them all of the labels; all classes by default.
            options: of `class_scores`.
        """
        if self.whole and sampled is None:
            return class_scores(features, weight, labels, **options)
        place = self.found(labels)
        if sampled is not None:
            rows = self.found(sampled)
            rows = rows[rows >= 0]
            weight = weight.unflatten(0, (-1, options.get("centres", 1))).index_select(0, rows).flatten(0, 1)
            place = torch.where(place >= 0, torch.searchsorted(rows, place), -1)
        features = self.processes.shared(features)
        if len(weight):
            part = class_scores(features, weight, place, **options)
        else:  # no class of this process was sampled, but the others wait for its gradient, which is 0
            none = 0 * (features.sum(1) + weight.sum())
            part = ClassScores(none, none - torch.inf, none.detach() - torch.inf)
        return part if self.whole else _joined(part, place >= 0, self.processes)


def _drawn(
    block: range, rate: float, present: Int[Tensor, " classes"], generator: torch.Generator | None
) -> Int[Tensor, " some"]:
    """Return a share of a block of classes, ascending: those of the batch that lie in it, others up to the share."""
    order = torch.rand(len(block), device=_device(generator, present.device), generator=generator).to(present.device)
    here = present[(present >= block.start) & (present < block.stop)] - block.start
    order[here] = 2.0
    count = min(max(len(here), round(rate * len(block)), 2), len(block))
    return order.topk(count).indices.sort().values + block.start


def _device(generator: torch.Generator | None, default: torch.device | str) -> torch.device | str:
    return default if generator is None else generator.device


class _Joined(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, own: Tensor, others: Tensor, rival: Tensor, processes: Processes
    ) -> tuple[Tensor, Tensor, Tensor]:
        owns, parts, rivals = processes.every(torch.stack([own, others, rival])).unbind(1)
        total = parts.logsumexp(0)
        ctx.save_for_backward(torch.where(total == -torch.inf, 0.0, (others - total).exp()))
        nearest = rivals.amax(0)
        ctx.mark_non_differentiable(nearest)
        return owns.sum(0), total, nearest

    @staticmethod
    def backward(ctx: Any, grad_own: Tensor, grad_total: Tensor, _grad_rival: Tensor) -> tuple[Tensor | None, ...]:
        (part,) = ctx.saved_tensors
        return grad_own, grad_total * part, None, None


def _joined(part: ClassScores, held: Tensor, processes: Processes) -> ClassScores:
    """Return the scores over the classes of all processes; `held` says whose own class is here."""
    own = torch.where(held, part.own, 0.0)
    return ClassScores(*_Joined.apply(own, part.others, part.rival, processes))  # type: ignore[no-untyped-call]

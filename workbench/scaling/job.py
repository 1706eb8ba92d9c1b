"""What one step of a run asks of each of its processes: bytes held, operations, messages. No machine is in it yet.

    N images, C classes, D dimensions, V views, K processes; N' = V N rows and C' = C / K classes in each process

Counted by reading the code, and held to it by tests: the messages of a step are those that are sent, and the bytes
those that are held.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch

from workbench import losses
from workbench.config import RunConfig
from workbench.losses.loss import Loss
from workbench.losses.softmax import _SCORES_AT_ONCE, _SCORES_AT_ONCE_ON_GPU, _SCORES_KEPT
from workbench.scaling.body import Body, body
from workbench.scaling.messages import FLOAT, Message, sent
from workbench.sharding import share

# As `losses.fused` has them, which cannot be imported without Triton: classes of a round, and of a tile.
_ROUND, _TILE = 2**17, 128
# Bytes for each pair of rows: at the moment when most are held, for masks, sorting and gradients, and where the pass
# goes back through the class weights.
_PAIRS = {
    "UNPG": (15.2, 4.0),
    "CoReFace": (25.7, 8.0),
    "SupCon": (24.1, 0.0),
    "Circle": (41.1, 0.0),
    "MultiSimilarity": (25.1, 0.0),
    "Contrastive": (33.1, 0.0),
    "Triplet": (49.1, 0.0),
}
# CoReFace's protocols: sets of N^2 pairs, and how many of them are held at once.
_SIDES = {"n": (1, 1.0), "double-n": (2, 1.35), "2n": (2, 2.0), "full": (4, 2.66)}
# Further blocks of scores, for losses that change negatives or have several centres.
_BLOCKS = {losses.AdaFace: 2, losses.CurricularFace: 4, losses.SubCenterArcFace: 2.5}


@dataclass(frozen=True)
class Job:
    """One step of a run, shared by processes; see `Job.of`.

    Attributes:
        loss: without its weights, of all classes.
        body: the backbone.
        images: N, of all processes together.
        processes: K.
        sample_rate: share of the classes that take part.
        rounded: whether the products of the head have bfloat16 factors.
        gpu: whether the processes have GPUs.
        image_bytes: of one image, as it is read.
    """

    loss: Loss
    body: Body
    images: int
    processes: int
    sample_rate: float
    rounded: bool
    gpu: bool
    image_bytes: int

    @classmethod
    def of(
        cls, config: RunConfig, *, classes: int, shape: tuple[int, int, int], processes: int = 1, gpu: bool = True
    ) -> Self:
        """Return what a step of this run asks for, in the part of it in which a loss of two views has two.

        Args:
            config: of the run; `batch_size` is N.
            classes: C, identities to train on.
            shape: channels, height and width of the images.
            processes: K.
            gpu: whether the processes have GPUs.

        Raises:
            ValueError: If the batch cannot be shared by so many processes, or there are fewer classes.
        """
        config.require_shared(processes)
        with torch.device("meta"):
            loss = losses.create(config.loss, config.dim, classes, **config.resolved_options())
        if processes > classes:
            raise ValueError(
                f"{classes} classes cannot be shared by {processes} processes: each needs one at least. "
                f"Give fewer processes."
            )
        lower = config.precision == "bfloat16" or (config.precision == "auto" and gpu)
        return cls(
            loss=loss,
            body=body(config.model, config.dim, shape, lower=lower, views=loss.views),
            images=config.batch_size,
            processes=processes,
            sample_rate=config.sample_rate,
            rounded=config.head_products == "bfloat16",
            gpu=gpu,
            image_bytes=shape[0] * shape[1] * shape[2],
        )

    @property
    def rows(self) -> int:
        """N', embeddings of a step: images times views."""
        return self.images * self.loss.views

    @property
    def held(self) -> int:
        """C', classes of the process that has most."""
        return len(share(self.loss.classes, 0, self.processes))

    @property
    def compared(self) -> int:
        """Class rows of this process that a step compares with: all that it holds, or a share of them."""
        centres = getattr(self.loss, "centres", 1)
        return centres * (round(self.sample_rate * self.held) if self.sample_rate < 1 else self.held)

    @property
    def distinct(self) -> int:
        """Classes that a random batch is expected to hold."""
        classes = self.loss.classes
        return round(classes * -torch.expm1(self.images * torch.log1p(torch.tensor(-1.0 / classes).double())).item())

    @cached_property
    def comparisons(self) -> tuple[int, ...]:
        """For each comparison of the batch with all classes, its matrix products of N' x C' x D."""
        if isinstance(self.loss, losses.JCSC):
            posterior = self.loss.guidance and self.loss.hardness == "posterior"
            # The clusters of JCSC take no gradient, so it is a product less.
            return 4, *([1] if posterior else []), *([3] if self.loss.cluster_weight else [])
        return (1,) if isinstance(self.loss, losses.PairLoss) else (4,)

    @property
    def pair_kind(self) -> str:
        """Which part of the loss compares the rows of a batch with each other; "" if none does."""
        if getattr(self.loss, "pair_negatives", None) is not None:
            return "UNPG"
        return type(self.loss).__name__ if isinstance(self.loss, (losses.PairLoss, losses.CoReFace)) else ""

    @property
    def pairs(self) -> int:
        """Pairs of rows that every process computes, all of them: N'^2, or N^2 between CoReFace's two views."""
        if self.pair_kind == "CoReFace":
            return _SIDES[self.loss.protocol][0] * self.images**2  # type: ignore[index]
        return self.rows**2 if self.pair_kind else 0

    def pair_bytes(self) -> tuple[int, int]:
        """Return what the pairs hold when they hold most, and where the pass goes back through the class weights."""
        most, saved = (bytes_each * self.pairs for bytes_each in _PAIRS.get(self.pair_kind, (0, 0)))
        if self.pair_kind == "CoReFace":
            count, at_once = _SIDES[self.loss.protocol]  # type: ignore[index]
            most *= at_once / count
        return round(most), round(saved)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of the class weights that this process has."""
        return self._by_class(parameters=True)

    # Memory

    def memory(self) -> dict[str, int]:
        """Return the bytes that a process holds at the moment when it holds most, by what they are for."""
        learned, weights = self.body.learned * FLOAT, self._by_class(parameters=True)
        state = {
            "backbone, momentum": 2 * learned + self.body.fixed_bytes,
            "class weights": weights,
            "their momentum": weights,
            "other state of classes": self._by_class(parameters=False),
            "images": self.images // self.processes * self.image_bytes * (1 + FLOAT),
        }
        moment = max(self._moments(), key=lambda parts: sum(parts.values()))
        return {name: size for name, size in (state | moment).items() if size}

    def _moments(self) -> Iterator[dict[str, int]]:
        """Yield what else is held at the moments of a step at which that can be most."""
        mine, row = self.images // self.processes, self.rows * self.loss.dim * FLOAT
        learned, gradient = self.body.learned * FLOAT, self._by_class(parameters=True)
        activations = self.body.saved * mine + self.body.saved_once
        compared = self.compared * self.loss.dim * FLOAT
        working, kept = self._scores_bytes()
        pairs_most, pairs_saved = self.pair_bytes()
        copies = 0
        if isinstance(self.loss, losses.JCSC):
            gradient *= 2 if self.loss.align_weight else 1  # that of the alignment is as large as that of the scores
            copies = self._by_class(parameters=False)  # clusters move while the old ones are needed
        elif isinstance(self.loss, losses.PairLoss):
            copies = self._by_class(parameters=False)
        sampled = self.sample_rate < 1
        # The loss is known.
        yield {
            "activations": activations,
            "embeddings": 3 * row,
            "pairs": pairs_most,
            "scores": kept + (compared if sampled else 0),
            "copies": copies,
        }
        if gradient:  # back at the class weights
            yield {
                "activations": activations,
                "gradient of class weights": compared if sampled else gradient,
                "embeddings": 8 * row,
                "pairs": pairs_saved,
                "scores": kept + working,
                "copies": copies + (compared if sampled else 0),
            }
        if sampled:  # the gradient of the rows that take part is laid into one of all rows
            yield {
                "activations": activations,
                "gradient of class weights": gradient,
                "embeddings": 3 * row,
                "copies": copies + compared,
            }
        # Within the backbone.
        yield {
            "gradient of class weights": gradient,
            "embeddings": 3 * row,
            "copies": copies,
            "backward pass of the backbone": self.body.peak * mine + self.body.peak_once,
        }
        # The gradient of the backbone is copied into one message.
        yield {
            "gradient of class weights": gradient,
            "copies": copies,
            "gradient of the backbone": learned * (2 if self.processes > 1 else 1),
        }

    def _by_class(self, *, parameters: bool) -> int:
        """Return the bytes of what this process keeps for its classes."""
        kept = self.loss.named_parameters() if parameters else self.loss.named_buffers()
        every = sum(tensor.nbytes for name, tensor in kept if name in self.loss.by_class)
        return every // self.loss.classes * self.held

    def _scores_bytes(self) -> tuple[int, int]:
        """Return what the sums over classes work in, forward or backward, and what they keep between the two."""
        dim, rows, classes = self.loss.dim, self.rows, self.compared
        if self.fused:
            at_once = min(_ROUND, classes)
            unit, slope, gradients = 2 * at_once * dim, 2 * at_once * rows, 2 * FLOAT * at_once * dim
            sums = 4 * FLOAT * -(-classes // _TILE) * rows
            return max(unit + slope + gradients, unit + sums), 0
        block = min(max(64, (_SCORES_AT_ONCE_ON_GPU if self.gpu else _SCORES_AT_ONCE) // rows), classes)
        kept = 0
        if not self.rounded and self.comparisons[0] > 1:
            kept = min(_SCORES_KEPT // (block * rows) * block, classes) * rows
        blocks = 2 + _BLOCKS.get(type(self.loss), 0)
        return round(FLOAT * blocks * block * rows), FLOAT * (kept + classes)

    @property
    def fused(self) -> bool:
        """Whether the scores stay in registers: on GPUs, with bfloat16 products, for losses that leave them alone."""
        return self.gpu and self.rounded and type(self.loss) not in _BLOCKS

    # Messages

    def messages(self, *, distinct: int | None = None) -> list[Message]:
        """Return what the processes tell each other in one step; nothing if there is one.

        Args:
            distinct: U, classes in the batch; by default as many as a random batch is expected to hold.
        """
        return [*sent(self, self.distinct if distinct is None else distinct)] if self.processes > 1 else []

    # On disk

    def checkpoint(self) -> tuple[int, int]:
        """Return the bytes that the first process writes into a checkpoint, and those of each other."""
        split = 2 * self._by_class(parameters=True) + self._by_class(parameters=False)
        others = sum(buffer.nbytes for name, buffer in self.loss.named_buffers() if name not in self.loss.by_class)
        return split + 2 * self.body.learned * FLOAT + self.body.fixed_bytes + others, split

"""What processes tell each other in one step: kinds and bytes of all messages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from workbench import losses

if TYPE_CHECKING:
    from workbench.scaling.job import Job

FLOAT = 4  # bytes
_LONG = 8


class Message(NamedTuple):
    """A message in which all processes take part."""

    what: str
    kind: Literal["all-gather", "all-reduce"]
    size: int
    """Bytes that each process has afterwards."""
    times: int = 1


def sent(job: "Job", distinct: int) -> Iterator[Message]:
    """Yield what several processes tell each other in one step, with so many classes in the batch."""
    loss, dim, rows = job.loss, job.loss.dim, job.rows
    for channels in job.body.norms:
        # torch's SyncBatchNorm on GPUs, `models.batchnorm.SharedBatchNorm` elsewhere.
        count = 2 * channels * FLOAT
        gathered = job.processes * (count + FLOAT if job.gpu else count)
        yield Message("batch normalisation", "all-gather", gathered)
        yield Message("batch normalisation", "all-reduce", count if job.gpu else job.processes * count)
    yield Message("embeddings", "all-gather", rows * dim * job.body.itemsize)
    yield Message("labels", "all-gather", job.images * _LONG)
    bias = getattr(loss, "bias", None) is not None
    for products in job.comparisons:
        yield Message("log-sum-exp", "all-gather", job.processes * 3 * rows * FLOAT)
        if products > 1:
            yield Message("gradient of the embeddings", "all-reduce", rows * (dim + bias) * FLOAT)
    for count, width in _lookups(job, distinct):
        yield Message("rows of classes", "all-reduce", count * width * FLOAT)
    yield Message("gradient of the backbone", "all-reduce", job.body.learned * FLOAT)


def _lookups(job: "Job", distinct: int) -> Iterator[tuple[int, int]]:
    """Yield for each look-up of class rows, wherever they lie, how many there are and how wide."""
    loss, dim, rows = job.loss, job.loss.dim, job.rows
    if isinstance(loss, losses.JCSC):
        yield rows, dim  # which clusters have not begun
        if loss.guidance and loss.hardness == "cosine":
            yield rows, dim
        if loss.align_weight:
            yield from [(distinct, dim)] * 2
        yield distinct, dim  # to move them
    elif isinstance(loss, losses.CurricularFace):
        yield rows, dim
    elif isinstance(loss, losses.PairLoss):
        yield distinct, dim
    elif isinstance(loss, losses.Softmax):
        yield rows, dim
        if loss.bias is not None:
            yield rows, 1

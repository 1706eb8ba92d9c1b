"""The protocols of IJB-B and IJB-C on pooled templates: 1:1 verification, 1:N identification in two galleries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from workbench.checks import bad_parameter
from workbench.geometry.inputs import Array
from workbench.geometry.intervals import Interval
from workbench.geometry.verification import Rate
from workbench.protocols import plain
from workbench.protocols.embeddings import pair_cosines
from workbench.protocols.identification import FPIRS, RANKS, Identification, identify
from workbench.protocols.ijb_files import Ijb
from workbench.protocols.templates import Templates, pool_templates
from workbench.protocols.verification import FARS, Verification, verify


@dataclass(frozen=True)
class Averaged:
    """A rate over all galleries.

    Attributes:
        at: The rank or the FPIR.
        value: The rate.
        interval: 95 %, from the intervals of the galleries, whose mated probes are of different people:
            value -+ sqrt(sum (w_g d_g)^2), d_g the distance from the rate to the end of its interval.
    """

    at: float
    value: float
    interval: Interval


@dataclass(frozen=True, eq=False)
class IjbIdentification:
    """The 1:N protocol: all probes searched in each gallery, those of the other gallery's people without a mate.

    Attributes:
        galleries: Name and result of each gallery.
        ranks: Rank rates over the mated probes of all galleries together, as InsightFace averages them.
        tpir: Means of the galleries' TPIRs, each at its own threshold, for the FPIRs that all of them resolve.
    """

    galleries: tuple[tuple[str, Identification], ...]
    ranks: tuple[Averaged, ...]
    tpir: tuple[Averaged, ...]

    def headline(self) -> dict[str, Any]:
        """Return the numbers as plain JSON, each with its interval."""
        return {
            "galleries": {name: result.headline() for name, result in self.galleries},
            "ranks": [{"rank": one.at, **plain.value(one.value, one.interval)} for one in self.ranks],
            "tpir_at_fpir": [{"fpir": one.at, **plain.value(one.value, one.interval)} for one in self.tpir],
        }


def pool_ijb(data: Ijb, embeddings: Array, *, normalise: bool = False, weights: Array | None = None) -> Templates:
    """Pool the embeddings of the images of each template (`pool_templates`).

    InsightFace's published numbers sum embeddings with those of the mirror images before the length is divided out and
    weigh with the detector: `pool_ijb(data, embeddings + flipped, weights=data.detector)`. UNPG's do neither.

    Args:
        data: The protocol.
        embeddings: One row for each of `data.names`, in that order, [N, D].
        normalise: Whether to divide each embedding by its length first.
        weights: Weight of each row, [N]; 1 by default.

    Raises:
        ValueError: Another number of embeddings than of images, or what `pool_templates` refuses.
    """
    if len(embeddings) != len(data.names):
        rule = f"one row for each of the {len(data.names)} images, in the order of `names`"
        raise ValueError(bad_parameter("pool_ijb", "embeddings", rule, f"{len(embeddings)} rows"))
    return pool_templates(embeddings, data.templates, data.media, normalise=normalise, weights=weights)


def verify_ijb(data: Ijb, templates: Templates, *, fars: Sequence[float] = FARS) -> Verification:
    """Run the 1:1 protocol: cosines of the listed pairs of templates (`verify`).

    Where the files say whom the templates show, the intervals are from leaving out groups of subjects.

    Args:
        data: The protocol, with pairs.
        templates: From `pool_ijb`, or pooled in another way.
        fars: What to report the TAR at; 0.1 to 1e-6 by default.

    Raises:
        ValueError: No pairs, a template that was not pooled, or what `verify` refuses.
    """
    pairs = data.pairs
    if pairs is None:
        raise ValueError("There are no pairs of templates: the file of the 1:1 protocol was not in the folder.")
    cosine = pair_cosines(templates.vectors, templates.rows(pairs.first), templates.rows(pairs.second))
    return verify(cosine, pairs.same, fars=fars, subjects=pairs.subjects)


def identify_ijb(
    data: Ijb,
    templates: Templates,
    *,
    ranks: Sequence[int] = RANKS,
    fpirs: Sequence[float] = FPIRS,
    within: int | None = 1,
) -> IjbIdentification:
    """Run the 1:N protocol: the probes are searched in each gallery (`identify`), and the results averaged.

    Args:
        data: The protocol, with galleries and probes.
        templates: From `pool_ijb`, or pooled in another way.
        ranks: Ranks to report.
        fpirs: What to report the TPIR at.
        within: The rank that the mate must have to count as identified; None for any.

    Raises:
        ValueError: No galleries or no probes, a template that was not pooled, or what `identify` refuses.
    """
    probes = data.probes
    if probes is None or not data.galleries:
        raise ValueError("There are no galleries or no probes: files of the 1:N protocol were not in the folder.")
    searched = templates.vectors[templates.rows(probes.templates)]
    galleries = []
    for gallery in data.galleries:
        enrolled = templates.vectors[templates.rows(gallery.templates)]
        found = identify(enrolled, gallery.subjects, searched, probes.subjects, ranks=ranks, fpirs=fpirs, within=within)
        galleries.append((gallery.name, found))
    results = [found for _, found in galleries]
    mated = np.array([found.mated for found in results])
    rates = {k: [at.rate for found in results for at in found.ranks if at.rank == k] for k in ranks}
    tpirs = {fpir: [at.tpir for found in results for at in found.tpir if at.fpir == fpir] for fpir in fpirs}
    return IjbIdentification(
        galleries=tuple(galleries),
        ranks=tuple(_averaged(k, of, mated / mated.sum()) for k, of in rates.items()),
        tpir=tuple(
            _averaged(fpir, of, np.full(len(of), 1 / len(of))) for fpir, of in tpirs.items() if len(of) == len(results)
        ),
    )


def _averaged(at: float, rates: list[Rate], weights: Float64[np.ndarray, " galleries"]) -> Averaged:
    value = sum(weight * rate.value for weight, rate in zip(weights, rates, strict=True))
    low, high = (
        math.hypot(*(w * (rate.value - rate.interval[end]) for w, rate in zip(weights, rates, strict=True)))
        for end in (0, 1)
    )
    return Averaged(at, float(value), Interval(max(float(value) - low, 0.0), min(float(value) + high, 1.0)))

"""Identification: each probe is searched in a gallery; closed-set ranks, and open-set rates at a threshold.

The terms are those of NIST's FRVT 1:N (Grother, Ngan and Hanaoka, NISTIR 8271). A probe is mated where its identity is
in the gallery.

    CMC(k)      = mated probes whose mate is among the k best identities / mated probes
    FPIR(t)     = non-mated probes for which any identity scores >= t / non-mated probes
    TPIR(t, R)  = mated probes whose mate scores >= t and is among the R best / mated probes        = 1 - FNIR
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from workbench.checks import bad_parameter, whole
from workbench.geometry.inputs import Array, as_numpy, unit_rows
from workbench.geometry.pairs import deal
from workbench.geometry.verification import Rate
from workbench.protocols import plain
from workbench.protocols.inputs import whole_numbers
from workbench.protocols.refusals import Refused, told_apart
from workbench.protocols.resampling import GROUPS, AtFars, Grouped, as_rate
from workbench.protocols.search import search

RANKS = (1, 5, 10, 20)
FPIRS = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class RankRate:
    """The share of mated probes whose mate is among the `rank` best identities."""

    rank: int
    rate: Rate


@dataclass(frozen=True)
class TpirAtFpir:
    """The share of mated probes identified at the lowest threshold whose FPIR is at most `fpir`.

    Attributes:
        fpir: What was asked for.
        threshold: The lowest score with an FPIR of at most that; infinity where there is none.
        achieved: The FPIR there.
        tpir: The TPIR there. Its jackknife chooses the threshold anew each time.
    """

    fpir: float
    threshold: float
    achieved: Rate
    tpir: Rate


@dataclass(frozen=True, eq=False)
class Identification:
    """How well a gallery is searched.

    Attributes:
        cmc: Share of mated probes at rank k or better, cmc[k - 1], for all ranks up to the worst one found.
        ranks: The same at the ranks asked for, with intervals.
        tpir: The TPIR at each FPIR that the non-mated probes resolve.
        refused: The FPIRs that they do not; all of them where the gallery holds everybody.
        within: The rank that the mate had to have for the TPIR; None for any.
        identities: People in the gallery.
        mated: Probes of people in the gallery.
        non_mated: Probes of others.
    """

    cmc: Float64[np.ndarray, " ranks"]
    ranks: tuple[RankRate, ...]
    tpir: tuple[TpirAtFpir, ...]
    refused: tuple[Refused, ...]
    within: int | None
    identities: int
    mated: int
    non_mated: int

    def headline(self) -> dict[str, Any]:
        """Return the numbers as plain JSON, each with its interval and the probes behind it."""
        return {
            "identities": self.identities,
            "mated_probes": self.mated,
            "non_mated_probes": self.non_mated,
            "intervals": "95 %, a jackknife over groups of the probes' identities, no narrower than Wilson's",
            "ranks": [{"rank": at.rank, **plain.rate(at.rate)} for at in self.ranks],
            "tpir_within_rank": self.within,
            "tpir_at_fpir": [
                {
                    "fpir": at.fpir,
                    "threshold": plain.finite(at.threshold),
                    "false_positives": at.achieved.count,
                    "non_mated_probes": at.achieved.total,
                    **plain.rate(at.tpir),
                }
                for at in self.tpir
            ],
            "refused": plain.refused(self.refused, "fpir", "non_mated_probes"),
        }


def identify(
    gallery: Array,
    gallery_labels: Array,
    probes: Array,
    probe_labels: Array,
    *,
    ranks: Sequence[int] = RANKS,
    fpirs: Sequence[float] = FPIRS,
    within: int | None = 1,
    groups: int = GROUPS,
) -> Identification:
    """Search each probe in the gallery by cosine.

    An identity with several entries scores what its best entry does. Where another identity scores exactly as high as
    the mate, the mate comes after it. Cosines are float64 and computed block by block: no matrix of all probes by all
    entries is held. An FPIR for which fewer than ten false positives are expected is refused.

    Probes of one person are not independent, so the intervals are the wider of Wilson's and a jackknife that leaves out
    the probes of groups of identities in turn; the gallery stays.

    Args:
        gallery: Entries [G, D], any norm but zero.
        gallery_labels: Identity of each, whole numbers, [G].
        probes: [P, D], any norm but zero.
        probe_labels: Identity of each, [P]; those that are not in the gallery make non-mated probes.
        ranks: Ranks to report; 1, 5, 10 and 20 by default.
        fpirs: What to report the TPIR at; 0.1, 0.01 and 0.001 by default.
        within: The rank that the mate must have to count as identified, besides the threshold. 1 by default, as in
            published IJB results; None asks for the threshold alone, as NIST does of candidate lists that are long.
        groups: Groups of identities to leave out in turn; 20 by default, as in `geometry`.

    Raises:
        ValueError: Inputs of the wrong shape, rows that are not finite or zero, no mated probe.
    """
    enrolled, searched = unit_rows(gallery, "gallery"), unit_rows(probes, "probes")
    if enrolled.shape[1] != searched.shape[1]:
        rule = f"of the width of the gallery, {enrolled.shape[1]}"
        raise ValueError(bad_parameter("identify", "probes", rule, searched.shape[1]))
    who = whole_numbers("identify", "gallery_labels", gallery_labels, (len(enrolled),), "one for each entry")
    own = whole_numbers("identify", "probe_labels", probe_labels, (len(searched),), "one for each probe")
    ranks = [whole("identify", "ranks", rank, least=1) for rank in ranks]
    within = None if within is None else whole("identify", "within", within, least=1)
    found = search(
        enrolled,
        torch.from_numpy(who).to(enrolled.device),
        searched.to(enrolled.device),
        torch.from_numpy(own).to(enrolled.device),
    )
    mate, rank, top = (as_numpy(part) for part in found)
    mated = rank > 0
    if not mated.any():
        raise ValueError(
            f"No probe has a mate: none of the {len(np.unique(own))} identities of the probes is in the gallery. "
            "Give both the same numbering."
        )
    resolved, refused = told_apart("identify", "fpirs", fpirs, int((~mated).sum()))
    group = deal(torch.from_numpy(own), whole("identify", "groups", groups, least=1)).numpy()
    # A mate beyond the rank cannot be accepted, whatever the threshold.
    score = mate if within is None else np.where(rank <= within, mate, -np.inf)
    trials = Grouped.of(np.where(mated, score, top), mated, group[:, None])
    at = AtFars.of(trials.scores, resolved)
    found_at = at.rates(trials.left_out(at.measure)) if resolved else []
    return Identification(
        cmc=np.bincount(rank[mated])[1:].cumsum() / mated.sum(),
        ranks=tuple(RankRate(k, _rank_rate(rank[mated] <= k, group[mated])) for k in ranks),
        tpir=tuple(TpirAtFpir(fpir, *rates) for fpir, rates in zip(resolved, found_at, strict=True)),
        refused=refused,
        within=within,
        identities=len(np.unique(who)),
        mated=int(mated.sum()),
        non_mated=int((~mated).sum()),
    )


def _rank_rate(right: Bool[np.ndarray, " M"], group: Int64[np.ndarray, " M"]) -> Rate:
    """Share of the mated probes found at a rank."""
    place = np.unique(group, return_inverse=True)[1]  # groups of non-mated probes alone would leave nothing out
    hits, total = (np.bincount(place, weights) for weights in (right, None))
    with np.errstate(invalid="ignore"):  # no probe left: 0 / 0 is NaN, which `jackknife` understands
        left_out = (hits.sum() - hits) / (total.sum() - total)
    return as_rate(int(right.sum()), len(right), left_out)

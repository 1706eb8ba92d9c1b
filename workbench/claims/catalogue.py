"""All claims, paper by paper."""

from collections.abc import Iterable

from workbench.checks import unknown_name
from workbench.claims import coreface, elasticface, jcsc, unpg
from workbench.claims.claim import Claim

PAPERS = {
    "elasticface": elasticface.PAPER,
    "unpg": unpg.PAPER,
    "coreface": coreface.PAPER,
    "jcsc": jcsc.PAPER,
}
CLAIMS = (*elasticface.CLAIMS, *unpg.CLAIMS, *coreface.CLAIMS, *jcsc.CLAIMS)


def chosen(names: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims of these ids or papers; all if there is no name.

    Raises:
        ValueError: If a name is neither.
    """
    wanted = list(names)
    for name in wanted:
        if name not in PAPERS and name not in [claim.id for claim in CLAIMS]:
            raise ValueError(unknown_name("claim or paper", name, [*PAPERS, *(claim.id for claim in CLAIMS)]))
    return tuple(claim for claim in CLAIMS if not wanted or claim.id in wanted or claim.paper in wanted)

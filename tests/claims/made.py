"""A claim and rows that are made up."""

from collections.abc import Mapping, Sequence

from workbench.claims import Claim, Row
from workbench.claims.claim import against

CLAIM = Claim(
    id="a-claim",
    paper="elasticface",
    statement="One has a lower error than the other.",
    wording="ElasticFace >= the fixed-margin twin",
    expected="lower",
    least=0.5,
    lines=(against("plain", "one", "other", "eer"),),
    limits="It is made up.",
)
FACTS = {"images": "0", "train": 30, "classes": 3, "held_out": 20, "held_out_classes": 2}


def rows(numbers: Mapping[str, Sequence[float]], number: str = "eer", setting: str = "plain") -> list[Row]:
    """One row for each value of each variant; the seed is the value's place."""
    return [
        Row(setting, variant, {"seed": seed}, {number: float(value)}, {}, FACTS)
        for variant, some in numbers.items()
        for seed, value in enumerate(some)
    ]

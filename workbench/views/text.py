"""Numbers and words as people read them."""

from collections.abc import Sequence

# Under every map of neighbourhoods.
NO_DISTANCES = (
    "Distances between clusters are not meaningful, nor are their sizes, their shapes and where they lie. What can be "
    "read is who is next to whom, and that as far as the trustworthiness says: 1 if all neighbours on the map are "
    "neighbours by angle too."
)


def count(n: int, singular: str = "", plural: str = "") -> str:
    """12 345 as people read it, with narrow spaces that do not break, and its noun."""
    number = f"{n:,}".replace(",", "\u202f")
    return f"{number} {singular if n == 1 else plural or singular + 's'}" if singular else number


def named_runs(names: Sequence[str]) -> str:
    """`run a` or `runs a, b`."""
    return f"{'run' if len(names) == 1 else 'runs'} {', '.join(names)}"

"""What the notebook of the claims shows: `94_claims` calls nothing else."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from IPython.display import Markdown

from workbench.claims import page, plots
from workbench.claims.catalogue import CLAIMS, PAPERS, chosen
from workbench.claims.store import RESULTS, Row, read
from workbench.claims.verdict import verdicts
from workbench.reports.cards import ENVIRONMENT, Card


def rows(results: str) -> list[Row]:
    """Return what a folder of results holds; what comes with the workbench if none is named."""
    return read(Path(results) if results else RESULTS)


def headline(every: Sequence[Row]) -> Card:
    """Say how many claims there are, and what came of their lines."""
    told = verdicts(CLAIMS, every)
    lines = []
    for key, paper in PAPERS.items():
        words = Counter(
            told[claim.id, place].word for claim in CLAIMS for place in range(len(claim.lines)) if claim.paper == key
        )
        lines.append((paper.name, ", ".join(f"{word} {count}" for word, count in words.most_common())))
    title = "What the four papers claim, and what of it shows here"
    html = ENVIRONMENT.get_template("claims_headline.html.j2").render(
        title=title, claims=len(CLAIMS), lines=sum(len(claim.lines) for claim in CLAIMS), runs=len(every), papers=lines
    )
    return Card(html, {"title": title, "lines": [f"{name}: {said}" for name, said in lines], "thumbnail": None})


def reading() -> Markdown:
    """Say how the tables are read, and what none of them can say."""
    return Markdown("\n\n".join(page.HEAD.split("\n\n")[2:]))


def glance(every: Sequence[Row]) -> Markdown:
    """Show all claims with the settings of their lines by verdict."""
    return Markdown(page.glance(CLAIMS, verdicts(CLAIMS, every)))


def measured_on(every: Sequence[Row]) -> Markdown:
    """Show what was trained on, and how small it is."""
    return Markdown(page.measured_on(every))


def paper(key: str, every: Sequence[Row]) -> list[Any]:
    """Show the claims of a paper one by one: words, lines, figures, and how to repeat them.

    Raises:
        ValueError: If there is no such paper.
    """
    told = verdicts(CLAIMS, every)
    shown: list[Any] = [Markdown(page.paper_text(key))]
    for claim in chosen([key]):
        shown.append(Markdown(page.section(claim, told, every)))
        if claim.lines:
            shown += [plots.differences(claim, told), *plots.courses(claim, every)]
    return shown

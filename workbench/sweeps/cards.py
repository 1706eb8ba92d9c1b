"""What the page of a sweep says in words and numbers: the question and its answers, the table, the runs."""

from statistics import mean

from workbench.repeats import Compared
from workbench.reports.cards import ENVIRONMENT, Card
from workbench.reports.thumbnail import thumbnail
from workbench.sweeps.plots import side_by_side
from workbench.sweeps.results import Outcome, Results, verdict
from workbench.sweeps.table import effect, ends, notes, probability, spread, told


def headline(results: Results) -> Card:
    """Show the question, what was done to answer it, the answer for each loss, and what to beware of."""
    sweep, groups, number = results.sweep, results.groups(), results.sweep.number
    answers = []
    for group, row in results.decisive().items():
        where = f" on {group}" if len(groups) > 1 else ""
        for loss, one in row.differences.items():
            said = told(number, one.mean, sign=True), ends(number, one.interval, sign=True)
            answers.append((f"{loss} against {next(iter(row.runs))}{where}", verdict(number, one), *said))
    where = f"on {next(iter(groups))}" if len(groups) == 1 else f"at {len(groups)} combinations of images and settings"
    done, config = len(results.runs) - len(results.unfinished), sweep.cells()[0].config
    html = ENVIRONMENT.get_template("sweep_headline.html.j2").render(
        question=sweep.question,
        summary=f"{len(sweep.losses)} losses, {len(sweep.seeds)} seeds each, {where}; {config.model} in {config.dim} "
        f"dimensions, {config.epochs} epochs. {done} of {len(results.runs)} runs are done.",
        number=number,
        answers=answers,
        warnings=warnings(results),
    )
    spheres = [(one.embeddings[-1], one.labels) for one in side_by_side(results, next(iter(groups))).values()]
    lines = [f"{what}: {word}" for what, word, *_ in answers]
    return Card(html, {"title": sweep.question, "lines": lines, "thumbnail": thumbnail(spheres) if spheres else None})


def table(results: Results) -> Card:
    """Show for each group the number that decides with its differences, and the means of all others."""
    decisive = results.decisive()
    groups = [
        {
            "name": group,
            "losses": list(decisive[group].runs),
            "lines": [(loss, _line(decisive[group], loss)) for loss in results.groups()[group]],
            "others": [(row.number, _means(row)) for row in rows if row.number != results.sweep.number],
        }
        for group, rows in results.compared().items()
        if group in decisive
    ]
    template = ENVIRONMENT.get_template("sweep_table.html.j2")
    return Card(template.render(groups=groups, number=results.sweep.number, notes=notes(results)))


def runs(results: Results) -> Card:
    """List every run: its number, where it is, and what failed."""
    rows = [(outcome, outcome.group, *_cell(results, outcome), _state(outcome)) for outcome in results.outcomes]
    template = ENVIRONMENT.get_template("sweep_runs.html.j2")
    return Card(template.render(number=results.sweep.number, rows=rows, runs=len(results.runs)))


def warnings(results: Results) -> list[str]:
    """Return what a reader must know before believing the numbers, one sentence each."""
    found = []
    if len(results.sweep.seeds) == 1:
        found.append(
            "One seed for each loss: a demonstration, not a comparison. Another seed can turn the order round."
        )
    if results.unfinished:
        found.append(
            f"{len(results.unfinished)} of {len(results.runs)} runs are not done, see the list of runs. A loss that "
            f"fails under some seeds is compared under the others, which flatters it."
        )
    begun = [found.facts for found in results.runs.values() if found.facts]
    threads = {facts["hardware"]["threads"] for facts in begun if facts["hardware"]["device"] == "cpu"}
    if threads - {results.sweep.threads}:
        found.append(
            f"Some runs were begun by another command, with {' or '.join(map(str, sorted(threads)))} threads where "
            f"this sweep has {results.sweep.threads}: their last digits depend on it."
        )
    for data in {outcome.data: None for outcome in results.outcomes}:
        mine = [outcome.found.facts for outcome in results.outcomes if outcome.data == data]
        if len({facts["data"]["digest"] for facts in mine if facts}) > 1:
            found.append(f"Not all runs on {data} were trained on the same images: nothing follows from a comparison.")
    return found


def _line(row: Compared, loss: str) -> list[tuple[str, str]]:
    """The cells of a loss: seeds, mean, difference, p, effect, verdict; each with what stands beside it."""
    values, one = list(row.runs.get(loss, {}).values()), row.differences.get(loss)
    if not values:
        return [("0", ""), *[("", "")] * 5]
    cells = [(str(len(values)), ""), (told(row.number, mean(values)), spread(row.number, values))]
    if one is None:
        return cells + [("", "")] * 4
    cells.append((told(row.number, one.mean, sign=True), ends(row.number, one.interval, sign=True)))
    return [*cells, (probability(one.p), ""), (effect(one), ""), (verdict(row.number, one), "")]


def _means(row: Compared) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for loss, by_seed in row.runs.items():
        one = row.differences.get(loss)
        word = verdict(row.number, one) if one else ""
        cells.append((told(row.number, mean(by_seed.values())), "" if word == "cannot tell" else word))
    return cells


def _cell(results: Results, outcome: Outcome) -> tuple[str, str]:
    number = results.sweep.number
    estimate = number.of(outcome.found.numbers or {})
    if estimate is None:
        return "", ""
    return told(number, estimate.value), ends(number, estimate.interval) if estimate.interval else ""


def _state(outcome: Outcome) -> str:
    found = outcome.found
    return "" if found.state == "done" else found.error or f"{found.state}, {found.epoch} epochs done"

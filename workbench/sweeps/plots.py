"""What the page of a sweep draws: differences, curves through training, and feature spaces side by side."""

from contextlib import suppress
from itertools import islice
from statistics import mean

import numpy as np
from plotly import graph_objects as go

from workbench import figures, geometry, views
from workbench.comparison import mean_interval
from workbench.reports.cards import Card
from workbench.runs import Run, Snapshots
from workbench.sweeps.results import Outcome, Results

SIDE_BY_SIDE = 4  # spheres
CURVES = 6

_GONE = Card('<p class="quiet">The runs have no snapshots any more.</p>')


def differences(results: Results) -> go.Figure:
    """Draw the differences of every loss to the first, of the number that decides, seed by seed."""
    number, rows = results.sweep.number, {}
    for group, row in results.decisive().items():
        where = f" ({group})" if len(results.groups()) > 1 else ""
        for loss, one in row.differences.items():
            low, high = one.interval if len(one.values) > 1 else (one.mean, one.mean)
            rows[f"{loss} − {next(iter(row.runs))}{where}"] = (one.values, low, high)
    unit = {"%": " (points)", "°": " (°)", "": ""}[number.unit]
    way = {"lower": " To the left is better.", "higher": " To the right is better.", "": ""}[number.better]
    return figures.intervals(
        rows,
        title=f"{number.name}: difference to the first loss",
        x=f"difference{unit}",
        reference=0.0,
        zero="no difference",
        caption=f"Circles are seeds, the diamond is their mean, the line its interval, by Holm's procedure.{way} Where "
        "a line reaches the dotted one, these seeds cannot tell; that is not to say that there is no difference.",
    )


def grid(results: Results) -> list[go.Figure]:
    """Draw the number that decides over the one parameter that makes the grid; nothing where none or more do."""
    number, cells = results.sweep.number, {outcome.group: outcome for outcome in results.outcomes}
    names = {name for cell in cells.values() for name in cell.setting}
    numeric = all(type(value) in (int, float) for cell in cells.values() for value in cell.setting.values())
    if len(names) != 1 or not numeric:
        return []
    (name,) = names
    drawn = []
    for data in {cell.data: None for cell in cells.values()}:
        points: dict[str, list[tuple[float, float, float, float]]] = {}
        for group, row in results.decisive().items():
            if cells[group].data == data:
                for loss, by_seed in islice(row.runs.items(), CURVES):
                    values = list(by_seed.values())
                    low, high = mean_interval(values) if len(values) > 1 else (mean(values), mean(values))
                    points.setdefault(loss, []).append((cells[group].setting[name], mean(values), low, high))
        columns = {loss: np.array(sorted(some)).T for loss, some in points.items()}
        drawn.append(
            figures.lines(
                {loss: (at, middle) for loss, (at, middle, _, _) in columns.items()},
                bands={loss: (low, high) for loss, (_, _, low, high) in columns.items()},
                title=f"{number.name} over {name}, {data}",
                x=name,
                y=number.inline + (f" ({number.unit})" if number.unit else ""),
                markers=True,
                caption="Means over seeds; bands are their 95 % intervals, each by itself. The lowest or highest point "
                "was chosen among several, and looks better than it is.",
            )
        )
    return drawn


def curves(results: Results, group: str, key: str) -> go.Figure:
    """Draw "accuracy" or "angle" of the training images through training, mean and band over seeds."""
    title, y, factor = {
        "accuracy": ("Accuracy in training", "accuracy (%)", 100.0),
        "angle": ("Angle to the own centre in training", "mean angle (°)", 180 / np.pi),
    }[key]
    shown: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    bands: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for loss, by_seed in islice(results.groups()[group].items(), CURVES):
        records = [_run(results, one).records() for one in by_seed.values() if one.found.state == "done"]
        every = [{record["epoch"]: factor * record[key] for record in one} for one in records if one]
        if every:
            epochs = sorted(set.intersection(*map(set, every)))
            values = np.array([[one[epoch] for epoch in epochs] for one in every])
            shown[loss], bands[loss] = (np.array(epochs), values.mean(0)), (values.min(0), values.max(0))
    return figures.lines(
        shown,
        bands=bands,
        title=title,
        x="epoch",
        y=y,
        markers=all(len(epochs) <= 20 for epochs, _ in shown.values()),
        caption="Means over the seeds, with the margin in force; bands reach from the lowest seed to the highest. They "
        "say whether training has settled, not how people fare who were not trained on.",
    )


def pairs(results: Results, group: str) -> views.View | Card:
    """Show the cosines of genuine and impostor pairs of the losses under the seed in the middle."""
    shown = side_by_side(results, group)
    counts = {name: geometry.pair_counts(one.embeddings[-1], one.labels) for name, one in shown.items()}
    return views.pair_similarity(counts) if counts else _GONE


def spheres(results: Results, group: str) -> views.View | Card:
    """Show the held-out images of the losses under the seed in the middle on their spheres, from epoch to epoch."""
    shown = side_by_side(results, group)
    if not shown:
        return _GONE
    first = next(iter(shown.values()))
    frames = {name: views.Frames(one.embeddings, one.centres) for name, one in shown.items()}
    flat = all(one.embeddings.shape[2] == 2 for one in shown.values())
    return (views.circle if flat else views.hypersphere)(frames, first.labels, steps=first.epochs.tolist())


def side_by_side(results: Results, group: str) -> dict[str, Snapshots]:
    """Return what was kept of the first few losses under one seed, so that all show the same images.

    It is the seed in the middle: the one that ranks nearest to the median of all losses together, by the number that
    decides, of those that most losses have.
    """
    number, ranks = results.sweep.number, dict[str, dict[int, float]]()
    for loss, by_seed in islice(results.groups()[group].items(), SIDE_BY_SIDE):
        estimates = {seed: number.of(one.found.numbers or {}) for seed, one in by_seed.items()}
        ranked = sorted((estimate.value, seed) for seed, estimate in estimates.items() if estimate)
        ranks[loss] = {seed: abs(place - (len(ranked) - 1) / 2) for place, (_, seed) in enumerate(ranked)}

    def off_the_middle(seed: int) -> tuple[int, float]:
        places = [of_loss[seed] for of_loss in ranks.values() if seed in of_loss]
        return -len(places), sum(places)

    seed = min(results.sweep.seeds, key=off_the_middle)
    found: dict[str, Snapshots] = {}
    for loss in [loss for loss, of_loss in ranks.items() if seed in of_loss]:
        with suppress(ValueError, OSError):  # they may be gone
            found[f"{loss}, seed {seed}"] = _run(results, results.groups()[group][loss][seed]).snapshots()
    first = next(iter(found.values()), None)
    alike = ("labels", "epochs")
    return {
        name: one
        for name, one in found.items()
        if all(np.array_equal(getattr(one, key), getattr(first, key)) for key in alike)
    }


def _run(results: Results, outcome: Outcome) -> Run:
    return Run.load(results.folder.parent / outcome.run)

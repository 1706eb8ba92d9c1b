"""What came of a sweep: one record for each place of it, and how the losses compare."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from workbench import files, intake
from workbench.comparison import Difference, holm
from workbench.headline import Number
from workbench.repeats import Compared, compare
from workbench.sweeps.job import Found, Job, look
from workbench.sweeps.spec import Cell, Sweep, load

SPEC, RECORDS = "sweep.yaml", "results.jsonl"

Verdict = Literal["better", "worse", "higher", "lower", "cannot tell", "no difference"]


@dataclass(frozen=True)
class Outcome:
    """What came of one place of a sweep.

    Attributes:
        loss: label of the loss.
        data: label of the image set.
        setting: where on the grid it is, by parameter.
        seed: of the run.
        run: name of the run's folder.
        found: how that folder was found.
    """

    loss: str
    data: str
    setting: Mapping[str, Any]
    seed: int
    run: str
    found: Found

    @property
    def group(self) -> str:
        """What it has in common with those that it is compared with: the image set and the place on the grid."""
        return ", ".join([self.data, *(f"{name} {value}" for name, value in self.setting.items())])


_RECORD = TypeAdapter(Outcome)


@dataclass(frozen=True)
class Results:
    """What came of a sweep.

    Attributes:
        sweep: what was asked.
        folder: where the results are; the folder that holds it holds the runs.
        outcomes: in the order of the sweep's cells.
    """

    sweep: Sweep
    folder: Path
    outcomes: tuple[Outcome, ...]

    @classmethod
    def read(cls, folder: str | Path) -> "Results":
        """Return the results that a folder holds; no run is looked at.

        Raises:
            ValueError: If there are none in it.
        """
        folder = Path(folder)
        try:
            sweep = load(folder / SPEC)
            lines = intake.ordinary(folder / RECORDS).read_bytes().splitlines()
            outcomes = [_RECORD.validate_json(line) for line in lines]
            if not outcomes:
                raise ValueError(f"{RECORDS} is empty")
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{folder} holds no results of a sweep ({str(error)[:500]}). `workbench sweep` says where it has put "
                f"them."
            ) from None
        return cls(sweep, folder, tuple(outcomes))

    @property
    def runs(self) -> dict[str, Found]:
        """The runs by the names of their folders; places that mean the same run share it."""
        return {outcome.run: outcome.found for outcome in self.outcomes}

    @property
    def unfinished(self) -> dict[str, Outcome]:
        """One outcome of each run that is not done, by the name of its folder."""
        return {outcome.run: outcome for outcome in self.outcomes if outcome.found.state != "done"}

    def groups(self) -> dict[str, dict[str, dict[int, Outcome]]]:
        """Return what is compared with each other: by image set and setting, the outcomes of each loss by seed."""
        found: dict[str, dict[str, dict[int, Outcome]]] = {}
        for outcome in self.outcomes:
            found.setdefault(outcome.group, {}).setdefault(outcome.loss, {})[outcome.seed] = outcome
        return found

    def compared(self) -> dict[str, list[Compared]]:
        """Return for each group its numbers, with the differences to the first loss.

        Differences are taken seed by seed. Those of one number are read together, over all losses and groups: their
        intervals and p are Holm's, see `workbench.comparison.holm`. A loss without a run that is done is left out; a
        group in which the first has none has no comparison.
        """
        tables = {group: compare(done) for group, done in self._done().items()}
        together: dict[str, dict[tuple[str, str], Difference]] = {}
        for group, rows in tables.items():
            for row in rows:
                raw = {(group, loss): difference for loss, difference in row.differences.items()}
                together.setdefault(row.number.key, {}).update(raw)
        told = {key: holm(differences) for key, differences in together.items()}
        return {group: [_corrected(row, group, told[row.number.key]) for row in rows] for group, rows in tables.items()}

    def decisive(self) -> dict[str, Compared]:
        """Return for each group the number that decides; a group in which somebody lacks it has none."""
        found = {
            group: [row for row in rows if row.number == self.sweep.number] for group, rows in self.compared().items()
        }
        return {group: rows[0] for group, rows in found.items() if rows}

    def _done(self) -> dict[str, dict[str, dict[int, Mapping[str, Any]]]]:
        """Return the numbers of what is done, of each group whose first loss has any."""
        first = self.outcomes[0].loss
        groups = {}
        for group, by_loss in self.groups().items():
            numbers = {
                loss: {seed: one.found.numbers for seed, one in by_seed.items() if one.found.numbers is not None}
                for loss, by_seed in by_loss.items()
            }
            if numbers.get(first):
                groups[group] = {loss: by_seed for loss, by_seed in numbers.items() if by_seed}
        return groups


def verdict(number: Number, difference: Difference) -> Verdict:
    """Return in a word what a difference says: whether one is better where a number has a better way, or else higher.

    "no difference" is said where every seed came out the same; "cannot tell" where these seeds cannot.
    """
    if len(difference.values) > 1 and not any(difference.values):
        return "no difference"
    if difference.verdict == "cannot tell" or not number.better:
        return difference.verdict
    return "better" if difference.verdict == number.better else "worse"


def gather(sweep: Sweep, root: str | Path = "reports") -> Results:
    """Look at the runs of a sweep, whoever trained them, and write down what came of them.

    Nothing is trained, and no checkpoint or image is read.

    Args:
        sweep: what was asked.
        root: the folder that holds the runs. The results go to a folder in it: `sweep.yaml`, the spec, and
            `results.jsonl`, a record for each place of the sweep.
    """
    root = Path(root)
    folder = root / sweep.folder_name()
    found = {job.folder: look(job) for job in jobs(sweep, root)}
    outcomes = tuple(_outcome(cell, found[root / cell.run]) for cell in sweep.cells())
    files.write_text(folder / SPEC, sweep.text())
    lines = (json.dumps(asdict(outcome), allow_nan=False, ensure_ascii=False) + "\n" for outcome in outcomes)
    files.write_text(folder / RECORDS, "".join(lines))
    return Results(sweep, folder, outcomes)


def jobs(sweep: Sweep, root: Path) -> list[Job]:
    """Return the runs of a sweep, each once."""
    unique = {cell.run: cell.config for cell in sweep.cells()}
    return [Job(config, root / name) for name, config in unique.items()]


def _corrected(row: Compared, group: str, told: Mapping[tuple[str, str], Difference]) -> Compared:
    return replace(row, differences={loss: told[group, loss] for loss in row.differences})


def _outcome(cell: Cell, found: Found) -> Outcome:
    return Outcome(cell.loss, cell.data, cell.setting, cell.seed, cell.run, found)

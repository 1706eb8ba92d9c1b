"""The results of claims on disk: one line of JSON for each run, numbers alone, in a file for each setting.

They come with the workbench, so that the table of claims is made without training. A row tells the run that it is of,
by everything that is not the default, so that a row of another budget is never taken for one of this.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench import files, intake

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """What came of one run.

    Attributes:
        setting: name of what it was trained on, see `workbench.claims.SETTINGS`.
        variant: what was trained, see `workbench.claims.VARIANTS`.
        config: what of the run is not the default, with its seed; see `workbench.config.RunConfig`.
        numbers: by their keys, in the units of `workbench.claims.NUMBERS`, with five digits.
        course: terms of the loss from epoch to epoch: by name, `epochs` and `values`.
        facts: images, versions and hardware.
    """

    setting: str
    variant: str
    config: Mapping[str, Any]
    numbers: Mapping[str, float]
    course: Mapping[str, Any]
    facts: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """Seed of the run."""
        seed: int = self.config["seed"]
        return seed


def read(folder: Path = RESULTS) -> list[Row]:
    """Return all rows of a folder, setting by setting; none where there is no folder.

    Raises:
        ValueError: If a line is not that of a row.
    """
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(intake.ordinary(path).read_text(encoding="utf-8").splitlines(), 1):
            try:
                rows.append(Row(**json.loads(line)))
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"Line {number} of {path} holds no result of a claim ({error}). Remove the line, and "
                    f"`workbench claims run` does its run again."
                ) from None
    return rows


def add(rows: Iterable[Row], folder: Path = RESULTS) -> None:
    """Put rows beside those of a folder; one of the same setting, variant and seed takes the other's place."""
    new = {_key(row): row for row in rows}
    every = {_key(row): row for row in read(folder)} | new
    for setting in {row.setting for row in new.values()}:
        mine = [every[key] for key in sorted(every) if key[0] == setting]
        lines = (json.dumps(asdict(row), allow_nan=False, ensure_ascii=False) + "\n" for row in mine)
        files.write_text(folder / f"{setting.replace(' ', '-')}.jsonl", "".join(lines))


def _key(row: Row) -> tuple[str, str, int]:
    return row.setting, row.variant, row.seed

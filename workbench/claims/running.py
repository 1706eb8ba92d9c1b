"""Doing what claims need and nobody has done: train, measure, store, run by run."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tqdm.auto import tqdm

from workbench import data, files
from workbench.claims.measures import course, measure, rounded
from workbench.claims.settings import SEEDS, SETTINGS, Setting, config, differs
from workbench.claims.store import RESULTS, Row, add, read
from workbench.config import RunConfig
from workbench.runs import Run
from workbench.sweeps import local
from workbench.sweeps.job import Job, fail, look


class Needed(NamedTuple):
    """A run that a claim needs."""

    setting: Setting
    variant: str
    config: RunConfig


def missing(
    needs: Iterable[tuple[str, str]],
    *,
    seeds: Sequence[int] = SEEDS,
    faces: Path,
    results: Path = RESULTS,
    settings: dict[str, Setting] = SETTINGS,
) -> list[Needed]:
    """Return the runs that are not stored yet, seed by seed, so that a stop leaves few seeds of all, not all of few.

    Args:
        needs: settings and variants, by name.
        seeds: of each.
        faces: folder of the files that the workbench does not bring; settings whose file is not there are left out.
        results: folder of what is stored.
        settings: what the names of settings mean.
    """
    stored = {(row.setting, row.variant, row.seed): row.config for row in read(results)}
    found = []
    for seed in seeds:
        for name, variant in dict.fromkeys(needs):
            setting = settings[name]
            if setting.needs_faces and not (faces / setting.data).exists():
                continue
            asked = config(setting, variant, seed, faces)
            if stored.get((name, variant, seed)) != differs(setting, asked):
                found.append(Needed(setting, variant, asked))
    return found


def run(
    needed: Sequence[Needed],
    root: Path,
    *,
    results: Path = RESULTS,
    workers: int | None = None,
    keep: bool = False,
    progress: bool = True,
) -> list[str]:
    """Train runs in processes of one thread each, measure each as it ends, and store its row.

    A stop at any moment costs no more than what is at work: a stored run is not repeated, and one whose folder is there
    goes on from its last checkpoint.

    Args:
        needed: what to do, see `missing`.
        root: folder of the runs.
        results: folder of the rows.
        workers: processes; as many as there are cores and memory for if None.
        keep: keep the folders of runs that are stored.
        progress: show a line for each run, on the error stream.

    Returns:
        A sentence for each run that failed.

    Raises:
        ValueError: If another process is at work in `root`.
    """
    by_folder = {root / one.config.folder_name(): one for one in needed}
    jobs = [Job(one.config, folder) for folder, one in by_folder.items()]
    workers = workers or local.default_workers(1)
    failed = []
    bar = tqdm(total=len(jobs), desc="claims", unit="run", disable=None if progress else True)
    with files.alone(root), closing(local.work(jobs, workers=workers, threads=1, log=root / "workers.log")) as work:
        for ended in work:
            if ended is None:
                continue
            job, one = ended.job, by_folder[ended.job.folder]
            if ended.error and look(job).state not in ("done", "failed"):
                fail(job, ended.error)
            found = look(job)
            name = f"{one.setting.name}, {one.variant}, seed {one.config.seed}"
            if found.state == "done":
                row = _row(one, Run.load(job.folder))
                add([row], results)
                if not keep:
                    shutil.rmtree(job.folder)
                line = f"{name}: equal error rate {row.numbers['eer']:.2f} %"
            else:
                line = f"{name}: failed. {found.error}"
                failed.append(line)
            bar.update()
            if progress:
                tqdm.write(line, file=sys.stderr)
    bar.close()
    return failed


def _row(one: Needed, run: Run) -> Row:
    numbers = measure(run, _images(run.config.data, tuple(run.config.data_options.items())))
    facts = run.facts
    return Row(
        setting=one.setting.name,
        variant=one.variant,
        config=differs(one.setting, one.config),
        numbers={name: rounded(value) for name, value in numbers.items()},
        course=course(run),
        facts={
            "images": facts["data"]["digest"][:12],
            **{name: facts["data"][name] for name in ("train", "classes", "held_out", "held_out_classes")},
            "workbench": facts["versions"]["hypersphere-workbench"],
            "torch": facts["versions"]["torch"],
            "hardware": facts["hardware"]["name"],
            "threads": facts["hardware"]["threads"],
        },
    )


@lru_cache(maxsize=4)  # runs come seed by seed, and those of a seed share their images
def _images(source: str, options: tuple[tuple[str, object], ...]) -> data.ImageSet:
    return data.load(source, progress=False, **dict(options))  # type: ignore[arg-type]

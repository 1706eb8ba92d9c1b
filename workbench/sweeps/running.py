"""Running a sweep: what is not done yet is done, by processes of this machine or by jobs of a cluster."""

from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from workbench import files, stopping
from workbench.checks import one_of, whole
from workbench.headline import Number
from workbench.sweeps import cluster, local
from workbench.sweeps.job import Found, Job, fail, look
from workbench.sweeps.progress import Display
from workbench.sweeps.results import Results, gather, jobs
from workbench.sweeps.spec import Cell, Sweep
from workbench.sweeps.table import told

On = Literal["local", "slurm", "local-submitit"]
NOTEBOOK = "93_sweep_report"


def run(
    sweep: Sweep,
    root: str | Path = "reports",
    *,
    on: On = "local",
    workers: int | None = None,
    options: Mapping[str, Any] | None = None,
    page: bool = True,
    progress: bool = True,
) -> Results:
    """Train what a sweep asks for and is not done yet, gather the numbers, and write the page.

        results = sweeps.run(sweeps.load("sweep.yaml"))
        print(sweeps.table(results))

    Every run is an ordinary run folder in `root`, under `RunConfig.folder_name()`: one that is there, whoever trained
    it, is used. The same call again, after a stop, a kill or a failure, repeats no run that is done, goes on with those
    that are begun, tries those that failed, and ends with the same numbers. A run that fails stops no other.

    Args:
        sweep: what to do, see `load`.
        root: folder of the runs, and of the folder of results.
        on: "local" for processes of this machine, "slurm" for jobs of a cluster, "local-submitit" to try what a cluster
            would do with processes of this machine.
        workers: how many runs are at work at once; by default as many as there are cores and memory for, or as Slurm
            lets. It changes how long a sweep takes, not what comes out: every run has `sweep.threads` threads.
        options: for "slurm" and "local-submitit", see `workbench.sweeps.cluster.work`.
        page: write the page, see `write_page`.
        progress: show progress on the error stream.

    Raises:
        ValueError: If an argument is wrong, or another process is running the same sweep.
        KeyboardInterrupt: On Ctrl-C and on SIGTERM; nothing is damaged then.
    """
    one_of("run", "on", on, ("local", "slurm", "local-submitit"))
    if workers is not None:
        whole("run", "workers", workers, least=1)
    root = Path(root)
    with stopping.sigterm(), files.alone(root / sweep.folder_name()):
        try:
            _work(sweep, root, on, workers, options or {}, progress)
        finally:
            results = gather(sweep, root)
    if page:
        write_page(results, progress=progress)
    return results


def write_page(results: Results, *, progress: bool = False) -> Path | None:
    """Write the results of a sweep as one HTML file that opens offline, `report.html` in their folder; return its path.

    None, and no page, of a sweep of which no run is done.

    Raises:
        ReportError: If a cell of its notebook fails, see `workbench.reports`.
    """
    if len(results.unfinished) == len(results.runs):
        return None
    from workbench import reports

    given, root = {"sweep_dir": str(results.folder.resolve())}, results.folder.parent
    return reports.render(NOTEBOOK, given, results.folder, root=root, progress=progress)


def _work(sweep: Sweep, root: Path, on: On, workers: int | None, options: Mapping[str, Any], progress: bool) -> None:
    every, folder = jobs(sweep, root), root / sweep.folder_name()
    cells = {cell.run: cell for cell in sweep.cells()}
    done = [job for job in every if look(job).state == "done"]
    todo = [job for job in every if job not in done]
    if not todo:
        return
    display = Display(every, done, shown=progress)
    try:
        with closing(_ended(sweep, todo, folder, on, workers, options)) as work:
            for one in work:
                if one is None:
                    display.beat()
                    continue
                if one.error and look(one.job).state not in ("done", "failed"):
                    fail(one.job, one.error)
                display.ended(one.job, _line(sweep.number, cells[one.job.folder.name], look(one.job)))
    except KeyboardInterrupt:
        display.say(f"Stopped: {sum(look(job).state == 'done' for job in every)} of {len(every)} runs are done.")
        if on == "slurm":
            display.say(cluster.left_behind(folder / "jobs"))
        raise
    finally:
        display.close()


def _ended(
    sweep: Sweep, todo: list[Job], folder: Path, on: On, workers: int | None, options: Mapping[str, Any]
) -> Generator[local.Ended | None]:
    """Do the runs, and yield each as it ends, and None between."""
    if on != "slurm":
        gpus = any(job.config.device != "cpu" for job in todo)
        workers = min(len(todo), workers or local.default_workers(sweep.threads, gpus=gpus))
        if on == "local":
            return local.work(todo, workers=workers, threads=sweep.threads, log=folder / "workers.log")
    return cluster.work(todo, on=on, at_once=workers, threads=sweep.threads, folder=folder / "jobs", options=options)


def _line(number: Number, cell: Cell, found: Found) -> str:
    """Tell what came of a run, in a line."""
    name = ", ".join([cell.loss, f"seed {cell.seed}", cell.data, *(f"{k} {v}" for k, v in cell.setting.items())])
    estimate = number.of(found.numbers or {})
    if found.state != "done":
        return f"{name}: failed. {found.error}"
    return f"{name}: {number.inline} {told(number, estimate.value)}" if estimate else f"{name}: done"

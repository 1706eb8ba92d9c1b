"""Notebook and parameters in, one HTML file out, and the list of all reports."""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files as resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat

from workbench import files, intake
from workbench.checks import unknown_name
from workbench.reports.cells import summaries
from workbench.reports.execution import execute
from workbench.reports.page import render_index, render_page
from workbench.reports.parameters import check, declaration, read

DEFAULT_NOTEBOOK = "90_run_report"


def notebooks() -> dict[str, Path]:
    """Return the workbench's own notebooks by name: those of the checkout, or those in the installed wheel."""
    package = Path(str(resources("workbench")))
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    return {}


def find_notebook(name: str | Path) -> Path:
    """Return the notebook that a path or the name of one of the workbench's own means.

    Raises:
        ValueError: If there is none; the nearest names are given.
    """
    path, own = Path(name), notebooks()
    if str(name) in own:  # a file of the current folder that is called so is not meant
        return own[str(name)]
    if path.is_file():
        return path
    if path.stem in own and path.parent == Path():
        return own[path.stem]
    raise ValueError(unknown_name("notebook", str(name), own, hint="Or give the path of an .ipynb file."))


def render(
    notebook: str | Path = DEFAULT_NOTEBOOK,
    parameters: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    *,
    root: str | Path = "reports",
    links: Mapping[str, str] | None = None,
    progress: bool = False,
) -> Path:
    """Run a notebook and write `report.html`, one file that opens offline; return its path.

    The report appears under its name only when it is whole. Beside it stand the executed notebook (`report.ipynb`)
    and the runs it made. The same call again goes on with unfinished runs and repeats no finished one.

    Args:
        notebook: one of `notebooks()`, or a path.
        parameters: values for its `parameters` cell, checked before anything runs.
        output: folder of the report; by default a folder in `root`, named after the notebook and its parameters.
        root: folder of all reports, whose `index.html` lists them.
        links: to neighbouring pages, text and relative address, shown above and below the content.
        progress: show progress on the terminal.

    Raises:
        ValueError: If the notebook or a parameter is wrong: one sentence for each.
        ReportError: If a cell of the notebook fails.
    """
    path = find_notebook(notebook)
    source = read(path)
    given = check(source, parameters or {})
    folder = Path(output) if output is not None else Path(root) / _folder_name(path, given)
    if "run_dir" not in given and "run_dir" in declaration(source).model_fields:
        given["run_dir"] = str(folder.resolve())
    own = path in notebooks().values()
    executed = execute(path, given, folder / "report.ipynb", own=own, progress=progress)
    summary = (summaries(executed) or [{"title": _heading(executed) or path.stem, "lines": [], "thumbnail": None}])[-1]
    report = folder / "report.html"
    files.write_text(report, render_page(executed, title=str(summary["title"]), source=path.name, links=links or {}))
    files.write_json(folder / "report.json", {**summary, "made": datetime.now(UTC).isoformat(timespec="seconds")})
    if folder.resolve().parent == Path(root).resolve():
        write_index(root)
    return report


def write_index(root: str | Path = "reports") -> Path:
    """Write `index.html`, the list of all reports in a folder, newest first; return its path."""
    root = Path(root)
    found: list[dict[str, Any]] = []
    for path in root.glob("*/report.json"):
        try:
            report = json.loads(intake.ordinary(path).read_text(encoding="utf-8"))
            entry = {key: report[key] for key in ("title", "lines", "thumbnail", "made")}
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not one of ours, or half a file of an older version
        thumbnail = entry["thumbnail"] if str(entry["thumbnail"]).startswith("data:image/") else None
        found.append(
            {
                "title": str(entry["title"]),
                "lines": [str(line) for line in entry["lines"]] if isinstance(entry["lines"], list) else [],
                "made": str(entry["made"]),
                "thumbnail": thumbnail,
                # Quoted, a folder named "javascript:..." is a folder.
                "href": f"{quote(os.fsencode(path.parent.name))}/report.html",
            }
        )
    found.sort(key=lambda report: report["made"], reverse=True)
    files.write_text(root / "index.html", render_index(found))
    return root / "index.html"


def _heading(notebook: nbformat.NotebookNode) -> str:
    """Return the title that a notebook begins with, if it begins with one."""
    first = notebook.cells[0].source if notebook.cells and notebook.cells[0].cell_type == "markdown" else ""
    return str(first).partition("\n")[0].removeprefix("# ") if first.startswith("# ") else ""


def _folder_name(path: Path, given: Mapping[str, Any]) -> str:
    """Name a report's folder: the same parameters find the same folder, others another."""
    if not given:
        return path.stem
    mark = hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return f"{path.stem}-{mark}"

"""The course as pages: every lesson run and rendered, and a table of contents."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from workbench import files
from workbench.reports import notebooks, render
from workbench.reports.page import render_contents
from workbench.reports.parameters import declaration, read

PARTS = {
    "start": "Start",
    "core": "The core: one hour",
    "practice": "For practitioners",
    "research": "For researchers",
}


@dataclass(frozen=True)
class Outline:
    """What the table of contents says of a lesson.

    Attributes:
        number: such as "02".
        name: of the notebook.
        title: the question that the lesson answers.
        goals: what a learner can do afterwards.
        part: "start", "core", "practice" or "research".
        minutes: to read and to do it.
    """

    number: str
    name: str
    title: str
    goals: tuple[str, ...]
    part: str
    minutes: int


def outlines() -> list[Outline]:
    """Return the lessons of the course in their order of numbers: the notebooks whose metadata say they are lessons."""
    found = ((name, read(path)) for name, path in notebooks().items())
    return [_outline(name, notebook) for name, notebook in found if "lesson" in notebook.metadata.get("workbench", {})]


def render_course(
    output: str | Path = "reports/course",
    *,
    lessons: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    solutions: bool = False,
    progress: bool = False,
) -> Path:
    """Run the lessons and write them as pages that open offline, with a table of contents; return its path.

    Args:
        output: folder of the course.
        lessons: numbers of those to render, such as "02"; by default all. The contents list every page that is there.
        parameters: for all lessons that have them, such as {"seed": 1}.
        solutions: the teacher's twin: solutions stand in the place of answers.
        progress: show progress on the terminal.

    Raises:
        ValueError: If there is no such lesson, or a parameter is wrong.
        ReportError: If a cell of a lesson fails.
    """
    every = outlines()
    known = [outline.number for outline in every]
    for number in lessons:
        if number not in known:
            raise ValueError(f"There is no lesson {number!r}. Known: {', '.join(known)}.")
    output = Path(output)
    for place, outline in enumerate(every):
        if lessons and outline.number not in lessons:
            continue
        accepted = declaration(read(notebooks()[outline.name])).model_fields
        given = {name: value for name, value in (parameters or {}).items() if name in accepted}
        links = _links(every, place)
        folder = output / outline.name
        if solutions and "solutions" in accepted:
            given["solutions"] = True
        render(outline.name, given, folder, progress=progress, links=links)
        write_contents(output)
    return write_contents(output)


def write_contents(output: Path) -> Path:
    """Write the table of contents of the pages that are in a folder; return its path."""
    parts = {
        title: [
            {
                **vars(outline),
                "href": f"{outline.name}/report.html" if (output / outline.name / "report.html").exists() else None,
            }
            for outline in outlines()
            if outline.part == part
        ]
        for part, title in PARTS.items()
    }
    files.write_text(output / "index.html", render_contents({title: every for title, every in parts.items() if every}))
    return output / "index.html"


def _outline(name: str, notebook: nbformat.NotebookNode) -> Outline:
    about = notebook.metadata["workbench"]["lesson"]
    header = str(notebook.cells[0].source)
    title = header.partition("\n")[0].removeprefix("# ").strip()
    goals = tuple(goal.rstrip(";.") for goal in re.findall(r"^- (.+)$", header, re.MULTILINE))
    return Outline(name[:2], name, title, goals, str(about["part"]), int(about["minutes"]))


def _links(every: Sequence[Outline], place: int) -> dict[str, str]:
    """Return the addresses of the lesson before, the contents and the next lesson, by their texts."""
    before = {f"← {every[place - 1].number}": f"../{every[place - 1].name}/report.html"} if place else {}
    after = every[place + 1 : place + 2]
    following = {f"{outline.number} {outline.title} →": f"../{outline.name}/report.html" for outline in after}
    return {**before, "Contents": "../index.html", **following}

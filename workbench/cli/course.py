"""The course: `workbench course`."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.app import Output, Parameters, app, fail, values

_COURSE = """Run the lessons and write them as pages that open offline, with a table of contents.

Lessons are named by their numbers; without any, all are run.

\b
Examples:
  workbench course
  workbench course 03 06 -p seed=1
  workbench course --solutions -o reports/course-for-teachers"""


@app.command(help=_COURSE)
def course(
    lessons: Annotated[list[str] | None, typer.Argument(help="Numbers of lessons, such as 03.")] = None,
    parameter: Parameters = [],  # noqa: B006 - typer only reads it
    solutions: Annotated[
        bool, typer.Option("--solutions", help="The teacher's twin: with the solutions of all exercises.")
    ] = False,
    output: Output = None,
) -> None:
    """Render the course."""
    from workbench import reports, teach

    folder = output or Path("reports/course")
    try:
        path = teach.render_course(
            folder, lessons=lessons or (), parameters=values(parameter), solutions=solutions, progress=True
        )
    except reports.ReportError as error:
        fail(str(error), code=1)
    print(f"\nThe course is {path}")

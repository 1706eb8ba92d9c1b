"""Solutions, apart from the notebooks: `notebooks/solutions/NN.py` has a section for each exercise.

A section begins with a line such as `# %% 02.2` and leaves the answer in `answer`.
"""

import re

from workbench.checks import unknown_name
from workbench.reports import notebooks

_SECTION = re.compile(r"^# %% (\d\d\.\d+)\s*$", re.MULTILINE)


def solutions(number: str) -> dict[str, str]:
    """Return the code of the solutions of a lesson by exercise; none if it has no exercises."""
    folders = {path.parent for path in notebooks().values()}
    for folder in folders:
        path = folder / "solutions" / f"{number}.py"
        if path.is_file():
            parts = _SECTION.split(path.read_text(encoding="utf-8"))
            return {exercise: code.strip() for exercise, code in zip(parts[1::2], parts[2::2], strict=True)}
    return {}


def solution(exercise: str) -> str:
    """Return the code that solves an exercise.

    Raises:
        ValueError: If there is none.
    """
    known = solutions(exercise.partition(".")[0])
    if exercise not in known:
        raise ValueError(unknown_name("solution of the exercise", exercise, known))
    return known[exercise]

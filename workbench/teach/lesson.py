"""A lesson that is under way: its parameters, its runs, its questions and its checks."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from workbench import config
from workbench.reports import Card, notebooks
from workbench.reports.parameters import declaration, read
from workbench.runs import Run
from workbench.teach.checking import check
from workbench.teach.solutions import solution
from workbench.teach.verdicts import Verdict

T = TypeVar("T")

_CODE = re.compile(r"(`[^`]*`|\$[^$]*\$)")


def begin(number: str, namespace: dict[str, Any]) -> "Lesson":
    """Begin a lesson in a notebook: check its parameters, and return the lesson.

        lesson = teach.begin("02", globals())

    Args:
        number: of the lesson, such as "02".
        namespace: of the notebook, `globals()`; its parameters are those of the cell with the tag `parameters`.

    Raises:
        ValueError: If there is no such lesson, or a parameter is of another type than the notebook declares.
    """
    found = [path for name, path in notebooks().items() if name.startswith(f"{number}_")]
    if not found:
        known = ", ".join(name[:2] for name in notebooks())
        raise ValueError(f"There is no lesson {number!r}. Known: {known}.")
    declared = declaration(read(found[0]))
    config.checked(declared, {name: namespace[name] for name in declared.model_fields if name in namespace})
    return Lesson(number, namespace)


@dataclass(frozen=True)
class Lesson:
    """A lesson that is under way in a notebook; `begin` makes it.

    Attributes:
        number: such as "02".
        namespace: of the notebook.
    """

    number: str
    namespace: dict[str, Any] = field(repr=False)

    @property
    def rng(self) -> np.random.Generator:
        """A generator of numpy that starts anew from the notebook's `seed`."""
        return np.random.default_rng(self._parameter("seed", 0))

    def sized(self, full: T, smoke: T) -> T:
        """Return the first, or the second where the notebook runs with `smoke`, which only tests that it runs."""
        return smoke if self._parameter("smoke", False) else full

    def train(self, runs: Mapping[str, Mapping[str, Any]], **common: Any) -> dict[str, Run]:
        """Train runs one after another, or take them up where they are done, and return them by the same names.

            runs = lesson.train({"m = 0": {"loss": "normface"}, "m = 0.5": {"loss": "arcface"}}, dim=3, epochs=40)

        Args:
            runs: parameters of a `workbench.config.RunConfig`, by a name that figures show.
            **common: parameters that all of them share. By default the notebook's `seed` and `device`, the backbone
                "mlp", 20 moments for the playback and one checkpoint at the end.
        """
        from workbench.training import Trainer

        folder = Path(self._parameter("run_dir", "reports/run"))
        trained = {}
        for name, parameters in runs.items():
            one: dict[str, Any] = {"model": "mlp", "snapshots": 20, "checkpoint_every": 1000, **common, **parameters}
            one = {"seed": self._parameter("seed", 0), "device": self._parameter("device", "cpu"), **one}
            run = config.checked(config.RunConfig, one)
            trained[name] = Trainer(run, folder / run.folder_name(), progress=False).fit()
        return trained

    def say(self, text: str) -> "Prose":
        """Show Markdown that quotes numbers of this run: give an f-string, so that text cannot drift from results.

        Numbers as Python writes them, -0.5 and 6.9e-05, are shown as people do, −0.5 and 6.9×10⁻⁵, but not in code
        and formulas.
        """
        parts = _CODE.split(text)
        parts[::2] = map(_typeset, parts[::2])
        return Prose("".join(parts))

    def predict(self, question: str, replies: Mapping[str, str]) -> Card:
        """Ask for a guess before the figure. Opening an answer shows its reply, which must not give the figure away."""
        return _folded("Predict", question, replies)

    def questions(self, answers: Mapping[str, str]) -> Card:
        """Ask the questions at the end of a lesson, with their answers folded."""
        return _folded("Questions", "Answer each for yourself, then open it.", answers)

    def check(self, exercise: str, answer: Any) -> Verdict:
        """Check an answer, see `workbench.teach.check`; with the notebook's `solutions`, the solution's instead."""
        strict = self._parameter("strict_checks", False)
        if not self._parameter("solutions", False):
            return check(exercise, answer, strict=strict)
        code = solution(exercise)
        namespace = dict(self.namespace)
        exec(compile(code, f"solution {exercise}", "exec"), namespace)  # noqa: S102 - the course's own code
        verdict = check(exercise, namespace["answer"], strict=strict)
        return Verdict(**{**vars(verdict), "solution": code})

    @property
    def opened(self) -> bool:
        """Whether somebody is there to use what needs a kernel: as `interactive` says, or where Jupyter shows it."""
        wanted = self._parameter("interactive", None)
        if wanted is None:  # Jupyter names the notebook that somebody has opened; papermill opens none
            wanted = "JPY_SESSION_NAME" in os.environ or "__vsc_ipynb_file__" in self.namespace
        return bool(wanted)

    def live(self, make: Callable[[], T], what: str) -> "T | Card":
        """Show what needs a kernel where somebody is there to use it, and elsewhere say what it would be.

        Args:
            make: makes an explorer.
            what: what it lets people do, as a sentence.
        """
        if self.opened:
            return make()
        note = "This needs a running notebook: open it with <code>make lab</code>."
        return Card(f'<section class="wb-live"><p><strong>Live</strong> · {escape(what)}</p><p>{note}</p></section>')

    def _parameter(self, name: str, default: Any) -> Any:
        return self.namespace.get(name, default)


class Prose:
    """Markdown made in a run."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/markdown": self.text, "text/plain": self.text}


def _typeset(text: str) -> str:
    from workbench.figures.text import power  # brings plotly, which the table of contents does not need

    text = re.sub(r"(?<![\w.])1e([+-]\d+)\b", lambda found: power(int(found[1])), text)
    text = re.sub(r"(?<=\d)e([+-]\d+)\b", lambda found: f"×{power(int(found[1]))}", text)
    return re.sub(r"(?<![\w)-])-(?=\.?\d)", "−", text)


def _folded(kind: str, text: str, folds: Mapping[str, str]) -> Card:
    shown = "".join(
        f"<details><summary>{escape(title)}</summary><p>{escape(inside)}</p></details>"
        for title, inside in folds.items()
    )
    return Card(f'<section class="wb-ask"><p><strong>{kind}</strong> · {escape(text)}</p>{shown}</section>')

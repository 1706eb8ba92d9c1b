"""Parameters of a notebook are checked before anything runs."""

import pytest
from nbformat.v4 import new_code_cell

from tests.reports.notebooks import notebook
from workbench.reports import find_notebook
from workbench.reports.parameters import check, declaration, read

ALL_TYPES = """
epochs: int = 3
lr: float = 0.1
name: str = "a"
flag: bool = False
margin: float | None = None
losses: list[str] = ["softmax"]
shape: tuple[int, ...] = (1, 8)
options: dict[str, int] = {}
"""


def test_the_cell_declares_names_types_and_defaults() -> None:
    fields = declaration(notebook(parameters=ALL_TYPES)).model_fields
    assert list(fields) == ["epochs", "lr", "name", "flag", "margin", "losses", "shape", "options"]
    assert fields["losses"].annotation == list[str]
    assert fields["margin"].annotation == (float | None)
    assert fields["shape"].default == (1, 8)


def test_given_values_come_back_in_the_declared_types() -> None:
    given = {"epochs": "4", "margin": 0.25, "losses": ["a", "b"]}
    assert check(notebook(parameters=ALL_TYPES), given) == {"epochs": 4, "margin": 0.25, "losses": ["a", "b"]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"epoch": 4}, r"There is no parameter 'epoch'. Did you mean 'epochs'\?"),
        ({"epochs": "many"}, r"The 'epochs' parameter must be a valid integer.*Got 'many' instead\."),
        ({"losses": "softmax"}, r"The 'losses' parameter must be a valid list\. Got 'softmax' instead\."),
        ({"lr": float("nan")}, r"The 'lr' parameter must be a finite number\. Got nan instead\."),
    ],
)
def test_a_wrong_parameter_is_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check(notebook(parameters=ALL_TYPES), given)


def test_every_wrong_parameter_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)'epochs'.*\n.*'wrong'"):
        check(notebook(), {"epochs": "x", "wrong": 1})


@pytest.mark.parametrize(
    "line", ["epochs = 3", "epochs: int", "import os", "epochs: int = len('abc')", "x: os.PathLike = 3", "print(1)"]
)
def test_only_annotated_literals_may_stand_there(line: str) -> None:
    with pytest.raises(ValueError, match=r"must hold only lines like 'epochs: int = 40'\. Got"):
        declaration(notebook(parameters=line))


def test_exactly_one_parameters_cell() -> None:
    none, two = notebook(), notebook()
    none.cells = none.cells[1:]
    two.cells.append(new_code_cell("a: int = 1", metadata={"tags": ["parameters"]}))
    for made, count in ((none, 0), (two, 2)):
        with pytest.raises(ValueError, match=rf"exactly one cell with the tag 'parameters'\. Got {count}"):
            declaration(made)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"losses": ["arcfase"]}, "There is no loss 'arcfase'. Did you mean 'arcface'"),
        ({"epochs": 0}, "The 'epochs' parameter must be greater than or equal to 1. Got 0 instead."),
        ({"losses": ["arcface"], "margin": 9.0}, "The 'margin' parameter of ArcFace must be a number in"),
        ({"losses": ["softmax"], "margin": 0.5}, "There is no parameter of softmax named 'margin'"),
    ],
)
def test_the_run_report_is_checked_by_the_schema_of_runs(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check(read(find_notebook("90_run_report")), given)


def test_a_file_that_is_no_notebook(tmp_path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"broken\.ipynb cannot be read as a notebook"):
        read(path)
    with pytest.raises(ValueError, match="There is no notebook"):
        read(tmp_path / "missing.ipynb")

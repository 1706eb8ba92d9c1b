"""The house form of a lesson, which its readers rely on."""

import ast
import re
import statistics

import pytest

from tests.notebooks.lessons import LESSONS, exercises, read, tags
from workbench.reports import notebooks
from workbench.reports.parameters import declaration

COMMON = {
    "seed": 0,
    "smoke": False,
    "device": "cpu",
    "run_dir": "reports/run",
    "interactive": None,
    "solutions": False,
    "strict_checks": False,
}


def hidden(cell) -> bool:
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def code_cells(name: str):
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


def prose(name: str) -> str:
    return "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", sorted(notebooks()))
def test_nothing_is_stored_and_every_cell_has_an_id(name: str) -> None:
    notebook = read(name)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(name))


@pytest.mark.parametrize("name", LESSONS)
def test_it_begins_with_its_question_and_its_goals(name: str) -> None:
    header = read(name).cells[0].source
    assert re.match(r"# .+\?\n", header)
    assert 2 <= len(re.findall(r"^- ", header, re.MULTILINE)) <= 4
    for word in ("**Before this**", "**Time**", "**Not here**"):
        assert word in header
    about = read(name).metadata["workbench"]["lesson"]
    assert about["part"] in ("start", "core", "practice", "research")
    assert 1 <= about["minutes"] <= 60


@pytest.mark.parametrize("name", LESSONS)
def test_its_parameters_are_literals_with_the_common_ones(name: str) -> None:
    defaults = {key: field.default for key, field in declaration(read(name)).model_fields.items()}
    common = COMMON | ({"device": "cuda"} if name == "91_gpu_scale" else {})
    assert {key: defaults.get(key, "missing") for key in COMMON} == common
    assert tags(code_cells(name)[0]) == ["parameters"]
    assert tags(code_cells(name)[1]) == ["setup"]
    assert f'lesson = teach.begin("{name[:2]}", globals())' in code_cells(name)[1].source


@pytest.mark.parametrize("name", LESSONS)
def test_cells_are_thin(name: str) -> None:
    lines = [len(cell.source.splitlines()) for cell in code_cells(name)[2:] if not hidden(cell)]
    assert max(lines) <= 25
    assert statistics.median(lines) <= 8
    words = len(re.findall(r"\w+", prose(name)))
    assert words <= 1800
    assert words >= 350


@pytest.mark.parametrize("name", LESSONS)
def test_sections_are_claims_and_figures_are_explained(name: str) -> None:
    text = prose(name) + "\n".join(cell.source for cell in code_cells(name) if hidden(cell))
    assert len(re.findall(r"^## ", text, re.MULTILINE)) >= 3
    assert "**Read it.**" in text
    assert "**Careful.**" in text
    assert "## Sources" in text
    assert "**Next**" in text


@pytest.mark.parametrize("name", LESSONS)
def test_every_exercise_is_an_untouched_answer_and_a_check(name: str) -> None:
    cells = code_cells(name)
    for place, cell in enumerate(cells):
        for exercise in [tag.partition(":")[2] for tag in tags(cell) if tag.startswith("exercise:")]:
            assert exercise.startswith(f"{name[:2]}.")
            assert "..." in cell.source
            assert tags(cells[place + 1]) == [f"check:{exercise}"]
            assert cells[place + 1].source.startswith(f'lesson.check("{exercise}", ')
    assert len(exercises(name)) >= (1 if name.startswith("00") else 3)


@pytest.mark.parametrize("name", LESSONS)
def test_results_in_the_text_come_from_the_run(name: str) -> None:
    """Markdown holds no measured percentage: `lesson.say` quotes those."""
    assert not re.findall(r"\d+\.\d+ ?%", prose(name))


@pytest.mark.parametrize("name", LESSONS)
def test_the_code_is_the_library_s(name: str) -> None:
    """Cells call the library: no class, and no function but those that a learner is to write."""
    for cell in code_cells(name):
        tree = ast.parse(cell.source)
        assert not any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
        if not any(tag.startswith("exercise:") for tag in tags(cell)):
            assert not any(isinstance(node, ast.FunctionDef) for node in tree.body)

"""Small notebooks for one purpose each."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def notebook(*cells: str, parameters: str = "epochs: int = 3", **metadata: object) -> nbformat.NotebookNode:
    """A notebook with a parameters cell and these code cells; a cell that starts with '# ' and a letter is prose."""
    made = [new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    made += [new_markdown_cell(cell) if cell.startswith("# ") else new_code_cell(cell) for cell in cells]
    return new_notebook(cells=made, metadata={**KERNEL, **metadata})


def saved(folder: Path, made: nbformat.NotebookNode, name: str = "lesson.ipynb") -> Path:
    path = folder / name
    nbformat.write(made, path)
    return path

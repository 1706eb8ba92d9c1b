"""Parameters of a notebook: what its `parameters` cell declares, and checking what is given against it."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Union

import nbformat
from pydantic import BaseModel, ConfigDict, create_model

from workbench import config

_TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "None": NoneType,
}


def read(path: Path) -> nbformat.NotebookNode:
    """Return the notebook at `path`.

    Raises:
        ValueError: If it is not there, or not a notebook.
    """
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
        return notebook
    except FileNotFoundError:
        raise ValueError(f"There is no notebook {path}.") from None
    except Exception as error:  # noqa: BLE001 - nbformat raises whatever its JSON and schema readers do
        raise ValueError(f"{path} cannot be read as a notebook ({error}).") from None


def check(notebook: nbformat.NotebookNode, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters to run a notebook with, in the types that it declares.

    Names and types are those of the annotated `parameters` cell. If the notebook's metadata name a schema
    (`{"workbench": {"config": "ReportConfig"}}`), the values are checked by it too, before anything runs.

    Raises:
        ValueError: With a sentence for each parameter that is unknown, ill-typed or out of range.
    """
    declared = declaration(notebook)
    values = config.checked(declared, given)
    parameters = {name: value for name, value in values.model_dump().items() if name in given}
    for name, value in parameters.items():
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"The {name!r} parameter holds half a letter, or bytes that are no text, which a notebook cannot be "
                f"saved with. Got {value!r}. Rename the file, or write the letter whole."
            ) from None
    schema = getattr(config, notebook.metadata.get("workbench", {}).get("config", ""), None)
    if schema is not None:
        defaults = values.model_dump()
        config.checked(schema, {name: defaults[name] for name in schema.model_fields if name in defaults})
    return parameters


def declaration(notebook: nbformat.NotebookNode) -> type[BaseModel]:
    """Return a pydantic model of the notebook's `parameters` cell: names, types, defaults.

    Raises:
        ValueError: If there is not exactly one such cell, or it holds more than annotated literals.
    """
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ValueError(f"A notebook must have exactly one cell with the tag 'parameters'. Got {len(cells)}.")
    fields: dict[str, Any] = {}
    for statement in ast.parse(cells[0].source).body:
        try:
            if not (
                isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value
            ):
                raise ValueError
            fields[statement.target.id] = (_type(statement.annotation), ast.literal_eval(statement.value))
        except ValueError:
            raise ValueError(
                f"The 'parameters' cell must hold only lines like 'epochs: int = 40'. Got {ast.unparse(statement)!r}."
            ) from None
    return create_model("Parameters", __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **fields)


def _type(node: ast.expr) -> Any:
    """Return the type an annotation means, for the types that a parameter can have."""
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.Constant(value=None):
            return NoneType
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_type(left), _type(right)]  # noqa: UP007 - the types are values here
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Tuple(elts=parts)) if name in _TYPES:
            return _TYPES[name][tuple(_type(part) for part in parts)]
        case ast.Subscript(value=ast.Name(id=name), slice=part) if name in _TYPES:
            return _TYPES[name][_type(part)]
        case ast.Constant(value=value) if value is ...:
            return ...
    raise ValueError(f"not a parameter's type: {ast.unparse(node)}")

"""What an import brings along, and the names that the public rooms offer.

`python -m tests.test_imports > tests/api_surface.json` writes the list of public names anew. A name in it is a
promise to everybody's notebooks: add with care, and take away only with a line in the changelog.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import workbench

SURFACE = Path(__file__).with_name("api_surface.json")
ROOMS = ("claims", "data", "embedders", "explorers", "geometry", "losses", "models", "protocols", "sweeps")
HEAVY = ("IPython", "ipywidgets", "jupyter_client", "matplotlib", "numba", "pandas", "papermill", "plotly", "scipy")
HEAVY += ("onnx", "onnxruntime", "onnxscript", "sklearn", "umap")


def test_imports_are_light() -> None:
    """`import workbench` takes next to nothing, its rooms no more than torch, and plotly comes with the first chart."""
    script = (
        "import sys, workbench; print(' '.join(sys.modules)); "
        f"[getattr(workbench, room) for room in {ROOMS}]; print(' '.join(sys.modules)); "
        "import workbench.cli, workbench.training; print(' '.join(sys.modules)); "
        "import workbench.reports.rendering, workbench.teach; print(' '.join(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    alone, rooms, training, pages = (
        {name.partition(".")[0] for name in line.split()} for line in run.stdout.splitlines()
    )
    assert not alone & {"numpy", "torch", "pydantic", *HEAVY}
    assert "torch" in rooms
    assert not rooms & set(HEAVY)
    assert not training & set(HEAVY)
    assert "plotly" not in pages


NO_ROOMS = ("__version__", "explore")


@pytest.mark.parametrize("name", [name for name in workbench.__all__ if name not in NO_ROOMS])
def test_every_room_opens_by_its_name(name: str) -> None:
    assert getattr(workbench, name) is importlib.import_module(f"workbench.{name}")


def test_a_room_that_is_not_there() -> None:
    with pytest.raises(AttributeError) as error:
        workbench.cellar  # noqa: B018
    rooms = ", ".join(name for name in workbench.__all__ if name not in NO_ROOMS)
    assert workbench.explore is workbench.explorers.explore
    assert str(error.value) == f"module 'workbench' has no attribute 'cellar'. It has {rooms}."
    assert dir(workbench) == sorted(workbench.__all__)


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its `__all__`, or without one whatever it defines itself."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return sorted(getattr(module, "__all__", [name for name in own if not name.startswith("_")]))


def surface() -> dict[str, list[str]]:
    return {room: public_names(importlib.import_module(f"workbench.{room}")) for room in ROOMS}


def test_public_names_are_those_that_were_promised() -> None:
    assert surface() == json.loads(SURFACE.read_text()), (
        "The public names have changed. If that is meant, say so in CHANGELOG.md and write the list anew with "
        "`python -m tests.test_imports > tests/api_surface.json`."
    )


@pytest.mark.parametrize("room", ROOMS)
def test_every_promised_name_is_there_and_described(room: str) -> None:
    module = importlib.import_module(f"workbench.{room}")
    for name in surface()[room]:
        value = getattr(module, name)
        assert isinstance(value, (int, float, tuple, ModuleType)) or value.__doc__, f"{room}.{name} has no docstring"


if __name__ == "__main__":
    print(json.dumps(surface(), indent=2))

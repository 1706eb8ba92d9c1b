"""What needs a kernel: training that can be watched, and views as widgets whose state Python reads and sets.

They are imported when they are first used, because they bring torch and ipywidgets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.explorers.explorer import Explorer as Explorer
    from workbench.explorers.explorer import explore as explore
    from workbench.explorers.live import Training as Training
    from workbench.explorers.live import training as training
    from workbench.explorers.margins import margin_curves as margin_curves

_HOMES = {
    "Explorer": "explorer",
    "Training": "live",
    "explore": "explorer",
    "margin_curves": "margins",
    "training": "live",
}

__all__ = ["Explorer", "Training", "explore", "margin_curves", "training"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"workbench.explorers.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'workbench.explorers' has no attribute {name!r}. It has {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)

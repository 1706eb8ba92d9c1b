"""Hypersphere Workbench: see, compare and learn the margin losses of face recognition.

The rooms are imported when they are first used, so that `import workbench` costs no more than torch:

    import workbench as wb

    head = wb.losses.create("elasticface-arc", dim=512, classes=10_000)
    geometry = wb.geometry.measure(embeddings, labels, head.weight)
    wb.figures.pair_similarity({"mine": geometry.pairs})
    wb.explore(embeddings, labels)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench import claims as claims
    from workbench import data as data
    from workbench import distributed as distributed
    from workbench import embedders as embedders
    from workbench import embeddings as embeddings
    from workbench import explorers as explorers
    from workbench import exports as exports
    from workbench import figures as figures
    from workbench import geometry as geometry
    from workbench import losses as losses
    from workbench import models as models
    from workbench import protocols as protocols
    from workbench import recognition as recognition
    from workbench import reports as reports
    from workbench import runs as runs
    from workbench import sweeps as sweeps
    from workbench import teach as teach
    from workbench import training as training
    from workbench import views as views
    from workbench.explorers import explore as explore

__version__ = "0.1.0"

_ROOMS = (
    "claims",
    "data",
    "distributed",
    "embedders",
    "embeddings",
    "explorers",
    "exports",
    "figures",
    "geometry",
    "losses",
    "models",
    "protocols",
    "recognition",
    "reports",
    "runs",
    "sweeps",
    "teach",
    "training",
    "views",
)

__all__ = ["__version__", "explore", *_ROOMS]


def __getattr__(name: str) -> Any:
    if name == "explore":
        return import_module("workbench.explorers").explore
    if name in _ROOMS:
        return import_module(f"workbench.{name}")
    raise AttributeError(f"module 'workbench' has no attribute {name!r}. It has {', '.join(_ROOMS)}.")


def __dir__() -> list[str]:
    return sorted(__all__)

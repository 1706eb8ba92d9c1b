"""Anybody's network as an embedder: `embedders.load(source).embed(images)`."""

from workbench.embedders.embedder import Embedder as Embedder
from workbench.embedders.pixels import SCALINGS as SCALINGS
from workbench.embedders.pixels import Pixels as Pixels
from workbench.embedders.sources import load as load

__all__ = ["SCALINGS", "Embedder", "Pixels", "load"]

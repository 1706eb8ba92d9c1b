"""Images in: every source becomes an ImageSet."""

from workbench.data.imageset import ImageSet as ImageSet
from workbench.data.imageset import to_float as to_float
from workbench.data.registry import describe as describe
from workbench.data.registry import load as load
from workbench.data.registry import names as names
from workbench.data.split import Split as Split
from workbench.data.split import split as split

__all__ = ["ImageSet", "Split", "describe", "load", "names", "split", "to_float"]

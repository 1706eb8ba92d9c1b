"""Images in: every source becomes an ImageSet."""

from workbench.data.bins import load_bin as load_bin
from workbench.data.bins import write_bin as write_bin
from workbench.data.catalogue import Skipped as Skipped
from workbench.data.imageset import ImageSet as ImageSet
from workbench.data.imageset import to_float as to_float
from workbench.data.importing import import_set as import_set
from workbench.data.pairlist import read_pairs as read_pairs
from workbench.data.pairs import Pairs as Pairs
from workbench.data.pairs import VerificationSet as VerificationSet
from workbench.data.registry import describe as describe
from workbench.data.registry import load as load
from workbench.data.registry import names as names
from workbench.data.rows import Rows as Rows
from workbench.data.split import Split as Split
from workbench.data.split import split as split
from workbench.data.verification import is_verification as is_verification
from workbench.data.verification import load_verification as load_verification

__all__ = [
    "ImageSet",
    "Pairs",
    "Rows",
    "Skipped",
    "Split",
    "VerificationSet",
    "describe",
    "import_set",
    "is_verification",
    "load",
    "load_bin",
    "load_verification",
    "names",
    "read_pairs",
    "split",
    "to_float",
    "write_bin",
]

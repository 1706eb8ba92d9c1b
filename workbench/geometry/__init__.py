"""What a set of unit vectors looks like: `geometry.measure(embeddings, labels, prototypes)`.

Every part is a function of its own, usable on anybody's embeddings. Results are frozen dataclasses of NumPy arrays and
Python numbers; angles are radians.
"""

from workbench.geometry.angles import Angles as Angles
from workbench.geometry.angles import angle_between as angle_between
from workbench.geometry.angles import angles as angles
from workbench.geometry.collapse import Collapse as Collapse
from workbench.geometry.collapse import collapse as collapse
from workbench.geometry.intervals import Interval as Interval
from workbench.geometry.intervals import jackknife as jackknife
from workbench.geometry.intervals import wilson as wilson
from workbench.geometry.maps import Map as Map
from workbench.geometry.maps import project as project
from workbench.geometry.negatives import ClassNegatives as ClassNegatives
from workbench.geometry.negatives import class_negatives as class_negatives
from workbench.geometry.pairs import HardestPairs as HardestPairs
from workbench.geometry.pairs import PairCounts as PairCounts
from workbench.geometry.pairs import Similarities as Similarities
from workbench.geometry.pairs import pair_counts as pair_counts
from workbench.geometry.roc import EqualErrorRate as EqualErrorRate
from workbench.geometry.roc import Roc as Roc
from workbench.geometry.roc import equal_error_rate as equal_error_rate
from workbench.geometry.roc import roc as roc
from workbench.geometry.separation import Separation as Separation
from workbench.geometry.separation import alignment as alignment
from workbench.geometry.separation import auc as auc
from workbench.geometry.separation import gap as gap
from workbench.geometry.separation import genuine_below as genuine_below
from workbench.geometry.separation import overlap as overlap
from workbench.geometry.separation import separation as separation
from workbench.geometry.separation import uniformity as uniformity
from workbench.geometry.sphere import SphereMap as SphereMap
from workbench.geometry.sphere import sphere_map as sphere_map
from workbench.geometry.sphere import sphere_maps as sphere_maps
from workbench.geometry.summary import Geometry as Geometry
from workbench.geometry.summary import measure as measure
from workbench.geometry.verification import Rate as Rate
from workbench.geometry.verification import Rates as Rates
from workbench.geometry.verification import TarAtFar as TarAtFar
from workbench.geometry.verification import d_prime as d_prime
from workbench.geometry.verification import rates as rates
from workbench.geometry.verification import resolves as resolves
from workbench.geometry.verification import tar_at_far as tar_at_far

__all__ = [
    "Angles",
    "ClassNegatives",
    "Collapse",
    "EqualErrorRate",
    "Geometry",
    "HardestPairs",
    "Interval",
    "Map",
    "PairCounts",
    "Rate",
    "Rates",
    "Roc",
    "Separation",
    "Similarities",
    "SphereMap",
    "TarAtFar",
    "alignment",
    "angle_between",
    "angles",
    "auc",
    "class_negatives",
    "collapse",
    "d_prime",
    "equal_error_rate",
    "gap",
    "genuine_below",
    "jackknife",
    "measure",
    "overlap",
    "pair_counts",
    "project",
    "rates",
    "resolves",
    "roc",
    "separation",
    "sphere_map",
    "sphere_maps",
    "tar_at_far",
    "uniformity",
    "wilson",
]

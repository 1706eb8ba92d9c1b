"""Arrays in, plotly figures out; nothing here knows of torch.

Every figure is binned before it is shipped, escapes the names it is given, keeps its axes at bounds that mean
something, and carries its title, caption and a sentence for screen readers in `layout.meta`.
"""

from workbench.figures.angles import angle_distributions as angle_distributions
from workbench.figures.det import det as det
from workbench.figures.intervals import intervals as intervals
from workbench.figures.lines import lines as lines
from workbench.figures.margins import margins as margins
from workbench.figures.margins import realised_margins as realised_margins
from workbench.figures.matrix import similarity_matrix as similarity_matrix
from workbench.figures.pairs import pair_similarity as pair_similarity
from workbench.figures.plane import plane as plane
from workbench.figures.sphere import hypersphere as hypersphere
from workbench.figures.training import training_curves as training_curves
from workbench.figures.verification import roc as roc

__all__ = [
    "angle_distributions",
    "det",
    "hypersphere",
    "intervals",
    "lines",
    "margins",
    "pair_similarity",
    "plane",
    "realised_margins",
    "roc",
    "similarity_matrix",
    "training_curves",
]

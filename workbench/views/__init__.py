"""What runs in the browser: each view is a payload built here and an ES module on a plain canvas beside it.

The same module is a live widget in JupyterLab and inline script in a page that opens from disk, offline.
"""

from workbench.views.angle_distributions import angle_distributions as angle_distributions
from workbench.views.assets import bundle as bundle
from workbench.views.assets import names as names
from workbench.views.assets import runtime as runtime
from workbench.views.assets import styles as styles
from workbench.views.centre_gram import centre_gram as centre_gram
from workbench.views.circle import circle as circle
from workbench.views.embedding_map import embedding_map as embedding_map
from workbench.views.frames import Frames as Frames
from workbench.views.hard_pairs import hard_pairs as hard_pairs
from workbench.views.hypersphere import hypersphere as hypersphere
from workbench.views.margin import Margin as Margin
from workbench.views.margin_curves import margin_curves as margin_curves
from workbench.views.pair_similarity import PairHistograms as PairHistograms
from workbench.views.pair_similarity import pair_similarity as pair_similarity
from workbench.views.training_record import Progress as Progress
from workbench.views.training_record import training_record as training_record
from workbench.views.view import View as View

"""What the page of a sweep shows, each of a `Results`: the notebook `93_sweep_report` calls nothing else."""

from workbench.sweeps.cards import headline as headline
from workbench.sweeps.cards import runs as runs
from workbench.sweeps.cards import table as table
from workbench.sweeps.conditions import conditions as conditions
from workbench.sweeps.plots import curves as curves
from workbench.sweeps.plots import differences as differences
from workbench.sweeps.plots import grid as grid
from workbench.sweeps.plots import pairs as pairs
from workbench.sweeps.plots import spheres as spheres

__all__ = ["conditions", "curves", "differences", "grid", "headline", "pairs", "runs", "spheres", "table"]

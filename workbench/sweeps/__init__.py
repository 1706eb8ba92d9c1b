"""Losses x seeds x data x parameters, for comparisons that are fair.

    results = sweeps.run(sweeps.load("sweep.yaml"))
    print(sweeps.table(results))

A spec says what is compared; everything else is alike for all. Every run is an ordinary run folder, and the folders
are the truth: what is done is never repeated, and the table comes out the same however often the work was stopped.
"""

from workbench.sweeps.results import Outcome as Outcome
from workbench.sweeps.results import Results as Results
from workbench.sweeps.results import gather as gather
from workbench.sweeps.running import run as run
from workbench.sweeps.running import write_page as write_page
from workbench.sweeps.spec import Sweep as Sweep
from workbench.sweeps.spec import example as example
from workbench.sweeps.spec import load as load
from workbench.sweeps.table import table as table
from workbench.sweeps.tuning import Search as Search
from workbench.sweeps.tuning import tune as tune

__all__ = ["Outcome", "Results", "Search", "Sweep", "example", "gather", "load", "run", "table", "tune", "write_page"]

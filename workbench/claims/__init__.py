"""What the four papers claim, and whether it shows here: experiment, number, interval and verdict.

    rows = claims.read()
    told = claims.verdicts(claims.CLAIMS, rows)

Results are stored as numbers, run by run, so that every table is made without training; `docs/claims.md` is written
from them by `workbench claims write`. A claim is published as it comes out.
"""

from workbench.claims.catalogue import CLAIMS as CLAIMS
from workbench.claims.catalogue import PAPERS as PAPERS
from workbench.claims.catalogue import chosen as chosen
from workbench.claims.claim import At as At
from workbench.claims.claim import Claim as Claim
from workbench.claims.claim import Line as Line
from workbench.claims.claim import Paper as Paper
from workbench.claims.measures import NUMBERS as NUMBERS
from workbench.claims.measures import measure as measure
from workbench.claims.page import markdown as markdown
from workbench.claims.page import table as table
from workbench.claims.running import missing as missing
from workbench.claims.running import run as run
from workbench.claims.settings import SEEDS as SEEDS
from workbench.claims.settings import SETTINGS as SETTINGS
from workbench.claims.settings import VARIANTS as VARIANTS
from workbench.claims.settings import Setting as Setting
from workbench.claims.store import RESULTS as RESULTS
from workbench.claims.store import Row as Row
from workbench.claims.store import read as read
from workbench.claims.verdict import Verdict as Verdict
from workbench.claims.verdict import judge as judge
from workbench.claims.verdict import values as values
from workbench.claims.verdict import verdicts as verdicts

__all__ = [
    "CLAIMS",
    "NUMBERS",
    "PAPERS",
    "RESULTS",
    "SEEDS",
    "SETTINGS",
    "VARIANTS",
    "At",
    "Claim",
    "Line",
    "Paper",
    "Row",
    "Setting",
    "Verdict",
    "chosen",
    "judge",
    "markdown",
    "measure",
    "missing",
    "read",
    "run",
    "table",
    "values",
    "verdicts",
]

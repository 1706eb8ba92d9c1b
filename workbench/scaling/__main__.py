"""`python -m workbench.scaling docs/scaling.md` writes the tables of that page anew."""

import sys
from pathlib import Path

from workbench.scaling.page import written

if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")

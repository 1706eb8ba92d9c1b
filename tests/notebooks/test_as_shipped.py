"""Every lesson runs as it is shipped: no answer is attempted, nothing stops, and the page is whole and offline."""

import re
from pathlib import Path

import pytest

from tests.notebooks.lessons import LESSONS, exercises, run, verdicts, warnings

URL = re.compile(r"""(?:src|href|url\(|import)\s*[=(]?\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)


@pytest.mark.parametrize("name", LESSONS)
def test_it_runs_and_becomes_a_page(name: str, tmp_path: Path) -> None:
    notebook = run(name, tmp_path)
    assert verdicts(notebook) == dict.fromkeys(exercises(name), "not-attempted")
    assert warnings(notebook) == []
    assert (tmp_path / "report.ipynb").stat().st_size <= 2 * 2**20
    page = tmp_path / "report.html"
    assert page.stat().st_size <= 8 * 2**20
    html = page.read_text()
    assert not URL.search(html)
    assert "$$" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert str(tmp_path) not in html, "a page tells nobody's folders"

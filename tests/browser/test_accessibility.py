"""What axe-core finds in each view alone: nothing serious, light and dark. Whole reports: see test_report.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import write_page
from tests.browser.samples import sample
from workbench import views

pytestmark = pytest.mark.browser

Faults = Callable[..., list[str]]


def test_it_finds_what_is_wrong(faults: Faults, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(
        '<!doctype html><html lang="en"><title>x</title>'
        "<style>@media (prefers-color-scheme: dark) { p { color: #eee } }</style>"
        '<main><img src="data:,"><p>Words to read</p><details><button></button></details></main>'
    )
    found = [fault.partition(":")[0] for fault in faults(path)]
    assert found == [
        "1280 light, button-name",
        "1280 light, image-alt",
        "1280 dark, button-name",
        "1280 dark, color-contrast",
        "1280 dark, image-alt",
        "400 light, button-name",
        "400 light, image-alt",
    ]


@pytest.mark.parametrize("name", views.names())
def test_a_view_alone_has_no_serious_fault(faults: Faults, tmp_path: Path, name: str) -> None:
    assert faults(write_page(tmp_path / "page.html", sample(name))) == []

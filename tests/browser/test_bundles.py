"""What a running notebook loads: each view as one ES module."""

from pathlib import Path

import pytest

from tests.browser.test_views import Open
from workbench import views

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", views.names())
def test_a_bundle_is_a_module_that_renders(open_file: Open, tmp_path: Path, name: str) -> None:
    path = tmp_path / "module.html"
    source = views.bundle(name).replace(views.assets.EXPORT, "globalThis.view = { render };")
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><script type="module">{source}</script>',
        encoding="utf-8",
    )
    page = open_file(path).page
    assert page.evaluate("typeof globalThis.view?.render") == "function"

import base64
import gzip
import re
from pathlib import Path

import pytest

from workbench.views import assets

SOURCES = sorted(Path(assets.__file__).parent.rglob("*.js"))
VIEWS = Path(assets.__file__).parent


def test_views_are_named_by_their_files() -> None:
    assert assets.names() == tuple(sorted(path.stem for path in VIEWS.glob("*.js")))
    assert {"hypersphere", "pair_similarity"} <= set(assets.names())


@pytest.mark.parametrize("name", assets.names())
def test_a_bundle_is_one_module_with_one_export(name: str) -> None:
    module = assets.bundle(name)
    assert module.count("export ") == 1
    assert module.rstrip().endswith(assets.EXPORT)
    assert "import " not in re.sub(r"//.*", "", module)


def test_the_runtime_has_shared_code_once_and_no_module_syntax() -> None:
    text = assets.runtime(("pair_similarity", "hypersphere", "hypersphere"))
    assert text.count("function createStore()") == 1
    assert text.count("registerView('hypersphere'") == text.count("registerView('pair_similarity'") == 1
    assert assets.EXPORT not in text
    assert text.count("return { render };") == 2
    assert "</script" not in text.lower()


def test_unknown_views_are_named() -> None:
    for ask in (assets.bundle, lambda name: assets.runtime((name,))):
        with pytest.raises(ValueError, match=r"There is no view 'hyperspere'. Did you mean 'hypersphere'"):
            ask("hyperspere")


@pytest.mark.parametrize(
    "source",
    [
        "function render() {}\n",
        "export default { render };\nfunction render() {}\n",
        "export const a = 1;\nexport default { render };\n",
        "import x from 'y';\nexport default { render };\n",
        "export default { render };\nexport default { render };\n",
        "/* */ export default { render };\n",
    ],
)
def test_a_view_with_another_shape_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="'mine' must have one export"):
        assets.as_function_body(source, "mine")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_sources_ask_nobody_and_write_no_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    for forbidden in (
        "http:",
        "https:",
        "fetch(",
        "XMLHttpRequest",
        "innerHTML",
        "insertAdjacentHTML",
        "eval(",
        "webgl",
    ):
        assert forbidden not in text
    assert len(text.splitlines()) <= 400


def test_styles_hold_the_theme_and_load_nothing() -> None:
    css = assets.styles()
    assert "--wb-paper:#ffffff" in css
    assert "url(" not in css
    assert "@import" not in css
    used = set(re.findall(r"var\((--wb-[a-z]+)\)", css))
    assert used <= set(re.findall(r"(--wb-[a-z]+):", css))


def test_the_script_of_an_output_is_that_of_a_page_and_half_as_long() -> None:
    script = assets.output_script(("hypersphere", "circle", "hypersphere"))
    packed = re.search(r'atob\("([A-Za-z0-9+/=]+)"\)', script)[1]
    whole = assets.runtime(("circle", "hypersphere"))
    assert gzip.decompress(base64.b64decode(packed)).decode() == whole
    assert len(script) < len(whole) / 2
    assert script.startswith('<script type="module">')
    with pytest.raises(ValueError, match="There is no view 'sphere'"):
        assets.output_script(("sphere",))

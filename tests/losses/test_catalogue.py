"""What the losses say of themselves, and the page that is made of it."""

import inspect

import pytest

from tests.conftest import ROOT
from workbench import losses
from workbench.losses import catalogue, registry


@pytest.mark.parametrize("name", losses.names())
def test_every_parameter_has_a_meaning(name: str) -> None:
    one = catalogue.entry(name)
    assert {p.name: p.default for p in one.parameters} == losses.parameters(name)
    assert all(len(p.meaning) > 10 and "\n" not in p.meaning for p in one.parameters)
    assert "=" in one.equation or name == "softmax"
    assert one.source
    assert one.differs


@pytest.mark.parametrize("name", losses.names())
def test_every_documented_parameter_is_there(name: str) -> None:
    documented = {
        key
        for piece in registry.pieces(name)
        for key, _ in catalogue._arguments(catalogue._sections(inspect.getdoc(piece) or "")["Args"])
    }
    assert documented == {"dim", "classes", *losses.parameters(name)}


@pytest.mark.parametrize("name", losses.names())
def test_a_default_is_the_one_that_is_documented(name: str) -> None:
    """Where the meaning gives a number after the range, it is the default; the names with a "+" change some."""
    for p in catalogue.entry(name).parameters:
        if isinstance(p.default, float) and name not in ("elasticface-arc+", "elasticface-cos+"):
            said = [float(word.strip("().,;:")) for word in p.meaning.split() if _is_number(word.strip("().,;:"))]
            assert p.default in said, (p.name, p.meaning)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return word[0].isdigit() or word[0] == "-"


def test_pairs_are_described_with_what_they_join() -> None:
    one = catalogue.entry("unpg-cosface")
    assert one.equation.startswith("UNPG: ")
    assert one.equation.endswith(" On top of CosFace: psi = cos(theta) - m.")
    assert [p.name for p in one.parameters] == ["scale", "margin", "whisker"]
    assert "Jung et al." in one.source
    assert "Wang et al." in one.source


def test_a_description_holds_all_of_it() -> None:
    one, text = catalogue.entry("jcsc"), losses.describe("jcsc")
    for part in (one.text, one.source, one.differs, *(p.meaning for p in one.parameters)):
        assert part in text
    assert "reconstruct" in one.equation
    assert "reconstruction" in one.differs


def test_the_page_in_the_documentation_is_that_of_the_code() -> None:
    """`workbench losses --markdown > docs/losses.md` writes it anew."""
    assert (ROOT / "docs" / "losses.md").read_text(encoding="utf-8") == catalogue.markdown()


def test_links_of_the_page_lead_to_its_headings() -> None:
    page, seen = catalogue.markdown(), {}
    for line in page.splitlines():
        if line.startswith("## "):
            anchor = line[3:].replace("+", "").lower()
            seen[anchor] = seen.get(anchor, -1) + 1
            anchor += f"-{seen[anchor]}" if seen[anchor] else ""
            assert f"(#{anchor})" in page
    assert page.count("](#") == page.count("\n## ") == len(losses.names())

"""docs/scaling.md: its tables are those of the code."""

import re

import pytest

from tests.conftest import ROOT
from workbench.scaling import page

PAGE = ROOT / "docs" / "scaling.md"


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    """`python -m workbench.scaling docs/scaling.md` writes them anew."""
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- table: ([\w-]+) -->", text)) == set(page.TABLES)
    assert page.written(text) == text


def test_a_table_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"^There is no table named 'cost'. There are constants, scaling, question, "):
        page.written("<!-- table: cost -->\nold\n<!-- end -->")


def test_what_stands_around_a_table_stays() -> None:
    found = page.written("before\n<!-- table: worst -->\nold\n<!-- end -->\nafter")
    assert found.startswith("before\n<!-- table: worst -->\n| predicted / measured |")
    assert found.endswith(" |\n<!-- end -->\nafter")
    assert "old" not in found

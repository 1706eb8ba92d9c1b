"""Notebook and parameters in, one offline HTML file out."""

from workbench.reports.cards import Card as Card
from workbench.reports.cards import headline as headline
from workbench.reports.cards import numbers as numbers
from workbench.reports.cards import run_card as run_card
from workbench.reports.differences import differences as differences
from workbench.reports.execution import ReportError as ReportError
from workbench.reports.rendering import DEFAULT_NOTEBOOK as DEFAULT_NOTEBOOK
from workbench.reports.rendering import find_notebook as find_notebook
from workbench.reports.rendering import notebooks as notebooks
from workbench.reports.rendering import render as render
from workbench.reports.rendering import write_index as write_index

__all__ = [
    "DEFAULT_NOTEBOOK",
    "Card",
    "ReportError",
    "differences",
    "find_notebook",
    "headline",
    "notebooks",
    "numbers",
    "render",
    "run_card",
    "write_index",
]

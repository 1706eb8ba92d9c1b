"""Waiting for the disk and asking git takes longer than these runs, and starting processes still longer."""

import os

import pytest

from tests.sweeps.quick import in_this_process
from workbench import environment
from workbench.sweeps import local


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the runs of sweeps in this process."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(environment, "_commit", lambda: None)
    monkeypatch.setattr(local, "work", in_this_process)

"""Runs of claims in this process, as those of sweeps."""

from tests.sweeps.conftest import here as here

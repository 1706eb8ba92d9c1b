"""The machine and the code: what a run card says of them, and what another process of ours gets to know."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# For processes that are about to import torch. Threads that wait by spinning fight with whatever else runs: on two busy
# cores a training that way took ten times as long. Threads that sleep at once are woken thousands of times a second:
# where nothing else runs, a training of small steps takes nearly twice as long. So they spin for some 200 microseconds,
# which spans most gaps within a step, and then sleep. Other OpenMP libraries than GNU's know the policy alone. A user's
# own choice goes first.
PATIENT_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "20000"}

_PACKAGES = ("hypersphere-workbench", "torch", "numpy", "scikit-learn", "plotly", "papermill")


def of_a_child(**more: str) -> dict[str, str]:
    """Return the variables of another Python of ours: its threads wait patiently, its modules are those of this one.

    The current folder may be full of a stranger's files. Python would look there first for `numpy`; it does so in the
    other process only if it does in this one, as after `python -m workbench`.
    """
    variables = {**PATIENT_THREADS, **os.environ, **more}
    if not {"", os.getcwd()} & set(sys.path):  # noqa: PTH109 - as Python itself writes it there
        variables["PYTHONSAFEPATH"] = "1"
    return variables


def facts(device: str) -> dict[str, Any]:
    """Return versions, the commit of the code (if it is a checkout) and the hardware."""
    import torch

    hardware = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        "commit": _commit(),
        "hardware": {"device": device, "name": hardware, "cores": os.cpu_count(), "threads": torch.get_num_threads()},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str | None:
    """Return the commit the package runs from, with a '+' if files were changed since."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    git = ["git", "-C", str(root)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")

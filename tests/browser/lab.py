"""A JupyterLab of its own for tests: on this machine alone, with its own settings, and nothing of the user's."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 180_000  # a kernel that imports torch on a busy machine

_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # a cell out of sight stays in the page
}


@dataclass(frozen=True)
class Lab:
    """A running server: its address, its token, and the folder of its notebooks."""

    address: str
    token: str
    folder: Path

    def url(self, notebook: str) -> str:
        """Where a notebook opens in a workspace that nobody has seen before."""
        return f"{self.address}/lab/workspaces/{secrets.token_hex(4)}/tree/{notebook}?reset&token={self.token}"


@contextmanager
def running(folder: Path) -> Iterator[Lab]:
    """Start a server whose notebooks, settings and home are in this folder, and end it with its kernels."""
    settings = folder / "settings"
    for name, content in _SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(24)
    homes = {"HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
    homes |= {"JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    environ = {
        **os.environ,
        **{name: str(folder / place) for name, place in homes.items()},
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTER_TOKEN": token,  # in the environment, where the list of processes does not show it
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={notebooks}", "--allow-root"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url="]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log)
        try:
            lab = Lab(f"http://127.0.0.1:{port}", token, notebooks)
            _wait_for(lab, server, folder / "server.log")
            yield lab
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(lab: Lab, server: "subprocess.Popen[bytes]", log: Path) -> None:
    request = urllib.request.Request(f"{lab.address}/api/status", headers={"Authorization": f"token {lab.token}"})
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        assert server.poll() is None, f"JupyterLab ended by itself: {log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(request, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not answer: {log.read_text()[-2000:]}")


def write_notebook(path: Path, sources: Sequence[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, path)


class OpenNotebook:
    """A notebook in a page of JupyterLab, found by its own id."""

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page, self.lab, self.name = page, lab, name
        page.set_default_timeout(PATIENCE_MS)
        page.goto(lab.url(name))
        page.wait_for_function("name => globalThis.jupyterapp?.shell.currentWidget?.context?.path === name", arg=name)
        page.evaluate("jupyterapp.shell.currentWidget.context.ready")
        page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready")
        self.panel = page.locator(f"[id='{page.evaluate('jupyterapp.shell.currentWidget.id')}']")

    def cell(self, i: int) -> Any:
        """The cell at a place."""
        return self.panel.locator(".jp-Notebook .jp-Cell").nth(i)

    def run_all(self) -> None:
        """As people do: by the menu."""
        self.page.locator(".lm-MenuBar-item", has_text="Run").first.click()
        self.page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()

    def save(self) -> Path:
        """Save the notebook and return its path."""
        self.page.evaluate("jupyterapp.shell.currentWidget.context.save()")
        return self.lab.folder / self.name

    def close(self) -> None:
        """End the kernel and the page."""
        self.page.evaluate("jupyterapp.shell.currentWidget?.sessionContext.shutdown()")
        self.page.close()

    def run_cell(self, i: int) -> None:
        """Run one cell and wait until it is done."""
        self.page.evaluate(
            """async i => {
              const { content, sessionContext } = jupyterapp.shell.currentWidget;
              content.activeCellIndex = i;
              content.deselectAll();
              await jupyterapp.commands.execute("notebook:run-cell");
            }""",
            i,
        )

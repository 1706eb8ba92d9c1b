"""Running a notebook under papermill, so that a failure leaves the failed notebook and a clear message."""

import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.localinterfaces import localhost
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

from workbench import environment, files


class _Kernel(AsyncKernelManager):
    """A kernel that is told how to run, and is talked to through a socket file that no other user can read."""

    @default("transport")
    def _private_transport(self) -> str:
        return "tcp" if os.name == "nt" else "ipc"

    @default("ip")
    def _own_sockets(self) -> str:
        # Jupyter's own name is the same for all kernels of a folder: two that begin at once would answer each other.
        return localhost() if self.transport == "tcp" else str(Path(tempfile.mkdtemp(prefix="workbench-")) / "kernel")

    def cleanup_ipc_files(self) -> None:
        super().cleanup_ipc_files()
        if self.transport == "ipc":
            with suppress(OSError):  # it is removed when the last of its sockets is
                Path(self.ip).parent.rmdir()

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # the parent names a wrapper
        # A figure is shown as its plain data: no script in the notebook, and a page that draws it itself.
        variables = self.variables() | {"PLOTLY_RENDERER": "plotly_mimetype"}
        await super().start_kernel(**{**options, "env": variables})

    def variables(self) -> dict[str, str]:
        """Those of a notebook of the user's, who may have modules of their own in the current folder."""
        return environment.PATIENT_THREADS | dict(os.environ)


class _OwnKernel(_Kernel):
    def variables(self) -> dict[str, str]:
        """Those of a notebook of the workbench's."""
        return environment.of_a_child()


class ReportError(Exception):
    """A notebook stopped in one of its cells."""


def execute(
    notebook: Path, parameters: Mapping[str, Any], output: Path, *, own: bool, progress: bool
) -> nbformat.NotebookNode:
    """Run a notebook and return it with its outputs, which are also saved as `output`.

    Args:
        notebook: what to run; not changed.
        parameters: what its `parameters` cell is overruled with; they are data and never become code.
        output: where the executed notebook goes. While it runs, and if it fails, it is
            `<output's stem>.failed.ipynb` instead.
        own: whether it is one of the workbench's own, which no module in the current folder can get at.
        progress: show papermill's progress bar, and what the notebook writes to its error stream.

    Raises:
        ReportError: If a cell fails: which, with what, and where the notebook up to there is.
        ValueError: If another process is running a notebook to the same place.
        OSError: If the notebook cannot be written.
    """
    # The notebook itself may well train in that folder, so the folder is not what is locked.
    running = output.with_name(f"{output.stem}.failed.ipynb")
    with files.alone(output.parent, by=running.name), files.written(running):
        return _executed(notebook, parameters, output, running, own=own, progress=progress)


def _executed(
    notebook: Path, parameters: Mapping[str, Any], output: Path, running: Path, *, own: bool, progress: bool
) -> nbformat.NotebookNode:
    import papermill

    try:
        papermill.execute_notebook(
            _as_it_is(notebook),
            _as_it_is(running),
            parameters=dict(parameters),
            kernel_name="python3",
            kernel_manager_class=_OwnKernel if own else _Kernel,
            progress_bar=progress,
            stderr_file=sys.stderr if progress else None,
        )
    except papermill.exceptions.PapermillExecutionError as error:
        source = "\n".join(f"    {line}" for line in error.source.strip().splitlines()[:12])
        raise ReportError(
            f"{notebook.name} stopped in cell {error.cell_index + 1} with {error.ename}: {error.evalue}\n\n{source}\n\n"
            f"The notebook up to there, with the traceback, is {running}"
        ) from None
    executed: nbformat.NotebookNode = nbformat.read(running, as_version=4)
    # Widgets need their kernel; what they showed is in the outputs too. papermill notes whole paths of this machine.
    executed.metadata.pop("widgets", None)
    for path_or_value in ("input_path", "output_path", "parameters"):
        executed.metadata.get("papermill", {}).pop(path_or_value, None)
    nbformat.write(executed, running)
    running.replace(output)
    return executed


def _as_it_is(path: Path) -> str:
    """Return a path as papermill takes it, which puts parameters in the place of names in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")

"""Training to watch: the sphere forming and the record growing, with Start, Pause, Step and Stop."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from workbench import data, probes, views
from workbench.config import RunConfig, checked
from workbench.explorers.session import UNITS, Session
from workbench.explorers.showing import mimebundle
from workbench.explorers.stream import LiveSphere
from workbench.runs import Run
from workbench.training import Trainer, is_kept
from workbench.views.training_record import UNITS as MARGIN_UNITS

MAX_MARKS = 150_000  # points times snapshots: 6 bytes each, as often as once a second

if TYPE_CHECKING:
    from workbench.explorers.explorer import Explorer


def training(
    loss: "str | RunConfig" = "elasticface-arc",
    *,
    folder: Path | str | None = None,
    images: data.ImageSet | None = None,
    **parameters: Any,
) -> "Training":
    """Return a training that a notebook shows, to be started by its button or by `start()`.

        training = workbench.explorers.training("arcface", epochs=20)
        training

    A run that its folder already holds is gone on with.

    Args:
        loss: a loss by its name, or the whole config of a run.
        folder: where the run lives; by default `reports/` and a name made of the parameters, as `workbench train` has.
        images: the image set, if it is not one that `data` names.
        parameters: of a `workbench.config.RunConfig`, when `loss` is a name.

    Raises:
        ValueError: a parameter that is unknown or out of range, data that leave nothing to train on, or a folder that
            holds a run with other parameters.
    """
    if isinstance(loss, RunConfig):
        if parameters:
            raise ValueError(
                f"The parameters of a training are given either as a RunConfig or one by one. Got both: a RunConfig "
                f"and {', '.join(parameters)}."
            )
        config = loss
    else:
        config = checked(RunConfig, {"loss": loss, **parameters})
    path = Path(folder) if folder is not None else Path("reports") / config.folder_name()
    return Training(config, path, images=images)


class Training:
    """A training in a notebook. It runs beside the notebook's cells and is seen at most four times a second.

    Attributes:
        controls: the ipywidgets `play`, `step`, `unit`, `stop` and `again`, by name.
    """

    def __init__(self, config: RunConfig, folder: Path, *, images: data.ImageSet | None = None) -> None:
        self._config, self._images = config, images
        self._lock = RLock()
        self.controls: dict[str, Any] = {
            "play": ipywidgets.Button(description="Start", button_style="primary"),
            "step": ipywidgets.Button(description="Step by", tooltip="Train one epoch or one step, and pause"),
            "unit": ipywidgets.Dropdown(options=UNITS, layout={"width": "90px"}, tooltip="What one step trains"),
            "stop": ipywidgets.Button(description="Stop", tooltip="End; the epochs that are done are kept"),
            "again": ipywidgets.Button(description="Start over", tooltip="The same training in a new folder"),
        }
        self.controls["play"].on_click(lambda _: self.pause() if self.state == "running" else self.start())
        self.controls["step"].on_click(lambda _: self.step(self.controls["unit"].value))
        self.controls["stop"].on_click(lambda _: self.stop())
        self.controls["again"].on_click(lambda _: self.start_over())
        self._stage = ipywidgets.Box(layout={"flex_flow": "row wrap", "width": "100%", "grid_gap": "8px 32px"})
        self._begin(folder)

    def _begin(self, folder: Path) -> None:
        """Take up what a folder holds."""
        self._trainer = trainer = Trainer(self._config, folder, images=self._images, progress=False)
        self._probed: list[dict[str, Any]] = []
        self._session = Session(trainer, self)
        self._sphere = self._first_sphere()
        self._record = self._record_view()
        for widget in (self._sphere.widget, self._record.widget):
            widget.layout.flex, widget.layout.min_width = "1 1 400px", "min(100%, 300px)"
        self._stage.children = (self._sphere.widget, self._record.widget)
        self.stand()

    def _first_sphere(self) -> LiveSphere:
        trainer, run = self._trainer, self._trainer.begun()
        epochs: Sequence[int] = [0]
        shots = [trainer.snapshot()]
        if run is not None and any((run.folder / "snapshots").glob("epoch-*.npz")):
            kept = run.snapshots()
            epochs = [int(epoch) for epoch in kept.epochs]
            shots = [
                {"embeddings": kept.embeddings[t], "labels": kept.labels}
                | ({} if kept.centres is None else {"centres": kept.centres[t]})
                for t in range(len(epochs))
            ]
        for epoch, shot in zip(epochs, shots, strict=True):
            self._probed.append({"epoch": epoch, **probes.moment(shot["embeddings"], shot["labels"])})
        images = trainer.images.held_out.select(trainer.probe)
        return LiveSphere(
            self._config.loss,
            epochs,
            shots,
            names=trainer.images.held_out.names,
            thumbnails=images.thumbnails(),
            points=max(200, min(2000, MAX_MARKS // (self._config.snapshots + 1))),
        )

    # -- what somebody wants

    def start(self) -> None:
        """Train on, to the end or until told otherwise."""
        self._session.start()

    def pause(self) -> None:
        """Pause after the step that is going on; `start` goes on with the same bits."""
        self._session.pause()

    def step(self, unit: str = "epoch") -> None:
        """Train to the end of this epoch, or one "step", and pause.

        Raises:
            ValueError: another unit.
        """
        self._session.step(unit)

    def stop(self) -> None:
        """End it. The epochs that are done are in the folder, and `start` goes on from there, to the same bits."""
        self._session.stop()

    def wait(self, seconds: float | None = None) -> str:
        """Wait until it pauses or ends, or so many seconds; return the state. An interrupt of the kernel pauses it."""
        return self._session.wait(seconds)

    def start_over(self) -> None:
        """End it and begin the same training anew, in the next free folder beside this one, which stays as it is."""
        self.stop()
        self.wait()
        number = 2
        while (folder := self.folder.with_name(f"{self.folder.name}-{number}")).exists():
            number += 1
        self._begin(folder)

    # -- what there is

    @property
    def state(self) -> str:
        """One of "ready", "running", "paused", "stopped", "finished" and "failed"."""
        return self._session.state

    @property
    def error(self) -> Exception | None:
        """What a failed training failed of."""
        return self._session.error

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return self._session.epochs

    @property
    def records(self) -> list[dict[str, Any]]:
        """What was recorded at each epoch, oldest first."""
        return list(self._session.records)

    @property
    def folder(self) -> Path:
        """Where the run lives."""
        return self._trainer.folder

    @property
    def run(self) -> Run:
        """The run, as of its last epoch.

        Raises:
            ValueError: if it has not begun.
        """
        return Run.load(self.folder)

    def explore(self) -> "Explorer":
        """Explore the finished run, see `workbench.explore`."""
        from workbench.explorers.explorer import explore

        return explore(self.run, images=self._images)

    # -- what the session tells

    def stand(self) -> None:
        """Show the state: which buttons can be pressed, and the sentence."""
        state = self._session.state
        begun = state in ("paused", "stopped", "failed") or (state == "ready" and bool(self._session.records))
        play, step, stop, again = (self.controls[name] for name in ("play", "step", "stop", "again"))
        with self._lock:
            play.description = "Pause" if state == "running" else "Resume" if begun else "Start"
            play.disabled = step.disabled = state == "finished"
            stop.disabled = state not in ("running", "paused")
            again.disabled = state in ("running", "paused") or not (begun or state == "finished")
            if state in ("stopped", "finished", "failed"):
                self._sphere.settle(passing=False)
            elif state == "paused":
                self._sphere.settle()
            self._show_record()

    def look(self) -> None:
        """Show the probe images and the record as they are now."""
        step = self._session.steps / self._trainer.steps_per_epoch
        with self._lock:
            self._sphere.show(round(step, 2), self._trainer.snapshot())
            self._show_record()

    def keep(self, epoch: int) -> None:
        """Keep this moment for the playback if the run does."""
        if not is_kept(epoch, self._trainer.config):
            return
        shot = self._trainer.snapshot()
        with self._lock:
            self._probed.append({"epoch": epoch, **probes.moment(shot["embeddings"], shot["labels"])})
            self._sphere.keep(epoch, shot)

    def _show_record(self) -> None:
        self._record.widget.payload = self._record_view().payload

    def _record_view(self) -> views.View:
        session, trainer = self._session, self._trainer
        config, unit = trainer.config, trainer.learner.head.margin_unit
        margins = session.margins if unit in MARGIN_UNITS else None
        return views.training_record(
            {config.loss: probes.joined(session.records, self._probed)},
            margins={config.loss: None if margins is None else np.asarray(margins)},
            unit="cosine" if unit == "cosine" else "rad",
            epochs=config.epochs,
            progress=views.Progress(
                session.state, session.sentence(), session.steps, config.epochs * trainer.steps_per_epoch
            ),
        )

    # -- what a notebook shows

    @cached_property
    def widget(self) -> Any:
        """The live form, an `ipywidgets.VBox`."""
        row = ipywidgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([row, self._stage])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return mimebundle([self._record_view(), self._sphere.view], lambda: self.widget, repr(self))

    def __repr__(self) -> str:
        return f"<training of {self._config.loss}, {self.state}: {self._session.sentence()}>"

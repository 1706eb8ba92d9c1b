"""Exploring a run or anybody's embeddings: linked views, and their state in Python."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from workbench import data, files, geometry, views
from workbench.checks import number
from workbench.evaluation import Evaluation
from workbench.explorers.panels import PANELS
from workbench.explorers.showing import mimebundle
from workbench.explorers.subject import Subject, subject
from workbench.reports.cards import Card, headline, numbers


def explore(
    source: Any,
    labels: Any = None,
    *,
    prototypes: Any = None,
    names: Sequence[str] | None = None,
    thumbnails: np.ndarray | None = None,
    images: data.ImageSet | None = None,
    projection: str = "pca",
) -> "Explorer":
    """Explore embeddings or a finished run: headline numbers with intervals, and views that are linked.

        import workbench as wb
        explorer = wb.explore(embeddings, labels)
        explorer

    Args:
        source: embeddings [N, D], an array or a tensor of any norm but zero; or the path of a file of embeddings, which
            `workbench.embeddings.load` reads; or a finished run, or the path of its folder; or what
            `workbench.evaluation` or `workbench.recognition` returned.
        labels: one for each embedding: numbers or texts. For a file that has none, the path of one that has.
        prototypes: class centres [C, D]; row c is that of label c. Without them class means stand in.
        names: C class names; name c is that of label c.
        thumbnails: uint8 [N, H, W] or [N, H, W, 3], shown beside the pointer.
        images: the image set that the run was trained on, if it is not one that its config names.
        projection: how more than three dimensions come onto the sphere: "pca", three principal components, or "map",
            which keeps neighbours and takes longer, see `views.hypersphere`.

    Raises:
        ValueError: another projection, shapes that do not fit, a row that is zero or not finite, no genuine or no
            impostor pair, a file that cannot be read, or a run that is not finished.
    """
    shown = subject(source, labels, prototypes=prototypes, names=names, thumbnails=thumbnails, images=images)
    return Explorer(replace(shown, projection=projection))


class Explorer:
    """Views of one set of embeddings. A notebook shows it; Python reads and sets what is chosen in it.

    Attributes:
        views: the views by name, in the order in which they are shown.
        headline: the numbers, each with its 95 % interval.
        geometry: everything that was measured, a `workbench.geometry.Geometry`.
        embeddings: float32 [N, D].
        labels: int64 [N].
        names: of the classes.
    """

    def __init__(self, shown: Subject) -> None:
        self._subject = shown
        self._panels = [(panel, view) for panel in PANELS if (view := panel.make(shown)) is not None]
        self.views: dict[str, views.View] = {view.name: view for _, view in self._panels}
        self.headline: Card = _headline(shown)
        self.geometry: geometry.Geometry = shown.measured.geometry
        self.embeddings = shown.measured.embeddings
        self.labels = shown.measured.labels
        self.names = list(shown.names)

    # -- what is chosen

    @property
    def selection(self) -> np.ndarray:
        """Rows of the embeddings that are selected, int64. Setting it selects them in the views.

        Raises:
            ValueError: on setting, a row that is not among those that have a snapshot, or not a row at all.
        """
        chosen = np.array(self.views["hypersphere"].widget.selection, dtype=np.int64)
        return chosen if self._subject.frames is None else self._subject.frames.rows[chosen]

    @selection.setter
    def selection(self, rows: Any) -> None:
        wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
        known = np.arange(len(self.labels)) if self._subject.frames is None else self._subject.frames.rows
        missing = wanted[~np.isin(wanted, known)]
        if len(missing):
            kind = "rows that were followed through training" if self._subject.frames is not None else "rows"
            raise ValueError(f"The selection must be {kind}, of {len(known)}. Got {missing[:5].tolist()}.")
        position = {int(row): i for i, row in enumerate(known)}
        self.views["hypersphere"].widget.selection = [position[int(row)] for row in wanted]

    @property
    def threshold(self) -> float:
        """The cosine from which a pair is accepted; that of the equal error rate until somebody moves it.

        Raises:
            ValueError: on setting, not a number in [-1, 1].
        """
        chosen = self.views["pair_similarity"].widget.threshold
        return self._edge(self.geometry.roc.eer.threshold if chosen is None else chosen)

    @threshold.setter
    def threshold(self, cosine: float) -> None:
        value = number("Explorer", "threshold", cosine, low=-1, high=1)
        self.views["pair_similarity"].widget.threshold = self._edge(value)

    def rates(self, threshold: float | None = None) -> geometry.Rates:
        """FAR, FRR and TAR with their counts and intervals, at the threshold that is chosen or at this cosine.

        The threshold is brought to the nearest edge of the grid, where counts are exact.
        """
        return geometry.rates(self.geometry.pairs, self._edge(self.threshold if threshold is None else threshold))

    def _edge(self, cosine: float) -> float:
        edges = self.geometry.pairs.edges[:-1]
        return float(edges[np.abs(edges - cosine).argmin()])

    # -- what is shown

    @cached_property
    def widget(self) -> Any:
        """The live form, an `ipywidgets.VBox`."""
        import ipywidgets

        head = ipywidgets.HTML(f'<div class="wb-view wb-headline">{self.headline.html}</div>')
        return ipywidgets.VBox([head, *(view.widget for view in self.views.values())])

    def report(self, path: Path | str) -> Path:
        """Write the same views as one HTML file that opens offline; return its path."""
        from workbench.reports.page import render_page

        cells = [nbformat.v4.new_markdown_cell(f"# {self._subject.name}\n\n{self._subject.source}.")]
        parts: list[tuple[str, str, str]] = [("In numbers", "wb.explore(...).headline", self.headline.html)]
        parts += [(panel.heading, panel.code, view.html()) for panel, view in self._panels]
        for heading, line, html in parts:
            output = nbformat.v4.new_output("display_data", {"text/html": html})
            cells += [nbformat.v4.new_markdown_cell(f"## {heading}"), nbformat.v4.new_code_cell(line, outputs=[output])]
        page = render_page(nbformat.v4.new_notebook(cells=cells), title=self._subject.source, source="wb.explore")
        files.write_text(Path(path), page)
        return Path(path)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        parts: list[views.View | str] = [self.headline.html, *self.views.values()]
        return mimebundle(parts, lambda: self.widget, repr(self))

    def __repr__(self) -> str:
        return f"<explorer of {self._subject.source}>"


def _headline(shown: Subject) -> Card:
    measured = shown.measured
    if isinstance(measured, Evaluation):
        return headline({shown.name: measured})
    return numbers({shown.name: measured}, title=shown.source)

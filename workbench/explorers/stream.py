"""A sphere that is given snapshots while somebody looks at it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench import views
from workbench.views.payload import dequantise, pack, quantise, unpack

SECONDS_BETWEEN_PAYLOADS = 1.0  # all kept snapshots travel together, so less often than the latest one alone
_CONSTANT = ("labels", "rows")


class LiveSphere:
    """The sphere of one training.

    Snapshots that are kept make the playback, `show` shows one in passing. In more than three dimensions each snapshot
    has its own projection, turned onto the one before it, so that the picture does not jump; its badge says how much
    it shows.

    Args:
        name: of the run.
        epochs: of the snapshots that there are, at least one.
        snapshots: "embeddings" [P, D], "labels" [P] and maybe "centres" [C, D] of each.
        names: of the classes.
        thumbnails: uint8 [P, H, W] or [P, H, W, 3], or None.
        points: show at most so many.
    """

    def __init__(
        self,
        name: str,
        epochs: Sequence[int],
        snapshots: Sequence[Mapping[str, np.ndarray]],
        *,
        names: Sequence[str],
        thumbnails: np.ndarray | None,
        points: int = 2000,
    ) -> None:
        self._name, self._names, self._points = name, names, points
        self._labels = snapshots[-1]["labels"]
        drawn = self._draw(snapshots, epochs, thumbnails)
        self._header, self._blocks = unpack(drawn.payload)
        self._last = self._blocks["centres0"][-1]
        self._sent = time.monotonic()
        self.widget = views.View(drawn.name, pack(self._header | {"live": True}, **self._blocks)).widget

    @property
    def view(self) -> views.View:
        """The snapshots that are kept, as a view of its own."""
        return views.View("hypersphere", pack(self._header, **self._blocks))

    def keep(self, epoch: int, snapshot: Mapping[str, np.ndarray]) -> None:
        """Add a snapshot to the playback."""
        found = self._frame(snapshot)
        if found is None or epoch <= self._header["steps"][-1]:
            return
        frame, badge = found
        self._blocks |= {name: np.concatenate([self._blocks[name], block]) for name, block in frame.items()}
        self._header = self._header | {"steps": [*self._header["steps"], epoch], "runs": [self._run(badge)]}
        self.widget.moment = {"step": epoch, "badge": badge, "blocks": pack({}, **frame)["blocks"]}
        if time.monotonic() >= self._sent + SECONDS_BETWEEN_PAYLOADS:
            self.settle()

    def show(self, step: float, snapshot: Mapping[str, np.ndarray]) -> None:
        """Show a snapshot until the next one comes."""
        found = self._frame(snapshot)
        if found is not None:
            self.widget.moment = {"step": step, "badge": found[1], "blocks": pack({}, **found[0])["blocks"]}

    def settle(self, *, passing: bool = True) -> None:
        """Bring the whole playback to the page; without `passing` leave out what was shown in passing."""
        with self.widget.hold_sync():
            self.widget.payload = pack(self._header | {"live": True}, **self._blocks)
            if not passing:
                self.widget.moment = {}
        self._sent = time.monotonic()

    def _run(self, badge: str) -> dict[str, Any]:
        return {**self._header["runs"][0], "badge": badge}

    def _draw(
        self,
        snapshots: Sequence[Mapping[str, np.ndarray]],
        steps: Sequence[float],
        thumbnails: np.ndarray | None = None,
    ) -> views.View:
        embeddings = np.stack([one["embeddings"] for one in snapshots])
        centres = np.stack([one["centres"] for one in snapshots]) if "centres" in snapshots[-1] else None
        return views.hypersphere(
            {self._name: views.Frames(embeddings, centres)},
            self._labels,
            names=self._names,
            thumbnails=thumbnails,
            steps=steps,
            points=self._points,
        )

    def _frame(self, snapshot: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str] | None:
        """One snapshot of the points that are shown, and its badge; None if one of them has no direction any more."""
        header, blocks = unpack(self._draw([snapshot], [0]).payload)
        if not np.array_equal(blocks["rows"], self._blocks["rows"]):
            return None
        frame = {name: block for name, block in blocks.items() if name not in _CONSTANT}
        if "own0" in frame:  # projected
            left, _, right = np.linalg.svd(dequantise(frame["centres0"][0]).T @ dequantise(self._last))
            frame |= {name: quantise(dequantise(frame[name]) @ (left @ right)) for name in ("points0", "centres0")}
            self._last = frame["centres0"][0]
        return frame, str(header["runs"][0]["badge"])

"""A small picture of the spheres of a report, for the list of reports."""

import base64
from collections.abc import Sequence

import numpy as np

from workbench.theme import DARK, LIGHT, class_styles

_SIZE = 150
_POINTS = 400
# The picture follows the system's theme, as the list of reports does; faint marks are outlined on the dark one.
_STYLE = (
    f"<style>.disc{{fill:{LIGHT.sphere};stroke:{LIGHT.line}}}@media(prefers-color-scheme:dark){{"
    f".disc{{fill:{DARK.sphere};stroke:{DARK.line}}}.mark{{stroke:{DARK.ink};stroke-width:.3px}}}}</style>"
)


def thumbnail(spheres: Sequence[tuple[np.ndarray, np.ndarray]]) -> str:
    """Return embeddings [N, D] with labels [N] on their spheres, at most two, as an SVG in a data address."""
    shown = spheres[:2]
    drawn = "".join(_sphere(*sphere, _SIZE * (1 + 2 * i) / 2) for i, sphere in enumerate(shown))
    width = _SIZE * max(1, len(shown))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_SIZE}">{_STYLE}{drawn}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _sphere(embeddings: np.ndarray, labels: np.ndarray, centre: float) -> str:
    radius = 0.46 * _SIZE
    styles = class_styles(int(labels.max()) + 1)
    points = embeddings.astype(np.float64)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    chosen = np.random.default_rng(0).permutation(len(points))[:_POINTS]
    points, labels = _three(points)[chosen], labels[chosen]
    order = points[:, 2].argsort()
    marks = "".join(
        f'<circle class="mark" cx="{centre + radius * x:.1f}" cy="{_SIZE / 2 - radius * y:.1f}" '
        f'r="{1.3 + 0.5 * (z > 0)}" fill="{styles[label].colour}" opacity="{0.9 if z > 0 else 0.2}"/>'
        for (x, y, z), label in zip(points[order], labels[order], strict=True)
    )
    disc = f'<circle class="disc" cx="{centre}" cy="{_SIZE / 2}" r="{radius}"/>'
    return disc + marks


def _three(points: np.ndarray) -> np.ndarray:
    """Turn points so that the first two of three coordinates show most of their spread."""
    basis = np.linalg.svd(points - points.mean(0), full_matrices=False)[2][:3]
    turned = points @ basis.T
    return np.pad(turned, ((0, 0), (0, 3 - turned.shape[1])))

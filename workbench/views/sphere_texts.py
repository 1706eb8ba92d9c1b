"""What the sphere says in words: its title, how to read it, and what a reader has to know about its points."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.theme import MAX_COLOURED_CLASSES
from workbench.views.density import CELLS
from workbench.views.directions import Picture
from workbench.views.frames import Samples
from workbench.views.text import NO_DISTANCES, count, named_runs

if TYPE_CHECKING:
    from workbench.geometry.sphere import SphereMap


def texts(samples: Samples, shown: int, *, dense: bool, caps: bool, maps: bool) -> dict[str, str]:
    """Title, summary and caption. `shown` is how many points are drawn, or all that are counted where `dense`."""
    runs, classes, snapshots = list(samples.embeddings), len(samples.names), len(samples.steps)
    centre = "the mean direction of its class" if samples.averaged else "the weight vector of its class"
    when = f" at {snapshots} epochs" if snapshots > 1 else ""
    cells = (
        "The stronger a cell's colour, the more embeddings are in it; the colour is that of the most frequent class."
    )
    what = f"{cells} Each arrow is {centre}" if dense else f"Each mark is one embedding, each arrow {centre}"
    cap = (
        "Hatched is the margin cap of the class in focus: within it a sample keeps the loss's margin to every other "
        "centre; towards the nearest one, where the line leads, it is the exact border. "
    )
    return {
        "title": f"{'Map of the embeddings' if maps else 'Embeddings'} on the unit sphere",
        "summary": (
            f"{count(shown, 'embedding')} of {count(classes, 'class', 'classes')} on the unit sphere{when}, "
            f"{named_runs(runs)}."
        ),
        "caption": (
            f"A map of the neighbourhoods: each mark is one embedding, each arrow leads to those nearest to {centre}; "
            f"what is on the far side is faint. {NO_DISTANCES} The angles in the rulers and the labels are the true "
            "ones, of all dimensions."
            if maps
            else f"{what}; what is on the far side is faint. {cap if caps else ''}"
            "Angles are what the loss sees: read them from the rulers and the labels, since the picture shortens "
            "distances towards the rim. Where a class lies on the sphere has no meaning, only the angles between."
        ),
    }


def badge(drawn: Picture, dimensions: int) -> str:
    """What a picture of more than three dimensions has lost; nothing where nothing was."""
    if drawn.maps is not None:
        return f"Map of {dimensions} dimensions.{_trust(drawn.maps)} Distances between clusters mean nothing."
    if drawn.share is None:
        return ""
    return f"3 of {dimensions} dimensions: shows {100 * drawn.share:.0f} % of variance. Angles are not preserved."


def _trust(maps: "Sequence[SphereMap]") -> str:
    known = [one.trustworthiness for one in maps if one.trustworthiness is not None]
    if not known:
        return ""
    span = f"{known[-1]:.3f}" if len(known) == 1 else f"{known[-1]:.3f} at the end, {min(known):.3f} at least"
    return f" Trustworthiness {span}, {maps[-1].neighbours} neighbours, seed {maps[-1].seed}."


def notes(samples: Samples, shown: int, seed: int, *, most: int | None, without_thumbnail: int) -> list[str]:
    """Sampling, what was left out, what cannot be shown, and why there is nothing to play or to compare.

    `most` is the number of points in the fullest cell of a density, None where there is no density.
    """
    said = []
    total, classes = len(samples.labels), len(samples.names)
    if most is not None:
        said += [
            f"All {count(total)} are counted, on {count(CELLS)} cells of equal area; {count(most)} in the fullest.",
            f"Points to pick, rulers and tables are of a sample of {count(shown)}, stratified by class, seed {seed}.",
        ]
    elif shown < total:
        said.append(f"Showing {count(shown)} of {count(total)}, stratified by class, seed {seed}.")
    if without_thumbnail:
        said.append(f"Thumbnails for {count(shown - without_thumbnail)} of the {count(shown)} points.")
    if samples.dropped:
        left_out = count(samples.dropped, "row")
        said.append(f"{left_out} left out: NaN, infinite or zero in some epoch, so without a direction.")
    if not shown:
        said.append("No points to show.")
    elif classes == 1:
        said.append("One class only: there is no other centre to be near to.")
    elif classes > MAX_COLOURED_CLASSES:
        said.append(
            f"{count(classes)} classes are too many for colours: one in focus, the others grey. "
            "Type a name under Focus to find a class."
        )
    if shown and len(samples.steps) == 1:
        said.append("One epoch only: there is nothing to play.")
    if len(samples.embeddings) > 1 and shown:
        said.append("Later runs are turned as a whole onto the first; no angle within a run changes.")
    return said

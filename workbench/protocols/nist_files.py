"""NIST's own files of IJB-B and IJB-C, in which a line of CSV is an image of a template."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from workbench.protocols import tables
from workbench.protocols.ijb_files import Ijb, TemplateList, TemplatePairs, require_images, subjects_of, template_list


def read_nist(folder: Path | str) -> Ijb:
    """Read a `protocols` folder of IJB-B or IJB-C as NIST distributes it.

    Rows of embeddings are the lines of the template files, one after another: galleries or enrolment first, then
    probes; an image that is in several templates comes several times. Frames of one video share a SIGHTING_ID, which
    stands in the template files themselves or in the metadata file.

    Args:
        folder: The flat folder with `*_1N_gallery_*.csv`, or `test1` for 1:1, or `test4` for 1:N; the file names are in
            `ijb_files`.

    Raises:
        ValueError: A folder without these files, frames that nothing assigns to a video, or a line that is not what it
            should be, with the file and the line.
    """
    folder = Path(folder)
    enrolled = sorted([*folder.glob("*_1N_gallery_*.csv"), *folder.glob("gallery_*.csv")])
    probes = sorted([*folder.glob("*_1N_probe_mixed.csv"), *folder.glob("probes.csv")])
    matches = sorted([*folder.glob("*_11_*_matches.csv"), *folder.glob("match.csv")])
    matches = [path for path in matches if "covariate" not in path.name]
    one_to_one = [path for name in ("enroll", "verif") if (path := folder / f"{name}_templates.csv").is_file()]
    sources = [*enrolled, *probes] or one_to_one
    if not sources or len(probes) > 1 or len(matches) > 1 or (one_to_one and len(one_to_one) < 2):
        raise ValueError(
            f"{folder} does not hold one protocol of NIST: galleries and probes, or enroll_templates.csv and "
            "verif_templates.csv. Give the flat folder, test1 or test4."
        )
    names, templates, media = _images(sources, _sightings(folder, sources))
    known = np.unique(templates)
    lists = {path: template_list(path, _name(path), known, path) for path in sources}
    return Ijb(
        names=names,
        templates=templates,
        media=media,
        pairs=_matches(matches[0], list(lists.values()), known) if matches else None,
        galleries=tuple(lists[path] for path in enrolled),
        probes=lists[probes[0]] if probes else None,
    )


def _name(path: Path) -> str:
    return path.stem.rpartition("_")[2] if "gallery_" in path.stem else "probes" if "probe" in path.stem else path.stem


def _sightings(folder: Path, sources: list[Path]) -> Mapping[tuple[str, str], str] | None:
    """Sighting of each subject in each file, from the metadata; None where the template files have it themselves."""
    if all(tables.has_column(path, "SIGHTING_ID") for path in sources):
        return None
    found = sorted([*folder.glob("*_metadata*.csv"), *folder.parent.glob("*_metadata*.csv")])
    if not found:
        raise ValueError(
            f"Nothing in {folder} says which frames are of one video: its files have no column SIGHTING_ID, and there "
            "is no *_metadata*.csv in it or above it."
        )
    wanted = ("SUBJECT_ID", "FILENAME", "SIGHTING_ID")
    return {(subject, file): sighting for _, (subject, file, sighting) in tables.columns(found[0], wanted)}


def _images(
    sources: list[Path], sightings: Mapping[tuple[str, str], str] | None
) -> tuple[tuple[str, ...], Int64[np.ndarray, " N"], Int64[np.ndarray, " N"]]:
    """File, template and medium of each line."""
    names, ids = [], []
    for path in sources:
        wanted = ("TEMPLATE_ID", "SUBJECT_ID", "FILENAME", *(["SIGHTING_ID"] if sightings is None else []))
        for line, (template, subject, name, *rest) in tables.columns(path, wanted):
            sighting = rest[0] if sightings is None else sightings.get((subject, name))
            if sighting is None:
                raise tables.refused(path, line, f"the metadata has no subject {subject} in {name}.")
            names.append(name)
            medium = tables.whole(path, line, "SIGHTING_ID", sighting)
            ids.append((tables.whole(path, line, "TEMPLATE_ID", template), medium))
    if not names:
        raise ValueError(f"{sources[0]} and the files beside it list no image.")
    templates, media = np.array(ids, dtype=np.int64).T
    return tuple(names), templates, media


def _matches(path: Path, lists: Sequence[TemplateList], known: Int64[np.ndarray, " T"]) -> TemplatePairs:
    """Pairs of templates; they are genuine where both show one subject."""
    table = tables.numbers(path, ("template", "template"), delimiter=",")
    require_images(path, table, known, "the template files")
    subjects = subjects_of(table, lists)
    return TemplatePairs(table[:, 0], table[:, 1], subjects[:, 0] == subjects[:, 1], subjects)

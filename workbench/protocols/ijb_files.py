"""The files of IJB-B and IJB-C, as InsightFace and as NIST distribute them. No image and no embedding is in them.

InsightFace's `meta` folder, for IJB-C (IJB-B has `ijbb`, `S1` and `S2`):

    ijbc_face_tid_mid.txt           image template medium       one line for each row of embeddings
    ijbc_template_pair_label.txt    template template 0|1
    ijbc_name_5pts_score.txt        image x1 y1 ... x5 y5 score of the face detector, in the same order
    ijbc_1N_gallery_G1.csv, ijbc_1N_gallery_G2.csv, ijbc_1N_probe_mixed.csv     TEMPLATE_ID,SUBJECT_ID,...

NIST's `protocols` folder, flat or in the sub-folders `test1` (1:1) and `test4` (1:N) of a later release:

    ijbc_1N_gallery_G1.csv, ijbc_1N_gallery_G2.csv, ijbc_1N_probe_mixed.csv     TEMPLATE_ID,SUBJECT_ID,FILENAME,...
    ijbc_11_G1_G2_matches.csv                                                   template,template
    test1/enroll_templates.csv, test1/verif_templates.csv, test1/match.csv
    test4/gallery_G1.csv, test4/gallery_G2.csv, test4/probes.csv
    ijbc_metadata.csv, ijbc_metadata_with_age.csv                               SUBJECT_ID,FILENAME,SIGHTING_ID,...
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int64

from workbench.protocols import tables


@dataclass(frozen=True, eq=False)
class TemplateList:
    """Templates that are enrolled or searched for, and whom they show.

    Attributes:
        name: "G1", "S1", ... of a gallery, "probes" of the probes.
        templates: Template ids, ascending, [T].
        subjects: Whom each shows, [T].
    """

    name: str
    templates: Int64[np.ndarray, " T"]
    subjects: Int64[np.ndarray, " T"]


@dataclass(frozen=True, eq=False)
class TemplatePairs:
    """Pairs of templates to compare.

    Attributes:
        first: Id of one template of each pair, [P].
        second: Id of the other, [P].
        same: Whether they show one person, [P].
        subjects: Whom they show, [P, 2]; None where no file says it of all of them.
    """

    first: Int64[np.ndarray, " P"]
    second: Int64[np.ndarray, " P"]
    same: Bool[np.ndarray, " P"]
    subjects: Int64[np.ndarray, "P 2"] | None


@dataclass(frozen=True, eq=False)
class Ijb:
    """Which images make which template, and which templates are compared.

    Attributes:
        names: Image of each row of embeddings; the embeddings have to be in this order.
        templates: Its template, [N].
        media: The photograph or video that it is from, [N].
        pairs: The 1:1 protocol; None without its file.
        galleries: The galleries of the 1:N protocol, usually two; empty without their files.
        probes: The probes of the 1:N protocol, searched in each gallery; None without their file.
        landmarks: Five points of each face in its crop, pixels, [N, 5, 2]; None without their file.
        detector: Score of the face detector for each image, [N]; None without its file.
    """

    names: tuple[str, ...]
    templates: Int64[np.ndarray, " N"]
    media: Int64[np.ndarray, " N"]
    pairs: TemplatePairs | None
    galleries: tuple[TemplateList, ...]
    probes: TemplateList | None
    landmarks: Float64[np.ndarray, "N 5 2"] | None = None
    detector: Float64[np.ndarray, " N"] | None = None


def read_ijb(folder: Path | str) -> Ijb:
    """Read the `meta` folder of IJB-B or IJB-C in InsightFace's distribution.

    Files of one protocol may be absent. Any benchmark written in the same form is read as well: what stands before
    `_face_tid_mid.txt` names the others.

    Args:
        folder: The `meta` folder, or the one that holds it.

    Raises:
        ValueError: No or several benchmarks in the folder, or a line that is not what it should be, with the file and
            the line.
    """
    folder = Path(folder)
    folder = folder / "meta" if (folder / "meta").is_dir() else folder
    found = sorted(folder.glob("*_face_tid_mid.txt"))
    if len(found) != 1:
        what = f"{len(found)} files *_face_tid_mid.txt" if found else "no file *_face_tid_mid.txt"
        raise ValueError(f"There is {what} in {folder}. Give the meta folder of one benchmark, IJB-B or IJB-C.")
    images = found[0]
    prefix = images.name.removesuffix("_face_tid_mid.txt")
    names, templates, media = _tid_mid(images)
    known = np.unique(templates)
    pairs, five = folder / f"{prefix}_template_pair_label.txt", folder / f"{prefix}_name_5pts_score.txt"
    probes = folder / f"{prefix}_1N_probe_mixed.csv"
    galleries = sorted(folder.glob(f"{prefix}_1N_gallery_*.csv"))
    landmarks, detector = _five_points(five, names, images) if five.is_file() else (None, None)
    enrolled = tuple(template_list(path, path.stem.rpartition("_")[2], known, images) for path in galleries)
    searched = template_list(probes, "probes", known, images) if probes.is_file() else None
    lists = [*enrolled, *([searched] if searched else [])]
    return Ijb(
        names=names,
        templates=templates,
        media=media,
        pairs=_pair_labels(pairs, known, images, lists) if pairs.is_file() else None,
        galleries=enrolled,
        probes=searched,
        landmarks=landmarks,
        detector=detector,
    )


def template_list(path: Path, name: str, known: Int64[np.ndarray, " T"], images: Path) -> TemplateList:
    """Read whom each template of a CSV file shows; `known` are the templates that `images` gives images to."""
    subject_of: dict[int, int] = {}
    everything = set(known.tolist())
    for line, (template_text, subject_text) in tables.columns(path, ("TEMPLATE_ID", "SUBJECT_ID")):
        template = tables.whole(path, line, "TEMPLATE_ID", template_text)
        subject = tables.whole(path, line, "SUBJECT_ID", subject_text)
        if template not in everything:
            raise tables.refused(path, line, f"template {template} has no image in {images.name}.")
        if subject_of.setdefault(template, subject) != subject:
            shown = f"subject {subject}, and subject {subject_of[template]} further up"
            raise tables.refused(path, line, f"template {template} shows {shown}. A template shows one person.")
    if not subject_of:
        raise ValueError(f"{path} lists no template.")
    ids = np.array(sorted(subject_of), dtype=np.int64)
    return TemplateList(name, ids, np.array([subject_of[template] for template in ids.tolist()], dtype=np.int64))


def require_images(
    path: Path, pairs: Int64[np.ndarray, "P fields"], known: Int64[np.ndarray, " T"], images: str
) -> None:
    """Raise an error that names the first line of pairs with a template that has no image."""
    unknown = ~np.isin(pairs[:, :2], known)
    if unknown.any():
        row, end = divmod(int(unknown.argmax()), 2)
        what = f"template {pairs[row, end]} has no image in {images}."
        raise tables.refused(path, tables.line_of(path, row), what)


def subjects_of(pairs: Int64[np.ndarray, "P 2"], lists: Sequence[TemplateList]) -> Int64[np.ndarray, "P 2"]:
    """Whom both templates of each pair show; -1 where no list says it."""
    listed = [(one.templates, one.subjects) for one in lists] or [(np.array([-1]), np.array([-1]))]
    templates, subjects = (np.concatenate(column) for column in zip(*listed, strict=True))
    ids, first = np.unique(templates, return_index=True)
    place = np.searchsorted(ids, pairs).clip(max=len(ids) - 1)
    return np.where(ids[place] == pairs, subjects[first][place], -1)


def _tid_mid(path: Path) -> tuple[tuple[str, ...], Int64[np.ndarray, " N"], Int64[np.ndarray, " N"]]:
    names, ids = [], []
    for line, (name, template, medium) in tables.fields(path, ("image", "template", "medium")):
        names.append(name)
        ids.append((tables.whole(path, line, "template", template), tables.whole(path, line, "medium", medium)))
    if not names:
        raise ValueError(f"{path} holds no line of image template medium.")
    templates, media = np.array(ids, dtype=np.int64).T
    return tuple(names), templates, media


def _pair_labels(
    path: Path, known: Int64[np.ndarray, " T"], images: Path, lists: Sequence[TemplateList]
) -> TemplatePairs:
    table = tables.numbers(path, ("template", "template", "label"))
    require_images(path, table, known, images.name)
    wrong = table[:, 2] > 1
    if wrong.any():
        row = int(wrong.argmax())
        raise tables.refused(path, tables.line_of(path, row), f"label must be 1 or 0, got {table[row, 2]}.")
    subjects = subjects_of(table[:, :2], lists)
    return TemplatePairs(table[:, 0], table[:, 1], table[:, 2] == 1, None if (subjects < 0).any() else subjects)


def _five_points(
    path: Path, names: tuple[str, ...], images: Path
) -> tuple[Float64[np.ndarray, "N 5 2"], Float64[np.ndarray, " N"]]:
    wanted = ("image", *(f"{axis}{k}" for k in range(1, 6) for axis in "xy"), "score")
    rows: list[list[float]] = []
    for line, (name, *texts) in tables.fields(path, wanted):
        if len(rows) == len(names) or name != names[len(rows)]:
            expected = repr(names[len(rows)]) if len(rows) < len(names) else "no more lines"
            raise tables.refused(path, line, f"expected {expected}, as in {images.name}, got {name!r}.")
        try:
            rows.append([float(text) for text in texts])
        except ValueError:
            raise tables.refused(path, line, "what follows the image must be eleven numbers.") from None
    if len(rows) != len(names):
        raise ValueError(f"{path} has {len(rows)} images, {images.name} has {len(names)}. They have to be the same.")
    table = np.array(rows)
    return table[:, :10].reshape(-1, 5, 2), table[:, 10]

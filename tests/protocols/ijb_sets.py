"""A small benchmark in the published files of IJB-B and IJB-C, both InsightFace's and NIST's."""

import numpy as np

HEADER = "TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT"


def made(seed=0, subjects=36, dim=8):
    """Embeddings, and list, template, subject and medium of each. A third of the people are in G1, the rest in G2."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(subjects, dim))
    rows, embeddings = [], []
    template = 100
    for kind in ("G1", "G2", "probes"):
        for subject in rng.permutation(subjects):
            if kind != "probes" and (subject % 3 == 0) != (kind == "G1"):
                continue
            for _ in range(3 if kind == "probes" else 1):
                template += int(rng.integers(1, 4))
                for medium in range(int(rng.integers(1, 4))):
                    for _ in range(int(rng.integers(1, 4))):
                        rows.append((kind, template, 7 * int(subject) + 1, 10 * template + medium))
                        size = rng.uniform(2, 20)
                        embeddings.append(size * (centres[subject] + rng.normal(0, 1.3, dim)))
    return np.array(embeddings, dtype=np.float32), rows


def pairs(rows, seed=0):
    """Gallery templates against probe templates: all genuine pairs and as many impostor pairs for each."""
    rng = np.random.default_rng(seed)
    subject_of = {template: subject for _, template, subject, _ in rows}
    gallery = sorted({template for kind, template, _, _ in rows if kind != "probes"})
    probes = sorted({template for kind, template, _, _ in rows if kind == "probes"})
    every = [(a, b, int(subject_of[a] == subject_of[b])) for a in gallery for b in probes]
    chosen = [pair for pair in every if pair[2] or rng.random() < 0.6]
    return [chosen[k] for k in rng.permutation(len(chosen))]


def write_insightface(folder, rows, prefix="ijbc", galleries=("G1", "G2"), seed=0):
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{prefix}_face_tid_mid.txt").open("w") as out:
        out.writelines(f"{k}.jpg {template} {medium}\n" for k, (_, template, _, medium) in enumerate(rows, 1))
    scores = rng.uniform(0.3, 1, len(rows)).round(3)
    points = rng.uniform(30, 90, (len(rows), 10)).round(3)
    with (folder / f"{prefix}_name_5pts_score.txt").open("w") as out:
        for k, (point, score) in enumerate(zip(points, scores, strict=True), 1):
            out.write(f"{k}.jpg {' '.join(map(str, point))} {score}\n")
    with (folder / f"{prefix}_template_pair_label.txt").open("w") as out:
        out.writelines("{} {} {}\n".format(*pair) for pair in pairs(rows, seed))
    names = {"G1": f"1N_gallery_{galleries[0]}", "G2": f"1N_gallery_{galleries[1]}", "probes": "1N_probe_mixed"}
    for kind, name in names.items():
        write_csv(folder / f"{prefix}_{name}.csv", rows, kind)
    return points.reshape(-1, 5, 2), scores


def write_csv(path, rows, *kinds, sightings=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = HEADER if sightings else HEADER.replace("SIGHTING_ID,", "")
    lines = [header]
    for kind, template, subject, medium in rows:
        if kind in kinds:
            sighting = f"{medium}," if sightings else ""
            lines.append(f"{template},{subject},frames/{medium}.png,{sighting}1,2,3,4")
    path.write_text("\n".join(lines) + "\n")

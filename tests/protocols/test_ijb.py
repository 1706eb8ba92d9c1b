import json
import math

import numpy as np
import pytest

from tests.protocols.ijb_sets import made, pairs, write_csv, write_insightface
from workbench.protocols import identify_ijb, pool_ijb, read_ijb, read_nist, verify_ijb


@pytest.fixture
def folder(tmp_path):
    _, rows = made()
    write_insightface(tmp_path / "IJBC" / "meta", rows)
    return tmp_path / "IJBC" / "meta"


def naive_templates(embeddings, rows, weights=None):
    """Mean of each medium, sum over media, unit length, by the published description."""
    templates = {}
    for k, (_, template, _, medium) in enumerate(rows):
        x = embeddings[k].astype(float) * (1 if weights is None else weights[k])
        templates.setdefault(template, {}).setdefault(medium, []).append(x)
    sums = {t: sum(sum(frames) / len(frames) for frames in media.values()) for t, media in templates.items()}
    return {t: x / math.sqrt(x @ x) for t, x in sums.items()}


def test_the_files_say_what_was_written(folder):
    _, rows = made()
    data = read_ijb(folder.parent)
    assert data.names[:2] == ("1.jpg", "2.jpg")
    assert data.templates.tolist() == [row[1] for row in rows]
    assert data.media.tolist() == [row[3] for row in rows]
    listed = list(zip(data.pairs.first.tolist(), data.pairs.second.tolist(), data.pairs.same.tolist(), strict=True))
    assert listed == pairs(rows)
    for one, kind in zip((*data.galleries, data.probes), ("G1", "G2", "probes"), strict=True):
        assert one.name == kind
        assert dict(zip(one.templates.tolist(), one.subjects.tolist(), strict=True)) == {
            template: subject for of, template, subject, _ in rows if of == kind
        }
    subject_of = {template: subject for _, template, subject, _ in rows}
    assert data.pairs.subjects.tolist() == [[subject_of[a], subject_of[b]] for a, b, _ in pairs(rows)]
    points, scores = write_insightface(folder, rows)
    np.testing.assert_array_equal(data.landmarks, points)
    np.testing.assert_array_equal(data.detector, scores)


def test_ijb_b_and_files_that_are_absent(tmp_path):
    _, rows = made()
    write_insightface(tmp_path, rows, "ijbb", ("S1", "S2"))
    assert [gallery.name for gallery in read_ijb(tmp_path).galleries] == ["S1", "S2"]
    for name in ("1N_gallery_S1.csv", "1N_gallery_S2.csv", "name_5pts_score.txt"):
        (tmp_path / f"ijbb_{name}").unlink()
    data = read_ijb(tmp_path)
    assert (data.galleries, data.landmarks, data.detector) == ((), None, None)
    assert data.pairs.subjects is None
    embeddings, _ = made()
    assert verify_ijb(data, pool_ijb(data, embeddings), fars=[0.1]).left_out == "nothing"
    with pytest.raises(
        ValueError, match=r"^There are no galleries or no probes: files of the 1:N protocol were not in"
    ):
        identify_ijb(data, pool_ijb(data, embeddings))
    (tmp_path / "ijbb_template_pair_label.txt").unlink()
    data = read_ijb(tmp_path)
    with pytest.raises(
        ValueError, match=r"^There are no pairs of templates: the file of the 1:1 protocol was not in the"
    ):
        verify_ijb(data, pool_ijb(data, embeddings))


@pytest.mark.parametrize("weighted", [False, True])
def test_one_to_one_against_loops(folder, weighted):
    embeddings, rows = made()
    data = read_ijb(folder)
    weights = data.detector if weighted else None
    measured = verify_ijb(data, pool_ijb(data, embeddings, weights=weights), fars=(0.1, 0.05, 1e-6))
    vectors = naive_templates(embeddings, rows, weights)
    scored = [(float(vectors[a] @ vectors[b]), same) for a, b, same in pairs(rows)]
    impostor = sorted(score for score, same in scored if not same)
    genuine = [score for score, same in scored if same]
    for at in measured.tar:
        bar = impostor[len(impostor) - 1 - math.floor(at.far * len(impostor) + 1e-9)]
        assert at.tar.count == sum(score > bar for score in genuine)
        assert 0 < at.tar.value < 1
    assert [one.rate for one in measured.refused] == [1e-6]
    assert measured.left_out == "subjects"


@pytest.mark.parametrize("within", [1, None])
def test_one_to_many_against_loops(folder, within):
    embeddings, rows = made()
    data = read_ijb(folder)
    measured = identify_ijb(data, pool_ijb(data, embeddings), ranks=(1, 3), fpirs=(0.3, 0.2, 0.001), within=within)
    vectors = naive_templates(embeddings, rows)
    subject_of = {template: subject for _, template, subject, _ in rows}
    probes = sorted({row[1] for row in rows if row[0] == "probes"})
    hits, tpirs = {1: 0, 3: 0}, []
    for name, result in measured.galleries:
        gallery = sorted({row[1] for row in rows if row[0] == name})
        mated, tops = [], []
        for probe in probes:
            score = {subject_of[g]: float(vectors[g] @ vectors[probe]) for g in gallery}
            mate = score.pop(subject_of[probe], None)
            if mate is None:
                tops.append(max(score.values()))
            else:
                mated.append((1 + sum(other >= mate for other in score.values()), mate))
        for k in hits:
            hits[k] += sum(rank <= k for rank, _ in mated)
        bar = sorted(tops)[len(tops) - 1 - math.floor(0.3 * len(tops) + 1e-9)]
        tpirs.append(sum(mate > bar and (within is None or rank <= 1) for rank, mate in mated) / len(mated))
        assert result.tpir[0].tpir.value == tpirs[-1]
        assert result.non_mated == len(tops)
    assert [one.value for one in measured.ranks] == pytest.approx([hits[k] / len(probes) for k in (1, 3)])
    assert [[at.fpir for at in result.tpir] for _, result in measured.galleries] == [[0.3, 0.2], [0.3]]
    assert [one.at for one in measured.tpir] == [0.3]  # what both of them resolve
    assert measured.tpir[0].value == pytest.approx(sum(tpirs) / 2)
    assert 0 < measured.ranks[0].value < 1


def test_the_average_is_surer_than_its_parts(folder):
    embeddings, _ = made()
    data = read_ijb(folder)
    measured = identify_ijb(data, pool_ijb(data, embeddings), ranks=(1,), fpirs=(0.3,))
    parts = [result.tpir[0].tpir for _, result in measured.galleries]
    mean = measured.tpir[0]
    assert mean.value - mean.interval.low == pytest.approx(
        math.hypot(*(part.value - part.interval.low for part in parts)) / 2
    )
    assert mean.interval.high == pytest.approx(
        min(1, mean.value + math.hypot(*(part.interval.high - part.value for part in parts)) / 2)
    )
    headline = measured.headline()
    assert json.loads(json.dumps(headline, allow_nan=False)) == headline
    assert set(headline["galleries"]) == {"G1", "G2"}


def test_embeddings_have_to_be_those_of_the_images(folder):
    data = read_ijb(folder)
    with pytest.raises(
        ValueError, match=rf"'embeddings' .* one row for each of the {len(data.names)} images.* Got '3 r"
    ):
        pool_ijb(data, np.ones((3, 2)))


def replaced(path, line, text):
    lines = path.read_text().split("\n")
    lines[line - 1] = text
    path.write_text("\n".join(lines))


IMAGES, PAIRS, FIVE = "ijbc_face_tid_mid.txt", "ijbc_template_pair_label.txt", "ijbc_name_5pts_score.txt"
PROBES = "ijbc_1N_probe_mixed.csv"
_, ROWS = made()
T = ROWS[0][1]


@pytest.mark.parametrize(
    ("name", "line", "text", "sentence"),
    [
        (IMAGES, 3, "3.jpg 5", "line 3: expected 3 fields (image template medium), got 2."),
        (IMAGES, 2, "2.jpg x 5", "line 2: template must be a whole number below 10**18, got 'x'."),
        (IMAGES, 2, "2.jpg 5 1.5", "line 2: medium must be a whole number below 10**18, got '1.5'."),
        (PAIRS, 4, f"{T} {T}", "line 4: expected 3 fields (template template label), got 2."),
        (PAIRS, 4, f"{T} -1 0", "line 4: template must be a whole number below 10**18, got '-1'."),
        (PAIRS, 4, f"{T} {T} yes", "line 4: label must be a whole number below 10**18, got 'yes'."),
        (PAIRS, 4, f"{T} {T} 2", "line 4: label must be 1 or 0, got 2."),
        (PAIRS, 4, f"\n{T} 99999 0", f"line 5: template 99999 has no image in {IMAGES}."),
        (
            PROBES,
            1,
            "TEMPLATE,SUBJECT_ID",
            "line 1: the header has no column TEMPLATE_ID. It has TEMPLATE, SUBJECT_ID.",
        ),
        (PROBES, 1, "", "line 1: the header has no column TEMPLATE_ID. It has nothing."),
        (PROBES, 3, "7", "line 3: expected 8 fields, got 1."),
        (PROBES, 3, "99999,3,f", f"line 3: template 99999 has no image in {IMAGES}."),
        (PROBES, 3, f"{T},nan,f", "line 3: SUBJECT_ID must be a whole number below 10**18, got 'nan'."),
        (FIVE, 5, "6.jpg" + " 1" * 11, f"line 5: expected '5.jpg', as in {IMAGES}, got '6.jpg'."),
        (FIVE, 5, "5.jpg" + " 1" * 10 + " x", "line 5: what follows the image must be eleven numbers."),
        (FIVE, 5, "5.jpg 1", "line 5: expected 12 fields (image x1 y1 x2 y2 x3 y3 x4 y4 x5 y5 score), got 2."),
    ],
)
def test_a_bad_line_is_named(folder, name, line, text, sentence):
    replaced(folder / name, line, text)
    with pytest.raises(ValueError) as error:
        read_ijb(folder)
    assert str(error.value) == f"{folder / name}, {sentence}"


def test_a_template_of_two_people(folder):
    with (folder / PROBES).open("a") as out:
        out.write(f"{T},1,a\n\n{T},2,b\n")
    line = len((folder / PROBES).read_text().split("\n")) - 1
    with pytest.raises(ValueError) as error:
        read_ijb(folder)
    assert str(error.value) == (
        f"{folder / PROBES}, line {line}: template {T} shows subject 2, and subject 1 further up. "
        "A template shows one person."
    )


def test_files_that_are_none(folder):
    (folder / PAIRS).write_text("")
    with pytest.raises(ValueError, match=r"ijbc_template_pair_label\.txt holds no line of template template label\.$"):
        read_ijb(folder)
    (folder / PAIRS).unlink()
    (folder / PROBES).write_bytes(b"TEMPLATE_ID,SUBJECT_ID\n\xff\xfe")
    with pytest.raises(ValueError, match=r"ijbc_1N_probe_mixed\.csv is not a text file in UTF-8\.$"):
        read_ijb(folder)
    (folder / PROBES).write_text("TEMPLATE_ID,SUBJECT_ID\n")
    with pytest.raises(ValueError, match=r"ijbc_1N_probe_mixed\.csv lists no template\.$"):
        read_ijb(folder)
    with (folder / FIVE).open("a") as out:
        out.write("x.jpg" + " 1" * 11)
    with pytest.raises(ValueError, match=r"expected no more lines, as in ijbc_face_tid_mid\.txt, got 'x\.jpg'\.$"):
        read_ijb(folder)
    (folder / FIVE).write_text("1.jpg" + " 1" * 11)
    with pytest.raises(
        ValueError, match=rf"has 1 images, ijbc_face_tid_mid\.txt has {len(ROWS)}\. They have to be the"
    ):
        read_ijb(folder)
    (folder / IMAGES).write_text("\n")
    with pytest.raises(ValueError, match=r"ijbc_face_tid_mid\.txt holds no line of image template medium\.$"):
        read_ijb(folder)
    (folder / "ijbb_face_tid_mid.txt").write_text("")
    with pytest.raises(
        ValueError, match=r"^There is 2 files \*_face_tid_mid\.txt in .* Give the meta folder of one ben"
    ):
        read_ijb(folder)
    with pytest.raises(ValueError, match=r"^There is no file \*_face_tid_mid\.txt in .*nowhere\. Give the meta folder"):
        read_ijb(folder / "nowhere")


def write_flat(folder, *, sightings=True):
    """NIST's flat folder: every line of CSV is an image."""
    for kind, name in (("G1", "1N_gallery_G1"), ("G2", "1N_gallery_G2"), ("probes", "1N_probe_mixed")):
        write_csv(folder / f"ijbc_{name}.csv", ROWS, kind, sightings=sightings)
    (folder / "ijbc_11_G1_G2_matches.csv").write_text("".join(f"{a},{b}\n" for a, b, _ in pairs(ROWS)))
    (folder / "ijbc_11_covariate_matches.csv").write_text("1,2\n")


def headlines(data, embeddings):
    templates = pool_ijb(data, embeddings)
    one_to_many = identify_ijb(data, templates, fpirs=(0.3,)).headline() if data.probes else None
    return verify_ijb(data, templates, fars=(0.1,)).headline() if data.pairs else None, one_to_many


def test_nists_files_give_the_same_numbers(folder, tmp_path):
    embeddings, _ = made()
    write_flat(tmp_path / "protocols")
    data = read_nist(tmp_path / "protocols")
    assert data.names[0] == f"frames/{ROWS[0][3]}.png"
    assert headlines(data, embeddings) == headlines(read_ijb(folder), embeddings)


def test_nists_later_release(folder, tmp_path):
    embeddings, _ = made()
    expected = headlines(read_ijb(folder), embeddings)
    root = tmp_path / "protocols"
    write_csv(root / "test1" / "enroll_templates.csv", ROWS, "G1", "G2", sightings=False)
    write_csv(root / "test1" / "verif_templates.csv", ROWS, "probes", sightings=False)
    matches = "".join(f"{a},{b}\n" for a, b, _ in pairs(ROWS))
    (root / "test1" / "match.csv").write_text("ENROLL_TEMPLATE_ID,VERIF_TEMPLATE_ID\n" + matches)
    for kind, name in (("G1", "gallery_G1"), ("G2", "gallery_G2"), ("probes", "probes")):
        write_csv(root / "test4" / f"{name}.csv", ROWS, kind, sightings=False)
    with pytest.raises(ValueError) as error:
        read_nist(root / "test1")
    assert str(error.value) == (
        f"Nothing in {root / 'test1'} says which frames are of one video: its files have no column SIGHTING_ID, and "
        "there is no *_metadata*.csv in it or above it."
    )
    lines = ["SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X"]
    lines += [f"{subject},frames/{medium}.png,{medium},1" for _, _, subject, medium in ROWS]
    (root / "ijbc_metadata.csv").write_text("\n".join(lines))
    assert headlines(read_nist(root / "test1"), embeddings) == (expected[0], None)
    assert headlines(read_nist(root / "test4"), embeddings) == (None, expected[1])
    (root / "test1" / "match.csv").write_text(f"{T},{T}\n{T},88888\n")
    with pytest.raises(ValueError, match=r"match\.csv, line 2: template 88888 has no image in the template files\.$"):
        read_nist(root / "test1")
    (root / "ijbc_metadata.csv").write_text(lines[0])
    with pytest.raises(ValueError, match=r"enroll_templates\.csv, line 2: the metadata has no subject \d+ in frames/"):
        read_nist(root / "test1")


def test_folders_without_a_protocol_of_nist(tmp_path):
    with pytest.raises(
        ValueError, match=r"does not hold one protocol of NIST: .* Give the flat folder, test1 or test4\.$"
    ):
        read_nist(tmp_path)
    write_csv(tmp_path / "enroll_templates.csv", ROWS, "G1")
    with pytest.raises(ValueError, match=r"does not hold one protocol of NIST"):
        read_nist(tmp_path)

"""Known figures of a real network on real faces: MobileFaceNet on the View 2 of LFW."""

import numpy as np
import pytest

from workbench.protocols import fold_accuracy, gallery_and_probes, identify, pair_cosines, verify


@pytest.fixture(scope="module")
def lfw(shared):
    """Unit embeddings, the person of each image, and the row of each image by its name."""
    with np.load(shared / "data" / "lfw" / "lfw_mobilefacenet_128d.npz", allow_pickle=False) as held:
        embeddings, paths = held["E"].astype(np.float32), [str(path) for path in held["u"]]
    people = {name: k for k, name in enumerate(sorted({path.split("/")[-2] for path in paths}))}
    labels = np.array([people[path.split("/")[-2]] for path in paths])
    return embeddings, labels, {path.split("/")[-1]: k for k, path in enumerate(paths)}


@pytest.fixture(scope="module")
def view_2(shared, lfw):
    """Rows of the first and of the second image of the 6 000 pairs, ten folds of 300 genuine and 300 impostor."""
    _, _, row = lfw
    pairs = []
    for line in (shared / "data" / "lfw" / "protocol" / "pairs.txt").read_text().splitlines()[1:]:
        name, number, *other = line.split("\t")
        second, last = (name, other[0]) if len(other) == 1 else other
        pairs.append((row[f"{name}_{int(number):04d}.jpg"], row[f"{second}_{int(last):04d}.jpg"]))
    return np.array(pairs)


def test_view_2(lfw, view_2):
    embeddings, labels, _ = lfw
    cosine = pair_cosines(embeddings, *view_2.T)
    ends = labels[view_2]
    same = ends[:, 0] == ends[:, 1]
    exact, grid = (fold_accuracy(cosine, same, thresholds=rule) for rule in ("exact", "grid"))
    assert exact.mean == pytest.approx(0.9940, abs=5e-4)
    assert grid.mean == pytest.approx(0.9940, abs=5e-4)
    assert exact.pairs.tolist() == [600] * 10
    assert exact.interval.low < 0.9940 < exact.interval.high

    measured = verify(cosine, same, fars=(0.1, 0.01, 1e-3), subjects=ends)
    assert [at.far for at in measured.tar] == [0.1, 0.01]
    # 3 000 impostor pairs cannot tell a FAR of 1e-3. The known figure is the point with three false accepts.
    assert [(one.rate, one.trials, one.needed) for one in measured.refused] == [(1e-3, 3000, 10_000)]
    assert measured.roc.tar[measured.roc.far <= 1e-3].max() == pytest.approx(0.988, abs=5e-4)
    by_folds = verify(cosine, same, fars=(0.01,), folds=np.arange(6000) // 600)
    assert by_folds.eer.value == measured.eer.value
    for one in (measured, by_folds):
        assert one.tar[-1].tar.interval.low < one.tar[-1].tar.wilson.low


def test_identification(lfw):
    embeddings, labels, _ = lfw
    gallery, probes = gallery_and_probes(labels)
    assert (len(gallery), len(probes)) == (5749, 7484)
    found = identify(embeddings[gallery], labels[gallery], embeddings[probes], labels[probes])
    assert found.ranks[0].rate.value == pytest.approx(0.978, abs=2e-3)
    assert (found.mated, found.non_mated, found.identities) == (7484, 0, 5749)
    assert found.tpir == ()
    gallery, probes = gallery_and_probes(labels, unknown=0.3)
    found = identify(embeddings[gallery], labels[gallery], embeddings[probes], labels[probes])
    assert [at.fpir for at in found.tpir] == [0.1, 0.01]
    assert 0.9 < found.tpir[1].tpir.value < found.tpir[0].tpir.value < found.ranks[0].rate.value

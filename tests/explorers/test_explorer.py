"""`workbench.explore`: whatever is explored, what is chosen in Python and in the page, and the page it writes."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import workbench as wb
from tests.small import greys, trainer
from workbench import evaluation, exports, geometry
from workbench.embeddings import EmbeddingSet
from workbench.views.payload import unpack

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3
EMBEDDINGS = RNG.normal(size=(3, 5))[LABELS] + 0.5 * RNG.normal(size=(60, 5))


def shown_names(explorer: Any) -> list[str]:
    return [entry["name"] for entry in explorer.views["hypersphere"].payload["header"]["classes"]]


@pytest.mark.parametrize(
    ("vectors", "labels", "names"),
    [
        (EMBEDDINGS, LABELS, ["0", "1", "2"]),
        (EMBEDDINGS.tolist(), LABELS.tolist(), ["0", "1", "2"]),
        (torch.from_numpy(EMBEDDINGS).requires_grad_(), torch.from_numpy(LABELS), ["0", "1", "2"]),
        (torch.from_numpy(EMBEDDINGS).bfloat16(), torch.from_numpy(LABELS), ["0", "1", "2"]),
        (EMBEDDINGS, LABELS * 1000 - 7, ["-7", "993", "1993"]),
        (EMBEDDINGS, np.array(["b", "a", "<i>"])[LABELS], ["<i>", "a", "b"]),
        (EMBEDDINGS, np.array(["b", "a", "c"], dtype=object)[LABELS], ["a", "b", "c"]),
    ],
)
def test_arrays_of_every_kind(vectors: Any, labels: Any, names: list[str]) -> None:
    explorer = wb.explore(vectors, labels)
    assert explorer.names == shown_names(explorer) == names
    expected = geometry.measure(np.asarray(explorer.embeddings), LABELS)
    assert explorer.geometry.roc.eer.value == expected.roc.eer.value
    assert explorer.geometry.separation.d_prime == pytest.approx(expected.separation.d_prime)
    assert list(explorer.views) == ["pair_similarity", "hypersphere", "angle_distributions", "hard_pairs"]


def test_the_sphere_shows_components_or_a_map() -> None:
    badges = {
        projection: wb.explore(EMBEDDINGS, LABELS, projection=projection).views["hypersphere"].payload["header"]
        for projection in ("pca", "map")
    }
    assert badges["pca"] != badges["map"]
    assert badges["pca"] == wb.explore(EMBEDDINGS, LABELS).views["hypersphere"].payload["header"]
    with pytest.raises(ValueError, match=r"'projection' parameter .* must be one of"):
        wb.explore(EMBEDDINGS, LABELS, projection="umap")


def test_prototypes_and_names_give_labels_their_meaning() -> None:
    prototypes = torch.from_numpy(RNG.normal(size=(4, 5)))
    explorer = wb.explore(EMBEDDINGS, LABELS, prototypes=prototypes, names=["p", "q", "r", "unused"])
    assert shown_names(explorer) == ["p", "q", "r", "unused"]
    expected = geometry.measure(EMBEDDINGS.astype(np.float32), LABELS, prototypes)
    np.testing.assert_allclose(explorer.geometry.angles.own, expected.angles.own)
    assert "Accuracy, nearest class centre" in explorer.headline.html
    assert "Accuracy" not in wb.explore(EMBEDDINGS, LABELS).headline.html
    assert shown_names(wb.explore(EMBEDDINGS, LABELS, prototypes=prototypes)) == ["0", "1", "2", "3"]


def test_a_file_and_what_was_read_from_it(tmp_path: Path) -> None:
    grey = RNG.integers(0, 255, (60, 8, 8)).astype(np.uint8)
    made = EmbeddingSet(EMBEDDINGS.astype(np.float32), LABELS, ["a", "b", "c"], thumbnails=grey)
    exports.save(tmp_path / "mine.npz", made)
    explorer = wb.explore(tmp_path / "mine.npz")
    assert shown_names(explorer) == ["a", "b", "c"]
    assert explorer.views["hypersphere"].payload["header"]["thumbnails"]["width"] == 8
    assert repr(explorer) == "<explorer of 60 embeddings of 3 identities in mine.npz>"
    assert wb.explore(str(tmp_path / "mine.npz"), names=["x", "y", "z"]).names == ["x", "y", "z"]
    assert wb.explore(made).names == ["a", "b", "c"]
    measured = wb.explore(evaluation.measure(made.embeddings, made.labels))
    assert shown_names(measured) == ["0", "1", "2"]


def test_a_run_its_folder_and_its_evaluation(tmp_path: Path) -> None:
    run = trainer(tmp_path, probe=8).fit()
    found = evaluation.evaluate(run, images=greys())
    for source in (run, tmp_path, str(tmp_path)):
        explorer = wb.explore(source, images=greys())
        assert list(explorer.views)[-2:] == ["hard_pairs", "training_record"]
        assert explorer.geometry.roc.eer.value == found.geometry.roc.eer.value
    assert explorer.views["hypersphere"].payload["header"]["steps"] == [0, 1, 2, 3]
    assert evaluation.CHECKPOINT_RULE in explorer.headline.html
    header, blocks = unpack(wb.explore(found).views["training_record"].payload)
    assert blocks["epoch0"].tolist() == [0, 1, 2, 3]
    assert {"loss", "norm", "alignment"} <= {metric["key"] for metric in header["metrics"]}


def test_the_selection_is_rows_of_the_embeddings(tmp_path: Path) -> None:
    explorer = wb.explore(EMBEDDINGS, LABELS)
    assert explorer.selection.tolist() == []
    explorer.selection = [5, 12]
    assert explorer.views["hypersphere"].widget.selection == [5, 12]
    explorer.views["hypersphere"].widget.selection = [7]  # as the page does
    assert explorer.selection.tolist() == [7]
    with pytest.raises(ValueError) as error:
        explorer.selection = [3, 60]
    assert str(error.value) == "The selection must be rows, of 60. Got [60]."

    run = trainer(tmp_path, probe=8).fit()
    followed = wb.explore(run, images=greys())
    rows = run.snapshots().indices
    followed.views["hypersphere"].widget.selection = [2, 0]
    assert followed.selection.tolist() == [rows[2], rows[0]]
    followed.selection = rows[[1, 3]]
    assert followed.views["hypersphere"].widget.selection == [1, 3]
    outside = next(row for row in range(16) if row not in rows)
    with pytest.raises(ValueError, match=rf"rows that were followed through training, of 8. Got \[{outside}\]"):
        followed.selection = [outside]


def test_the_threshold_and_its_rates() -> None:
    explorer = wb.explore(EMBEDDINGS, LABELS)
    assert explorer.threshold == pytest.approx(explorer.geometry.roc.eer.threshold, abs=0.00025), "an edge of the grid"
    explorer.threshold = 0.30012
    assert explorer.threshold == explorer.views["pair_similarity"].widget.threshold == pytest.approx(0.3)
    explorer.views["pair_similarity"].widget.threshold = -1 + 2 * 1500 / 2000  # as the page writes it
    assert explorer.threshold == 0.5
    unit = EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)
    first, second = np.triu_indices(60, 1)
    cosines, same = (unit @ unit.T)[first, second], LABELS[first] == LABELS[second]
    for rates, cosine in ((explorer.rates(), 0.5), (explorer.rates(0.1), 0.1)):
        assert rates.far.count == (cosines[~same] >= cosine).sum()
        assert rates.tar.count == (cosines[same] >= cosine).sum()
        assert rates.threshold == pytest.approx(cosine)
    with pytest.raises(ValueError, match=r"'threshold' parameter of Explorer must be a number in \[-1, 1\]. Got 2"):
        explorer.threshold = 2


def test_the_report_is_one_page_of_the_same_views(tmp_path: Path) -> None:
    explorer = wb.explore(EMBEDDINGS, np.array(["<b>x</b>", "y", "z"])[LABELS])
    path = explorer.report(tmp_path / "mine.html")
    html = path.read_text()
    assert html.count('data-wb-view="hypersphere"') == html.count('data-wb-view="pair_similarity"') == 1
    assert "Content-Security-Policy" in html
    assert "<b>x</b>" not in html
    assert "Equal error rate" in html
    assert list(re.findall(r"<h2>(.*?)</h2>", html)) == [
        "In numbers", "Could one threshold tell them apart?", "Where they point",
        "How near is the own centre, and how near the next?", "Which pairs are hardest?",
    ]  # fmt: skip


def test_a_saved_notebook_holds_numbers_and_views(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = wb.explore(EMBEDDINGS, LABELS)
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    for part in (explorer.headline.html, *(view.html() for view in explorer.views.values())):
        assert part in bundle["text/html"]
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert explorer._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert list(explorer.widget.children[1:]) == [view.widget for view in explorer.views.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"source": EMBEDDINGS},
            "must be a run, embeddings with labels, or the path of either. Got 'ndarray' instead.",
        ),
        ({"source": EMBEDDINGS[0], "labels": LABELS}, r"'embeddings' parameter of explore must be .*\[N, D\]"),
        ({"source": LABELS[:, None], "labels": LABELS}, r"of floating point. Got \('int64', \(60, 1\)\)"),
        ({"source": EMBEDDINGS, "labels": LABELS[:5]}, r"must be 60 labels, one for each embedding. Got \(5,\)"),
        ({"source": EMBEDDINGS, "labels": LABELS, "names": ["a", "b"]}, r"must lie in \[0, 2\), the number of names"),
        ({"source": EMBEDDINGS, "labels": ["a"] * 60, "names": ["a"]}, "positions among the names or prototypes. Got"),
        ({"source": EMBEDDINGS, "labels": np.zeros(60)}, "impostor"),
        ({"source": "nothing.npz"}, "There is no file nothing.npz"),
        ({"source": "nothing"}, "must be in a file that ends in .npz, .npy, .parquet. Got nothing"),
    ],
)
def test_errors_say_what_to_give(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wb.explore(given.pop("source"), given.pop("labels", None), **given)


def test_a_run_takes_no_labels(tmp_path: Path) -> None:
    run = trainer(tmp_path).fit()
    with pytest.raises(ValueError) as error:
        wb.explore(run, LABELS)
    assert str(error.value) == "The 'labels' parameter of explore belongs to arrays. Got it with a Run."
    with pytest.raises(ValueError, match=f"Got it with the run in {tmp_path}"):
        wb.explore(tmp_path, names=["a"])

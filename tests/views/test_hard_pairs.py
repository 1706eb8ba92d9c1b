import base64
import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from workbench import geometry, views
from workbench.views.payload import unpack


def measured(P: int = 30, C: int = 3, seed: int = 0) -> tuple[geometry.PairCounts, np.ndarray]:
    labels = np.arange(P) % C
    return geometry.pair_counts(np.random.default_rng(seed).normal(size=(P, 4)), labels), labels


def given(first: Any, second: Any, cosine: Any, *, kind: str = "impostor") -> Any:
    """A run with these pairs of one kind and none of the other."""
    none = SimpleNamespace(hardest=SimpleNamespace(first=[], second=[], cosine=[]))
    some = SimpleNamespace(hardest=SimpleNamespace(first=first, second=second, cosine=cosine))
    return SimpleNamespace(**{"impostor": none, "genuine": none, kind: some})


def test_pairs_are_the_measured_ones_in_their_order() -> None:
    (one, labels), (two, _) = measured(), measured(seed=1)
    header, blocks = unpack(views.hard_pairs({"a": one, "b": two}, labels, count=4).payload)
    for i, run in enumerate((one, two)):
        for kind in ("genuine", "impostor"):
            hardest = getattr(run, kind).hardest
            pairs = np.stack([hardest.first, hardest.second], axis=1)[:4]
            assert blocks[f"{kind}Rows{i}"].tolist() == pairs.tolist()
            assert blocks[f"{kind}Cosine{i}"].tolist() == hardest.cosine[:4].tolist()
    assert blocks["labels"].tolist() == labels[blocks["rows"]].tolist()
    assert [run["name"] for run in header["runs"]] == ["a", "b"]


def test_thumbnails_follow_their_rows_and_no_others_travel() -> None:
    run, labels = measured()
    images = np.repeat(np.arange(30, dtype=np.uint8) * 8, 64).reshape(30, 8, 8)
    header, blocks = unpack(views.hard_pairs({"a": run}, labels, thumbnails=images, count=2).payload)
    tiles, rows = header["thumbnails"], blocks["rows"]
    assert len(rows) <= 8
    assert sorted({*blocks["genuineRows0"].ravel(), *blocks["impostorRows0"].ravel()}) == rows.tolist()
    sheet = Image.open(io.BytesIO(base64.b64decode(tiles["uri"].split(",")[1])))
    for i, row in enumerate(rows):
        assert sheet.getpixel((i % tiles["columns"] * 8 + 4, i // tiles["columns"] * 8 + 4)) == 8 * row


def test_nothing_to_show() -> None:
    header, blocks = unpack(views.hard_pairs({"a": given([], [], [])}, []).payload)
    assert header["notes"] == ["No pairs to show."]
    assert header["thumbnails"] is None
    assert blocks["impostorRows0"].shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"runs": {}}, "The 'runs' parameter of hard_pairs must be a mapping of 1 to 6 runs. Got 0 instead."),
        ({"count": 51}, "The 'count' parameter of hard_pairs must be a whole number in [1, 50]. Got 51 instead."),
        (
            {"names": ["x"]},
            "The 'labels' parameter of hard_pairs must be in [0, 1), the number of names. Got 1 instead.",
        ),
        (
            {"runs": {"r": given([0], [9], [0.1])}},
            (
                "The 'impostor.hardest' parameter of the run 'r' must be rows in [0, 4), one of the labels each. "
                "Got [0, 9] instead."
            ),
        ),
        (
            {"runs": {"r": given([0, 0], [1, 2], [0.2, 0.1])}},
            (
                "The 'impostor.hardest' parameter of the run 'r' must be pairs of two classes by these labels. "
                "Got (0, 2) instead. Give the labels that the pairs were counted with."
            ),
        ),
        (
            {"runs": {"r": given([0], [1], [0.2], kind="genuine")}},
            (
                "The 'genuine.hardest' parameter of the run 'r' must be pairs of one class by these labels. "
                "Got (0, 1) instead. Give the labels that the pairs were counted with."
            ),
        ),
        (
            {"runs": {"r": given([0], [1], [0.2, 0.1])}},
            (
                "The 'impostor.hardest' parameter of the run 'r' must be rows and finite cosines of one length. "
                "Got ((1,), (1,), (2,)) instead."
            ),
        ),
        (
            {"thumbnails": np.zeros((3, 8, 8), np.uint8)},
            (
                "The 'thumbnails' parameter of hard_pairs must be a uint8 array [4, H, W] or [4, H, W, 3]. "
                "Got ('uint8', (3, 8, 8)) instead."
            ),
        ),
    ],
)
def test_errors_say_what_to_give(change: dict[str, Any], sentence: str) -> None:
    options = {"runs": {"r": given([0], [1], [0.2])}, **change}
    with pytest.raises(ValueError) as error:
        views.hard_pairs(options.pop("runs"), [0, 1, 0, 1], **options)
    assert str(error.value) == sentence

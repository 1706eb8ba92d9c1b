import re
from pathlib import Path

import numpy as np
import pytest

from workbench import geometry, views
from workbench.views import assets
from workbench.views.linking import class_names, class_numbers, samples_key
from workbench.views.payload import unpack
from workbench.views.text import count, named_runs

VIEWS = Path(assets.__file__).parent


def declared(text: str) -> list[str]:
    """Names that a script declares at its top level."""
    return re.findall(r"^(?:async )?(?:function\*?|const|let|class) ([A-Za-z_$][\w$]*)", text, re.MULTILINE)


@pytest.mark.parametrize("name", assets.names())
def test_no_name_is_declared_twice_in_a_bundle(name: str) -> None:
    """A live widget is one module, where a name that occurs twice is a syntax error."""
    names = declared(assets.bundle(name))
    assert "sharedStore" in names
    assert sorted(names) == sorted(set(names))


def test_views_of_the_same_labels_share_a_key() -> None:
    labels = np.arange(24) % 3
    x = np.random.default_rng(0).normal(size=(24, 4))
    made = [
        views.hypersphere({"a": views.Frames(x)}, labels),
        views.hard_pairs({"a": geometry.pair_counts(x, labels)}, labels.tolist()),
        views.embedding_map({"a": x}, labels.astype(np.int32), methods=["pca"]),
    ]
    keys = {unpack(view.payload)[0]["samples"] for view in made}
    assert keys == {samples_key(labels)}
    assert samples_key(labels) != samples_key(labels[::-1])


def test_names_and_numbers() -> None:
    assert class_names("v", None, 2) == ["0", "1"]
    assert class_numbers("v", []).dtype == np.int64
    with pytest.raises(ValueError) as error:
        class_names("v", ["a"], 2)
    assert str(error.value) == "The 'names' parameter of v must be 2 names, one for each class. Got 1 instead."
    for bad in ([0.5], [-1], [[1]]):
        with pytest.raises(ValueError, match=r"'labels' parameter of v must be whole numbers of 0 or more, \[P\]"):
            class_numbers("v", bad)


def test_counts_and_runs_in_words() -> None:
    assert [count(1, "class", "classes"), count(1234, "row"), count(0)] == ["1 class", "1\u202f234 rows", "0"]
    assert [named_runs(["a"]), named_runs(["a", "b"])] == ["run a", "runs a, b"]

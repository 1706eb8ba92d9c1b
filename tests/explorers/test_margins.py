import subprocess
import sys

import numpy as np
import pytest
import traitlets

from workbench import explorers, views


def test_the_explorer_is_the_view_with_its_sliders_as_traits() -> None:
    given = {"m2": 0.3, "s": 16, "beyond_pi": "linear", "rivals": 9, "angles": {"run": np.array([[0.2], [0.3]])}}
    explorer = explorers.margin_curves(["arcface"], steps=[1, 4], rival_cosine=0.1, **given)
    view = views.margin_curves(["arcface"], steps=[1, 4], rival_cosine=0.1, **given)
    assert explorer.payload == view.payload
    assert {name: getattr(explorer, name) for name in ("m1", "m2", "m3", "s", "sigma")} == {
        "m1": 1.35,
        "m2": 0.3,
        "m3": 0.35,
        "s": 16.0,
        "sigma": 0.05,
    }


def test_setting_tells_the_observers_and_the_page() -> None:
    explorer, seen = explorers.margin_curves(), []
    explorer.observe(lambda change: seen.append((change.old, change.new)), names="m2")
    explorer.m2 = 0.3
    assert seen == [(0.5, 0.3)]
    assert explorer.get_state(["m2"]) == {"m2": 0.3}
    explorer.set_state({"m2": 0.7})  # as the page does
    assert seen[1:] == [(0.3, 0.7)]


@pytest.mark.parametrize(("name", "value"), [("m2", 1.58), ("m3", -0.1), ("s", 0), ("m1", 5), ("sigma", "wide")])
def test_a_trait_stays_in_its_range(name: str, value: object) -> None:
    explorer = explorers.margin_curves()
    with pytest.raises(traitlets.TraitError, match=f"'{name}' trait"):
        setattr(explorer, name, value)


def test_errors_are_those_of_the_view() -> None:
    with pytest.raises(ValueError, match="There is no margin curve 'arc'"):
        explorers.margin_curves(["arc"])


def test_importing_explorers_does_not_import_widgets() -> None:
    code = "import sys, workbench.explorers; print({'anywidget', 'ipywidgets', 'plotly', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

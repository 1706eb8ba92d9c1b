import numpy as np
import pytest

from workbench import losses, views
from workbench.views.margin_curves import CURVES, SHOWN
from workbench.views.margin_parameters import PARAMETERS
from workbench.views.payload import unpack


def test_every_curve_is_a_loss_and_looks_like_no_other() -> None:
    assert set(CURVES) <= set(losses.names())
    looks = [(style["colour"], style["dash"]) for style in CURVES.values()]
    assert len(set(looks)) == len(looks)


def test_the_losses_accept_what_the_sliders_can_say() -> None:
    m1, m2, m3, s, sigma = PARAMETERS.values()
    for end in ("low", "high"):
        losses.create("arcface", 2, 2, margin=getattr(m2, end), scale=getattr(s, end))
        losses.create("cosface", 2, 2, margin=getattr(m3, end))
        losses.create("elasticface-arc", 2, 2, std=getattr(sigma, end))
        losses.create("combined", 2, 2, m1=getattr(m1, end), m2=getattr(m2, end), m3=getattr(m3, end))


def test_the_start_is_what_was_given() -> None:
    view = views.margin_curves(["arcface", "normface"], m2=0.3, s=16, beyond_pi="linear", rivals=7, rival_cosine=-0.1)
    header = view.payload["header"]
    values = {name: control["value"] for name, control in header["margins"].items()}
    assert values == {"m1": 1.35, "m2": 0.3, "m3": 0.35, "s": 16, "sigma": 0.05}
    assert header["margins"]["m2"] == {"value": 0.3, "low": 0, "high": 1.57, "step": 0.01}
    assert header["shown"] == ["normface", "arcface"]
    assert (header["beyondPi"], header["rivals"], header["rivalCosine"]) == ("linear", 7, -0.1)
    assert views.margin_curves().payload["header"]["shown"] == list(SHOWN)


def test_angles_are_counted_by_degree() -> None:
    degrees = np.array([[0.5, 0.6, 90.5, 179.5], [180, 12.5, np.nan, np.inf]])
    header, blocks = unpack(views.margin_curves(angles={"run": np.deg2rad(degrees)}, steps=[2, 5]).payload)
    assert blocks["angles0"].shape == (2, 180)
    assert {b: int(blocks["angles0"][0, b]) for b in np.flatnonzero(blocks["angles0"][0])} == {0: 2, 90: 1, 179: 1}
    assert np.flatnonzero(blocks["angles0"][1]).tolist() == [12, 179]
    assert header["steps"] == [2, 5]
    assert header["notes"] == ["run: 2 angles are NaN or infinite and left out."]


def test_no_angles_are_said() -> None:
    header, blocks = unpack(views.margin_curves(angles={"empty": []}).payload)
    assert header["notes"] == ["empty: no angles to show."]
    assert blocks["angles0"].tolist() == [[0] * 180]


def test_errors_say_what_to_give() -> None:
    cases = {
        "There is no margin curve 'arcfase'. Did you mean 'arcface'": {"curves": ["arcfase"]},
        "Curves exist for losses whose margin is a function of the angle to the own class.": {"curves": ["triplet"]},
        "The 'm2' parameter of margin_curves must be a number in [0, 1.57]. Got 28.6 instead. It is an angle in "
        "radians: 0.5 is 28.6 degrees.": {"m2": 28.6},
        "The 's' parameter of margin_curves must be a number in [1, 128]. Got 0 instead.": {"s": 0},
        "The 'beyond_pi' parameter of margin_curves must be one of 'formula', 'linear'.": {"beyond_pi": "flat"},
        "The 'rivals' parameter of margin_curves must be a whole number of at least 1. Got 0": {"rivals": 0},
        "The 'rivals' parameter of margin_curves must be a whole number in [1, 1000000]. Got 1000001": {
            "rivals": 10**6 + 1
        },
        "The 'rival_cosine' parameter of margin_curves must be a number in [-1, 1]. Got 2": {"rival_cosine": 2},
        "The 'angles' parameter of margin_curves must be at most 4 sets. Got 5": {
            "angles": {str(i): [0.1] for i in range(5)}
        },
        "The 'a' parameter of the angles must be angles in radians in [0, pi], [N]. Got ((1, 2), '10 to 60') instead. "
        "These look like degrees: numpy.radians turns them.": {"angles": {"a": [10.0, 60.0]}},
        "The 'b' parameter of the angles must be angles in radians in [0, pi], [N] or [2, N]. Got (": {
            "angles": {"a": [[0.1], [0.2]], "b": [[0.1], [0.2], [0.3]]}
        },
        "The 'steps' parameter of margin_curves must be 2 increasing numbers. Got [2, 1]": {
            "angles": {"a": [[0.1], [0.2]]},
            "steps": [2, 1],
        },
    }
    for sentence, given in cases.items():
        with pytest.raises(ValueError) as error:
            views.margin_curves(**given)
        assert sentence in str(error.value)

"""What every figure keeps: its words, its look, its size, and names that stay data."""

import json
import subprocess
import sys

import numpy as np
import pytest
from plotly import graph_objects as go

from tests.figures import data
from workbench import figures, theme
from workbench.figures.text import escaped

POINTS = np.random.default_rng(0).normal(size=(40, 3))


SAMPLES = {
    "angle_distributions": lambda seed: data.angles(seed=seed),
    "realised_margins": lambda seed: data.angles(seed=seed),
    "margins": lambda seed: np.random.default_rng(seed).normal(0.5, 0.05, 300),
    "pair_similarity": lambda seed: data.pairs(seed=seed),
    "roc": lambda seed: data.roc(seed=seed),
    "det": lambda seed: data.roc(seed=seed),
    "training_curves": lambda seed: data.records(300 + seed),
}


WORDS = {"title": "What is shown.", "caption": "Read it from left to right."}
# Figures of anything, which are told their words.
GENERAL = {
    "lines": lambda runs: figures.lines(
        {run: (POINTS[:, 0], POINTS[:, 1] + seed) for seed, run in enumerate(runs)}, x="α (°)", y="cos α", **WORDS
    ),
    "intervals": lambda runs: figures.intervals({run: ([0.1, 0.3], 0.0, 0.4) for run in runs}, x="°", **WORDS),
    "similarity_matrix": lambda runs: figures.similarity_matrix(np.eye(len(runs)), rows=runs, columns=runs, **WORDS),
    "plane": lambda runs: figures.plane(
        POINTS[:, :2], np.arange(40) % len(runs), centres=POINTS[: len(runs), :2], names=runs, **WORDS
    ),
}


def draw(name, runs):
    """The figure of this name with data for runs, or classes, of these names."""
    if name in GENERAL:
        return GENERAL[name](runs)
    if name == "hypersphere":
        return figures.hypersphere(POINTS, np.arange(40) % len(runs), POINTS[: len(runs)], runs)
    return getattr(figures, name)({run: SAMPLES[name](seed) for seed, run in enumerate(runs)})


NAMES = sorted(figures.__all__)
OF_RUNS = [name for name in NAMES if name not in (*GENERAL, "hypersphere")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("runs", [["a"], ["a", "b"], list("abcdef")])
def test_words_look_and_size(name, runs):
    figure = draw(name, runs)
    meta = figure.layout.meta
    assert meta["name"] == name
    assert meta["title"]
    assert 1 <= meta["caption"].count(". ") + 1 <= 4
    assert meta["caption"].endswith(".")
    assert meta["summary"].endswith(".")
    assert "nan" not in meta["summary"]
    assert figure.layout.title.text == meta["title"]
    assert figure.layout.template == theme.template("wb-light")
    allowed = go.Scatter3d if name == "hypersphere" else (go.Scatter, go.Bar, go.Heatmap)
    assert figure.data
    assert all(isinstance(trace, allowed) for trace in figure.data)
    assert sum(len(trace.z if name == "similarity_matrix" else trace.x) for trace in figure.data) <= 3000
    assert len(figure.to_json()) < 200_000


@pytest.mark.parametrize("name", NAMES)
def test_text_is_left_to_the_template(name):
    """The page swaps only the template, so no text may have the colour of one paper, and no paper be another."""
    layout = draw(name, ["a", "b"]).layout
    assert layout.paper_bgcolor is None
    assert layout.title.font.color is None
    for annotation in layout.annotations:
        assert annotation.font.color is None


@pytest.mark.parametrize("name", [name for name in NAMES if name != "similarity_matrix"])
def test_colours_are_seen_on_both_papers(name):
    figure = draw(name, ["a", "b", "c", "d"])
    for trace in figure.data:
        colour = trace.line.color or trace.marker.color
        if name not in ("hypersphere", "plane") and colour:  # classes, whose marks are outlined
            assert theme.contrast(colour, theme.LIGHT.paper) >= 3
            assert theme.contrast(colour, theme.DARK.paper) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_stay_data(name):
    figure = draw(name, [data.HOSTILE, "b"])
    assert data.HOSTILE in figure.layout.meta["summary"] or name in ("hypersphere", "plane", "similarity_matrix")
    layout = {key: value for key, value in json.loads(figure.to_json())["layout"].items() if key != "meta"}
    shown = [str(trace.name) + str(trace.text) + str(trace.hovertemplate) for trace in figure.data]
    for text in (*shown, json.dumps(layout.get("annotations", []), ensure_ascii=False)):
        assert "<img" not in text
        assert "<b>%" not in text
        assert "%{x}<" not in text.replace("%{x}<extra>", "")
    axis = figure.layout.xaxis.ticktext or ()
    assert any(escaped(data.HOSTILE) in text for text in (*shown, *axis, *(a.text for a in figure.layout.annotations)))
    assert "</script>" not in figure.to_json()


@pytest.mark.parametrize("name", OF_RUNS)
def test_no_runs_is_a_state_with_a_sentence(name):
    figure = getattr(figures, name)({})
    assert not figure.data
    assert figure.layout.annotations[0].text == figure.layout.meta["caption"]
    assert figure.layout.meta["caption"].endswith(".")
    assert figure.layout.xaxis.visible is False
    assert figure.layout.meta["name"] == name


@pytest.mark.parametrize("name", OF_RUNS)
def test_what_is_no_mapping_and_too_many_runs(name):
    with pytest.raises(ValueError, match=rf"'runs' parameter of {name} must be a mapping of run name to data"):
        getattr(figures, name)([1, 2])
    with pytest.raises(ValueError, match=rf"'runs' parameter of {name} must be at most 6 runs.* Got 7 instead"):
        getattr(figures, name)(dict.fromkeys("abcdefg"))


def test_figures_know_nothing_of_torch():
    code = "import sys, workbench.figures; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_runs_differ_in_colour_and_in_dash():
    lines = [trace.line for trace in draw("realised_margins", list("abcd")).data]
    assert len({line.color for line in lines}) == 4
    assert len({line.dash for line in lines}) == 4


def test_genuine_is_blue_and_impostor_orange_in_every_row():
    for trace in draw("pair_similarity", ["a", "b"]).data:
        kind = trace.name.split(", ")[1]
        assert trace.line.color == getattr(theme.LIGHT, kind)
        assert trace.line.dash == {"genuine": "solid", "impostor": "dash"}[kind]

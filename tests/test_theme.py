"""The palettes keep apart under colour vision deficiencies, and what is drawn stands out from the paper."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from workbench import theme

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(colour: str, vision: str) -> np.ndarray:
    """CIE 1976 L*a*b* (D65) of a colour as a vision sees it."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    x = XYZ @ np.clip(np.asarray(VISIONS[vision]) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def smallest_difference(colours: list[str], vision: str) -> float:
    pairs = itertools.combinations([lab(c, vision) for c in colours], 2)
    return min(float(np.linalg.norm(a - b)) for a, b in pairs)


def test_the_measure_itself() -> None:
    assert lab("#ffffff", "normal") == pytest.approx([100, 0, 0], abs=0.02)
    assert smallest_difference(["#ff0000", "#00ff00"], "normal") == pytest.approx(170.58, abs=0.1)
    tab10 = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"]
    assert smallest_difference(tab10, "protan") < 10


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("n", range(2, theme.MAX_COLOURED_CLASSES + 1))
def test_classes_keep_apart(n: int, vision: str) -> None:
    assert smallest_difference([s.colour for s in theme.class_styles(n)], vision) >= 10


def test_more_classes_are_one_in_focus_and_the_rest_grey() -> None:
    colours = [s.colour for s in theme.class_styles(13, focus=4)]
    assert colours[4] == theme.LIGHT.accent
    assert set(colours[:4] + colours[5:]) == {theme.LIGHT.margin}
    for vision in VISIONS:
        assert smallest_difference([theme.LIGHT.accent, theme.LIGHT.margin], vision) >= 10


def test_eight_glyphs_in_turn() -> None:
    glyphs = [s.glyph for s in theme.class_styles(10)]
    assert len(set(glyphs[:8])) == 8
    assert glyphs[8:] == glyphs[:2]


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_what_is_faint_gets_an_outline(tokens: theme.Tokens) -> None:
    outlines = {s.colour: s.outline(tokens) for s in theme.class_styles(8)}
    for colour, outline in outlines.items():
        assert theme.contrast(outline or colour, tokens.paper) >= 3
    assert None in outlines.values()
    assert tokens.ink in outlines.values()


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_tokens_stand_out(tokens: theme.Tokens) -> None:
    for name, least in {
        "ink": 7,
        "muted": 4.5,
        "accent": 4.5,
        "alert": 3,
        "genuine": 3,
        "impostor": 3,
        "margin": 3,
    }.items():
        assert theme.contrast(getattr(tokens, name), tokens.paper) >= least, name
    for vision in VISIONS:
        assert smallest_difference([tokens.genuine, tokens.impostor], vision) >= 10
        assert smallest_difference([tokens.accent, tokens.alert], vision) >= 10


def test_contrast_of_black_and_white() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#59636e", "#ffffff") == theme.contrast("#ffffff", "#59636e") == pytest.approx(6.1, abs=0.05)


@pytest.mark.parametrize("paper", [theme.LIGHT.paper, theme.DARK.paper])
def test_runs_differ_and_need_no_outline(paper: str) -> None:
    styles = theme.run_styles(24)
    assert len(set(styles)) == 24
    assert len({s.colour for s in styles[:4]}) == len({s.dash for s in styles[:4]}) == 4
    assert all(theme.contrast(s.colour, paper) >= 3 for s in styles)


@pytest.mark.parametrize("name", theme.TEMPLATES)
def test_run_colours_keep_apart_and_stand_out(name: str) -> None:
    colours = list(theme.template(name).layout.colorway)
    tokens = theme.DARK if name == "wb-dark" else theme.LIGHT
    assert min(theme.contrast(colour, tokens.paper) for colour in colours) >= (4.5 if tokens is theme.DARK else 3)
    for vision in VISIONS:
        assert smallest_difference(colours, vision) >= 10
    css = theme.css_variables()
    for place, (colour, style) in enumerate(zip(colours, theme.run_styles(4), strict=True), 1):
        assert f"--wb-run-{place}:{colour};" in css
        assert style.css == f"var(--wb-run-{place}, {style.colour})"


def test_css_names_every_token_in_three_places() -> None:
    css = theme.css_variables()
    for tokens, times in ((theme.LIGHT, 1), (theme.DARK, 2)):
        assert css.count(f"--wb-paper:{tokens.paper};") == times
    assert css.count("--wb-line:") == 3
    assert "[data-theme=dark]" in css
    assert ":not([data-theme=light])" in css


def test_templates() -> None:
    assert theme.template("wb-dark").layout.paper_bgcolor == theme.DARK.paper
    assert theme.template("wb-light") is theme.template("wb-light")
    with pytest.raises(ValueError, match=r"There is no template 'wb-drak'. Did you mean 'wb-dark'"):
        theme.template("wb-drak")


@pytest.mark.parametrize("styles", [theme.class_styles, theme.run_styles])
def test_no_negative_number_of_styles(styles: object) -> None:
    assert styles(0) == []  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"'n' parameter .* Got -1 instead"):
        styles(-1)  # type: ignore[operator]


def test_plotly_is_not_imported() -> None:
    code = "import sys, workbench.theme as t; t.css_variables(); t.class_styles(10); print('plotly' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
